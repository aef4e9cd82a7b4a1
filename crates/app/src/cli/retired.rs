//! `look-0`, the descriptor that catalogs were made with before there was `look-1`, and the way out of it.
//!
//! What made its vectors is gone. Until a catalog has been given others (`encoders upgrade`), its photos are still found
//! by their hashes; nothing is written to it by its source, because every stored image needs a vector of every encoder.

use lookalike_engine::store::Store;
use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId};
use std::path::Path;

/// Its name.
pub(super) const NAME: &str = "look-0";

/// Stands in for the descriptor: it knows who it was, and its vectors are like nothing.
pub(super) struct Retired(EncoderId);

impl Default for Retired {
    fn default() -> Self {
        Self(EncoderId { name: NAME.to_owned(), digest: "lab577-hog448-v1".to_owned(), dimensions: 1025 })
    }
}

impl Encoder for Retired {
    fn id(&self) -> &EncoderId {
        &self.0
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        Ok(vec![vec![0.0; self.0.dimensions]; pictures.len()])
    }
}

/// Whether one of a catalog's encoders is the descriptor.
pub(super) fn is_in(store: &dyn Store) -> bool {
    store.encoders().iter().any(|id| id.name == NAME)
}

/// What a question to a catalog of the descriptor is told.
pub(super) fn by_hashes(catalog: &Path) -> String {
    format!("{}: until then photos are compared by their hashes alone", cure(catalog))
}

/// What is wrong with a catalog of the descriptor, and the command that mends it.
pub(super) fn cure(catalog: &Path) -> String {
    let place = catalog.display();
    format!(
        "{place} was made with {NAME}, which look-1 has taken the place of: give its photos vectors of look-1 with \
         `lookalike encoders upgrade {place}`"
    )
}
