//! Photos on the web, for the ingest: [`BlockingFetcher`] as a [`PhotoReader`], and a reader for every kind of place.

use super::blocking::BlockingFetcher;
use super::client::Answer;
use super::error::{FetchError, redacted};
use super::local::LocalReader;
use super::object::{NoObjects, Objects};
use super::photo::{Brought, Photo, PhotoReader, ReadError, Stat};
use super::uploads::Uploads;
use super::validators::Validators;
use crate::catalog::Location;
use bytes::Bytes;
use lookalike_vision::decode::Limits;
use std::sync::Arc;
use url::Url;

impl PhotoReader for BlockingFetcher {
    /// Always `None` for a URL: servers' words on length and time are not reliable enough to skip a photo by.
    fn stat(&self, location: &Location) -> Result<Option<Stat>, ReadError> {
        url_of(location).map(|_| None)
    }

    fn read(&self, location: &Location, limits: &Limits) -> Result<Photo, ReadError> {
        let url = url_of(location)?;
        photo(self.get(url).map_err(|error| read_error(url, &error))?.bytes, limits)
    }

    fn read_unless_same(
        &self,
        location: &Location,
        known: Option<&Validators>,
        limits: &Limits,
    ) -> Result<Brought, ReadError> {
        let url = url_of(location)?;
        match self.get_unless_same(url, known).map_err(|error| read_error(url, &error))? {
            Answer::Same => Ok(Brought::Same),
            Answer::Fetched(fetched) => Ok(Brought::Photo(photo(fetched.bytes, limits)?, fetched.validators)),
        }
    }
}

fn photo(bytes: Bytes, limits: &Limits) -> Result<Photo, ReadError> {
    let (length, Limits { max_bytes, .. }) = (bytes.len() as u64, *limits);
    if length > max_bytes {
        return Err(ReadError::TooLarge { bytes: length, max_bytes });
    }
    Ok(Photo { bytes, modified_ns: None })
}

fn url_of(location: &Location) -> Result<&str, ReadError> {
    match location {
        Location::Url(url) => Ok(url),
        Location::File(_) | Location::Member { .. } | Location::Uploaded(_) | Location::Object(_) => {
            Err(ReadError::Unsupported("it is not on the web, and only addresses there are fetched"))
        }
    }
}

/// The error as a fragment that follows `url`, which is not named again unless another one failed on its behalf.
fn read_error(url: &str, error: &FetchError) -> ReadError {
    match error.last() {
        FetchError::Status { status: 404 | 410, .. } => return ReadError::Missing,
        FetchError::Stopped { .. } => return ReadError::Stopped,
        _ => {}
    }
    let text = error.to_string();
    let own = Url::parse(url).ok().and_then(|url| text.strip_prefix(&redacted(&url))?.strip_prefix(' '));
    own.map_or_else(|| ReadError::Failed(text.clone()), |fragment| ReadError::Web(fragment.to_owned()))
}

/// Reads files from disk, URLs from the web, objects from the buckets that it is given and a catalog's own photos.
pub struct AnyReader {
    local: LocalReader,
    web: BlockingFetcher,
    objects: Option<Arc<Objects>>,
    uploads: Option<Uploads>,
}

impl AnyReader {
    /// A reader that fetches URLs with `web`.
    pub fn new(web: BlockingFetcher) -> Self {
        Self { local: LocalReader, web, objects: None, uploads: None }
    }

    /// This reader, and objects out of `objects`.
    #[must_use]
    pub fn with_objects(self, objects: Arc<Objects>) -> Self {
        Self { objects: Some(objects), ..self }
    }

    /// This reader, and what was uploaded to a catalog.
    #[must_use]
    pub fn with_uploads(self, uploads: Uploads) -> Self {
        Self { uploads: Some(uploads), ..self }
    }

    fn reader(&self, location: &Location) -> &dyn PhotoReader {
        match location {
            Location::File(_) | Location::Member { .. } => &self.local,
            Location::Url(_) => &self.web,
            Location::Uploaded(_) => match &self.uploads {
                Some(uploads) => uploads,
                // Says why not.
                None => &self.local,
            },
            Location::Object(_) => match &self.objects {
                Some(objects) => objects.as_ref(),
                None => &NoObjects,
            },
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

    fn read_unless_same(
        &self,
        location: &Location,
        known: Option<&Validators>,
        limits: &Limits,
    ) -> Result<Brought, ReadError> {
        self.reader(location).read_unless_same(location, known, limits)
    }
}
