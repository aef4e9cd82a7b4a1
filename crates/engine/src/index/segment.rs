//! A run of rows that is scanned as one: what a snapshot and a chunk of the tail have in common.
//!
//! Borrowed columns and nothing else; who owns them is the business of `snapshot` and `tail`.

use super::dot::Codes;
use super::error::IndexError;
use super::mask::Mask;
use super::product_set::ProductSet;
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

/// Rows are picked out of all when they are at most one of so many; from there on going over all is as fast
/// (`bench_filters`).
const PICKED_PART: usize = 4;

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

    /// The unmasked rows of `products`, ascending; `None` when they are so many that going over all rows is faster than
    /// picking these.
    pub(super) fn few_rows_of(&self, products: &ProductSet) -> Option<Vec<usize>> {
        let most = self.products.len() / PICKED_PART;
        let mut rows = Vec::new();
        for (row, product) in self.products.iter().enumerate() {
            if products.contains(*product) && !self.mask.contains(row) {
                if rows.len() == most {
                    return None;
                }
                rows.push(row);
            }
        }
        Some(rows)
    }

    /// The `k` unmasked rows nearest to any of `queries`, by distance and then by key; among those of `products` where
    /// these are given.
    pub(super) fn nearest_codes<C: Code>(
        &self,
        codes: &[C],
        queries: &[C],
        k: usize,
        products: Option<&ProductSet>,
    ) -> Vec<(ImageKey, u32)> {
        if let Some(rows) = products.and_then(|products| self.few_rows_of(products)) {
            let picked: Vec<C> = rows.iter().filter_map(|row| codes.get(*row).copied()).collect();
            let mut found = self.nearest_rows(&picked, queries, k, |_| true);
            found.retain_mut(|near| rows.get(near.row).map(|row| near.row = *row).is_some());
            return self.keyed(&found);
        }
        let is_admitted = |row: usize| {
            let of = self.products.get(row);
            products.is_none_or(|products| of.is_some_and(|product| products.contains(*product)))
        };
        let mut found =
            self.nearest_rows(codes, queries, k, |row| !self.mask.contains(row) && is_admitted(row));
        found.retain(|near| is_admitted(near.row));
        self.keyed(&found)
    }

    /// The `k` nearest rows that `accept` admits; with keys out of order also the others at the distance of the last.
    fn nearest_rows<C: Code>(
        &self,
        codes: &[C],
        queries: &[C],
        k: usize,
        accept: impl FnMut(usize) -> bool,
    ) -> Vec<Neighbour> {
        let found = hamming::nearest_where(codes, queries, k, accept);
        match found.last() {
            // The scan prefers smaller rows among equals; with keys out of order those are not the smaller keys.
            Some(farthest) if !self.is_ascending && found.len() == k => {
                hamming::within(codes, queries, farthest.distance)
            }
            _ => found,
        }
    }

    /// Keys and distances of the unmasked rows among `found`, in its order.
    pub(super) fn keyed(&self, found: &[Neighbour]) -> Vec<(ImageKey, u32)> {
        found.iter().filter_map(|found| Some((self.entry(found.row)?.key, found.distance))).collect()
    }
}
