//! The fitted weights of `check`, written by `training/fit_judge.py`; docs/judging.md says how they are made again.
//!
//! Fitted on 1760 edited photos of dev's fold `train` and 106894 candidates, among all of dev. On these: R@1
//! 0.988, recall at 99 % precision 0.974. What they do on photos they were not fitted on is in docs/judging.md.

use super::fitted::{Logistic, Weights};

/// The weights for the encoder of that name, where some were fitted.
pub(super) fn of_encoder(name: &str) -> Option<&'static Weights> {
    (name == "look-1").then_some(&LOOK_1)
}

#[rustfmt::skip]
const LOOK_1: Weights = Weights {
    in_colour: Logistic {
        bias: -10.8497,
        of: [
            0.8554, // cosine
            0.9215, // cosine_above_background
            14.7040, // best_above_background
            12.9234, // best_above_70
            20.6507, // best_above_85
            10.2434, // pdq_above_50
            0.0000, // pdq_above_70
            7.4502, // pdq_above_90
            0.0000, // phash_above_50
        ],
    },
    in_grey: Logistic {
        bias: -12.7730,
        of: [
            7.0140, // cosine
            4.9344, // cosine_above_background
            0.0000, // best_above_background
            15.5524, // best_above_70
            18.3605, // best_above_85
            9.2715, // pdq_above_50
            0.0000, // pdq_above_70
            14.4368, // pdq_above_90
            0.0000, // phash_above_50
        ],
    },
    usual_background: 0.591,
    unrelated: 0.274,
    unlike: 0.274,
};
