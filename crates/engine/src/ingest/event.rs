//! What a run tells while it goes on.

use super::report::Counts;
use crate::catalog::{Location, ProductId};
use crate::source::RowFailure;
use crate::source::shown::{one_line, path_line};
use std::error::Error;
use std::fmt;

/// Something a run tells. Events of one product come in the order planned, then stored or unchanged.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// What the source wants a person to know, a sentence.
    Notice(String),
    /// A product was taken up.
    Planned {
        /// The product.
        product: ProductId,
        /// How many images its source names.
        images: u64,
    },
    /// A product, or another part of a large one, is durable.
    Stored {
        /// The product.
        product: ProductId,
        /// How many images were new or changed.
        images: u64,
    },
    /// Nothing about a product is new.
    Unchanged {
        /// The product.
        product: ProductId,
        /// How many images it has.
        images: u64,
    },
    /// The source does not name a product any more, and it is gone; in a preview, it would be.
    Removed {
        /// The product.
        product: ProductId,
        /// How many images it had.
        images: u64,
    },
    /// The deadline came before an item; it is as it was.
    NotReached(Failure),
    /// One item failed, and nothing else with it. Where the store refuses a product without new images, its place is
    /// `product ID`; that counts in [`ProductCounts::failed`](super::ProductCounts::failed) and not as an item.
    Failed(Failure),
    /// How far the run has come, ten times a second at most.
    Progress(Counts),
}

/// Where an item failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the rooms' own")]
pub enum Stage {
    Source,
    Fetch,
    Decode,
    Encode,
    Store,
    Deadline,
}

impl Stage {
    /// As the failures file has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Fetch => "fetch",
            Self::Decode => "decode",
            Self::Encode => "encode",
            Self::Store => "store",
            Self::Deadline => "deadline",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One item that failed. Shown, it is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The file, address or row, on one line.
    pub place: String,
    /// Where it failed.
    pub stage: Stage,
    /// Why, on one line; follows the place.
    pub reason: String,
}

impl Failure {
    pub(super) fn new(location: &Location, stage: Stage, reason: &str) -> Self {
        let place = match location {
            Location::File(path) => path_line(path),
            Location::Url(address) | Location::Object(address) => one_line(address),
            Location::Uploaded(_) => location.to_string(),
            Location::Member { archive, name } => format!("{}/{}", path_line(archive), one_line(name)),
        };
        Self { place, stage, reason: one_line(reason) }
    }

    /// Of a product as a whole.
    pub(super) fn of_product(product: &ProductId, stage: Stage, reason: &str) -> Self {
        Self { place: one_line(&format!("product {product}")), stage, reason: one_line(reason) }
    }
}

impl From<RowFailure> for Failure {
    fn from(RowFailure { place, reason }: RowFailure) -> Self {
        Self { place: one_line(&place), stage: Stage::Source, reason: one_line(&reason) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// An error with everything that led to it.
pub(super) fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let deeper = error.to_string();
        if !text.ends_with(&deeper) {
            text.push_str(": ");
            text.push_str(&deeper);
        }
        cause = error.source();
    }
    text
}

/// What a panic said.
pub(super) fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
