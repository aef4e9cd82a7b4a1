//! The words of the trade: products, their images, and the ids that name them.
//!
//! Plain data with no behaviour beyond validation. Sources make [`Product`]s, stores keep them.

mod id;

pub use id::{ImageId, InvalidId, ProductId};

use serde_json::{Map, Value};
use std::fmt;
use std::path::PathBuf;

/// A product's fields as its source gave them, in the source's order.
pub type Fields = Map<String, Value>;

/// A listing as a source names it: what it is called, what is known of it, where its photos are.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Unique within a catalog.
    pub id: ProductId,
    /// Everything else the source says of it.
    pub fields: Fields,
    /// In the source's order; the first is the main one.
    pub images: Vec<ImageRef>,
}

/// A photo of a product, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// Unique within its product. Two products that show the same id show the same photo.
    pub id: ImageId,
    /// Where its bytes are.
    pub location: Location,
}

/// Where a photo's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Location {
    /// On this machine; absolute.
    File(PathBuf),
    /// On the web; fetched through the guard.
    Url(String),
    /// In an archive on this machine; read where it lies.
    Member {
        /// A `.tar`, `.tar.gz` or `.zip`; absolute.
        archive: PathBuf,
        /// The member's path below the archive's root, with `/`.
        name: String,
    },
    /// Handed in by a caller; kept in the catalog's own folder under the SHA-256 of its bytes.
    Uploaded([u8; 32]),
    /// In an object store, such as `s3://bucket/key`; read with the operator's credentials, from buckets the operator
    /// named.
    Object(String),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(address) | Self::Object(address) => f.write_str(address),
            Self::Member { archive, name } => write!(f, "{}/{name}", archive.display()),
            Self::Uploaded(sha256) => {
                f.write_str("uploaded:")?;
                sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}
