//! What distances mean: the one place that turns [`Evidence`] into a score, a match percent and a class.
//!
//! There are three ways. For an encoder whose weights were fitted ([`fitted`]) a copy's score is the probability that the two
//! photos are one, edited; it weighs the whole picture's cosine, its parts', both hashes and what surrounds them.
//! For any other encoder the hashes decide and its cosine can only object ([`by_hashes`]). Where no vectors are compared at all
//! it is a probability again ([`unaided`]). None scores lower for more agreement. `lookalike evaluate` measures what they do;
//! docs/judging.md has the figures.
//!
//! Cosines of different encoders mean different things: what a look-alike is, is said on the scale that the catalog itself
//! gives each encoder's cosines ([`Scale`]).

mod by_hashes;
pub(crate) mod fitted;
mod logistic;
pub(crate) mod unaided;
mod weights;

use super::{Evidence, Mode, Orientation, Scale};
use fitted::Weights;
use serde::Serialize;

/// PDQ says of pictures below this quality that their hash means little (the reference implementation's advice).
const PDQ_TRUSTED_QUALITY: u8 = 50;
/// Score of a picture that was at most encoded again, at least: it stands before every edited copy.
const IDENTICAL_SCORE: f32 = 0.99;
/// What is not identical scores less than that, however sure it is; from here on scores are drawn together, so that the surer
/// of two still stands first.
const DRAWN_TOGETHER_FROM: f32 = 0.98;
const BEST_OTHER_SCORE: f32 = 0.989;
/// Similarities from which a match is called similar.
const SIMILAR_SCORE: f32 = 0.5;
/// Largest distances, and least similarity, of a picture that was at most encoded again.
const IDENTICAL_PHASH_BITS: u32 = 2;
const IDENTICAL_PDQ_BITS: u32 = 16;
const IDENTICAL_SIMILARITY: f32 = 0.9875;

/// What a match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing in common that counts.
    None,
    /// Fits the words asked for; only an answer to words has it.
    Described,
    /// Looks alike.
    Similar,
    /// The same photo, edited: scaled, cropped, brightened, turned, with words over it, part of a collage.
    EditedCopy,
    /// The same photo: the same bytes, or encoded again without visible change.
    Identical,
}

impl Class {
    /// The name used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Described => "described",
            Self::Similar => "similar",
            Self::EditedCopy => "edited_copy",
            Self::Identical => "identical",
        }
    }
}

/// What is thought of a candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// 0 to 1; decides the order.
    pub score: f32,
    /// What the match is.
    pub class: Class,
    /// Tells apart what scores alike: how strongly the evidence speaks for a copy. Comparable within one answer.
    pub(super) strength: f32,
}

impl Judgement {
    /// The score as a percentage with one decimal. 100 is kept for the very same bytes.
    pub fn match_percent(self) -> f32 {
        percent(self.score)
    }
}

/// A score as a percentage with one decimal.
pub(super) fn percent(score: f32) -> f32 {
    (score * 1000.0).round() / 10.0
}

/// The cosine of unrelated photos under the encoder of that name, where it was measured with its weights.
pub(super) fn usual_unrelated(name: &str) -> Option<f32> {
    weights::of_encoder(name).map(|weights| weights.unrelated)
}

/// The likeness of unrelated photos under the encoder of that name, where it has one beside the cosine.
pub(super) fn usual_unlike(name: &str) -> Option<f32> {
    weights::of_encoder(name).map(|weights| weights.unlike)
}

/// Judges evidence that stands on one encoder's vectors.
#[derive(Debug, Clone, Copy)]
pub struct Judge {
    scale: Scale,
    likeness: Scale,
    fitted: Option<&'static Weights>,
}

impl Judge {
    /// Of the encoder of that name, whose cosines mean what `scale` says and whose likeness what `likeness` says. Weights were
    /// fitted for `look-1`.
    pub fn of_encoder(name: &str, scale: Scale, likeness: Scale) -> Self {
        Self { scale, likeness, fitted: weights::of_encoder(name) }
    }

    /// Whether parts of the query count, so that they are worth encoding.
    pub(super) fn weighs_parts(&self) -> bool {
        self.fitted.is_some()
    }

    /// Whether vectors speak for copies, and do not only object.
    pub(super) fn weighs_vectors(&self) -> bool {
        self.fitted.is_some()
    }

    /// The background of a query where the catalog is too small to say.
    pub(super) fn usual_background(&self) -> f32 {
        self.fitted.map_or(self.scale.unrelated(), |weights| weights.usual_background)
    }

    /// Whether a best score leaves no room for doubt, so that the query's parts need not be looked for.
    pub(super) fn is_certain(score: f32) -> bool {
        score >= fitted::CERTAIN_SCORE
    }

    /// Judges evidence under a mode.
    ///
    /// * copy score: with fitted weights a probability, else as [`by_hashes`] says;
    /// * similar score: `(likeness - u) / (1 - u)`, at least 0, where `u` is that of unrelated photos under the encoder;
    /// * `auto`: the copy score; a look-alike's score is brought below that from which a match is called an edited copy, so
    ///   that no look-alike stands before a copy.
    ///
    /// The same bytes score 1 in every mode; a picture that was at most encoded again 0.99 to 0.999; anything else
    /// at most 0.989.
    pub fn judge(&self, evidence: &Evidence, mode: Mode) -> Judgement {
        if !evidence.has_vector {
            return without_vectors(evidence, mode);
        }
        let similarity = self.scale.similarity(evidence.cosine);
        let similar = self.likeness.similarity(evidence.likeness).clamp(0.0, 1.0);
        let verdict = match self.fitted {
            Some(weights) => {
                let log_odds = weights.log_odds(evidence);
                let copy = logistic::probability(log_odds);
                Verdict {
                    copy,
                    similar,
                    together: fitted::together(copy, similar),
                    is_copy: copy >= fitted::EDITED_COPY_SCORE,
                    is_similar: similar >= SIMILAR_SCORE || copy >= fitted::SOMETHING_SCORE,
                    strength: log_odds,
                }
            }
            None => {
                let copy = by_hashes::copy_score(evidence, similarity);
                Verdict {
                    copy,
                    similar,
                    together: copy.max(by_hashes::EDITED_COPY_SCORE * similar),
                    is_copy: copy >= by_hashes::EDITED_COPY_SCORE,
                    is_similar: similar >= SIMILAR_SCORE,
                    strength: copy,
                }
            }
        };
        verdict.of(evidence, mode, similarity >= IDENTICAL_SIMILARITY)
    }
}

/// Judges evidence of a pair whose vectors are not compared, by the same bounds: [`unaided`] says how.
pub(super) fn without_vectors(evidence: &Evidence, mode: Mode) -> Judgement {
    let log_odds = unaided::log_odds(evidence);
    let copy = logistic::probability(log_odds);
    let verdict = Verdict {
        copy,
        similar: 0.0,
        together: fitted::together(copy, 0.0),
        is_copy: copy >= fitted::EDITED_COPY_SCORE,
        is_similar: copy >= fitted::SOMETHING_SCORE,
        strength: log_odds,
    };
    verdict.of(evidence, mode, unaided::has_identical_colours(evidence))
}

/// A score from 0 to 1 brought below those of identical pictures, in its order.
fn below_identical(score: f32) -> f32 {
    let beyond = (score - DRAWN_TOGETHER_FROM).max(0.0) / (1.0 - DRAWN_TOGETHER_FROM);
    score.min(DRAWN_TOGETHER_FROM) + beyond * (BEST_OTHER_SCORE - DRAWN_TOGETHER_FROM)
}

/// What one of the ways makes of evidence.
struct Verdict {
    /// Score as a copy.
    copy: f32,
    /// Score as a look-alike.
    similar: f32,
    /// Score where copies and look-alikes are asked for together.
    together: f32,
    is_copy: bool,
    is_similar: bool,
    strength: f32,
}

impl Verdict {
    /// The judgement under a mode; `looks_identical` where what is compared beside the hashes sees no difference.
    fn of(self, evidence: &Evidence, mode: Mode, looks_identical: bool) -> Judgement {
        if evidence.same_bytes {
            return Judgement { score: 1.0, class: Class::Identical, strength: f32::INFINITY };
        }
        let strength = self.strength;
        let score = match mode {
            Mode::Duplicate => self.copy,
            Mode::Similar => self.similar,
            Mode::Auto => self.together,
        };
        if looks_identical && has_identical_hashes(evidence) {
            let score = score.clamp(IDENTICAL_SCORE, 0.999);
            return Judgement { score, class: Class::Identical, strength };
        }
        let class = if self.is_copy {
            Class::EditedCopy
        } else if self.is_similar {
            Class::Similar
        } else {
            Class::None
        };
        Judgement { score: below_identical(score), class, strength }
    }
}

fn has_identical_hashes(evidence: &Evidence) -> bool {
    evidence.phash_bits <= IDENTICAL_PHASH_BITS
        && (evidence.pdq_bits <= IDENTICAL_PDQ_BITS || evidence.pdq_quality < PDQ_TRUSTED_QUALITY)
        && evidence.orientation == Orientation::Upright
}

#[cfg(test)]
mod tests;
