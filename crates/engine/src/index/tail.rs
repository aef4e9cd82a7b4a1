//! Rows written since the snapshot, in memory, in chunks that clones of an index share.
//!
//! Rows stand in the order they were pushed, which is that of keys unless an image was replaced under its old key. What a
//! reader still holds is copied when it is written to: the columns of a chunk only when a row is added, so chunks are small;
//! its mask, which is smaller by far, also when one goes. A chunk of which half is masked is made anew without those rows, so
//! that images replaced over and over take the room of two.

use super::dot::Codes;
use super::error::IndexError;
use super::mask::Mask;
use super::quantize::{quantize_row, stride};
use super::segment::{Floats, Row, Segment};
use std::sync::Arc;

/// Rows of a chunk.
const CHUNK_ROWS: usize = 1024;
/// Fewer masked rows are not worth making a chunk anew.
const FEWEST_MASKED: usize = 64;

/// Up to [`CHUNK_ROWS`] rows, some of which may be masked.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    columns: Arc<Columns>,
    mask: Mask,
}

/// What is known of each row, one column after the other.
#[derive(Debug, Clone)]
struct Columns {
    keys: Vec<u64>,
    products: Vec<u64>,
    phashes: Vec<u64>,
    pdqs: Vec<[u64; 4]>,
    codes: Vec<u8>,
    scales: Vec<f32>,
    errors: Vec<f32>,
    floats: Vec<f32>,
    longest: f32,
    is_ascending: bool,
    dimensions: usize,
}

impl Columns {
    fn new(dimensions: usize) -> Self {
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
            is_ascending: true,
            dimensions,
        }
    }

    fn push(&mut self, row: &Row<'_>) -> Result<(), IndexError> {
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

    /// The rows that are not masked.
    fn without(&self, mask: &Mask) -> Self {
        fn kept<T: Copy>(column: &[T], width: usize, mask: &Mask) -> Vec<T> {
            let rows = column.chunks_exact(width).enumerate();
            rows.filter(|(row, _)| !mask.contains(*row))
                .flat_map(|(_, values)| values.iter().copied())
                .collect()
        }
        let keys = kept(&self.keys, 1, mask);
        Self {
            is_ascending: keys.is_sorted(),
            keys,
            products: kept(&self.products, 1, mask),
            phashes: kept(&self.phashes, 1, mask),
            pdqs: kept(&self.pdqs, 1, mask),
            codes: kept(&self.codes, stride(self.dimensions), mask),
            scales: kept(&self.scales, 1, mask),
            errors: kept(&self.errors, 1, mask),
            floats: kept(&self.floats, self.dimensions, mask),
            longest: self.longest,
            dimensions: self.dimensions,
        }
    }
}

impl Chunk {
    pub(super) fn new(dimensions: usize) -> Self {
        Self { columns: Arc::new(Columns::new(dimensions)), mask: Mask::default() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows() >= CHUNK_ROWS
    }

    /// Rows, masked ones included.
    pub(super) fn rows(&self) -> usize {
        self.columns.keys.len()
    }

    pub(super) fn masked(&self) -> usize {
        self.mask.count()
    }

    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<(), IndexError> {
        Arc::make_mut(&mut self.columns).push(row)
    }

    /// The unmasked row of `key`.
    pub(super) fn row_of(&self, key: u64) -> Option<usize> {
        let keys = &self.columns.keys;
        let row = if self.columns.is_ascending {
            keys.binary_search(&key).ok()?
        } else {
            // A key that was replaced is there more than once; its earlier rows are masked.
            keys.iter().rposition(|&stored| stored == key)?
        };
        (!self.mask.contains(row)).then_some(row)
    }

    /// Has `row` no longer found. Rows may have other numbers afterwards.
    pub(super) fn mask(&mut self, row: usize) {
        self.mask.insert(row);
        if self.masked() >= FEWEST_MASKED.max(self.rows() / 2) {
            self.columns = Arc::new(self.columns.without(&self.mask));
            self.mask = Mask::default();
        }
    }

    pub(super) fn segment(&self) -> Segment<'_> {
        let columns = &*self.columns;
        Segment {
            keys: &columns.keys,
            products: &columns.products,
            phashes: &columns.phashes,
            pdqs: &columns.pdqs,
            codes: Codes {
                codes: &columns.codes,
                stride: stride(columns.dimensions),
                scales: &columns.scales,
                errors: &columns.errors,
            },
            floats: Floats::Memory(&columns.floats),
            longest: columns.longest,
            mask: &self.mask,
            is_ascending: columns.is_ascending,
        }
    }
}
