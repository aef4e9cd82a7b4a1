//! The probability that two photos are one photo, edited: logistic regression over what agrees between them.
//!
//! The weights are in [`super::weights`], with what they were fitted on; `training/fit_judge.py` fits them on the features that
//! `lookalike evaluate --evidence` writes down, so that there is one definition of each feature, and it is here. Pairs without
//! vectors are [`unaided`](super::unaided)'s.

use super::PDQ_TRUSTED_QUALITY;
use super::logistic::{Logistic, above, share};
use crate::search::Evidence;

/// Copy scores from which a match is called an edited copy: more likely than not.
pub(super) const EDITED_COPY_SCORE: f32 = 0.5;
/// From this probability on a match has something in common with the query, though it does not look alike as a whole.
pub(super) const SOMETHING_SCORE: f32 = 0.1;
/// How much a look-alike counts where copies and look-alikes are asked for together. Of .4 to .8, and of the greater of both
/// scores, what costs copies little and leaves look-alikes apart.
const LOOK_ALIKE_SHARE: f32 = 0.6;
/// From this probability on a query's parts are not looked for: they could only raise it. On the suite no answer changes
/// down to 0.8.
pub(super) const CERTAIN_SCORE: f32 = 0.9;
/// Differing bits of two unrelated pictures, of PDQ and of pHash.
pub(super) const PDQ_UNRELATED_BITS: f32 = 128.0;
pub(super) const PHASH_UNRELATED_BITS: f32 = 32.0;
/// Below this much colour a query is grey: its cosines say less, and its hashes as much as ever.
const GREY_COLOUR: f32 = 0.02;

/// How many features there are.
pub(super) const FEATURES: usize = 14;

/// Their names, in their order, as the table of evidence heads them.
pub(crate) const NAMES: [&str; FEATURES] = [
    "cosine",
    "cosine_above_background",
    "best_above_background",
    "best_above_70",
    "best_above_85",
    "pdq_above_50",
    "pdq_above_70",
    "pdq_above_90",
    "pdq_above_97",
    "phash_above_50",
    "phash_above_95",
    "colours",
    "colours_above_80",
    "colours_above_97",
];

/// What was fitted for one encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weights {
    /// For queries in colour.
    pub(super) in_colour: Logistic<FEATURES>,
    /// For grey ones.
    pub(super) in_grey: Logistic<FEATURES>,
    /// Mean background of the queries they were fitted on, for catalogs too small to have one.
    pub(super) usual_background: f32,
    /// Cosine of unrelated photos among those they were fitted on, for the same.
    pub(super) unrelated: f32,
    /// Likeness of unrelated photos, likewise.
    pub(super) unlike: f32,
}

impl Weights {
    pub(super) fn log_odds(&self, evidence: &Evidence) -> f32 {
        let of = if is_grey(evidence) { self.in_grey } else { self.in_colour };
        of.log_odds(&features(evidence))
    }
}

/// Copies and look-alikes in one order: the probability of a copy where there is likely one; below that both count, and no
/// look-alike comes to stand before a copy.
pub(super) fn together(probability: f32, similar: f32) -> f32 {
    if probability >= EDITED_COPY_SCORE {
        return probability;
    }
    let neither = (1.0 - probability / EDITED_COPY_SCORE) * (1.0 - LOOK_ALIKE_SHARE * similar);
    EDITED_COPY_SCORE * (1.0 - neither)
}

/// Whether the query has no colour that its vector could be told by.
pub(crate) fn is_grey(evidence: &Evidence) -> bool {
    has_no_colour(evidence.colour)
}

/// The same of the query alone.
pub(crate) fn has_no_colour(colour: f32) -> bool {
    colour < GREY_COLOUR
}

/// What agrees, each feature greater for more agreement:
///
/// * `cosine`: of the whole picture, at least 0; `best` is the greater of it and of the best part's, the whole as it may have
///   been among them;
/// * `pdq`, `phash`: the share of unrelated pictures' bits that do not differ; 0 for a PDQ of a quality below 50;
/// * `colours`: the cosine of the colours in both vectors, or of those that the query may have had, where that is greater; 0
///   where they hold none;
/// * `_above_`: by how much it is above what the query has in common with the catalog in general
///   ([`Background`](crate::search::Background)), or above so many hundredths.
pub(crate) fn features(evidence: &Evidence) -> [f32; FEATURES] {
    let cosine = evidence.cosine.max(0.0);
    let best = cosine.max(evidence.region_cosine);
    let trusted = evidence.pdq_quality >= PDQ_TRUSTED_QUALITY;
    let pdq = if trusted { share(evidence.pdq_bits, PDQ_UNRELATED_BITS) } else { 0.0 };
    let phash = share(evidence.phash_bits, PHASH_UNRELATED_BITS);
    let colours = [evidence.colours, evidence.colours_before].into_iter().flatten().fold(0.0, f32::max);
    [
        cosine,
        above(cosine, evidence.background),
        above(best, evidence.background),
        above(best, 0.7),
        above(best, 0.85),
        above(pdq, 0.5),
        above(pdq, 0.7),
        above(pdq, 0.9),
        above(pdq, 0.97),
        above(phash, 0.5),
        above(phash, 0.95),
        colours,
        above(colours, 0.8),
        above(colours, 0.97),
    ]
}
