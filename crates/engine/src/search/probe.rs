//! A query's signatures: everything a candidate is compared with.

use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder};
use lookalike_vision::hash::{Hashes, PdqHash, pdq_orientations};

use crate::store::StoredImage;

/// The signatures of a query picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Of the bytes, where the query came as bytes.
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) hashes: Hashes,
    /// PDQ hashes in every orientation that can be asked for, the upright one first.
    pub(super) pdqs: Vec<PdqHash>,
    pub(super) vector: Vec<f32>,
    /// Where the encoder of `vector` stands among the store's.
    pub(super) slot: usize,
}

impl Probe {
    /// Hashes and encodes `picture` with the encoder that stands at `slot` among the store's. `sha256` is the digest of the bytes it was decoded from: it lets a byte-equal
    /// stored photo be told from a merely equal-looking one.
    ///
    /// # Errors
    /// When the encoder fails.
    pub(super) fn of_picture(
        picture: &Picture,
        sha256: Option<[u8; 32]>,
        encoder: &dyn Encoder,
        slot: usize,
    ) -> Result<Self, EncodeError> {
        let vector = encoder.encode(&[picture])?.pop().unwrap_or_default();
        if vector.len() != encoder.id().dimensions {
            let reason = format!("it gave {} numbers instead of {}", vector.len(), encoder.id().dimensions);
            return Err(EncodeError { encoder: encoder.id().name.clone(), reason });
        }
        let pdqs = pdq_orientations(picture).to_vec();
        Ok(Self { sha256, hashes: Hashes::of(picture), pdqs, vector, slot })
    }

    /// The signatures that are stored of an image; `slot` counts into the store's encoders. Only the upright
    /// orientation is asked for: turned ones need the pixels.
    pub(super) fn of_stored(image: &StoredImage, slot: usize) -> Self {
        Self {
            sha256: Some(image.fingerprint.sha256),
            hashes: image.hashes,
            pdqs: vec![image.hashes.pdq.hash],
            vector: image.vectors.get(slot).cloned().unwrap_or_default(),
            slot,
        }
    }
}
