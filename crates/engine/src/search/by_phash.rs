//! Products by the letterboxed pHash alone, nearest first, as the first system answered.
//!
//! Here the pHash decides which image stands for a product and in which order products come; what a match is
//! worth in percent is still told by all its evidence.

use super::searcher::Found;
use super::{Evidence, Match, Mode, Probe, SearchError, Searcher, calibrate};
use crate::store::ImageKey;
use std::collections::HashSet;

/// Images asked for per product wanted: several photos of one product may be near.
const IMAGES_PER_RESULT: usize = 4;

impl Searcher {
    /// The `top` products whose images differ from the probe in the fewest pHash bits, fewest first; of equal ones
    /// the better match first.
    ///
    /// # Errors
    /// When the store fails.
    pub fn by_phash(&self, probe: &Probe, top: usize) -> Result<Vec<Match>, SearchError> {
        let mut limit = top.saturating_mul(IMAGES_PER_RESULT).max(1);
        loop {
            let nearest = self.store().nearest_phashes(probe.hashes.phash, limit)?;
            let keys: Vec<ImageKey> = nearest.iter().map(|(key, _)| *key).collect();
            let judged = self.store().images(&keys)?.into_iter().map(|image| {
                let evidence = Evidence::gather(probe, &image, self.slot);
                Found { image, evidence, judgement: calibrate::judge(&evidence, Mode::Duplicate) }
            });
            let mut best: Vec<Found> = judged.collect();
            best.sort_by(|a, b| {
                let by_bits = a.evidence.phash_bits.cmp(&b.evidence.phash_bits);
                by_bits
                    .then(b.judgement.score.total_cmp(&a.judgement.score))
                    .then(a.image.key.cmp(&b.image.key))
            });
            let mut seen = HashSet::new();
            best.retain(|found| seen.insert(found.image.product.clone()));
            if best.len() >= top || nearest.len() < limit {
                best.truncate(top);
                return self.with_products(best);
            }
            // Products with very many photos took up the places: ask for more.
            limit = limit.saturating_mul(4);
        }
    }
}
