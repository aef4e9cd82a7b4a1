//! Which colours a picture has, as a vector holds them, without the rest of it.
//!
//! A question about hashes alone runs no network, and hashes see grey: what a pair's colours say is worth the fiftieth of the
//! network's time that they take. Stored vectors have them already. What a cosine of colours means is not known here.

use super::descriptor::{COLOURS, Descriptor, unit};
use super::{DIMENSIONS, EncodeError, NAME, NETWORK_DIMENSIONS, Picture};

/// The share of each colour in a picture, of unit length.
#[derive(Debug, Clone, PartialEq)]
pub struct Colours(Vec<f32>);

impl Colours {
    /// Of a picture.
    ///
    /// # Errors
    /// When the resampler refuses the picture's size; it refuses none that a picture can have.
    pub fn of(picture: &Picture) -> Result<Self, EncodeError> {
        let failed = |reason: String| EncodeError { encoder: NAME.to_owned(), reason };
        Descriptor::colours_of(picture).map(Self).map_err(|error| failed(error.to_string()))
    }

    /// Those that are part of a vector of this encoder. `None` where it is not of [`DIMENSIONS`] numbers, or is of a photo that
    /// could not be encoded.
    pub fn in_vector(vector: &[f32]) -> Option<Self> {
        colours_in(vector).map(|colours| Self(unit(colours.to_vec())))
    }

    /// How much these and the colours in `vector` have in common, 0 to 1; `None` where that has none, as [`Self::in_vector`]
    /// says.
    pub fn cosine_with(&self, vector: &[f32]) -> Option<f32> {
        let stored = colours_in(vector)?;
        let norm = stored.iter().map(|share| share * share).sum::<f32>().sqrt();
        let dot = self.0.iter().zip(stored).map(|(x, y)| x * y).sum::<f32>();
        Some((dot / norm).clamp(0.0, 1.0))
    }
}

fn colours_in(vector: &[f32]) -> Option<&[f32]> {
    let colours = vector.get(NETWORK_DIMENSIONS..NETWORK_DIMENSIONS + COLOURS)?;
    // Every picture has some.
    let is_one = vector.len() == DIMENSIONS && colours.iter().any(|share| *share != 0.0);
    is_one.then_some(colours)
}
