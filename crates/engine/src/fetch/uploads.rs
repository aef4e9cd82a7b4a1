//! Photos that callers handed in, which are nowhere but in the catalog's folder.
//!
//! `uploads/ab/abcd…`, named by the SHA-256 of the bytes, so that the same photo handed in twice is kept once. Unlike
//! the cache beside it this is no cache: a photo is on the disk before the product that shows it is, and goes only when
//! no product shows it any more, which the store knows and not this room. What a killed process left without a product
//! is found among [`Uploads::digests`].

use super::photo::{Photo, PhotoReader, ReadError, Stat};
use crate::catalog::Location;
use bytes::Bytes;
use lookalike_vision::decode::Limits;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// In the catalog's folder.
const FOLDER: &str = "uploads";
/// What a photo is called until it is whole.
const PARTIAL: &str = "partial-";

/// A photo that is not whole after so long will not be any more.
const UNFINISHED_AFTER: Duration = Duration::from_secs(3600);

/// Tells files apart that several threads write at once.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// The photos that were handed in to one catalog.
#[derive(Debug, Clone)]
pub struct Uploads {
    folder: PathBuf,
}

impl Uploads {
    /// Of the catalog in `catalog`.
    pub fn new(catalog: &Path) -> Self {
        Self { folder: catalog.join(FOLDER) }
    }

    fn path(&self, sha256: &[u8; 32]) -> PathBuf {
        let mut name = String::with_capacity(64);
        for byte in sha256 {
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        self.folder.join(name.get(..2).unwrap_or_default()).join(name)
    }

    /// Keeps `photo`, whose digest is `sha256`; when this returns, it is durable.
    ///
    /// # Errors
    /// When it cannot be written whole.
    pub fn keep(&self, sha256: &[u8; 32], photo: &[u8]) -> io::Result<()> {
        let path = self.path(sha256);
        // Only whole files have such a name.
        if fs::metadata(&path).is_ok_and(|found| found.len() == photo.len() as u64) {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(&self.folder);
        let is_new = !folder.is_dir();
        fs::create_dir_all(folder)?;
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let partial = self.folder.join(format!("{PARTIAL}{}-{number}", std::process::id()));
        let written = File::create(&partial).and_then(|mut file| {
            file.write_all(photo)?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&partial, &path)).inspect_err(|_| {
            // What is left of it is swept later.
            let _ = fs::remove_file(&partial);
        })?;
        sync_folder(folder)?;
        if is_new {
            sync_folder(&self.folder)?;
            sync_folder(self.folder.parent().unwrap_or(&self.folder))?;
        }
        Ok(())
    }

    /// The photo of this digest.
    ///
    /// # Errors
    /// When it is not kept, is longer than `limits` allow or is not what its name says.
    pub fn get(&self, sha256: &[u8; 32], limits: &Limits) -> Result<Bytes, ReadError> {
        let path = self.path(sha256);
        let (bytes, max_bytes) = (fs::metadata(&path)?.len(), limits.max_bytes);
        if bytes > max_bytes {
            return Err(ReadError::TooLarge { bytes, max_bytes });
        }
        let photo = fs::read(&path)?;
        if <[u8; 32]>::from(Sha256::digest(&photo)) != *sha256 {
            return Err(ReadError::Failed("its file is damaged: hand the photo in again".to_owned()));
        }
        Ok(photo.into())
    }

    /// Removes a photo that no product shows; nothing happens when it is not there. Only to be called by whoever writes
    /// the catalog.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, sha256: &[u8; 32]) -> io::Result<()> {
        match fs::remove_file(self.path(sha256)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The digests of all that are kept, in no order. What a killed process left unfinished is removed.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn digests(&self) -> io::Result<Vec<[u8; 32]>> {
        let mut digests = Vec::new();
        for folder in entries(&self.folder)? {
            if folder.file_name().to_string_lossy().starts_with(PARTIAL) {
                let age = folder.metadata()?.modified()?.elapsed().unwrap_or_default();
                if age > UNFINISHED_AFTER {
                    fs::remove_file(folder.path())?;
                }
                continue;
            }
            // Whatever else somebody put here is theirs.
            digests.extend(
                entries(&folder.path())?
                    .iter()
                    .filter_map(|entry| digest(&entry.file_name().to_string_lossy())),
            );
        }
        Ok(digests)
    }
}

impl PhotoReader for Uploads {
    fn stat(&self, location: &Location) -> Result<Option<Stat>, ReadError> {
        let found = fs::metadata(self.path(digest_of(location)?))?;
        Ok(Some(Stat { bytes: found.len(), modified_ns: None }))
    }

    fn read(&self, location: &Location, limits: &Limits) -> Result<Photo, ReadError> {
        Ok(Photo { bytes: self.get(digest_of(location)?, limits)?, modified_ns: None })
    }
}

fn digest_of(location: &Location) -> Result<&[u8; 32], ReadError> {
    match location {
        Location::Uploaded(sha256) => Ok(sha256),
        _ => Err(ReadError::Unsupported("it was not uploaded, and only what was is read")),
    }
}

/// The digest that a name of 64 hexadecimal digits stands for.
pub(crate) fn digest(name: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = name.as_bytes().as_chunks::<2>();
    let digits = |pair: &[u8; 2]| {
        let text = str::from_utf8(pair).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u8::from_str_radix(text, 16).ok()
    };
    let bytes: Vec<u8> = pairs.iter().map_while(digits).collect();
    bytes.try_into().ok().filter(|_| rest.is_empty())
}

/// Makes the names in a folder durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// What is in a folder; nothing where there is none.
fn entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_are_kept_until_they_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let uploads = Uploads::new(folder.path());
        let limits = Limits::default();
        let photos = [b"one".as_slice(), b"two", b"three"];
        let digests = photos.map(|photo| <[u8; 32]>::from(Sha256::digest(photo)));
        for (photo, sha256) in photos.iter().zip(&digests) {
            uploads.keep(sha256, photo).unwrap();
            uploads.keep(sha256, photo).unwrap();
            assert_eq!(uploads.get(sha256, &limits).unwrap(), *photo);
            assert_eq!(uploads.read(&Location::Uploaded(*sha256), &limits).unwrap().bytes, *photo);
        }
        let [one, two, three] = digests;
        assert!(matches!(
            uploads.get(&one, &Limits { max_bytes: 2, ..limits }),
            Err(ReadError::TooLarge { .. })
        ));
        uploads.remove(&one).unwrap();
        uploads.remove(&one).unwrap();
        assert!(matches!(uploads.get(&one, &limits), Err(ReadError::Missing)));

        let of_a_killed_process = folder.path().join("uploads/partial-1-0");
        fs::write(&of_a_killed_process, "half").unwrap();
        fs::write(folder.path().join("uploads/notes.txt"), "a person's own").unwrap();
        let mut kept = uploads.digests().unwrap();
        kept.sort_unstable();
        let mut expected = [two, three];
        expected.sort_unstable();
        assert_eq!(kept, expected);
        assert!(of_a_killed_process.exists(), "it may be being written");
        let long_ago = std::time::SystemTime::now() - 2 * UNFINISHED_AFTER;
        File::options().write(true).open(&of_a_killed_process).unwrap().set_modified(long_ago).unwrap();
        uploads.digests().unwrap();
        assert!(!of_a_killed_process.exists() && folder.path().join("uploads/notes.txt").exists());

        fs::write(uploads.path(&three), "else!").unwrap();
        assert!(matches!(uploads.get(&three, &limits), Err(ReadError::Failed(_))));
    }

    #[test]
    fn a_digest_is_64_hexadecimal_digits() {
        assert_eq!(digest(&"0a".repeat(32)), Some([10; 32]));
        for wrong in ["", "0a", &"0a".repeat(33), &"0g".repeat(32), &format!("{}a", "0a".repeat(32))] {
            assert_eq!(digest(wrong), None, "{wrong}");
        }
    }
}
