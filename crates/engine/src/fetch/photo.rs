//! What everything that brings photos has in common.
//!
//! [`local`](super::local) brings them from disk; the web's reader implements the same trait. Whoever assembles a
//! run gives it one [`PhotoReader`] that knows every kind of [`Location`] its source may name.

use super::validators::Validators;
use crate::catalog::Location;
use bytes::Bytes;
use lookalike_vision::decode::Limits;
use std::io;
use url::Url;

/// A photo's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// At most [`Limits::max_bytes`] of them.
    pub bytes: Bytes,
    /// Modification time in nanoseconds since 1970, where the location has one.
    pub modified_ns: Option<i64>,
}

/// What can be known of a photo without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Length in bytes.
    pub bytes: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified_ns: Option<i64>,
}

/// What came of asking for a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brought {
    /// The photo, and by what its server can tell later whether it changed.
    Photo(Photo, Option<Validators>),
    /// Its server says that it has not changed.
    Same,
}

/// Brings photos. Called from several threads at once.
pub trait PhotoReader: Send + Sync {
    /// What is known of a photo before it is read; `None` where nothing is, as on the web.
    ///
    /// # Errors
    /// When it is plain already that it cannot be read.
    fn stat(&self, location: &Location) -> Result<Option<Stat>, ReadError>;

    /// Reads a photo, unless it is longer than `limits` allow.
    ///
    /// # Errors
    /// When it is missing, refused, too large or cannot be read.
    fn read(&self, location: &Location, limits: &Limits) -> Result<Photo, ReadError>;

    /// Reads a photo that was read before and whose bytes had the digest `sha256`. What comes need not have it any more.
    ///
    /// # Errors
    /// As [`Self::read`].
    fn read_again(
        &self,
        location: &Location,
        sha256: &[u8; 32],
        limits: &Limits,
    ) -> Result<Photo, ReadError> {
        let _ = sha256;
        self.read(location, limits)
    }

    /// Reads a photo, unless it is known to be the one of which its server said `known`.
    ///
    /// # Errors
    /// As [`Self::read`].
    fn read_unless_same(
        &self,
        location: &Location,
        known: Option<&Validators>,
        limits: &Limits,
    ) -> Result<Brought, ReadError> {
        let _ = known;
        self.read(location, limits).map(|photo| Brought::Photo(photo, None))
    }

    /// Who is asked for a photo, where that is somebody who is not to be asked for too many at a time: a host, a bucket.
    /// `None` for this machine's disks.
    fn host(&self, location: &Location) -> Option<String> {
        let Location::Url(url) = location else { return None };
        // What is no URL is refused without asking anybody.
        Some(Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default())
    }

    /// Told of bytes that turned out to be a photo, with their digest: a reader that keeps photos does so here.
    fn keep(&self, location: &Location, sha256: &[u8; 32], bytes: &[u8]) {
        let _ = (location, sha256, bytes);
    }
}

/// Why a photo could not be brought. Messages are fragments that follow its name.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing there.
    #[error("does not exist")]
    Missing,
    /// There, but not for us.
    #[error("may not be read: permission denied")]
    Permission,
    /// Something else than a file.
    #[error("is {0}, not a file")]
    NotAFile(&'static str),
    /// Longer than allowed.
    #[error("is {bytes} bytes long, more than the {max_bytes} allowed")]
    TooLarge {
        /// Its length, or what was seen of it.
        bytes: u64,
        /// The limit.
        max_bytes: u64,
    },
    /// Somebody wrote to it meanwhile.
    #[error("changed while it was read: run again when it is complete")]
    Changed,
    /// The reader at hand does not know this kind of location.
    #[error("cannot be read from here: {0}")]
    Unsupported(&'static str),
    /// In an object store, and not to be had from it; a fragment that says why and the cure.
    #[error("{0}")]
    Object(String),
    /// Not to be had from the web; a fragment that says why.
    #[error("{0}")]
    Web(String),
    /// The run was stopped, or its time is over.
    #[error("was not waited for: the run was stopped")]
    Stopped,
    /// As the system or the other side says it.
    #[error("cannot be read: {0}")]
    Failed(String),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Permission,
            _ => Self::Failed(error.to_string()),
        }
    }
}
