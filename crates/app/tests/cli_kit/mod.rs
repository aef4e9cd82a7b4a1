//! The binary as a stranger runs it: a folder of its own, tiny drawn pictures, and what came out.
//!
//! Whatever a command says is checked here for what no person should see: panics, backtraces, Rust's own notation.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

use image::{ExtendedColorType, ImageEncoder, RgbImage};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_lookalike");

/// A picture made by us, as the repository has it.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures")).join(name)
}

/// A folder that commands are run in; gone when dropped.
pub(crate) struct Shop {
    folder: TempDir,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The absolute path as the program shows it.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file and the folders it lies in.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments).current_dir(self.root()).stdin(Stdio::null());
        command.env_remove("RUST_LOG").env("RUST_BACKTRACE", "1").env("COLUMNS", "100");
        // Whatever models and libraries this machine's user has are not the tests' business.
        command.env("LOOKALIKE_MODELS", self.path("models")).env("XDG_DATA_HOME", self.path("data"));
        command
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// A catalog `shop` of the drawings 0 to `count`, named `p0.png` and so on.
    pub(crate) fn with_catalog(count: usize) -> Self {
        let shop = Self::new();
        for n in 0..count {
            shop.write(format!("photos/p{n}.png"), png(&drawing(n)));
        }
        shop.run(["index", "shop", "photos"]).is_done();
        shop
    }

    /// The rows of a failures file: file, stage, reason.
    pub(crate) fn failures(&self, path: impl AsRef<Path>) -> Vec<[String; 3]> {
        let mut reader = csv::Reader::from_path(self.path(path)).unwrap();
        assert_eq!(reader.headers().unwrap(), vec!["file", "stage", "reason"]);
        let rows = reader.records().map(|row| {
            let row = row.unwrap();
            assert_eq!(row.len(), 3);
            [0, 1, 2].map(|cell| row[cell].to_owned())
        });
        rows.collect()
    }

    /// Every file below a folder with its content.
    pub(crate) fn content(&self, folder: impl AsRef<Path>) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.path(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path.clone(), fs::read(&path).unwrap());
                }
            }
        }
        files
    }
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    #[track_caller]
    fn from(output: Output) -> Self {
        let Output { status, stdout, stderr } = output;
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        let ran = Self { code: status.code(), stdout, stderr };
        for sign in ["panicked", "backtrace", "RUST_", "Err(", "Some(", "None)", "Error {", ": true,", "Io("]
        {
            assert!(!ran.stderr.contains(sign), "{sign} is not for people: {ran:?}");
        }
        ran
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn is_done(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn has_failures(&self) -> &Self {
        assert_eq!(self.code, Some(3), "{self:#?}");
        self
    }

    /// An error of the program in one line, which is given without the program's name.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        assert_eq!((self.code, &*self.stdout), (Some(1), ""), "{self:#?}");
        let line = self.stderr.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "more than a line: {line}");
        line.strip_prefix("lookalike: ").unwrap()
    }

    /// Wrong usage; gives the first line of what was said.
    #[track_caller]
    pub(crate) fn usage(&self) -> &str {
        assert_eq!((self.code, &*self.stdout), (Some(2), ""), "{self:#?}");
        assert!(self.stderr.contains("For more information, try '--help'."));
        self.stderr.lines().next().unwrap().strip_prefix("error: ").unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:#?}"))
    }

    /// Lines about items that failed, each without its `failed: `.
    pub(crate) fn failed(&self) -> Vec<&str> {
        self.stderr.lines().filter_map(|line| line.strip_prefix("failed: ")).collect()
    }

    /// `photos` as printed: seen, new or changed, unchanged, failed. Asserts that they add up.
    #[track_caller]
    pub(crate) fn photos(&self) -> [u64; 4] {
        let line = self.stdout.lines().find_map(|line| line.trim().strip_prefix("photos "));
        let line = line.unwrap_or_else(|| panic!("no counts in {self:#?}")).trim();
        let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [seen, new, changed, unchanged, failed] = numbers[..] else { panic!("{line}") };
        let expected =
            format!("{seen} seen = {new} new + {changed} changed + {unchanged} unchanged + {failed} failed");
        assert_eq!(line, expected);
        assert_eq!(seen, new + changed + unchanged + failed);
        [seen, new + changed, unchanged, failed]
    }
}

/// Whether this user reads files that nobody may read.
pub(crate) fn reads_everything(forbidden: &Path) -> bool {
    fs::File::open(forbidden).is_ok()
}

/// Picture `n`, 60 x 80, like no other.
pub(crate) fn drawing(n: usize) -> RgbImage {
    let seed = (n as u32).wrapping_mul(2_654_435_761).wrapping_add(12_345);
    RgbImage::from_fn(60, 80, |x, y| {
        let block =
            (x / 10).wrapping_mul(31).wrapping_add((y / 8).wrapping_mul(17)).wrapping_mul(seed | 1) >> 13;
        let level = |shift: u32| ((block >> shift) % 200) as u8;
        image::Rgb([level(0), level(3), level(5)])
    })
}

pub(crate) fn png(picture: &RgbImage) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut out);
    encoder.write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8).unwrap();
    out
}

pub(crate) fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality);
    encoder.write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8).unwrap();
    out
}
