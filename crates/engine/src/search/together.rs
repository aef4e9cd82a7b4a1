//! A picture and words in one question: "like this, but red".
//!
//! * Where the encoder reads words, the picture's vector and the text's are added. Photos lie much further apart from a
//!   picture than from a text, so each is first divided by the deviation of its cosines in a sample of the catalog: the
//!   weight then means the same under every encoder. The sum is looked for like a text: see [`text`](super::text) for
//!   what its score and percentage mean.
//! * Elsewhere the products that look alike and those whose words fit are each put in order, and the two orders are fused
//!   by rank (reciprocal rank fusion, Cormack, Clarke and Büttcher 2009, k = 60): only the order counts, for a
//!   likeness and bm25 have no scale in common. The score is the share of what the first of both orders would have.
//!
//! Copies are not looked for: whoever adds words wants something other than the very same photo.

use super::scale::cosine;
use super::text::{BEST_WORDS_SCORE, Common, Found, TextRequest, checked, count_words};
use super::{Class, MatchedBy, Mode, Probe, Request, SearchError, Searcher, TextAnswer, TextEvidence};
use crate::catalog::ProductId;
use crate::store::{MOST_WORDS, StoredImage};
use std::collections::BTreeMap;

/// Ranks count as if they began here, so that the first few of one order do not decide alone.
const RANK_CONSTANT: f32 = 60.0;
/// Products taken from each order, per product wanted.
const CANDIDATES_PER_RESULT: usize = 4;
/// Fewest products taken from each order.
const FEWEST_CANDIDATES: usize = 100;

impl Searcher {
    /// The encoder by which a picture is compared that comes with words: the named one, or the first that reads words, or
    /// the default.
    ///
    /// # Errors
    /// When the catalog has none of that name.
    pub fn encoder_beside_text(&self, named: Option<&str>) -> Result<&str, SearchError> {
        let slot = match named {
            Some(_) => self.slot(named)?,
            None => self.encoder_for_text(None)?.unwrap_or(self.default),
        };
        Ok(&self.encoders.id(slot)?.name)
    }

    /// Products that look like the picture and fit the words, best first. The picture is compared by the probe's encoder
    /// whatever the request names; words count `text_weight`, 0 to 1.
    ///
    /// # Errors
    /// When the text is blank or too long, and when the encoder or the store fails.
    pub fn search_together(
        &self,
        probe: &Probe,
        request: &TextRequest,
        text_weight: f32,
    ) -> Result<TextAnswer, SearchError> {
        let text = checked(&request.text)?;
        if self.encoders.reads_text(probe.slot()) {
            self.by_sum(probe, text, request, text_weight)
        } else {
            self.by_ranks(probe, text, request, text_weight)
        }
    }

    fn by_sum(
        &self,
        probe: &Probe,
        text: &str,
        request: &TextRequest,
        text_weight: f32,
    ) -> Result<TextAnswer, SearchError> {
        let slot = probe.slot();
        let asked = self.vector_of(slot, text)?;
        let learned = self.encoders.learned(self.store.as_ref(), slot)?;
        let share = |vector: &[f32], weight: f32| {
            let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
            let factor = weight / Common::of(vector, &learned).deviation / length.max(f32::MIN_POSITIVE);
            vector.iter().map(|number| number * factor).collect::<Vec<f32>>()
        };
        let (of_picture, of_text) =
            (share(probe.vector(), 1.0 - text_weight), share(&asked.vector, text_weight));
        let sum: Vec<f32> = of_picture.iter().zip(&of_text).map(|(picture, text)| picture + text).collect();
        let evidence = |image: &StoredImage, _| {
            let photo = image.vectors.get(slot).map_or(&[][..], Vec::as_slice);
            let (picture, text) = (cosine(probe.vector(), photo), cosine(&asked.vector, photo));
            TextEvidence::Cosines { picture, text }
        };
        let best = self.standing_out(slot, &sum, request, evidence)?;
        let encoder = self.encoders.id(slot)?.name.clone();
        let matches = self.described(best, request)?;
        Ok(TextAnswer { matches, matched_by: MatchedBy::Vector { encoder }, truncated: asked.truncated })
    }

    fn by_ranks(
        &self,
        probe: &Probe,
        text: &str,
        request: &TextRequest,
        text_weight: f32,
    ) -> Result<TextAnswer, SearchError> {
        let words = count_words(text)?;
        let depth = request.top.saturating_mul(CANDIDATES_PER_RESULT).max(FEWEST_CANDIDATES);
        let filter = request.filter.clone();
        let alike = Request { mode: Mode::Similar, top: depth, min_percent: 0.0, filter };
        let mut fused: BTreeMap<ProductId, Ranked> = BTreeMap::new();
        for (rank, found) in (1..).zip(self.search(probe, &alike)?) {
            let ranked = fused.entry(found.product).or_default();
            (ranked.picture, ranked.image, ranked.class) =
                (Some(rank), Some((found.image, found.key)), found.class);
        }
        let fitting = self.store.search_text_where(text, depth, request.filter.as_ref())?;
        for (rank, (product, _)) in (1..).zip(fitting) {
            let ranked = fused.entry(product).or_default();
            (ranked.words, ranked.class) = (Some(rank), Class::Described);
        }
        let judged = fused.into_iter().map(|(product, ranked)| {
            let share = |rank: Option<u32>| {
                rank.map_or(0.0, |rank| (RANK_CONSTANT + 1.0) / (RANK_CONSTANT + rank as f32))
            };
            let sum = (1.0 - text_weight) * share(ranked.picture) + text_weight * share(ranked.words);
            let evidence = TextEvidence::Ranks { picture: ranked.picture, words: ranked.words };
            let Ranked { image, class, .. } = ranked;
            Found { product, image, score: BEST_WORDS_SCORE * sum, class, evidence }
        });
        let mut best: Vec<Found> = judged.filter(|found| found.score > 0.0).collect();
        // Stable, so that equal ones stay in the order of their ids.
        best.sort_by(|a, b| b.score.total_cmp(&a.score));
        let matches = self.described(best, request)?;
        Ok(TextAnswer { matches, matched_by: MatchedBy::Words, truncated: words > MOST_WORDS })
    }
}

/// A product's places in the two orders.
struct Ranked {
    picture: Option<u32>,
    words: Option<u32>,
    /// The one that looks alike.
    image: Option<(crate::catalog::ImageId, crate::store::ImageKey)>,
    class: Class,
}

impl Default for Ranked {
    fn default() -> Self {
        Self { picture: None, words: None, image: None, class: Class::None }
    }
}
