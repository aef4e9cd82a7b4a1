//! Object stores: photos and catalog files in S3, Google Cloud Storage and Azure.
//!
//! They are read with the operator's credentials, so only from buckets that the operator named: an address out of a
//! catalog that leads to any other is refused. Built with the feature `aws` (S3) or `cloud` (all of them); without,
//! [`Objects`] says what the build lacks. What a bucket's objects mean is `source`'s business.

mod address;
#[cfg(feature = "aws")]
pub(super) mod aws;
mod error;
#[cfg(feature = "aws")]
mod listing;
mod reader;
#[cfg(feature = "aws")]
mod stores;
#[cfg(not(feature = "aws"))]
#[path = "absent.rs"]
mod stores;

pub use address::{Bucket, ObjectAddress, Scheme, is_object_address};
pub use error::ObjectError;
#[cfg(feature = "aws")]
pub use listing::Listing;
pub use reader::NoObjects;
pub use stores::Objects;

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its name within the bucket.
    pub key: String,
    /// Its length and time.
    pub stat: super::photo::Stat,
}
