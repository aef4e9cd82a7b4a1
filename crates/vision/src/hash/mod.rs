//! Perceptual hashes: short fingerprints that survive re-encoding, resizing and small edits.
//!
//! Recipes and their sources are in the files of the same names: [`phash`], [`dhash`] and [`pdq`]; [`signature`] has
//! the types, how they are written and how far apart two are. Hashing starts from a decoded
//! [`Picture`] and leans on [`crate::pixels`] for everything that resizes; storing hashes and finding near ones
//! among many is done elsewhere. Transparency is ignored, as the reference implementations do.

pub mod hamming;

use crate::Picture;

mod dct;
pub mod dhash;
pub mod pdq;
pub mod phash;
pub mod signature;
mod thumbnail;

pub use dhash::dhash;
pub use pdq::{pdq, pdq_orientations, pdq_with_orientations};
pub use phash::{phash, phash_plain};
pub use signature::{DHash, Hashes, PHash, ParseHashError, Pdq, PdqHash};

impl Hashes {
    /// All hashes of `picture`, sharing the work they have in common.
    pub fn of(picture: &Picture) -> Self {
        let [plain, gradients] = thumbnail::grey(picture, [phash::SIZE, dhash::SIZE]);
        Self {
            phash: phash(picture),
            phash_plain: phash::from_grey(&plain),
            dhash: dhash::from_grey(&gradients),
            pdq: pdq(picture),
        }
    }
}
