//! A run of rows that is scanned as one: what a snapshot and a chunk of the tail have in common.
//!
//! Borrowed columns and nothing else; who owns them is the business of `snapshot` and `tail`.

use super::dot::Codes;
use super::error::IndexError;
use super::mask::Mask;
use super::snapshot::FloatFile;
use crate::store::ImageKey;
use lookalike_vision::hash::hamming::{self, Code, Neighbour};

/// One image as a store hands it to an index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// The store's handle of the image.
    pub key: ImageKey,
    /// The store's number of its product.
    pub product: u64,
    /// The letterboxed pHash.
    pub phash: u64,
    /// The PDQ hash of the upright picture.
    pub pdq: [u64; 4],
    /// What the index's encoder made of it; finite, normally of unit length.
    pub vector: &'a [f32],
}

/// What a filter is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The store's handle of the image.
    pub key: ImageKey,
    /// The store's number of its product.
    pub product: u64,
}

/// Where the vectors themselves are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Floats<'a> {
    /// One row after the other.
    Memory(&'a [f32]),
    /// In a file, read row by row so that rows that were once looked at do not stay resident.
    File(&'a FloatFile),
}

/// Columns of equal length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub keys: &'a [u64],
    pub products: &'a [u64],
    pub phashes: &'a [u64],
    pub pdqs: &'a [[u64; 4]],
    pub codes: Codes<'a>,
    pub floats: Floats<'a>,
    /// Upper bound of the length of every vector.
    pub longest: f32,
    pub mask: &'a Mask,
    /// Whether the keys are in ascending order, so that the smaller row has the smaller key.
    pub is_ascending: bool,
}

impl Segment<'_> {
    /// The row's entry, unless it is masked.
    pub(super) fn entry(&self, row: usize) -> Option<Entry> {
        if self.mask.contains(row) {
            return None;
        }
        let (&key, &product) = self.keys.get(row).zip(self.products.get(row))?;
        Some(Entry { key: ImageKey(key), product })
    }

    /// Reads the vector of `row` into `vector`, whose length says how long it is.
    pub(super) fn read_vector(&self, row: usize, vector: &mut [f32]) -> Result<(), IndexError> {
        match self.floats {
            Floats::Memory(all) => {
                if let Some(stored) = all.chunks_exact(vector.len()).nth(row) {
                    vector.copy_from_slice(stored);
                }
                Ok(())
            }
            Floats::File(file) => file.read_row(row, vector),
        }
    }

    /// The `k` unmasked rows nearest to any of `queries`, by distance and then by key.
    pub(super) fn nearest_codes<C: Code>(
        &self,
        codes: &[C],
        queries: &[C],
        k: usize,
    ) -> Vec<(ImageKey, u32)> {
        let mut found = hamming::nearest_where(codes, queries, k, |row| !self.mask.contains(row));
        if !self.is_ascending
            && found.len() == k
            && let Some(farthest) = found.last()
        {
            // The scan prefers smaller rows among equals; with keys out of order those are not the smaller keys.
            found = hamming::within(codes, queries, farthest.distance);
        }
        self.keyed(&found)
    }

    /// Keys and distances of the unmasked rows among `found`, in its order.
    pub(super) fn keyed(&self, found: &[Neighbour]) -> Vec<(ImageKey, u32)> {
        found.iter().filter_map(|found| Some((self.entry(found.row)?.key, found.distance))).collect()
    }
}
