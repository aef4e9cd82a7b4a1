//! How a candidate compares with the query, signature by signature.

use super::Probe;
use crate::store::StoredImage;
use serde::Serialize;

/// The turn or mirroring under which the query's PDQ hash fits a candidate best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Orientation {
    /// As it is.
    Upright,
    /// Turned or mirrored, in one of the seven other ways.
    Turned,
}

/// Distances between a query and one stored image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Evidence {
    /// The very same bytes.
    pub same_bytes: bool,
    /// Differing bits of the letterboxed pHash, 0 to 64; unrelated pictures differ in about 32.
    pub phash_bits: u32,
    /// Differing bits of PDQ in the best orientation, 0 to 256; unrelated pictures differ in about 128.
    pub pdq_bits: u32,
    /// The lower of the two PDQ qualities, 0 to 100.
    pub pdq_quality: u8,
    /// The orientation of `pdq_bits`.
    pub orientation: Orientation,
    /// Cosine of the vectors, -1 to 1; 0 where the image has none of this encoder.
    pub cosine: f32,
    /// Whether the image has a vector of this encoder: one that could not be read when the encoder was added has none,
    /// and is judged by its hashes alone.
    #[serde(skip)]
    pub has_vector: bool,
}

impl Evidence {
    /// Compares `probe` with a stored image by every signature. `None` where the image has no vector of the probe's
    /// encoder.
    pub(super) fn gather(probe: &Probe, image: &StoredImage) -> Option<Self> {
        let stored_pdq = image.hashes.pdq;
        let (pdq_bits, nearest) = probe
            .pdqs
            .iter()
            .zip(0_usize..)
            .map(|(hash, orientation)| (hash.distance(stored_pdq.hash), orientation))
            .min()
            .unwrap_or((256, 0));
        let vector = image.vectors.get(probe.slot).filter(|vector| vector.len() == probe.vector.len())?;
        Some(Self {
            same_bytes: probe.sha256 == Some(image.fingerprint.sha256),
            phash_bits: probe.hashes.phash.distance(image.hashes.phash),
            pdq_bits,
            pdq_quality: probe.hashes.pdq.quality.min(stored_pdq.quality),
            orientation: if nearest == 0 { Orientation::Upright } else { Orientation::Turned },
            has_vector: vector.iter().any(|number| *number != 0.0),
            // Unit vectors; rounding alone can lead a hair beyond.
            cosine: probe.vector.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>().clamp(-1.0, 1.0),
        })
    }
}
