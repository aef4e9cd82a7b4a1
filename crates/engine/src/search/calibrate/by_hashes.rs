//! Copies by their hashes, for encoders nobody fitted weights for.
//!
//! Hashes see grey. The cosine can only object: it tells a red and a blue variant photographed alike from one photo edited,
//! and for the same reason a photo turned to grey loses part of its score. Pairs without vectors are
//! [`unaided`](super::unaided)'s.

use super::PDQ_TRUSTED_QUALITY;
use crate::search::Evidence;

/// Copy scores from which a match is called an edited copy.
pub(super) const EDITED_COPY_SCORE: f32 = 0.75;
/// pHash distance at which two pictures have nothing in common as copies.
const PHASH_UNRELATED_BITS: f32 = 24.0;
/// PDQ distance at which two pictures have nothing in common as copies.
const PDQ_UNRELATED_BITS: f32 = 100.0;
/// How much of a copy's score unrelated vectors take away.
const OBJECTION: f32 = 0.24;
/// The most that vectors can take away.
const LARGEST_OBJECTION: f32 = 0.6;

/// `max(1 - phash/24, 1 - pdq/100) * (1 - min(0.24 * (1 - similarity), 0.6))`, each term at least 0. PDQ counts only from
/// quality 50, and alone where the picture was turned.
pub(super) fn copy_score(evidence: &Evidence, similarity: f32) -> f32 {
    let by_phash = 1.0 - evidence.phash_bits as f32 / PHASH_UNRELATED_BITS;
    let by_pdq = if evidence.pdq_quality >= PDQ_TRUSTED_QUALITY {
        1.0 - evidence.pdq_bits as f32 / PDQ_UNRELATED_BITS
    } else {
        0.0
    };
    let disagreement = 1.0 - similarity.min(1.0);
    by_phash.max(by_pdq).max(0.0) * (1.0 - (OBJECTION * disagreement).min(LARGEST_OBJECTION))
}
