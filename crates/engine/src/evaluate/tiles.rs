//! The other photos of a collage, which must not be in the index.
//!
//! They come from a folder or a tar archive of photos that somebody names; where nobody does, they are drawn: blotches and
//! stripes of colour, which are easier to tell from a photo than other photos are.

use super::EvaluateError;
use super::edits::prepared;
use super::seeded::Seeded;
use image::{Rgb, RgbImage, imageops};
use lookalike_vision::decode::{Limits, decode};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Most photos that are kept of a folder or archive, taken evenly over it.
const MOST_TILES: usize = 240;
/// Their longer side; a tile is 200 pixels.
const KEPT_SIDE_PX: u32 = 320;
/// Pictures that are drawn.
const DRAWN_TILES: u64 = 24;
/// Bytes of a block of a tar archive.
const BLOCK: u64 = 512;

/// Photos to put beside one in a collage.
#[derive(Debug, Clone)]
pub struct Tiles(Vec<RgbImage>);

impl Tiles {
    /// Pictures of our own.
    pub fn drawn() -> Self {
        Self((0..DRAWN_TILES).map(|number| draw(&mut Seeded::of(number, &[0x7469_6c65]))).collect())
    }

    /// Photos out of a folder, without its subfolders, or an uncompressed tar archive. Files that are no photos are passed
    /// over.
    ///
    /// # Errors
    /// When it cannot be read or holds fewer than three photos.
    pub fn open(path: &Path) -> Result<Self, EvaluateError> {
        let failed = |source| EvaluateError::Read { place: path.display().to_string(), source };
        let photos = if path.is_dir() {
            from_folder(path).map_err(failed)?
        } else {
            from_tar(path).map_err(failed)?
        };
        if photos.len() < 3 {
            return Err(EvaluateError::Tiles { place: path.display().to_string(), found: photos.len() });
        }
        Ok(Self(photos))
    }

    /// Three of them, no one twice where there are three.
    pub(super) fn three(&self, chance: &mut Seeded) -> Vec<RgbImage> {
        chance.some_of(self.0.len(), 3).into_iter().filter_map(|at| self.0.get(at).cloned()).collect()
    }
}

/// Every so many-th of `count`, so that about [`MOST_TILES`] are taken.
fn evenly(count: usize) -> impl Iterator<Item = usize> {
    (0..count).step_by(count.div_ceil(MOST_TILES).max(1))
}

fn photo(bytes: &[u8]) -> Option<RgbImage> {
    let whole = prepared(&decode(bytes, &Limits::default()).ok()?);
    let longer = whole.width().max(whole.height());
    if longer <= KEPT_SIDE_PX {
        return Some(whole);
    }
    let side = |px: u32| (u64::from(px) * u64::from(KEPT_SIDE_PX) / u64::from(longer)).max(1) as u32;
    let filter = imageops::FilterType::Triangle;
    Some(imageops::resize(&whole, side(whole.width()), side(whole.height()), filter))
}

fn from_folder(folder: &Path) -> io::Result<Vec<RgbImage>> {
    let entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let mut files: Vec<PathBuf> =
        entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort_unstable();
    let taken = evenly(files.len()).filter_map(|at| files.get(at));
    let read = taken.map(|path| Ok(photo(&limited(File::open(path)?)?)));
    Ok(read.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// The bytes of a file, or the beginning of one that is no photo by its length.
fn limited(file: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(Limits::default().max_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads the headers of all regular files first, then the bytes of those that are taken (POSIX.1-1988 `ustar`; other kinds
/// of entries are passed over).
fn from_tar(path: &Path) -> io::Result<Vec<RgbImage>> {
    let mut archive = BufReader::new(File::open(path)?);
    let mut files: Vec<(u64, u64)> = Vec::new();
    let mut header = [0_u8; BLOCK as usize];
    let mut at = 0;
    loop {
        archive.seek(SeekFrom::Start(at))?;
        match archive.read_exact(&mut header) {
            Ok(()) if header.iter().any(|&byte| byte != 0) => {}
            // Two blocks of zeros end an archive; some end without.
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
        let length = length_of(&header).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                "it is neither a folder nor an uncompressed tar archive",
            )
        })?;
        if matches!(header.get(156), Some(b'0' | 0)) {
            files.push((at + BLOCK, length));
        }
        at = length
            .checked_next_multiple_of(BLOCK)
            .and_then(|length| at.checked_add(BLOCK + length))
            .ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "an entry of the archive is longer than any file")
            })?;
    }
    let mut photos = Vec::new();
    for (from, length) in evenly(files.len()).filter_map(|at| files.get(at).copied()) {
        archive.seek(SeekFrom::Start(from))?;
        photos.extend(photo(&limited((&mut archive).take(length))?));
    }
    Ok(photos)
}

/// The length that a header names, where it is a header: its checksum is right.
fn length_of(header: &[u8]) -> Option<u64> {
    let octal = |range: std::ops::Range<usize>| {
        let digits = std::str::from_utf8(header.get(range)?).ok()?;
        u64::from_str_radix(digits.trim_matches([' ', '\0']), 8).ok()
    };
    let sum: u64 = header
        .iter()
        .zip(0..)
        .map(|(&byte, at)| if (148..156).contains(&at) { 32 } else { byte.into() })
        .sum();
    (octal(148..156)? == sum).then(|| octal(124..136)).flatten()
}

/// Blotches on a ground, or stripes.
fn draw(chance: &mut Seeded) -> RgbImage {
    let mut image = RgbImage::from_pixel(KEPT_SIDE_PX, KEPT_SIDE_PX, Rgb(chance.colour()));
    for _ in 0..chance.between(3, 9) {
        let colour = Rgb(chance.colour());
        let [x, y] = [0; 2].map(|_| chance.share() * KEPT_SIDE_PX as f32);
        let [wide, high] = [0; 2].map(|_| (0.1 + 0.3 * chance.share()) * KEPT_SIDE_PX as f32);
        let stripes = chance.between(4, 30);
        let period = chance.either(1, stripes);
        for (column, row, pixel) in image.enumerate_pixels_mut() {
            let (dx, dy) = ((column as f32 - x) / wide, (row as f32 - y) / high);
            if dx * dx + dy * dy < 1.0 && (column + row) % period <= period / 2 {
                *pixel = colour;
            }
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = kind;
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let padding = vec![0; bytes.len().next_multiple_of(512) - bytes.len()];
        [&header[..], bytes, &padding].concat()
    }

    fn png(seed: u64) -> Vec<u8> {
        let mut bytes = io::Cursor::new(Vec::new());
        let picture = draw(&mut Seeded::of(seed, &[]));
        image::codecs::jpeg::JpegEncoder::new(&mut bytes).encode_image(&picture).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn photos_come_out_of_a_folder_and_out_of_an_archive_and_the_rest_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut archive = Vec::new();
        for number in 0..4 {
            std::fs::write(folder.path().join(format!("{number}.jpg")), png(number)).unwrap();
            archive.extend(entry(&format!("{number}.jpg"), b'0', &png(number)));
        }
        std::fs::write(folder.path().join("notes.txt"), "no photo").unwrap();
        archive.extend(entry("folder/", b'5', b""));
        archive.extend(entry("notes.txt", b'0', b"no photo"));
        archive.extend([0; 1024]);
        let tar = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(tar.path(), &archive).unwrap();
        let (of_folder, of_tar) = (Tiles::open(folder.path()).unwrap(), Tiles::open(tar.path()).unwrap());
        assert_eq!((of_folder.0.len(), of_folder.0), (4, of_tar.0));
    }

    #[test]
    fn what_holds_no_photos_is_an_error_that_names_it() {
        let empty = tempfile::tempdir().unwrap();
        let error = Tiles::open(empty.path()).unwrap_err().to_string();
        assert!(error.contains(&*empty.path().to_string_lossy()) && error.contains("at least 3"), "{error}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![b'x'; 2000]).unwrap();
        let error = Tiles::open(file.path()).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("neither a folder nor an uncompressed tar"), "{source}");
        // Cut off in the middle of a photo: what is whole is used.
        let mut archive: Vec<u8> = (0..4).flat_map(|n| entry(&n.to_string(), b'0', &png(n))).collect();
        archive.truncate(archive.len() - 2000);
        std::fs::write(file.path(), archive).unwrap();
        assert!(Tiles::open(file.path()).unwrap().0.len() >= 3);
    }

    #[test]
    fn an_entry_of_monstrous_length_does_not_hang_or_take_memory() {
        let mut archive = entry("0.jpg", b'0', b"x");
        archive[124..136].copy_from_slice(b"777777777777");
        archive[148..156].fill(b' ');
        let sum: u32 = archive[..512].iter().map(|&byte| u32::from(byte)).sum();
        archive[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), archive).unwrap();
        assert!(matches!(Tiles::open(file.path()), Err(EvaluateError::Tiles { found: 0, .. })));
    }
}
