//! `lookalike hash`: every hash of every file, for people who want hashes alone.

use super::Outcome;
use super::open::PhotoLimits;
use crate::report::{json, table};
use lookalike_engine::catalog::Location;
use lookalike_engine::fetch::local::LocalReader;
use lookalike_engine::fetch::photo::PhotoReader;
use lookalike_engine::source::shown::{name_text, one_line};
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::hash::Hashes;
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Print the perceptual hashes of pictures
///
/// phash is taken of the picture on a white square, phash_plain is that of the ImageHash library; both and dhash have
/// 64 bits. pdq has 256 bits and a quality from 0 to 100; below 50 it says little. Files that cannot be hashed are named
/// on standard error (in JSON: with an "error" in place of hashes), and the exit code is then 3.
#[derive(Debug, clap::Args)]
pub(super) struct Hash {
    /// Pictures to hash.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    limits: PhotoLimits,
    /// Print a JSON array, in the order given.
    #[arg(long)]
    json: bool,
}

/// One file's hashes, or why it has none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Line {
    Hashed { file: String, phash: String, phash_plain: String, dhash: String, pdq: String, pdq_quality: u8 },
    Failed { file: String, error: String },
}

impl Line {
    fn of(path: &Path, limits: &Limits) -> Self {
        let file = name_text(path.as_os_str());
        match hashes(path, limits) {
            Ok(hashes) => Self::Hashed {
                file,
                phash: hashes.phash.to_string(),
                phash_plain: hashes.phash_plain.to_string(),
                dhash: hashes.dhash.to_string(),
                pdq: hashes.pdq.hash.to_string(),
                pdq_quality: hashes.pdq.quality,
            },
            Err(error) => Self::Failed { file, error },
        }
    }
}

fn hashes(path: &Path, limits: &Limits) -> Result<Hashes, String> {
    let location = Location::File(path.to_owned());
    let photo = LocalReader.read(&location, limits).map_err(|error| error.to_string())?;
    let picture = decode(&photo.bytes, limits).map_err(|error| error.to_string())?;
    Ok(Hashes::of(&picture))
}

impl Hash {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let limits = self.limits.limits();
        let mut out = io::stdout().lock();
        let mut failed = false;
        if self.json {
            let lines: Vec<Line> = self.files.iter().map(|path| Line::of(path, &limits)).collect();
            failed = lines.iter().any(|line| matches!(line, Line::Failed { .. }));
            json::write(&mut out, &lines)?;
        } else {
            for path in &self.files {
                match Line::of(path, &limits) {
                    Line::Hashed { file, phash, phash_plain, dhash, pdq, pdq_quality } => {
                        let quality = format!("{pdq} (quality {pdq_quality})");
                        let rows = [
                            ("phash", phash),
                            ("phash, plain", phash_plain),
                            ("dhash", dhash),
                            ("pdq", quality),
                        ];
                        table::write_record(&mut out, &file, &rows)?;
                    }
                    Line::Failed { file, error } => {
                        failed = true;
                        // Nobody may be there to read it; the exit code tells too.
                        let _ = writeln!(io::stderr(), "{}: {}", one_line(&file), one_line(&error));
                    }
                }
            }
        }
        Ok(if failed { Outcome::SomeFailed } else { Outcome::Done })
    }
}
