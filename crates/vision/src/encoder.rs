//! What every maker of vectors has in common.
//!
//! An encoder turns pictures into vectors of one fixed length. Vectors of two encoders are never compared: each
//! carries the [`EncoderId`] it came from, weights' digest included.

use crate::Picture;
use std::fmt;

/// Which encoder, with which weights, made a vector.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EncoderId {
    /// The name a person uses, such as `look-1` or `clip-vit-b32`.
    pub name: String,
    /// What decides the numbers besides the picture: a SHA-256 over the weights and how they are fed.
    pub digest: String,
    /// Length of its vectors.
    pub dimensions: usize,
}

impl fmt::Display for EncoderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} dimensions, digest {})", self.name, self.dimensions, self.digest)
    }
}

/// Makes vectors from pictures. Vectors are finite and of unit length, so that a dot product is a cosine.
pub trait Encoder: Send + Sync {
    /// Name, digest and vector length.
    fn id(&self) -> &EncoderId;

    /// One vector per picture, in the order given.
    ///
    /// # Errors
    /// When the encoder could not be run; no vector of the batch is then given.
    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError>;

    /// How many pictures it is best given at a time, where there are many.
    fn batch(&self) -> usize {
        8
    }

    /// Its other half, where words have vectors in the same space.
    fn text(&self) -> Option<&dyn TextEncoder> {
        None
    }
}

/// Makes vectors from words, in the space of the [`Encoder`] it belongs to.
pub trait TextEncoder: Send + Sync {
    /// One vector per text, in the order given.
    ///
    /// # Errors
    /// When the encoder could not be run; no vector of the batch is then given.
    fn encode_text(&self, texts: &[&str]) -> Result<Vec<TextVector>, EncodeError>;
}

/// What became of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextVector {
    /// Finite and of unit length.
    pub vector: Vec<f32>,
    /// The text was longer than the encoder reads: its end was left out.
    pub truncated: bool,
}

/// An encoder failed on a batch.
#[derive(Debug, thiserror::Error)]
#[error("encoder {encoder} failed: {reason}")]
pub struct EncodeError {
    /// The encoder's name.
    pub encoder: String,
    /// What went wrong, as the runtime says it.
    pub reason: String,
}
