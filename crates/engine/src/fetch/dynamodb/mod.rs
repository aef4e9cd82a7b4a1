//! DynamoDB tables, read from end to end: `dynamodb://TABLE?region=…&endpoint=…`.
//!
//! `scan` asks for a table page by page and slows down when it is told to; `attribute` turns DynamoDB's typed values into
//! JSON. Credentials are `object`'s. A table is scanned as it changes: an item that is written meanwhile may or may not
//! be seen, which is DynamoDB's own promise.

mod address;
#[cfg(feature = "aws")]
mod attribute;
#[cfg(feature = "aws")]
mod scan;

pub use address::TableAddress;
#[cfg(feature = "aws")]
pub use scan::{ScanError, scan};
