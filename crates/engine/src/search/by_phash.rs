//! Products by the letterboxed pHash alone, as the first system answered.
//!
//! Nothing is encoded. The order is that of differing bits; what a match is worth in percent is told by both hashes and,
//! where the catalog has vectors of `look-1`, by the colours that these hold: a red mug and a blue one have nearly the same
//! hashes. The query's colours are looked at only where the hashes leave something to object to. What agreement is worth is
//! [`calibrate`](super::calibrate)'s business; questions about everything else are [`Searcher::search`]'s.

use super::calibrate::{fitted, unaided, without_vectors};
use super::candidates::{COMPARED_AT_A_TIME, FEWEST_CANDIDATES, Found, best_first, keep_better, keys_of};
use super::probe::colour_of;
use super::{Evidence, Match, Mode, Request, SearchError, Searcher};
use crate::catalog::ProductId;
use crate::store::{ImageKey, StoredImage};
use lookalike_vision::Picture;
use lookalike_vision::hash::{PHash, PdqHash, pdq_with_orientations, phash};
use lookalike_vision::look::{self, Colours};
use std::cell::OnceCell;
use std::collections::HashMap;

/// Of so many pixels one is looked at to see whether a picture is grey.
const COLOUR_STEP: usize = 7;

/// A query picture with its hashes, whose colours can be looked at when they are needed.
#[derive(Debug, Clone, PartialEq)]
pub struct HashProbe {
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) phash: PHash,
    /// In every orientation, the upright one first.
    pub(super) pdqs: [PdqHash; 8],
    pub(super) pdq_quality: u8,
    picture: Picture,
}

impl HashProbe {
    /// Hashes `picture`. `sha256` is the digest of the bytes it was decoded from: it lets a byte-equal stored photo be told
    /// from a merely equal-looking one.
    pub fn new(picture: Picture, sha256: Option<[u8; 32]>) -> Self {
        let (pdq_quality, pdqs) = pdq_with_orientations(&picture);
        Self { sha256, phash: phash(&picture), pdqs, pdq_quality, picture }
    }

    /// `None` for a grey one: its copies may have any colour.
    fn colours(&self) -> Result<Option<Colours>, SearchError> {
        let is_grey = fitted::has_no_colour(colour_of(&self.picture, COLOUR_STEP));
        Ok((!is_grey).then(|| Colours::of(&self.picture)).transpose()?)
    }
}

/// Judges one question's candidates.
struct Judging<'a> {
    probe: &'a HashProbe,
    /// Where the vectors of `look-1` stand among an image's, where it has any.
    slot: Option<usize>,
    /// The probe's colours, once they were looked at.
    colours: OnceCell<Option<Colours>>,
}

impl Judging<'_> {
    fn found(&self, image: StoredImage) -> Result<(ProductId, Found), SearchError> {
        let mut evidence = Evidence::of_hashes(self.probe, &image);
        if !evidence.same_bytes
            && unaided::is_near(&evidence)
            && let Some(vector) = self.slot.and_then(|slot| image.vectors.get(slot))
        {
            evidence.colours = self.colours()?.and_then(|asked| asked.cosine_with(vector));
        }
        let judgement = without_vectors(&evidence, Mode::Duplicate);
        Ok((image.product, Found { key: image.key, image: image.id, evidence, judgement }))
    }

    fn colours(&self) -> Result<Option<&Colours>, SearchError> {
        if let Some(colours) = self.colours.get() {
            return Ok(colours.as_ref());
        }
        let colours = self.probe.colours()?;
        Ok(self.colours.get_or_init(|| colours).as_ref())
    }
}

impl Searcher {
    /// The `top` products whose images differ from the query in the fewest bits of the letterboxed pHash, of equally near ones
    /// the likelier copy first. A match's percent is the probability that it shows the photo asked about, edited, as far as
    /// hashes and colours can tell.
    ///
    /// # Errors
    /// When the store fails.
    pub fn by_phash(&self, probe: &HashProbe, top: usize) -> Result<Vec<Match>, SearchError> {
        let slot = self.encoders.ids().position(|id| id == look::id());
        let judging = Judging { probe, slot, colours: OnceCell::new() };
        let mut limit = top.max(FEWEST_CANDIDATES);
        let best = loop {
            let nearest = self.store.nearest_phashes(probe.phash, limit)?;
            let best = self.nearest_products(&judging, &nearest, top)?;
            if best.len() >= top || nearest.len() < limit {
                break best;
            }
            // Products with very many photos took up the places: ask for more.
            limit = limit.saturating_mul(4);
        };
        self.wanted(best, &Request { mode: Mode::Duplicate, top, ..Request::default() })
    }

    /// Goes through images, the nearest first, until there are `top` products, and all that are as near as the last.
    fn nearest_products(
        &self,
        judging: &Judging<'_>,
        mut nearest: &[(ImageKey, u32)],
        top: usize,
    ) -> Result<Vec<(ProductId, Found)>, SearchError> {
        let mut best = HashMap::new();
        while let Some(lacking @ 1..) = top.checked_sub(best.len())
            && let Some((_, farthest)) = nearest.get(lacking - 1).or(nearest.last())
        {
            let (now, later) = nearest.split_at(nearest.partition_point(|(_, bits)| bits <= farthest));
            for some in now.chunks(COMPARED_AT_A_TIME) {
                for image in self.store.images(&keys_of(some.to_vec()))? {
                    let (product, found) = judging.found(image)?;
                    keep_better(&mut best, product, found, Found::by_phash);
                }
            }
            nearest = later;
        }
        Ok(best_first(best, Found::by_phash))
    }
}
