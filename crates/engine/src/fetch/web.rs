//! Photos on the web, for the ingest: [`BlockingFetcher`] as a [`PhotoReader`], and a reader for every kind of place.

use super::blocking::BlockingFetcher;
use super::error::FetchError;
use super::local::LocalReader;
use super::photo::{Photo, PhotoReader, ReadError, Stat};
use crate::catalog::Location;
use lookalike_vision::decode::Limits;

impl PhotoReader for BlockingFetcher {
    /// Always `None` for a URL: servers' words on length and time are not reliable enough to skip a photo by.
    fn stat(&self, location: &Location) -> Result<Option<Stat>, ReadError> {
        url_of(location).map(|_| None)
    }

    fn read(&self, location: &Location, limits: &Limits) -> Result<Photo, ReadError> {
        let bytes = self.get(url_of(location)?)?.bytes;
        if bytes.len() as u64 > limits.max_bytes {
            return Err(ReadError::TooLarge { bytes: bytes.len() as u64, max_bytes: limits.max_bytes });
        }
        Ok(Photo { bytes, modified_ns: None })
    }
}

fn url_of(location: &Location) -> Result<&str, ReadError> {
    match location {
        Location::Url(url) => Ok(url),
        Location::File(_) => {
            Err(ReadError::Unsupported("it is a file, and only addresses on the web are fetched"))
        }
    }
}

impl From<FetchError> for ReadError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Status { status: 404 | 410, .. } => Self::Missing,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Reads files from disk and URLs from the web.
pub struct AnyReader {
    local: LocalReader,
    web: BlockingFetcher,
}

impl AnyReader {
    /// A reader that fetches URLs with `web`.
    pub fn new(web: BlockingFetcher) -> Self {
        Self { local: LocalReader, web }
    }

    fn reader(&self, location: &Location) -> &dyn PhotoReader {
        match location {
            Location::File(_) => &self.local,
            Location::Url(_) => &self.web,
        }
    }
}

impl PhotoReader for AnyReader {
    fn stat(&self, location: &Location) -> Result<Option<Stat>, ReadError> {
        self.reader(location).stat(location)
    }

    fn read(&self, location: &Location, limits: &Limits) -> Result<Photo, ReadError> {
        self.reader(location).read(location, limits)
    }
}
