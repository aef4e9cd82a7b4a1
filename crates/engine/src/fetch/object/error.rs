//! Why an object could not be had, in fragments that follow its address.

use super::address::{Bucket, Scheme};
use crate::fetch::photo::ReadError;

/// An object store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The program was built without it.
    #[error(
        "cannot be read: this build has no {store}; build it with `cargo build --release --features {feature}`"
    )]
    NotBuilt {
        /// What is missing.
        store: &'static str,
        /// The feature that brings it.
        feature: &'static str,
    },
    /// A bucket that the operator did not name.
    #[error(
        "is in a bucket that was not named: where its photos may be read with your credentials, add --allow-bucket {0}"
    )]
    NotAllowed(Bucket),
    /// No such object or bucket.
    #[error("does not exist")]
    Missing,
    /// The credentials do not reach that far, or there are none.
    #[error("may not be read with these credentials: {0}")]
    Permission(String),
    /// Longer than allowed.
    #[error("is {bytes} bytes long, more than the {max_bytes} allowed")]
    TooLarge {
        /// Its length.
        bytes: u64,
        /// The limit.
        max_bytes: u64,
    },
    /// The store's own words.
    #[error("cannot be read: {0}")]
    Failed(String),
    /// The client could not be made.
    #[error("cannot be asked for: {0}")]
    Setup(String),
}

impl ObjectError {
    /// What is to be said without the feature that reads `scheme`.
    pub fn not_built(scheme: Scheme) -> Self {
        match scheme {
            Scheme::S3 => Self::NotBuilt { store: "S3", feature: "aws" },
            Scheme::Gcs => Self::NotBuilt { store: "Google Cloud Storage", feature: "cloud" },
            Scheme::Azure => Self::NotBuilt { store: "Azure Blob Storage", feature: "cloud" },
        }
    }
}

impl From<ObjectError> for ReadError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Missing => Self::Missing,
            ObjectError::TooLarge { bytes, max_bytes } => Self::TooLarge { bytes, max_bytes },
            other => Self::Object(other.to_string()),
        }
    }
}
