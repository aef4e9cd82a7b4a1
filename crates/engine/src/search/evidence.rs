//! How a candidate compares with the query, signature by signature.

use super::parts::Part;
use super::{HashProbe, Probe, Region};
use crate::store::StoredImage;
use lookalike_vision::hash::PdqHash;
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
    /// How alike the two are as photos of a product, -1 to 1: the cosine, except under `look-1`, where colours count more in
    /// it than they do between copies.
    pub likeness: f32,
    /// The part of the query that looks more like the image than the whole query does, where one was looked for and does.
    pub region: Option<Region>,
    /// Cosine of that part's vector and the image's; that of the whole where there is none, or of the whole as it may have been
    /// before it was made darker or was given a cast, where its border tells of that and it is greater.
    pub region_cosine: f32,
    /// What the query's vector has in common with photos of the catalog in general: see [`Background`].
    #[serde(skip)]
    pub background: f32,
    /// How much colour the query has, 0 (grey) to 1; 1 where that is not known.
    #[serde(skip)]
    pub colour: f32,
    /// Whether query and image both have a vector of this encoder: an image that could not be read when the encoder was
    /// added has none, nor has a query of an encoder that is no longer there. They are judged by their hashes alone.
    #[serde(skip)]
    pub has_vector: bool,
    /// Cosine of which colours both have, 0 to 1: where the encoder's vectors tell, or where a pair is judged by its hashes and
    /// it was looked at.
    #[serde(skip)]
    pub colours: Option<f32>,
    /// The same of the colours that the query may have had before it was made darker or was given a cast.
    #[serde(skip)]
    pub colours_before: Option<f32>,
}

/// Mean cosine of a query with those of a sample of the catalog that are nearest to it but for the very nearest, which may
/// be the photo itself, its twins and other photos of the product. A photo of which there are many alike (a white shirt) has
/// a high one, and a high cosine says less of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Background(pub f32);

/// Least cosine of colours that are the same.
const LIKE_COLOURS: f32 = 0.97;

/// Which of the sample's cosines count, the greatest being number 0.
const COUNTED: std::ops::Range<usize> = 4..12;

impl Background {
    /// Out of the cosines with a sample of the catalog; `usual` where that is too small to say.
    pub(super) fn of(mut cosines: Vec<f32>, usual: f32) -> Self {
        cosines.sort_unstable_by(|a, b| b.total_cmp(a));
        match cosines.get(COUNTED) {
            Some(counted) => Self(counted.iter().sum::<f32>() / counted.len() as f32),
            None => Self(usual),
        }
    }
}

impl Evidence {
    /// Whether query and image have the same colours, as far as is known, so that neither was recoloured.
    pub(super) fn has_like_colours(&self) -> bool {
        self.colours.is_none_or(|cosine| cosine >= LIKE_COLOURS)
    }

    /// Compares `probe` and its `parts` with a stored image by every signature. `None` where the image has no vector of the
    /// probe's encoder.
    pub(super) fn gather(
        probe: &Probe,
        parts: &[Part],
        Background(background): Background,
        image: &StoredImage,
    ) -> Option<Self> {
        let stored_pdq = image.hashes.pdq;
        let (pdq_bits, orientation) = nearest(&probe.pdqs, stored_pdq.hash);
        let vector = image.vectors.get(probe.slot).filter(|vector| vector.len() == probe.vector.len())?;
        let cosine = dot(&probe.vector, vector);
        let (region, region_cosine) = parts
            .iter()
            .map(|part| (part.region, dot(&part.vector, vector)))
            .fold((None, cosine), |best, part| if part.1 > best.1 { part } else { best });
        let before = parts.iter().filter_map(|part| part.colours.as_ref());
        Some(Self {
            same_bytes: probe.sha256 == Some(image.fingerprint.sha256),
            phash_bits: probe.hashes.phash.distance(image.hashes.phash),
            pdq_bits,
            pdq_quality: probe.hashes.pdq.quality.min(stored_pdq.quality),
            orientation,
            cosine,
            likeness: dot(&probe.likeness, vector),
            region,
            region_cosine,
            background,
            colour: probe.colour,
            has_vector: [vector, &probe.vector].iter().all(|one| one.iter().any(|number| *number != 0.0)),
            colours: probe.colours.as_ref().and_then(|colours| colours.cosine_with(vector)),
            colours_before: before.filter_map(|colours| colours.cosine_with(vector)).reduce(f32::max),
        })
    }

    /// Compares a probe with a stored image by their bytes and hashes alone.
    pub(super) fn of_hashes(probe: &HashProbe, image: &StoredImage) -> Self {
        let stored_pdq = image.hashes.pdq;
        let (pdq_bits, orientation) = nearest(&probe.pdqs, stored_pdq.hash);
        Self {
            same_bytes: probe.sha256 == Some(image.fingerprint.sha256),
            phash_bits: probe.phash.distance(image.hashes.phash),
            pdq_bits,
            pdq_quality: probe.pdq_quality.min(stored_pdq.quality),
            orientation,
            cosine: 0.0,
            likeness: 0.0,
            region: None,
            region_cosine: 0.0,
            background: 0.0,
            colour: 1.0,
            has_vector: false,
            colours: None,
            colours_before: None,
        }
    }
}

/// The bits in which the nearest of a query's orientations, the first of which is the upright one, differs from `stored`.
fn nearest(pdqs: &[PdqHash], stored: PdqHash) -> (u32, Orientation) {
    let by_bits = pdqs.iter().zip(0_usize..).map(|(hash, number)| (hash.distance(stored), number));
    let (bits, number) = by_bits.min().unwrap_or((256, 0));
    (bits, if number == 0 { Orientation::Upright } else { Orientation::Turned })
}

/// Of unit vectors and likeness queries; rounding alone can lead a hair beyond 1.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>().clamp(-1.0, 1.0)
}
