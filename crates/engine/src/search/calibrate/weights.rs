//! The fitted weights of `check`, written by `training/fit_judge.py`; docs/judging.md says how they are made again.
//!
//! Fitted on 5280 edited photos of dev's fold `train` and 334801 candidates, among all of dev. On these: R@1
//! 0.993, recall at 99 % precision 0.993. Those for pairs without vectors: on the 16 candidates nearest by pHash of each of
//! the same; .928 and .895 among those near, with colours. What they do on photos they were not fitted on is in
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
        bias: -10.878,
        of: [
            0.072, // cosine
            0.000, // cosine_above_background
            16.417, // best_above_background
            16.621, // best_above_70
            5.875, // best_above_85
            8.788, // pdq_above_50
            0.000, // pdq_above_70
            0.000, // pdq_above_90
            112.821, // pdq_above_97
            0.000, // phash_above_50
            0.000, // phash_above_95
            0.000, // colours
            0.000, // colours_above_80
            71.296, // colours_above_97
        ],
    },
    in_grey: Logistic {
        bias: -10.681,
        of: [
            1.868, // cosine
            0.000, // cosine_above_background
            4.374, // best_above_background
            12.656, // best_above_70
            13.351, // best_above_85
            10.614, // pdq_above_50
            0.000, // pdq_above_70
            0.000, // pdq_above_90
            151.897, // pdq_above_97
            0.225, // phash_above_50
            34.493, // phash_above_95
            0.359, // colours
            13.595, // colours_above_80
            82.251, // colours_above_97
        ],
    },
    usual_background: 0.565,
    unrelated: 0.249,
    unlike: 0.284,
};

/// For pairs without vectors, by hashes alone.
#[rustfmt::skip]
pub(super) const HASHES: Logistic<OF_HASHES> = Logistic {
    bias: -7.603,
    of: [
        6.658, // phash
        0.000, // phash_above_50
        0.000, // phash_above_70
        0.000, // phash_above_85
        9.487, // phash_above_95
        5.550, // pdq_above_50
        0.000, // pdq_above_70
        3.914, // pdq_above_90
    ],
};

/// For pairs without vectors, by hashes and colours.
#[rustfmt::skip]
pub(super) const HASHES_AND_COLOURS: Logistic<OF_ALL> = Logistic {
    bias: -12.171,
    of: [
        0.000, // phash
        0.000, // phash_above_50
        0.000, // phash_above_70
        0.000, // phash_above_85
        1.842, // phash_above_95
        9.188, // pdq_above_50
        0.000, // pdq_above_70
        16.633, // pdq_above_90
        11.593, // colours
        4.083, // colours_above_80
        21.012, // colours_above_95
    ],
};
