//! What distances mean: the one place that turns [`Evidence`] into a score, a match percent and a class.
//!
//! The functions are monotone in every distance and stated below; they are not yet calibrated probabilities.
//! `lookalike evaluate` measures what they do.
//!
//! Cosines of different encoders mean different things: each is first brought to the scale of `look-0` by its encoder's
//! [`Scale`], and everything below is said in that scale.

use super::{Evidence, Mode, Scale};
use serde::Serialize;

/// pHash distance at which two pictures have nothing in common as copies.
const PHASH_UNRELATED_BITS: f32 = 24.0;
/// PDQ distance at which two pictures have nothing in common as copies.
const PDQ_UNRELATED_BITS: f32 = 100.0;
/// PDQ says of pictures below this quality that their hash means little (the reference implementation's advice).
const PDQ_TRUSTED_QUALITY: u8 = 50;
/// How much of a copy's score the descriptor's disagreement can take away: it tells colour variants apart, which
/// hashes of grey pictures cannot.
const COLOUR_SHARE: f32 = 0.6;
/// Copy scores from which a match is called an edited copy. Where both kinds are asked for, a look-alike's score is
/// scaled by it, so that no look-alike stands before a copy.
const EDITED_COPY_SCORE: f32 = 0.75;
/// Score of a picture that was at most encoded again, at least: it stands before every edited copy.
const IDENTICAL_SCORE: f32 = 0.99;
/// Similarity scores from which a match is called similar.
const SIMILAR_SCORE: f32 = 0.5;
/// Largest distances of a picture that was at most encoded again.
const IDENTICAL_PHASH_BITS: u32 = 2;
const IDENTICAL_PDQ_BITS: u32 = 16;
const IDENTICAL_COSINE: f32 = 0.995;

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
    /// The same photo, edited: scaled, cropped a little, brightened, turned.
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
}

impl Judgement {
    /// The score as a percentage with one decimal. 100 is kept for the very same bytes.
    pub fn match_percent(self) -> f32 {
        (self.score * 1000.0).round() / 10.0
    }
}

/// Judges evidence under a mode.
///
/// * copy score: `max(1 - phash/24, 1 - pdq/100) * (1 - 0.6 * (1 - cosine))`, each term at least 0, with the cosine
///   that `look-0` would have at the same similarity; PDQ counts only from quality 50, and alone where the picture was
///   turned; without a vector, as if it agreed;
/// * similar score: `(cosine - u) / (1 - u)`, at least 0, where `u` is the encoder's cosine of unrelated photos: 0.6
///   for `look-0`;
/// * `auto`: the greater of the copy score and 0.75 times the similar score.
///
/// The same bytes score 1 in every mode; a picture that was at most encoded again 0.99 to 0.999; anything else
/// less.
pub fn judge(evidence: &Evidence, mode: Mode, scale: Scale) -> Judgement {
    if evidence.same_bytes {
        return Judgement { score: 1.0, class: Class::Identical };
    }
    let similar = if evidence.has_vector { scale.similarity(evidence.cosine).clamp(0.0, 1.0) } else { 0.0 };
    let evidence = &Evidence { cosine: scale.as_of_look(evidence.cosine), ..*evidence };
    let copy = copy_score(evidence);
    let score = match mode {
        Mode::Duplicate => copy,
        Mode::Similar => similar,
        Mode::Auto => copy.max(EDITED_COPY_SCORE * similar),
    };
    if is_identical(evidence) {
        return Judgement { score: score.clamp(IDENTICAL_SCORE, 0.999), class: Class::Identical };
    }
    let class = if copy >= EDITED_COPY_SCORE {
        Class::EditedCopy
    } else if similar >= SIMILAR_SCORE {
        Class::Similar
    } else {
        Class::None
    };
    Judgement { score: score.min(IDENTICAL_SCORE), class }
}

fn copy_score(evidence: &Evidence) -> f32 {
    let by_phash = 1.0 - evidence.phash_bits as f32 / PHASH_UNRELATED_BITS;
    let by_pdq = if evidence.pdq_quality >= PDQ_TRUSTED_QUALITY {
        1.0 - evidence.pdq_bits as f32 / PDQ_UNRELATED_BITS
    } else {
        0.0
    };
    let agreement = if evidence.has_vector { evidence.cosine.clamp(0.0, 1.0) } else { 1.0 };
    let colour = 1.0 - COLOUR_SHARE * (1.0 - agreement);
    by_phash.max(by_pdq).max(0.0) * colour
}

fn is_identical(evidence: &Evidence) -> bool {
    evidence.phash_bits <= IDENTICAL_PHASH_BITS
        && (evidence.pdq_bits <= IDENTICAL_PDQ_BITS || evidence.pdq_quality < PDQ_TRUSTED_QUALITY)
        && (evidence.cosine >= IDENTICAL_COSINE || !evidence.has_vector)
        && evidence.orientation == super::Orientation::Upright
}

#[cfg(test)]
mod tests {
    use super::super::Orientation;
    use super::*;

    fn judge(evidence: &Evidence, mode: Mode) -> Judgement {
        super::judge(evidence, mode, Scale::LOOK)
    }

    fn evidence(phash_bits: u32, pdq_bits: u32, cosine: f32) -> Evidence {
        let orientation = Orientation::Upright;
        let (same_bytes, has_vector, pdq_quality) = (false, true, 100);
        Evidence { same_bytes, phash_bits, pdq_bits, pdq_quality, orientation, cosine, has_vector }
    }

    #[test]
    fn a_greater_distance_never_scores_higher() {
        for mode in [Mode::Auto, Mode::Duplicate, Mode::Similar] {
            for bits in 0..64 {
                let nearer = judge(&evidence(bits, bits * 4, 0.9), mode).score;
                assert!(nearer >= judge(&evidence(bits + 1, bits * 4, 0.9), mode).score);
                assert!(nearer >= judge(&evidence(bits, bits * 4 + 1, 0.9), mode).score);
                assert!(nearer >= judge(&evidence(bits, bits * 4, 0.89), mode).score);
            }
        }
    }

    #[test]
    fn classes_follow_the_evidence() {
        let same = Evidence { same_bytes: true, ..evidence(0, 0, 1.0) };
        assert_eq!(judge(&same, Mode::Similar).match_percent(), 100.0);
        assert_eq!(judge(&evidence(0, 4, 0.999), Mode::Auto).class, Class::Identical);
        assert_eq!(judge(&evidence(0, 4, 0.999), Mode::Auto).match_percent(), 99.9);
        assert_eq!(judge(&evidence(4, 20, 0.97), Mode::Auto).class, Class::EditedCopy);
        assert_eq!(judge(&evidence(30, 120, 0.9), Mode::Auto).class, Class::Similar);
        assert_eq!(judge(&evidence(30, 120, 0.5), Mode::Auto).class, Class::None);
    }

    #[test]
    fn an_image_without_a_vector_is_judged_by_its_hashes() {
        let without = |phash, pdq| Evidence { has_vector: false, ..evidence(phash, pdq, 0.0) };
        assert_eq!(judge(&without(0, 4), Mode::Auto).class, Class::Identical);
        assert_eq!(judge(&without(4, 20), Mode::Auto).class, Class::EditedCopy);
        assert_eq!(judge(&without(30, 120), Mode::Auto).class, Class::None);
        assert_eq!(judge(&without(4, 20), Mode::Similar).score, 0.0);
    }

    #[test]
    fn a_turned_copy_of_good_quality_is_found_by_pdq_alone() {
        let turned = Evidence { orientation: Orientation::Turned, ..evidence(34, 6, 0.95) };
        assert_eq!(judge(&turned, Mode::Duplicate).class, Class::EditedCopy);
        let featureless = Evidence { pdq_quality: 10, ..turned };
        assert_eq!(judge(&featureless, Mode::Duplicate).score, 0.0);
    }

    #[test]
    fn classes_mean_the_same_under_encoders_that_fill_their_space_otherwise() {
        let sample = |cosine: f32| {
            let vector = |n: usize| {
                let own = (0..64).map(|m| if m == n { (1.0 - cosine).sqrt() } else { 0.0 });
                std::iter::once(cosine.sqrt()).chain(own).collect()
            };
            (0..64)
                .map(|n| crate::store::SampledVector { product: n as u64, vector: vector(n) })
                .collect::<Vec<_>>()
        };
        for unrelated in [0.3, 0.45, 0.75] {
            let scale = Scale::measured(&sample(unrelated));
            let at = |similarity: f32| unrelated + (1.0 - unrelated) * similarity;
            let class = |phash, pdq, similarity| {
                super::judge(&evidence(phash, pdq, at(similarity)), Mode::Auto, scale).class
            };
            assert_eq!(class(30, 120, 0.0), Class::None);
            assert_eq!(class(30, 120, 0.6), Class::Similar);
            assert_eq!(class(4, 20, 0.92), Class::EditedCopy);
            assert_eq!(class(0, 4, 0.999), Class::Identical);
            // Photographed alike and of another colour: no copy.
            assert_ne!(class(6, 30, -0.8), Class::EditedCopy);
        }
    }
}
