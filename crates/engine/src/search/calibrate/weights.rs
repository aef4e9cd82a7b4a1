//! The fitted weights of `check`, written by `training/fit_judge.py`; docs/judging.md says how they are made again.
//!
//! Fitted on 1760 edited photos of dev's fold `train` and 111800 candidates, among all of dev. On these: R@1
//! 0.993, recall at 99 % precision 0.993. Those for pairs without vectors: on the 16 candidates nearest by pHash of each of
//! the same; .928 and .903 among those near, with colours. What they do on photos they were not fitted on is in
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
        bias: -11.1649,
        of: [
            0.0000, // cosine
            0.0000, // cosine_above_background
            17.4832, // best_above_background
            15.9406, // best_above_70
            6.3873, // best_above_85
            9.9200, // pdq_above_50
            0.0000, // pdq_above_70
            0.0000, // pdq_above_90
            156.1248, // pdq_above_97
            0.0000, // phash_above_50
            0.0000, // phash_above_95
            0.0000, // colours
            0.0000, // colours_above_80
            35.3097, // colours_above_95
        ],
    },
    in_grey: Logistic {
        bias: -10.7537,
        of: [
            2.1163, // cosine
            0.0000, // cosine_above_background
            4.5432, // best_above_background
            8.1052, // best_above_70
            24.3763, // best_above_85
            11.2237, // pdq_above_50
            1.3262, // pdq_above_70
            5.4077, // pdq_above_90
            168.1805, // pdq_above_97
            0.0000, // phash_above_50
            0.0000, // phash_above_95
            0.6320, // colours
            6.5372, // colours_above_80
            66.8094, // colours_above_95
        ],
    },
    usual_background: 0.563,
    unrelated: 0.249,
    unlike: 0.283,
};

/// For pairs without vectors, by hashes alone.
#[rustfmt::skip]
pub(super) const HASHES: Logistic<OF_HASHES> = Logistic {
    bias: -7.6620,
    of: [
        6.8050, // phash
        0.0000, // phash_above_50
        0.0000, // phash_above_70
        0.0000, // phash_above_85
        3.2011, // phash_above_95
        5.6660, // pdq_above_50
        0.0000, // pdq_above_70
        3.6536, // pdq_above_90
    ],
};

/// For pairs without vectors, by hashes and colours.
#[rustfmt::skip]
pub(super) const HASHES_AND_COLOURS: Logistic<OF_ALL> = Logistic {
    bias: -11.2492,
    of: [
        0.0000, // phash
        0.0000, // phash_above_50
        0.0000, // phash_above_70
        0.0000, // phash_above_85
        0.0000, // phash_above_95
        8.4177, // pdq_above_50
        0.0000, // pdq_above_70
        17.8618, // pdq_above_90
        10.6148, // colours
        6.2643, // colours_above_80
        5.3124, // colours_above_95
    ],
};
