//! Candidates of one question: found by signature, compared, judged, and the best image of each product kept.
//!
//! [`Searcher`] decides what is asked and how often; what evidence is worth is [`calibrate`](super::calibrate)'s business.

use super::calibrate::{Judge, Judgement};
use super::evidence::{Background, Evidence};
use super::parts::Part;
use super::{Mode, Probe, SearchError, Searcher};
use crate::catalog::{ImageId, ProductId};
use crate::filter::Filter;
use crate::store::{ImageKey, StoredImage};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Fewest candidates asked of each signature: many pictures can tie on one hash.
pub(super) const FEWEST_CANDIDATES: usize = 64;
/// Candidates that each part of a query brings.
const CANDIDATES_OF_A_PART: usize = 8;
/// Candidates read from the store at a time: where a few products have very many photos there can be as many
/// candidates as photos, and each is read with its vectors.
pub(super) const COMPARED_AT_A_TIME: usize = 512;

/// What every candidate of a question is compared with and judged by.
pub(super) struct Asked<'a> {
    pub(super) probe: &'a Probe,
    /// None while the whole picture is looked for alone.
    pub(super) parts: &'a [Part],
    pub(super) background: Background,
    pub(super) judge: Judge,
    pub(super) mode: Mode,
    /// Which products may answer.
    pub(super) filter: Option<&'a Filter>,
}

/// Images that may match, and whether there are no more to ask for.
pub(super) struct Nearest {
    pub(super) keys: Vec<ImageKey>,
    pub(super) exhausted: bool,
}

/// A candidate that was compared and judged. Its orders have the better one as the greater.
pub(super) struct Found {
    pub(super) key: ImageKey,
    pub(super) image: ImageId,
    pub(super) evidence: Evidence,
    pub(super) judgement: Judgement,
}

impl Found {
    /// Score, then how strong the evidence of a copy is, then fewer differing bits, then the likeness, then the earlier
    /// stored.
    pub(super) fn by_score(&self, other: &Self) -> Ordering {
        let bits = |found: &Self| found.evidence.pdq_bits + 4 * found.evidence.phash_bits;
        let by_score = self.judgement.score.total_cmp(&other.judgement.score);
        by_score
            .then(self.judgement.strength.total_cmp(&other.judgement.strength))
            .then(bits(other).cmp(&bits(self)))
            .then(self.evidence.likeness.total_cmp(&other.evidence.likeness))
            .then(other.key.cmp(&self.key))
    }

    /// Fewer pHash bits, then [`Found::by_score`].
    pub(super) fn by_phash(&self, other: &Self) -> Ordering {
        other.evidence.phash_bits.cmp(&self.evidence.phash_bits).then_with(|| self.by_score(other))
    }
}

impl Searcher {
    /// Every image that one of the mode's signatures puts among its nearest `limit`.
    pub(super) fn nearest(&self, asked: &Asked<'_>, limit: usize) -> Result<Nearest, SearchError> {
        let Asked { probe, mode, filter, .. } = *asked;
        let mut keys: Vec<ImageKey> = Vec::new();
        let mut exhausted = true;
        let mut take = |found: Vec<ImageKey>| {
            exhausted &= found.len() < limit;
            keys.extend(found);
        };
        if mode != Mode::Similar {
            take(keys_of(self.store.nearest_phashes_where(probe.hashes.phash, limit, filter)?));
            take(keys_of(self.store.nearest_pdqs_where(&probe.pdqs, limit, filter)?));
        }
        let mut near = |query: &[f32]| -> Result<(), SearchError> {
            take(keys_of(self.store.nearest_vectors_where(probe.slot, query, limit, filter)?));
            Ok(())
        };
        // Fitted weights find copies by vector too.
        let by_vector = mode != Mode::Similar && asked.judge.weighs_vectors();
        if by_vector {
            near(&probe.vector)?;
        }
        if mode != Mode::Duplicate && !(by_vector && probe.likeness == probe.vector) {
            near(&probe.likeness)?;
        }
        for part in asked.parts {
            let found =
                self.store.nearest_vectors_where(probe.slot, &part.vector, CANDIDATES_OF_A_PART, filter)?;
            keys.extend(keys_of(found));
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(Nearest { keys, exhausted })
    }

    /// Calls `take` with every candidate and its evidence.
    pub(super) fn compare(
        &self,
        asked: &Asked<'_>,
        candidates: &[ImageKey],
        mut take: impl FnMut(StoredImage, Evidence),
    ) -> Result<(), SearchError> {
        let Asked { probe, parts, background, .. } = *asked;
        for keys in candidates.chunks(COMPARED_AT_A_TIME) {
            for image in self.store.images(keys)? {
                let evidence = Evidence::gather(probe, parts, background, &image);
                take(image, evidence.ok_or_else(|| self.gone(probe.slot))?);
            }
        }
        Ok(())
    }

    /// The best image of each product, best product first.
    pub(super) fn best_by_product(
        &self,
        asked: &Asked<'_>,
        candidates: &[ImageKey],
    ) -> Result<Vec<(ProductId, Found)>, SearchError> {
        let mut best: HashMap<ProductId, Found> = HashMap::new();
        self.compare(asked, candidates, |image, evidence| {
            let StoredImage { key, product, id, .. } = image;
            let judgement = asked.judge.judge(&evidence, asked.mode);
            keep_better(&mut best, product, Found { key, image: id, evidence, judgement }, Found::by_score);
        })?;
        Ok(best_first(best, Found::by_score))
    }
}

/// Keeps `found` as its product's image where it is the first or better than the one that was.
pub(super) fn keep_better(
    best: &mut HashMap<ProductId, Found>,
    product: ProductId,
    found: Found,
    rank: fn(&Found, &Found) -> Ordering,
) {
    match best.entry(product) {
        Entry::Occupied(mut standing) if rank(&found, standing.get()).is_gt() => {
            standing.insert(found);
        }
        Entry::Occupied(_) => {}
        Entry::Vacant(vacant) => {
            vacant.insert(found);
        }
    }
}

pub(super) fn best_first(
    best: HashMap<ProductId, Found>,
    rank: fn(&Found, &Found) -> Ordering,
) -> Vec<(ProductId, Found)> {
    let mut best: Vec<(ProductId, Found)> = best.into_iter().collect();
    best.sort_by(|a, b| rank(&b.1, &a.1));
    best
}

pub(super) fn keys_of<D>(nearest: Vec<(ImageKey, D)>) -> Vec<ImageKey> {
    nearest.into_iter().map(|(key, _)| key).collect()
}
