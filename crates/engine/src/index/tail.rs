//! Rows written since the snapshot, in memory, in chunks that clones of an index share.
//!
//! A chunk that a reader still holds is copied when it is written to; that is why chunks are small. Rows stand in
//! the order they were pushed, which is that of keys unless an image was replaced under its old key.

use super::dot::Codes;
use super::error::IndexError;
use super::mask::Mask;
use super::quantize::{quantize_row, stride};
use super::segment::{Floats, Row, Segment};

/// Rows of a chunk.
const CHUNK_ROWS: usize = 4096;

/// Up to [`CHUNK_ROWS`] rows.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    keys: Vec<u64>,
    products: Vec<u64>,
    phashes: Vec<u64>,
    pdqs: Vec<[u64; 4]>,
    codes: Vec<u8>,
    scales: Vec<f32>,
    errors: Vec<f32>,
    floats: Vec<f32>,
    longest: f32,
    mask: Mask,
    is_ascending: bool,
    dimensions: usize,
}

impl Chunk {
    pub(super) fn new(dimensions: usize) -> Self {
        Self {
            keys: Vec::new(),
            products: Vec::new(),
            phashes: Vec::new(),
            pdqs: Vec::new(),
            codes: Vec::new(),
            scales: Vec::new(),
            errors: Vec::new(),
            floats: Vec::new(),
            longest: 0.0,
            mask: Mask::default(),
            is_ascending: true,
            dimensions,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.keys.len() >= CHUNK_ROWS
    }

    /// Rows, masked ones included.
    pub(super) fn rows(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn masked(&self) -> usize {
        self.mask.count()
    }

    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<(), IndexError> {
        let scale = quantize_row(row.vector, self.dimensions, &mut self.codes)?;
        self.is_ascending &= self.keys.last().is_none_or(|&last| last < row.key.0);
        self.keys.push(row.key.0);
        self.products.push(row.product);
        self.phashes.push(row.phash);
        self.pdqs.push(row.pdq);
        self.scales.push(scale.scale);
        self.errors.push(scale.error);
        self.floats.extend_from_slice(row.vector);
        self.longest = self.longest.max(scale.norm);
        Ok(())
    }

    /// The unmasked row of `key`.
    pub(super) fn row_of(&self, key: u64) -> Option<usize> {
        let row = if self.is_ascending {
            self.keys.binary_search(&key).ok()?
        } else {
            // A key that was replaced is there more than once; its earlier rows are masked.
            self.keys.iter().rposition(|&stored| stored == key)?
        };
        (!self.mask.contains(row)).then_some(row)
    }

    pub(super) fn mask(&mut self, row: usize) {
        self.mask.insert(row);
    }

    pub(super) fn segment(&self) -> Segment<'_> {
        Segment {
            keys: &self.keys,
            products: &self.products,
            phashes: &self.phashes,
            pdqs: &self.pdqs,
            codes: Codes {
                codes: &self.codes,
                stride: stride(self.dimensions),
                scales: &self.scales,
                errors: &self.errors,
            },
            floats: Floats::Memory(&self.floats),
            longest: self.longest,
            mask: &self.mask,
            is_ascending: self.is_ascending,
        }
    }
}
