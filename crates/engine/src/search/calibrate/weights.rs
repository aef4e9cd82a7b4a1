//! The fitted weights of `check`, written by `training/fit_judge.py`; docs/judging.md says how they are made again.
//!
//! Fitted on 1760 edited photos of dev's fold `train` and 111572 candidates, among all of dev. On these: R@1
//! 0.986, recall at 99 % precision 0.938. Those for pairs without vectors: on 1320 such photos, 60 of each edit of
//! `training/suite.py`, and the 16 candidates nearest by pHash of each with all that are as near, 36966 in all; .608 and .573
//! with colours. What they do on photos they were not fitted on is in docs/judging.md.

use super::fitted::Weights;
use super::logistic::Logistic;
use super::unaided::{OF_ALL, OF_HASHES};

/// The weights for the encoder of that name, where some were fitted.
pub(super) fn of_encoder(name: &str) -> Option<&'static Weights> {
    (name == "look-1").then_some(&LOOK_1)
}

#[rustfmt::skip]
const LOOK_1: Weights = Weights {
    in_colour: Logistic {
        bias: -11.0454,
        of: [
            0.8260, // cosine
            0.0000, // cosine_above_background
            14.3981, // best_above_background
            19.3617, // best_above_70
            8.8940, // best_above_85
            10.5773, // pdq_above_50
            0.0000, // pdq_above_70
            9.3720, // pdq_above_90
            0.0000, // phash_above_50
        ],
    },
    in_grey: Logistic {
        bias: -13.1603,
        of: [
            8.3385, // cosine
            3.4131, // cosine_above_background
            0.0000, // best_above_background
            17.1010, // best_above_70
            13.1972, // best_above_85
            9.7656, // pdq_above_50
            0.0000, // pdq_above_70
            35.0697, // pdq_above_90
            0.0000, // phash_above_50
        ],
    },
    usual_background: 0.566,
    unrelated: 0.243,
    unlike: 0.274,
};

/// For pairs without vectors, by hashes alone.
#[rustfmt::skip]
pub(super) const HASHES: Logistic<OF_HASHES> = Logistic {
    bias: -8.7939,
    of: [
        8.6225, // phash
        0.0000, // phash_above_50
        0.0000, // phash_above_70
        0.0000, // phash_above_85
        0.0000, // phash_above_95
        4.8958, // pdq_above_50
        0.0000, // pdq_above_70
        4.2670, // pdq_above_90
    ],
};

/// For pairs without vectors, by hashes and colours.
#[rustfmt::skip]
pub(super) const HASHES_AND_COLOURS: Logistic<OF_ALL> = Logistic {
    bias: -12.0223,
    of: [
        0.0000, // phash
        0.0000, // phash_above_50
        0.0000, // phash_above_70
        0.0000, // phash_above_85
        0.0000, // phash_above_95
        11.1802, // pdq_above_50
        0.0000, // pdq_above_70
        16.8824, // pdq_above_90
        10.6227, // colours
        7.1390, // colours_above_80
        24.6199, // colours_above_95
    ],
};
