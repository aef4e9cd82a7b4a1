//! The probability that two photos are one photo, edited, where no vectors are compared: by their hashes, and by their colours
//! where these are known.
//!
//! Questions about hashes alone are judged so, and photos that could not be encoded. Hashes see grey: without colours the
//! probability says how often photos of such hashes are copies, variants in other colours among them, and no pair is called
//! identical. Colours are asked of pairs that are near by hashes, the only ones that they could speak for; one whose colours
//! disagree is worth no less than one that is not near, so that more agreement never lowers a probability. The weights are in
//! [`weights`](super::weights), fitted on the candidates that such questions have: the nearest by pHash.

use super::fitted::{PDQ_UNRELATED_BITS, PHASH_UNRELATED_BITS};
use super::logistic::{above, share};
use super::{PDQ_TRUSTED_QUALITY, weights};
use crate::search::Evidence;

/// Differing bits of pHash up to which, and of a PDQ worth trusting below which, a pair is near: half of its pHash's nearest
/// neighbours among 1,349 photos differ in 16 bits or more.
const NEAR_PHASH_BITS: u32 = 12;
const NEAR_PDQ_BITS: u32 = 64;
/// Least cosine of the colours of a picture that was at most encoded again. Of pairs with such hashes 58 % of those of one photo
/// had it, and 10 of 322 of two, variants of nearly one colour (5,280 edited photos of dev's fold `train`); .997 would leave 31 %
/// and one.
const IDENTICAL_COLOURS: f32 = 0.97;

/// How many features the hashes have.
pub(super) const OF_HASHES: usize = 8;
/// How many there are with those of colours, which come after them.
pub(super) const OF_ALL: usize = OF_HASHES + 3;

/// Their names, in their order, as the table of evidence heads them.
pub(crate) const NAMES: [&str; OF_ALL] = [
    "alone_phash",
    "alone_phash_above_50",
    "alone_phash_above_70",
    "alone_phash_above_85",
    "alone_phash_above_95",
    "alone_pdq_above_50",
    "alone_pdq_above_70",
    "alone_pdq_above_90",
    "alone_colours",
    "alone_colours_above_80",
    "alone_colours_above_95",
];

pub(super) fn log_odds(evidence: &Evidence) -> f32 {
    match evidence.colours {
        Some(_) if is_near(evidence) => {
            weights::HASHES_AND_COLOURS.log_odds(&features(evidence)).max(nearest_of_the_others())
        }
        _ => weights::HASHES.log_odds(&of_hashes(evidence)),
    }
}

/// The greatest log-odds of a pair that is not near.
fn nearest_of_the_others() -> f32 {
    let bits = (NEAR_PHASH_BITS + 1, NEAR_PDQ_BITS);
    weights::HASHES.log_odds(&of_bits(bits.0, Some(bits.1)))
}

/// Whether the hashes leave it open that the pair is one photo, so that its colours are worth looking at.
pub(crate) fn is_near(evidence: &Evidence) -> bool {
    let is_near_by_pdq = pdq_bits(evidence).is_some_and(|bits| bits < NEAR_PDQ_BITS);
    evidence.phash_bits <= NEAR_PHASH_BITS || is_near_by_pdq
}

/// Whether the colours are those of one photo, at most encoded again.
pub(super) fn has_identical_colours(evidence: &Evidence) -> bool {
    evidence.colours.is_some_and(|cosine| cosine >= IDENTICAL_COLOURS)
}

/// What agrees, each feature greater for more agreement:
///
/// * `phash`, `pdq`: the share of unrelated pictures' bits that do not differ; 0 for a PDQ of a quality below 50;
/// * `colours`: the cosine; 0 where it is not known;
/// * `_above_`: by how much it is above so many hundredths.
pub(crate) fn features(evidence: &Evidence) -> [f32; OF_ALL] {
    let [a, b, c, d, e, f, g, h] = of_hashes(evidence);
    let colours = evidence.colours.unwrap_or(0.0);
    [a, b, c, d, e, f, g, h, colours, above(colours, 0.8), above(colours, 0.95)]
}

fn of_hashes(evidence: &Evidence) -> [f32; OF_HASHES] {
    of_bits(evidence.phash_bits, pdq_bits(evidence))
}

/// `None` where PDQ means little.
fn pdq_bits(evidence: &Evidence) -> Option<u32> {
    (evidence.pdq_quality >= PDQ_TRUSTED_QUALITY).then_some(evidence.pdq_bits)
}

fn of_bits(phash_bits: u32, pdq_bits: Option<u32>) -> [f32; OF_HASHES] {
    let pdq = pdq_bits.map_or(0.0, |bits| share(bits, PDQ_UNRELATED_BITS));
    let phash = share(phash_bits, PHASH_UNRELATED_BITS);
    [
        phash,
        above(phash, 0.5),
        above(phash, 0.7),
        above(phash, 0.85),
        above(phash, 0.95),
        above(pdq, 0.5),
        above(pdq, 0.7),
        above(pdq, 0.9),
    ]
}
