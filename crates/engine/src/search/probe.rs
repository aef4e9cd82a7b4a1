//! A query's signatures: everything a candidate is compared with.

use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder};
use lookalike_vision::hash::{Hashes, PdqHash, pdq_orientations};
use lookalike_vision::look::Colours;

use super::SearchError;
use super::likeness::{colours_of, likeness_query};
use super::parts::{self, Part};
use crate::ingest::online::Prepared;
use crate::store::{NewImage, StoredImage};
use std::sync::{Arc, OnceLock};

/// The signatures of a query picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Of the bytes, where the query came as bytes.
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) hashes: Hashes,
    /// PDQ hashes in every orientation that can be asked for, the upright one first.
    pub(super) pdqs: Vec<PdqHash>,
    pub(super) vector: Vec<f32>,
    /// What stored vectors are compared with where products are asked for.
    pub(super) likeness: Vec<f32>,
    /// Which colours `vector` says there are, where its encoder tells.
    pub(super) colours: Option<Colours>,
    /// Where the encoder of `vector` stands among the store's.
    pub(super) slot: usize,
    /// How much colour there is, 0 to 1: the mean difference between the strongest and the weakest channel. 1 where the
    /// pixels are not at hand.
    pub(super) colour: f32,
    /// What parts are cut from; a stored image's signatures come without.
    pixels: Option<Arc<Picture>>,
    /// Made when first needed.
    parts: OnceLock<Vec<Part>>,
}

impl Probe {
    /// Hashes and encodes `picture` with the encoder that stands at `slot` among the store's. `sha256` is the digest of the
    /// bytes it was decoded from: it lets a byte-equal stored photo be told from a merely equal-looking one.
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
        let hashes = Hashes::of(picture);
        Ok(Self::of_signatures(picture, sha256, hashes, vector, slot, &encoder.id().name))
    }

    /// The signatures of a photo that is ready to be stored; `vector` is the one of the encoder at `slot`, whose name is
    /// `encoder`.
    pub(super) fn of_prepared(prepared: &Prepared, vector: Vec<f32>, slot: usize, encoder: &str) -> Self {
        let NewImage { fingerprint, hashes, .. } = &prepared.image;
        let sha256 = Some(fingerprint.sha256);
        Self::of_signatures(&prepared.picture, sha256, *hashes, vector, slot, encoder)
    }

    fn of_signatures(
        picture: &Picture,
        sha256: Option<[u8; 32]>,
        hashes: Hashes,
        vector: Vec<f32>,
        slot: usize,
        encoder: &str,
    ) -> Self {
        let likeness = likeness_query(encoder, &vector).into_owned();
        let colours = colours_of(encoder, &vector);
        let pdqs = pdq_orientations(picture).to_vec();
        let pixels = parts::kept(picture);
        let colour = colour_of(&pixels, 1);
        let pixels = Some(Arc::new(pixels));
        let parts = OnceLock::new();
        Self { sha256, hashes, pdqs, vector, likeness, colours, slot, colour, pixels, parts }
    }

    /// The signatures that are stored of an image; `slot` counts into the store's encoders, and `encoder` is the name of that
    /// one. Only the upright orientation is asked for: turned ones need the pixels.
    pub(super) fn of_stored(image: &StoredImage, slot: usize, encoder: &str) -> Self {
        let vector = image.vectors.get(slot).cloned().unwrap_or_default();
        Self {
            likeness: likeness_query(encoder, &vector).into_owned(),
            colours: colours_of(encoder, &vector),
            sha256: Some(image.fingerprint.sha256),
            hashes: image.hashes,
            pdqs: vec![image.hashes.pdq.hash],
            vector,
            slot,
            colour: 1.0,
            pixels: None,
            parts: OnceLock::new(),
        }
    }

    /// Its parts, encoded by `encoder` when they are first asked for; none where the pixels are not at hand.
    pub(super) fn parts(
        &self,
        encoder: impl FnOnce() -> Result<Arc<dyn Encoder>, SearchError>,
    ) -> Result<&[Part], SearchError> {
        let Some(pixels) = &self.pixels else { return Ok(&[]) };
        if let Some(parts) = self.parts.get() {
            return Ok(parts);
        }
        let made = parts::encode(pixels, encoder()?.as_ref())?;
        Ok(self.parts.get_or_init(|| made))
    }

    /// Whether the picture's border tells that it was made darker or was given a cast.
    pub(super) fn levels_changed(&self) -> bool {
        self.pixels.as_ref().is_some_and(|pixels| parts::levels_changed(pixels))
    }

    pub(crate) fn slot(&self) -> usize {
        self.slot
    }

    pub(crate) fn vector(&self) -> &[f32] {
        &self.vector
    }

    pub(crate) fn hashes(&self) -> &Hashes {
        &self.hashes
    }

    pub(crate) fn pdqs(&self) -> &[PdqHash] {
        &self.pdqs
    }
}

/// The mean difference between the strongest and the weakest channel of every `step`th pixel, 0 to 1.
pub(super) fn colour_of(picture: &Picture, step: usize) -> f32 {
    let chroma =
        |&[red, green, blue]: &[u8; 3]| u64::from(red.max(green).max(blue) - red.min(green).min(blue));
    let pixels = picture.rgb().as_chunks::<3>().0.iter().step_by(step.max(1));
    let count = pixels.len().max(1);
    pixels.map(chroma).sum::<u64>() as f32 / (255.0 * count as f32)
}
