//! Where a catalog comes from: one file per kind of source.
//!
//! A source names products and where their photos are; it reads no photo. What it cannot read it reports row
//! by row and goes on. [`open`] tells by content which kind a path is (`recognise`). Photos lie in a [`folder`] or an
//! `archive`; tables ([`csv`], with a layout for each shop's export), [`jsonl`] and lists of `addresses` share [`table`],
//! which gathers the rows of one product; `xml` and [`abo`] are read from front to end.
//!
//! `ingest` drives a source; `fetch` brings the photos it names.

pub mod abo;
mod addresses;
mod archive;
mod copied;
pub mod csv;
pub mod folder;
mod html;
pub mod jsonl;
mod location;
mod mapping;
#[cfg(feature = "aws")]
mod object_folder;
mod open;
mod parquet;
mod recognise;
pub mod remote;
pub mod shown;
pub mod table;
mod text;
mod walk;
mod xml;

pub use abo::{LanguageError, Languages};
pub use csv::CsvSource;
pub use folder::{FolderOptions, FolderSource, ProductIdRule};
pub use jsonl::JsonLinesSource;
pub use location::{ImageBase, ImageSeparator};
pub use mapping::{Mapping, MappingError};
#[cfg(feature = "aws")]
pub use object_folder::ObjectFolder;
pub use open::{SourceFormat, SourceOptions, open};
pub use remote::open_anywhere;

use crate::catalog::Product;
use std::path::PathBuf;

/// A list of products that can be read from start to end, again and again.
pub trait Source: Send {
    /// What this is, for a person: the kind and the place.
    fn describe(&self) -> String;

    /// How many items [`Source::products`] will name (images, and rows that are no product), where that is known
    /// without reading them all.
    fn images_expected(&self) -> Option<u64>;

    /// What a person should be told before the run, a sentence each: what was left out, recognised, or read
    /// differently than it was written.
    fn notices(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the last pass over [`Source::products`] ended before the source did: it broke, or was found shorter than it
    /// was. Nothing can be said of what it does not name then.
    fn ended_early(&self) -> bool {
        false
    }

    /// Every product in the source's order, and every row that is not one.
    ///
    /// # Errors
    /// When the source cannot be read at all. A row that cannot be read is an item of the iterator.
    fn products(&self) -> Result<Products<'_>, SourceError>;
}

/// What [`Source::products`] gives.
pub type Products<'a> = Box<dyn Iterator<Item = Result<Product, RowFailure>> + Send + 'a>;

/// One row or file of a source that is not a product, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFailure {
    /// Where: `shop.csv line 17`, or a file's path. Always one line.
    pub place: String,
    /// What is wrong and what to do about it. Always one line.
    pub reason: String,
}

/// A source cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No such file or folder, or no permission.
    #[error("cannot read {path}")]
    Io {
        /// What was to be read.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is readable but not what it was taken for.
    #[error("{path}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong and the cure.
        reason: String,
    },
}

impl SourceError {
    fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    fn malformed(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::Malformed { path: path.into(), reason: reason.into() }
    }
}
