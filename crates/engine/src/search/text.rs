//! Words to products: by vector where an encoder of the catalog reads words, else by the products' own words.
//!
//! The answer says which it was ([`MatchedBy`]), because the two mean different things and so do their scores:
//!
//! * by vector: text and photo vectors lie apart from each other, so a text's cosine with a photo that fits is far below
//!   1 and differs by model and by text. What counts is how a photo stands out: `z` is its cosine's distance from the
//!   mean of the cosines that this text has with a sample of the catalog, in standard deviations; the score is `z / 6`.
//!   50 % is three deviations above the catalog's average; where the whole catalog fits the words, nothing stands out.
//! * by words: bm25 over the products' fields, as a share of the best product's. It puts one answer in order and
//!   says nothing across answers.
//!
//! Words beside a picture are [`together`](super::together)'s. Neither is a likeness of pictures, so the class is [`Class::Described`].

use super::calibrate::percent;
use super::encoders::Learned;
use super::scale::cosine;
use super::{Class, SearchError, Searcher};
use crate::catalog::{Fields, ImageId, ProductId};
use crate::filter::Filter;
use crate::store::{ImageKey, MOST_WORDS, StoredImage, StoredProduct};
use lookalike_vision::encoder::{EncodeError, TextVector};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Longest text, in characters: a long paragraph, and no book.
pub const LONGEST_TEXT: usize = 4096;
/// Deviations above the mean at which a photo has the full score.
const FULL_SCORE_DEVIATIONS: f32 = 6.0;
/// A text's cosines deviate by at least this: of a few photos, differences in rounding must not count.
const LEAST_DEVIATION: f32 = 0.005;
/// Scores from which a product is said to be described by the words.
const DESCRIBED_SCORE: f32 = 0.5;
/// Photos asked for, per product wanted.
const CANDIDATES_PER_RESULT: usize = 4;
/// The best score of words: 1 is kept for the very same photo.
pub(super) const BEST_WORDS_SCORE: f32 = 0.99;

/// A question in words.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRequest {
    /// The words; 1 to [`LONGEST_TEXT`] characters, not all of them blank.
    pub text: String,
    /// By which encoder's vectors; otherwise by the first of the catalog's that reads words, or by the products' words.
    pub encoder: Option<String>,
    /// How many products at most.
    pub top: usize,
    /// Matches below this percentage are left out.
    pub min_percent: f32,
    /// Only products that this lets through are looked at.
    pub filter: Option<Filter>,
}

/// What a text was compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchedBy {
    /// The photos' vectors by this encoder.
    Vector {
        /// The encoder's name.
        encoder: String,
    },
    /// The words in the products' fields.
    Words,
}

/// The answer to words.
#[derive(Debug, Clone, PartialEq)]
pub struct TextAnswer {
    /// Products, best first.
    pub matches: Vec<TextMatch>,
    /// What the words were compared with.
    pub matched_by: MatchedBy,
    /// The text was longer than what was compared reads: its end was left out.
    pub truncated: bool,
}

/// A product that was found by words.
#[derive(Debug, Clone, PartialEq)]
pub struct TextMatch {
    /// The product.
    pub product: ProductId,
    /// Its best matching image; by words its main one, where it has any.
    pub image: Option<ImageId>,
    /// The store's handle of that image.
    pub key: Option<ImageKey>,
    /// The product's fields.
    pub fields: Fields,
    /// 0 to 1; decides the order.
    pub score: f32,
    /// 0 to 100, one decimal.
    pub match_percent: f32,
    /// [`Class::Described`] or [`Class::None`].
    pub class: Class,
    /// Why.
    pub evidence: TextEvidence,
}

/// Why a product was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextEvidence {
    /// Cosine of the text's vector and the photo's, -1 to 1.
    Cosine(f32),
    /// How well its words fit, above 0; comparable within one answer.
    Bm25(f32),
    /// Of a picture and words, each by vector: the cosines of the photo with either, -1 to 1.
    Cosines {
        /// With the picture.
        picture: f32,
        /// With the words.
        text: f32,
    },
    /// Of a picture and words, where these are compared with words: the product's places among what looks alike and
    /// among what fits the words, from 1; `None` beyond those that were looked at.
    Ranks {
        /// Among what looks alike.
        picture: Option<u32>,
        /// Among what fits the words.
        words: Option<u32>,
    },
}

/// A candidate that was judged.
pub(super) struct Found {
    pub(super) product: ProductId,
    /// None for its main one.
    pub(super) image: Option<(ImageId, ImageKey)>,
    pub(super) score: f32,
    pub(super) class: Class,
    pub(super) evidence: TextEvidence,
}

impl Searcher {
    /// Products that fit the words, best first.
    ///
    /// # Errors
    /// When the text is blank or too long, when an encoder was named that the catalog has not or that reads no words,
    /// and when the encoder or the store fails.
    pub fn search_text(&self, request: &TextRequest) -> Result<TextAnswer, SearchError> {
        let text = checked(&request.text)?;
        match self.encoder_for_text(request.encoder.as_deref())? {
            Some(slot) => self.by_vector(slot, text, request),
            None => self.by_words(text, request),
        }
    }

    /// The named encoder, or the first that reads words.
    pub(super) fn encoder_for_text(&self, named: Option<&str>) -> Result<Option<usize>, SearchError> {
        let ids: Vec<_> = self.encoders.ids().collect();
        let readers = || (0..ids.len()).filter(|slot| self.encoders.reads_text(*slot));
        let Some(name) = named else {
            return Ok(readers().find(|slot| *slot == self.default).or_else(|| readers().next()));
        };
        let slot = self.encoders.find(name)?;
        if readers().any(|reader| reader == slot) {
            return Ok(Some(slot));
        }
        let with_text: Vec<&str> = readers().filter_map(|slot| Some(ids.get(slot)?.name.as_str())).collect();
        Err(SearchError::ReadsNoText {
            asked: name.to_owned(),
            with_text: (!with_text.is_empty()).then(|| with_text.join(" or ")),
        })
    }

    fn by_vector(&self, slot: usize, text: &str, request: &TextRequest) -> Result<TextAnswer, SearchError> {
        let asked = self.vector_of(slot, text)?;
        let evidence = |_: &StoredImage, cosine: f32| TextEvidence::Cosine(cosine.clamp(-1.0, 1.0));
        let best = self.standing_out(slot, &asked.vector, request, evidence)?;
        let encoder = self.encoders.id(slot)?.name.clone();
        let matches = self.described(best, request)?;
        Ok(TextAnswer { matches, matched_by: MatchedBy::Vector { encoder }, truncated: asked.truncated })
    }

    /// A text's vector by an encoder that reads words.
    pub(super) fn vector_of(&self, slot: usize, text: &str) -> Result<TextVector, SearchError> {
        let encoder = self.encoders.load(slot)?;
        let name = &encoder.id().name;
        let failed = |reason: &str| EncodeError { encoder: name.clone(), reason: reason.to_owned() };
        let reader = encoder.text().ok_or_else(|| failed("it was said to read words and does not"))?;
        let vector = reader.encode_text(&[text])?.pop();
        Ok(vector.ok_or_else(|| failed("it gave no vector for the text"))?)
    }

    /// Products by how far their best photo stands out from the catalog for a vector that is not a photo's, best first;
    /// `evidence` is told the photo and its cosine with the vector.
    pub(super) fn standing_out(
        &self,
        slot: usize,
        vector: &[f32],
        request: &TextRequest,
        evidence: impl Fn(&StoredImage, f32) -> TextEvidence,
    ) -> Result<Vec<Found>, SearchError> {
        let common = Common::of(vector, &self.encoders.learned(self.store.as_ref(), slot)?);
        let mut limit = request.top.saturating_mul(CANDIDATES_PER_RESULT).max(1);
        loop {
            let nearest = self.store.nearest_vectors_where(slot, vector, limit, request.filter.as_ref())?;
            let (keys, cosines): (Vec<_>, Vec<_>) = nearest.iter().copied().unzip();
            let cosine_of: HashMap<_, f32> = keys.iter().copied().zip(cosines).collect();
            let mut seen = HashSet::new();
            let mut best = Vec::new();
            // Greatest first: the first image of a product is its best.
            for image in self.store.images(&keys)? {
                if seen.insert(image.product.clone())
                    && let Some(cosine) = cosine_of.get(&image.key).copied()
                {
                    let score = common.score(cosine);
                    let class = if score >= DESCRIBED_SCORE { Class::Described } else { Class::None };
                    let evidence = evidence(&image, cosine);
                    let StoredImage { product, id, key, .. } = image;
                    best.push(Found { product, image: Some((id, key)), score, class, evidence });
                }
            }
            if best.len() >= request.top || nearest.len() < limit {
                return Ok(best);
            }
            // Products with very many photos took up the places: ask for more.
            limit = limit.saturating_mul(4);
        }
    }

    fn by_words(&self, text: &str, request: &TextRequest) -> Result<TextAnswer, SearchError> {
        let words = count_words(text)?;
        let found = self.store.search_text_where(text, request.top, request.filter.as_ref())?;
        let best = found.iter().map(|(_, bm25)| *bm25).fold(f32::MIN_POSITIVE, f32::max);
        let judged = found.into_iter().map(|(product, bm25)| Found {
            product,
            image: None,
            score: BEST_WORDS_SCORE * bm25 / best,
            class: Class::Described,
            evidence: TextEvidence::Bm25(bm25),
        });
        let matches = self.described(judged.collect(), request)?;
        Ok(TextAnswer { matches, matched_by: MatchedBy::Words, truncated: words > MOST_WORDS })
    }

    /// With their fields, as many as are wanted.
    pub(super) fn described(
        &self,
        found: Vec<Found>,
        request: &TextRequest,
    ) -> Result<Vec<TextMatch>, SearchError> {
        let percent = |found: &Found| percent(found.score);
        let wanted: Vec<Found> = found
            .into_iter()
            .filter(|found| percent(found) >= request.min_percent)
            .take(request.top)
            .collect();
        let ids: Vec<ProductId> = wanted.iter().map(|found| found.product.clone()).collect();
        let stored = self.store.products(&ids)?.into_iter().map(|product| (product.id.clone(), product));
        let mut products: HashMap<ProductId, StoredProduct> = stored.collect();
        let matches = wanted.into_iter().filter_map(|found| {
            // A product deleted or changed between the two reads is no longer a match.
            let StoredProduct { fields, images, image_keys, .. } = products.remove(&found.product)?;
            if request.filter.as_ref().is_some_and(|filter| !filter.matches(&fields)) {
                return None;
            }
            let match_percent = percent(&found);
            let Found { product, image, score, class, evidence } = found;
            let (image, key) = image.or_else(|| images.into_iter().zip(image_keys).next()).unzip();
            Some(TextMatch { product, image, key, fields, score, match_percent, class, evidence })
        });
        Ok(matches.collect())
    }
}

/// A text without blanks around it, when it is one that can be looked for.
pub(super) fn checked(text: &str) -> Result<&str, SearchError> {
    let text = text.trim();
    if !text.chars().any(|c| !c.is_whitespace() && !c.is_control()) {
        return Err(SearchError::BlankText);
    }
    match text.chars().count() {
        0..=LONGEST_TEXT => Ok(text),
        chars => Err(SearchError::LongText { chars, most: LONGEST_TEXT }),
    }
}

/// How many words a text has; at least one.
pub(super) fn count_words(text: &str) -> Result<usize, SearchError> {
    let is_word = |word: &&str| word.chars().any(char::is_alphanumeric);
    match text.split(|c: char| c.is_whitespace() || c.is_control()).filter(is_word).count() {
        0 => Err(SearchError::NoWords),
        words => Ok(words),
    }
}

/// The cosines that one text has with photos in general.
pub(super) struct Common {
    mean: f32,
    pub(super) deviation: f32,
}

impl Common {
    pub(super) fn of(text: &[f32], learned: &Learned) -> Self {
        let cosines: Vec<f32> = learned.sample.iter().map(|photo| cosine(text, &photo.vector)).collect();
        let count = cosines.len().max(1) as f32;
        let mean = cosines.iter().sum::<f32>() / count;
        let variance = cosines.iter().map(|cosine| (cosine - mean).powi(2)).sum::<f32>() / count;
        Self { mean, deviation: variance.sqrt().max(LEAST_DEVIATION) }
    }

    fn score(&self, cosine: f32) -> f32 {
        ((cosine - self.mean) / self.deviation / FULL_SCORE_DEVIATIONS).clamp(0.0, BEST_WORDS_SCORE)
    }
}
