//! The fitted weights of `check`, written by `training/fit_judge.py`; docs/judging.md says how they are made again.
//!
//! Fitted on 1760 edited photos of dev's fold `train` and 168743 candidates, among all of dev. On these: R@1
//! 0.967, recall at 99 % precision 0.877. What they do on photos they were not fitted on is in docs/judging.md.

use super::fitted::{Logistic, Weights};

/// The weights for the encoder of that name, where some were fitted.
pub(super) fn of_encoder(name: &str) -> Option<&'static Weights> {
    (name == "look-1").then_some(&LOOK_1)
}

#[rustfmt::skip]
const LOOK_1: Weights = Weights {
    in_colour: Logistic {
        bias: -10.8190,
        of: [
            1.4048, // cosine
            6.6270, // cosine_above_background
            12.0781, // best_above_background
            15.9958, // best_above_70
            13.0186, // best_above_85
            5.7794, // pdq_above_50
            5.4281, // pdq_above_70
            7.1384, // pdq_above_90
            0.0000, // phash_above_50
        ],
    },
    in_grey: Logistic {
        bias: -10.2946,
        of: [
            3.4003, // cosine
            5.3307, // cosine_above_background
            4.2361, // best_above_background
            4.0903, // best_above_70
            25.6269, // best_above_85
            10.2744, // pdq_above_50
            0.0000, // pdq_above_70
            16.9913, // pdq_above_90
            0.0000, // phash_above_50
        ],
    },
    usual_background: 0.633,
    unrelated: 0.167,
};
