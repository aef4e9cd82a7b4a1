//! [`Objects`] of a build without object stores: it names the feature that is missing.

use super::{Bucket, ObjectAddress, ObjectError, ObjectInfo};
use crate::fetch::photo::Stat;
use bytes::Bytes;
use std::io::Write;

/// No object store at all.
#[derive(Debug)]
pub struct Objects;

impl Objects {
    /// Knows `allowed` and can read none of them.
    ///
    /// # Errors
    /// None.
    pub fn new(allowed: Vec<Bucket>) -> Result<Self, ObjectError> {
        drop(allowed);
        Ok(Self)
    }

    /// What the build lacks.
    ///
    /// # Errors
    /// Always.
    pub fn head(&self, address: &ObjectAddress) -> Result<ObjectInfo, ObjectError> {
        Err(ObjectError::not_built(address.bucket.scheme))
    }

    /// What the build lacks.
    ///
    /// # Errors
    /// Always.
    pub fn read(&self, address: &ObjectAddress, max_bytes: u64) -> Result<(Bytes, Stat), ObjectError> {
        let _ = max_bytes;
        Err(ObjectError::not_built(address.bucket.scheme))
    }

    /// What the build lacks.
    ///
    /// # Errors
    /// Always.
    pub fn download(
        &self,
        address: &ObjectAddress,
        to: &mut dyn Write,
        max_bytes: u64,
    ) -> Result<(), ObjectError> {
        let _ = (to, max_bytes);
        Err(ObjectError::not_built(address.bucket.scheme))
    }

    pub(super) fn take_listed(&self, address: &str) -> Option<Stat> {
        let _ = address;
        None
    }
}
