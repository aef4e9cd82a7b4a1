//! Photos out of object stores, for the ingest: [`Objects`] as a [`PhotoReader`].

use super::{ObjectAddress, ObjectError, Objects};
use crate::catalog::Location;
use crate::fetch::photo::{Photo, PhotoReader, ReadError, Stat};
use lookalike_vision::decode::Limits;

impl PhotoReader for Objects {
    /// Length, time and ETag of the object: out of the listing that named it where there was one, or else asked for.
    fn stat(&self, location: &Location) -> Result<Option<Stat>, ReadError> {
        let address = address_of(location)?;
        match self.take_listed(&address.to_string()) {
            Some(stat) => Ok(Some(stat)),
            None => Ok(Some(self.head(&address)?.stat)),
        }
    }

    fn read(&self, location: &Location, limits: &Limits) -> Result<Photo, ReadError> {
        let (bytes, stat) = Self::read(self, &address_of(location)?, limits.max_bytes)?;
        Ok(Photo { bytes, modified_ns: stat.modified_ns })
    }
}

/// A reader that was given no buckets.
#[derive(Debug, Clone, Copy)]
pub struct NoObjects;

impl PhotoReader for NoObjects {
    fn stat(&self, location: &Location) -> Result<Option<Stat>, ReadError> {
        refuse(location)
    }

    fn read(&self, location: &Location, _: &Limits) -> Result<Photo, ReadError> {
        refuse(location)
    }
}

fn refuse<T>(location: &Location) -> Result<T, ReadError> {
    Err(match (address_of(location)?.bucket, cfg!(feature = "aws")) {
        (bucket, true) => ObjectError::NotAllowed(bucket),
        (bucket, false) => ObjectError::not_built(bucket.scheme),
    }
    .into())
}

fn address_of(location: &Location) -> Result<ObjectAddress, ReadError> {
    let none = ReadError::Unsupported("it is in no object store, and only objects are read");
    let Location::Object(text) = location else { return Err(none) };
    match ObjectAddress::parse(text) {
        Some(Ok(address)) if !address.key.is_empty() => Ok(address),
        Some(Ok(_)) => Err(ReadError::Object("names a whole bucket, not a photo in it".to_owned())),
        Some(Err(reason)) => Err(ReadError::Object(reason)),
        None => Err(none),
    }
}
