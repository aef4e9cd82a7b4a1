//! Going through a whole catalog, product by product, as it is at one moment.
//!
//! For whoever takes everything out: `transfer` writes it to files. What it costs in memory is one image, whatever the
//! catalog holds. Searching and comparing are [`Store`]'s.

use super::{Store, StoreError, StoredImage};
use crate::catalog::{Fields, ProductId};
use lookalike_vision::encoder::EncoderId;
use std::ops::ControlFlow;

/// A step of a walk through a catalog, in the order in which they come: one [`Piece::Catalog`], then each product
/// followed by its images.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// What will come.
    Catalog {
        /// Number of products.
        products: u64,
        /// Number of images.
        images: u64,
        /// What made the vectors, the primary one first. Those that are still being added are left out.
        encoders: Vec<EncoderId>,
    },
    /// A product; products come in the order in which they were first stored.
    Product {
        /// Unique within the catalog.
        id: ProductId,
        /// As its source gave them.
        fields: Fields,
        /// How many images follow, the main one first.
        images: u64,
    },
    /// An image of the product before it, with a vector for each encoder of [`Piece::Catalog`], in that order.
    Image(Box<StoredImage>),
}

/// A store that can be taken out whole.
pub trait Dump: Store {
    /// Hands every piece of the catalog to `each` until that breaks off. All pieces are of one moment, where the engine
    /// can give that (the embedded one can): what is written meanwhile is not seen, and does not wait.
    ///
    /// # Errors
    /// The engine's own.
    fn dump(&self, each: &mut dyn FnMut(Piece) -> ControlFlow<()>) -> Result<(), StoreError>;
}
