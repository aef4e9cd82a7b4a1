//! What has come of a file so far: `NAME.part`, and beside it the server's name for that content.
//!
//! A part is only added to when the server vouches that the rest belongs to it (`If-Range` with the entity tag kept in
//! `NAME.part.etag`), or when the file's digest is known and will tell. Complete, it is renamed to `NAME`.

use super::super::digest::{Digest, Hasher};
use super::error::HubError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Longest entity tag that is kept.
const TAG_BYTES: usize = 1024;

/// A file under way.
pub(super) struct Partial {
    path: PathBuf,
    tag_path: PathBuf,
    file: File,
    hasher: Hasher,
    tag: Option<String>,
}

impl Partial {
    /// Takes up what is there, or begins. What is longer than `limit_bytes` cannot be a part of the file and is dropped.
    pub(super) fn open(complete: &Path, limit_bytes: u64) -> Result<Self, HubError> {
        let path = with_suffix(complete, ".part");
        let tag_path = with_suffix(complete, ".part.etag");
        let failed = HubError::io(&path);
        let open = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let mut file = open.map_err(&failed)?;
        let length = file.metadata().map_err(&failed)?.len();
        let mut hasher = Hasher::default();
        if length <= limit_bytes {
            hasher.pass(&mut file, &mut io::sink()).map_err(&failed)?;
        }
        let tag = fs::read_to_string(&tag_path).ok().filter(|tag| is_strong(tag));
        let mut partial = Self { path, tag_path, file, hasher, tag };
        if length > limit_bytes {
            partial.restart()?;
        }
        Ok(partial)
    }

    /// How much is there.
    pub(super) fn bytes(&self) -> u64 {
        self.hasher.bytes()
    }

    /// The server's name for the content this is a part of.
    pub(super) fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Drops what is there.
    pub(super) fn restart(&mut self) -> Result<(), HubError> {
        self.file.set_len(0).map_err(HubError::io(&self.path))?;
        self.hasher = Hasher::default();
        self.set_tag(None)
    }

    /// Keeps the server's name for the content; a weak one names no bytes and is not kept.
    pub(super) fn set_tag(&mut self, tag: Option<&str>) -> Result<(), HubError> {
        let tag = tag.filter(|tag| is_strong(tag)).map(str::to_owned);
        if tag == self.tag {
            return Ok(());
        }
        let kept = match &tag {
            Some(tag) => fs::write(&self.tag_path, tag),
            None => fs::remove_file(&self.tag_path),
        };
        self.tag = tag;
        match kept {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(HubError::io(&self.tag_path)(error)),
            _ => Ok(()),
        }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        if let Err(error) = self.file.write_all(bytes) {
            // What was written of these bytes is not in the digest: cut it off, so that the next run can go on.
            let known = self.hasher.bytes();
            let _ = self.file.set_len(known);
            return Err(HubError::io(&self.path)(error));
        }
        self.hasher.add(bytes);
        Ok(())
    }

    /// The digest of what is there.
    pub(super) fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    /// Gives the complete file its name, durably.
    pub(super) fn complete(self, path: &Path) -> Result<(), HubError> {
        let done = self.file.sync_all().and_then(|()| fs::rename(&self.path, path));
        done.map_err(HubError::io(path))?;
        // A tag without its part says nothing.
        let _ = fs::remove_file(&self.tag_path);
        Ok(())
    }

    /// Deletes all of it.
    pub(super) fn discard(self) -> Result<(), HubError> {
        let _ = fs::remove_file(&self.tag_path);
        fs::remove_file(&self.path).map_err(HubError::io(&self.path))
    }
}

/// RFC 9110, 8.8.3: `"opaque"`, without the `W/` of a weak one.
fn is_strong(tag: &str) -> bool {
    tag.len() <= TAG_BYTES
        && tag.len() > 2
        && tag.starts_with('"')
        && tag.ends_with('"')
        && tag.chars().all(|c| c.is_ascii_graphic())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
