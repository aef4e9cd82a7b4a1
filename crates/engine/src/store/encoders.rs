//! Changing what makes a catalog's vectors: encoders that are added, removed or made the primary one.
//!
//! Adding takes as long as encoding everything takes, so it is done in steps that survive being stopped anywhere: begin,
//! put vectors in batches, finish. Until it is finished the encoder is not among [`Store::encoders`], nobody searches
//! by it, and writes go on without it; images stored meanwhile lack its vector like all others that had none. Who does
//! the encoding is `ingest`.

use super::{ImageKey, Store, StoreError};
use crate::catalog::{ImageId, Location};
use lookalike_vision::encoder::EncoderId;

/// An encoder that is being added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedEncoder {
    /// Name, digest and vector length.
    pub id: EncoderId,
    /// How many stored images have no vector of it yet.
    pub lacking: u64,
}

/// A stored image that has no vector of an encoder that is being added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LackingImage {
    /// The store's handle.
    pub key: ImageKey,
    /// Unique within its product.
    pub id: ImageId,
    /// Where its bytes were.
    pub location: Location,
    /// Length of its bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes: only these may be encoded.
    pub sha256: [u8; 32],
}

/// What can be done about a store's encoders. Whoever changes the list has the store to itself; other processes that
/// have the catalog open keep the list they opened it with, less what is removed.
pub trait EncoderChanges: Store {
    /// Begins to add an encoder, or goes on with the one of this very name, digest and length that was begun.
    ///
    /// # Errors
    /// When the catalog has one of that name, whole or begun with other weights. The engine's own; the same holds for
    /// every method here.
    fn begin_encoder(&mut self, encoder: &EncoderId) -> Result<(), StoreError>;

    /// Up to `limit` images with handles above `after`, ascending, that lack the vector of an encoder being added.
    fn lacking(
        &self,
        encoder: &str,
        after: Option<ImageKey>,
        limit: usize,
    ) -> Result<Vec<LackingImage>, StoreError>;

    /// Stores vectors of an encoder being added, all or none; when this returns, they are durable. Images that are gone
    /// or have theirs are passed over. Gives how many were stored.
    fn put_vectors(&self, encoder: &str, vectors: &[(ImageKey, Vec<f32>)]) -> Result<u64, StoreError>;

    /// Makes an encoder that was being added one of [`Store::encoders`], the last.
    ///
    /// # Errors
    /// When an image lacks its vector.
    fn finish_encoder(&mut self, encoder: &str) -> Result<(), StoreError>;

    /// Removes an encoder, whole or begun, with all its vectors.
    ///
    /// # Errors
    /// When it is the only one that is whole.
    fn remove_encoder(&mut self, encoder: &str) -> Result<(), StoreError>;

    /// Makes an encoder the first of [`Store::encoders`], the others keep their order.
    ///
    /// # Errors
    /// When the catalog has none of that name that is whole.
    fn make_primary(&mut self, encoder: &str) -> Result<(), StoreError>;
}
