//! Photos from the web that a catalog keeps, so that they need not be fetched again.
//!
//! `photos/ab/abcd…` in the catalog's folder, named by the SHA-256 of its bytes. It is a cache: any of it may be deleted
//! at any time, bytes that are not what their name says count as missing, and when it grows beyond its limit the photos
//! that were kept first go first. Only photos from the web are kept; files on this machine are read where they are.
//! One process at a time adds to it (the one that writes the catalog), any number read.

use super::photo::{Brought, Photo, PhotoReader, ReadError, Stat};
use super::validators::Validators;
use crate::catalog::Location;
use bytes::Bytes;
use lookalike_vision::decode::Limits;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// In the catalog's folder.
const FOLDER: &str = "photos";
/// What a photo is called until it is whole.
const PARTIAL: &str = "partial-";
/// A full cache is emptied down to this part of its limit, so that it is not gone through for every photo.
const KEPT_TENTHS: u64 = 9;

/// The photos kept for one catalog.
#[derive(Debug)]
pub struct PhotoCache {
    folder: PathBuf,
    limit_bytes: u64,
    /// Neither looked at nor changed.
    is_off: bool,
    /// Bytes kept, once they were counted.
    bytes: Mutex<Option<u64>>,
    has_warned: AtomicBool,
}

/// A photo that is kept.
struct Kept {
    at: SystemTime,
    bytes: u64,
    path: PathBuf,
}

impl PhotoCache {
    /// Of the catalog in `catalog`. With the limit 0 nothing is kept.
    pub fn new(catalog: &Path, limit_bytes: u64) -> Self {
        let folder = catalog.join(FOLDER);
        let (bytes, has_warned) = (Mutex::default(), AtomicBool::new(false));
        Self { folder, limit_bytes, is_off: false, bytes, has_warned }
    }

    /// The same catalog's, left as it is: nothing is taken from it and nothing is put into it.
    #[must_use]
    pub fn turned_off(self) -> Self {
        Self { is_off: true, ..self }
    }

    fn path(&self, sha256: &[u8; 32]) -> PathBuf {
        let mut name = String::with_capacity(64);
        for byte in sha256 {
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        self.folder.join(name.get(..2).unwrap_or_default()).join(name)
    }

    /// The photo of this digest, if it is kept, whole and within the limits.
    pub fn get(&self, sha256: &[u8; 32], limits: &Limits) -> Option<Bytes> {
        if self.is_off {
            return None;
        }
        let path = self.path(sha256);
        if fs::metadata(&path).ok()?.len() > limits.max_bytes {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        if <[u8; 32]>::from(Sha256::digest(&bytes)) == *sha256 {
            return Some(bytes.into());
        }
        tracing::warn!(path = %path.display(), "a kept photo is damaged: it is removed");
        // Where it cannot be, it goes on counting as missing.
        let _ = fs::remove_file(&path);
        None
    }

    /// Keeps a photo. That it could not be kept is logged once and costs nothing else.
    pub fn put(&self, sha256: &[u8; 32], photo: &[u8]) {
        if !self.is_off
            && let Err(error) = self.try_put(sha256, photo)
            && !self.has_warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(folder = %self.folder.display(), %error, "photos from the web cannot be kept");
        }
    }

    fn try_put(&self, sha256: &[u8; 32], photo: &[u8]) -> io::Result<()> {
        let path = self.path(sha256);
        let length = photo.len() as u64;
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let held = match *bytes {
            Some(held) => held,
            None => self.kept()?.iter().map(|kept| kept.bytes).sum(),
        };
        if path.exists() {
            *bytes = Some(held);
            return Ok(());
        }
        // One that is larger than everything allowed takes nobody's place; with nothing allowed, all goes.
        let fits = length <= self.limit_bytes;
        let held = if held + length > self.limit_bytes && (fits || self.limit_bytes == 0) {
            self.shrink((self.limit_bytes / 10 * KEPT_TENTHS).saturating_sub(length))?
        } else {
            held
        };
        *bytes = Some(held);
        if !fits {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let partial = self.folder.join(format!("{PARTIAL}{}", std::process::id()));
        let written = File::create(&partial).and_then(|mut file| file.write_all(photo));
        written.and_then(|()| fs::rename(&partial, &path)).inspect_err(|_| {
            let _ = fs::remove_file(&partial);
        })?;
        *bytes = Some(held + length);
        Ok(())
    }

    /// Everything that is kept, in no order; what a killed process left unfinished is removed.
    fn kept(&self) -> io::Result<Vec<Kept>> {
        let mut kept = Vec::new();
        for folder in entries(&self.folder)? {
            let name = folder.file_name();
            if name.to_string_lossy().starts_with(PARTIAL) {
                let _ = fs::remove_file(folder.path());
                continue;
            }
            for entry in entries(&folder.path())? {
                let found = entry.metadata()?;
                let at = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                kept.push(Kept { at, bytes: found.len(), path: entry.path() });
            }
        }
        Ok(kept)
    }

    /// Removes the oldest until no more than `most_bytes` are left; gives how many are.
    fn shrink(&self, most_bytes: u64) -> io::Result<u64> {
        let mut kept = self.kept()?;
        kept.sort_by(|a, b| (a.at, &a.path).cmp(&(b.at, &b.path)));
        let mut held: u64 = kept.iter().map(|kept| kept.bytes).sum();
        for Kept { bytes, path, .. } in kept {
            if held <= most_bytes {
                break;
            }
            fs::remove_file(path)?;
            held -= bytes;
        }
        Ok(held)
    }

    /// How many photos are kept, and their bytes.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn size(&self) -> io::Result<(u64, u64)> {
        let kept = self.kept()?;
        Ok((kept.len() as u64, kept.iter().map(|kept| kept.bytes).sum()))
    }
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

/// A reader that keeps what it brought from the web, and looks there before it asks the web again.
pub struct CachingReader<R> {
    inner: R,
    cache: PhotoCache,
}

impl<R> CachingReader<R> {
    /// Reads with `inner` what `cache` does not have.
    pub fn new(inner: R, cache: PhotoCache) -> Self {
        Self { inner, cache }
    }
}

impl<R: PhotoReader> PhotoReader for CachingReader<R> {
    fn stat(&self, location: &Location) -> Result<Option<Stat>, ReadError> {
        self.inner.stat(location)
    }

    fn read(&self, location: &Location, limits: &Limits) -> Result<Photo, ReadError> {
        self.inner.read(location, limits)
    }

    fn read_again(
        &self,
        location: &Location,
        sha256: &[u8; 32],
        limits: &Limits,
    ) -> Result<Photo, ReadError> {
        let kept = match location {
            Location::Url(_) | Location::Object(_) => self.cache.get(sha256, limits),
            Location::File(_) | Location::Member { .. } | Location::Uploaded(_) => None,
        };
        match kept {
            Some(bytes) => Ok(Photo { bytes, modified_ns: None }),
            None => self.inner.read_again(location, sha256, limits),
        }
    }

    fn read_unless_same(
        &self,
        location: &Location,
        known: Option<&Validators>,
        limits: &Limits,
    ) -> Result<Brought, ReadError> {
        self.inner.read_unless_same(location, known, limits)
    }

    fn host(&self, location: &Location) -> Option<String> {
        self.inner.host(location)
    }

    fn keep(&self, location: &Location, sha256: &[u8; 32], bytes: &[u8]) {
        if matches!(location, Location::Url(_) | Location::Object(_)) {
            self.cache.put(sha256, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    fn has(cache: &PhotoCache, bytes: &[u8]) -> bool {
        cache.get(&digest(bytes), &Limits::default()).is_some_and(|kept| kept == bytes)
    }

    #[test]
    fn photos_are_kept_under_their_digest_and_damaged_ones_are_missing() {
        let catalog = tempfile::tempdir().unwrap();
        let cache = PhotoCache::new(catalog.path(), 1000);
        assert!(!has(&cache, b"photo"));
        cache.put(&digest(b"photo"), b"photo");
        cache.put(&digest(b"photo"), b"photo");
        assert!(has(&cache, b"photo"));
        assert_eq!(cache.size().unwrap(), (1, 5));
        let path = cache.path(&digest(b"photo"));
        assert!(path.starts_with(catalog.path().join("photos")), "{path:?}");
        assert!(cache.get(&digest(b"photo"), &Limits { max_bytes: 4, ..Limits::default() }).is_none());
        fs::write(&path, b"phota").unwrap();
        assert!(!has(&cache, b"photo") && !path.exists());
    }

    #[test]
    fn the_oldest_go_when_it_is_full_also_those_of_an_earlier_run() {
        let catalog = tempfile::tempdir().unwrap();
        let photo = |n: u8| [n; 100];
        let keep = |cache: &PhotoCache, n: u8| {
            cache.put(&digest(&photo(n)), &photo(n));
            let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(u64::from(n));
            let file = File::options().append(true).open(cache.path(&digest(&photo(n)))).unwrap();
            file.set_modified(at).unwrap();
        };
        let first = PhotoCache::new(catalog.path(), 1000);
        (0..7).for_each(|n| keep(&first, n));
        // What a killed run was writing is no photo.
        fs::write(catalog.path().join("photos/partial-1"), b"half").unwrap();
        let second = PhotoCache::new(catalog.path(), 1000);
        (7..11).for_each(|n| keep(&second, n));
        let kept: Vec<u8> = (0..11).filter(|n| has(&second, &photo(*n))).collect();
        assert_eq!(kept, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert!(!catalog.path().join("photos/partial-1").exists());
        // Larger than all that is allowed: not kept, and nothing goes for it.
        second.put(&digest(&[1; 2000]), &[1; 2000]);
        assert_eq!(second.size().unwrap(), (9, 900));
        // Where none may be kept any more, those of before go when another would come.
        PhotoCache::new(catalog.path(), 0).put(&digest(b"photo"), b"photo");
        assert_eq!(second.size().unwrap(), (0, 0));
    }

    #[test]
    fn one_that_is_turned_off_is_left_as_it_is() {
        let catalog = tempfile::tempdir().unwrap();
        let cache = PhotoCache::new(catalog.path(), 1000);
        cache.put(&digest(b"photo"), b"photo");
        let off = PhotoCache::new(catalog.path(), 0).turned_off();
        off.put(&digest(b"other"), b"other");
        assert!(!has(&off, b"photo") && has(&cache, b"photo") && !has(&cache, b"other"));
    }

    #[test]
    fn with_the_limit_0_nothing_is_kept_and_a_folder_that_cannot_be_made_costs_nothing() {
        let catalog = tempfile::tempdir().unwrap();
        PhotoCache::new(catalog.path(), 0).put(&digest(b"photo"), b"photo");
        assert!(!catalog.path().join("photos").exists());
        fs::write(catalog.path().join("photos"), b"a file").unwrap();
        let cache = PhotoCache::new(catalog.path(), 1000);
        cache.put(&digest(b"photo"), b"photo");
        assert!(!has(&cache, b"photo"));
    }
}
