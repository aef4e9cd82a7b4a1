//! The fitted weights of `check`, written by `training/fit_judge.py`; docs/judging.md says how they are made again.
//!
//! Fitted on 1760 edited photos of dev's fold `train` and 111602 candidates, among all of dev. On these: R@1
//! 0.989, recall at 99 % precision 0.968. Those for pairs without vectors: on the 16 candidates nearest by pHash of each of
//! the same; .922 and .846 among those near, with colours. What they do on photos they were not fitted on is in
//! docs/judging.md.

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
        bias: -11.2866,
        of: [
            0.8080, // cosine
            0.5089, // cosine_above_background
            15.3981, // best_above_background
            17.8693, // best_above_70
            9.1468, // best_above_85
            9.7439, // pdq_above_50
            0.0000, // pdq_above_70
            22.5056, // pdq_above_90
            0.0000, // phash_above_50
            0.0000, // phash_above_95
        ],
    },
    in_grey: Logistic {
        bias: -13.6852,
        of: [
            9.8631, // cosine
            3.6496, // cosine_above_background
            0.0000, // best_above_background
            9.0795, // best_above_70
            19.6723, // best_above_85
            9.5686, // pdq_above_50
            0.0000, // pdq_above_70
            21.5386, // pdq_above_90
            0.0000, // phash_above_50
            17.6790, // phash_above_95
        ],
    },
    usual_background: 0.562,
    unrelated: 0.248,
    unlike: 0.281,
};

/// For pairs without vectors, by hashes alone.
#[rustfmt::skip]
pub(super) const HASHES: Logistic<OF_HASHES> = Logistic {
    bias: -7.6386,
    of: [
        6.7444, // phash
        0.0000, // phash_above_50
        0.0000, // phash_above_70
        0.0000, // phash_above_85
        5.9870, // phash_above_95
        5.7841, // pdq_above_50
        0.0000, // pdq_above_70
        3.5026, // pdq_above_90
    ],
};

/// For pairs without vectors, by hashes and colours.
#[rustfmt::skip]
pub(super) const HASHES_AND_COLOURS: Logistic<OF_ALL> = Logistic {
    bias: -11.3379,
    of: [
        0.0000, // phash
        0.0000, // phash_above_50
        0.0000, // phash_above_70
        0.0000, // phash_above_85
        0.0000, // phash_above_95
        8.6407, // pdq_above_50
        0.0000, // pdq_above_70
        23.3382, // pdq_above_90
        10.4962, // colours
        7.2792, // colours_above_80
        3.8910, // colours_above_95
    ],
};
