//! Snapshot, tail and mask as one index: what a store holds and asks.
//!
//! Cloning shares everything; writing to a clone copies at most one chunk of the tail and its mask. Questions are
//! put to each segment and their answers merged, by key among equals.

use super::dot::Kernel;
use super::error::IndexError;
use super::exact::{self, Effort};
use super::mask::Mask;
use super::multi_index::MultiIndex;
use super::product_set::ProductSet;
use super::quantize::check_dimensions;
use super::segment::{Entry, Row, Segment};
use super::snapshot::Snapshot;
use super::tail::Chunk;
use crate::store::ImageKey;
use lookalike_vision::hash::hamming;
use lookalike_vision::hash::{PHash, PdqHash};
use std::sync::Arc;

/// A new snapshot is due when the rows in memory and the masked ones are more than this,
const DUE_ROWS: usize = 16_384;
/// and more than this part of the snapshot's: the tail costs memory and the time to read it back at the next start,
/// the snapshot costs writing everything. With an eighth, all snapshots of a growing catalog together write each row
/// about eight times.
const DUE_PART: usize = 8;

/// The images of a catalog under one encoder, ready to be searched. Shared between threads; see the module's page for
/// how a store keeps one.
#[derive(Debug, Clone)]
pub struct Index {
    dimensions: usize,
    base: Option<Arc<Snapshot>>,
    base_mask: Arc<Mask>,
    base_phashes: Option<Arc<MultiIndex>>,
    tail: Vec<Chunk>,
}

impl Index {
    /// Without rows, for vectors of `dimensions`.
    ///
    /// # Errors
    /// When such vectors cannot be indexed.
    pub fn empty(dimensions: usize) -> Result<Self, IndexError> {
        check_dimensions(dimensions)?;
        Ok(Self { dimensions, base: None, base_mask: Arc::default(), base_phashes: None, tail: Vec::new() })
    }

    /// With the rows of `snapshot`.
    pub fn with_base(snapshot: Snapshot) -> Self {
        Self {
            dimensions: snapshot.encoder().dimensions,
            base: Some(Arc::new(snapshot)),
            base_mask: Arc::default(),
            base_phashes: None,
            tail: Vec::new(),
        }
    }

    /// The snapshot it stands on.
    pub fn base(&self) -> Option<&Snapshot> {
        self.base.as_deref()
    }

    /// The store's sequence number up to which the snapshot holds everything.
    pub fn sequence(&self) -> Option<u64> {
        self.base().map(Snapshot::sequence)
    }

    /// Length of its vectors.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Number of images that can be found.
    pub fn len(&self) -> usize {
        let base = self.base().map_or(0, Snapshot::rows) - self.base_mask.count();
        base + self.tail.iter().map(|chunk| chunk.rows() - chunk.masked()).sum::<usize>()
    }

    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows that are held in memory because no snapshot has them, some that are no more among them.
    pub fn tail_rows(&self) -> usize {
        self.tail.iter().map(|chunk| chunk.rows()).sum()
    }

    /// Whether enough has changed that a new snapshot is worth writing: when rows in memory and masked rows of the
    /// snapshot are together more than 16,384 and more than an eighth of the snapshot's rows.
    pub fn snapshot_due(&self) -> bool {
        let changed = self.tail_rows() + self.base_mask.count();
        changed > DUE_ROWS.max(self.base().map_or(0, Snapshot::rows) / DUE_PART)
    }

    /// Adds an image. One with the same key that was there before is no longer found.
    ///
    /// # Errors
    /// When the vector has other dimensions or is not finite; the index is then as before.
    pub fn push(&mut self, row: &Row<'_>) -> Result<(), IndexError> {
        let previous = self.locate(row.key.0);
        if self.tail.last().is_none_or(|chunk| chunk.is_full()) {
            self.tail.push(Chunk::new(self.dimensions));
        }
        if let Some(chunk) = self.tail.last_mut() {
            chunk.push(row)?;
        }
        if let Some(previous) = previous {
            self.mask_at(previous);
        }
        Ok(())
    }

    /// Makes an image no longer found; whether it was.
    pub fn mask(&mut self, key: ImageKey) -> bool {
        let Some(place) = self.locate(key.0) else { return false };
        self.mask_at(place);
        true
    }

    /// Whether the image can be found.
    pub fn contains(&self, key: ImageKey) -> bool {
        self.locate(key.0).is_some()
    }

    /// The number of the image's product.
    pub fn product(&self, key: ImageKey) -> Option<u64> {
        let entry = match self.locate(key.0)? {
            Place::Base(row) => self.base()?.segment(&self.base_mask).entry(row),
            Place::Tail(chunk, row) => self.tail.get(chunk)?.segment().entry(row),
        };
        Some(entry?.product)
    }

    fn locate(&self, key: u64) -> Option<Place> {
        // Newest first: a key that was replaced is masked wherever it was before.
        for (number, chunk) in self.tail.iter().enumerate().rev() {
            if let Some(row) = chunk.row_of(key) {
                return Some(Place::Tail(number, row));
            }
        }
        let row = self.base()?.keys().binary_search(&key).ok()?;
        (!self.base_mask.contains(row)).then_some(Place::Base(row))
    }

    fn mask_at(&mut self, place: Place) {
        match place {
            Place::Base(row) => {
                Arc::make_mut(&mut self.base_mask).insert(row);
            }
            Place::Tail(chunk, row) => {
                if let Some(chunk) = self.tail.get_mut(chunk) {
                    chunk.mask(row);
                }
                self.tail.retain(|chunk| chunk.rows() > 0);
            }
        }
    }

    fn segments(&self) -> Vec<Segment<'_>> {
        let base = self.base().map(|base| base.segment(&self.base_mask));
        base.into_iter().chain(self.tail.iter().map(|chunk| chunk.segment())).collect()
    }

    /// The `k` images with the greatest dot product with `query`, greatest first; exactly those of the float search.
    ///
    /// # Errors
    /// When the query has other dimensions or is not finite, or the snapshot cannot be read.
    pub fn nearest_vectors(&self, query: &[f32], k: usize) -> Result<Vec<(ImageKey, f32)>, IndexError> {
        self.nearest_vectors_where(query, k, &|_| true)
    }

    /// As [`Self::nearest_vectors`], among the images that `accept` admits. It is asked only about images that are
    /// near enough, and costs no recall however few it admits.
    ///
    /// # Errors
    /// As there.
    pub fn nearest_vectors_where(
        &self,
        query: &[f32],
        k: usize,
        accept: &dyn Fn(Entry) -> bool,
    ) -> Result<Vec<(ImageKey, f32)>, IndexError> {
        Ok(self.nearest_vectors_with_effort(query, k, accept)?.0)
    }

    /// As [`Self::nearest_vectors_where`], with the work it took.
    ///
    /// # Errors
    /// As there.
    pub fn nearest_vectors_with_effort(
        &self,
        query: &[f32],
        k: usize,
        accept: &dyn Fn(Entry) -> bool,
    ) -> Result<(Vec<(ImageKey, f32)>, Effort), IndexError> {
        if query.len() != self.dimensions {
            return Err(IndexError::Dimensions { found: query.len(), expected: self.dimensions });
        }
        exact::nearest(Kernel::detect(), &self.segments(), query, k, accept)
    }

    /// As [`Self::nearest_vectors`], among the images of `products` where these are given. Costs no recall however few
    /// they are, and the less time the fewer.
    ///
    /// # Errors
    /// As there.
    pub fn nearest_vectors_among(
        &self,
        query: &[f32],
        k: usize,
        products: Option<&ProductSet>,
    ) -> Result<Vec<(ImageKey, f32)>, IndexError> {
        let Some(products) = products else { return self.nearest_vectors(query, k) };
        if query.len() != self.dimensions {
            return Err(IndexError::Dimensions { found: query.len(), expected: self.dimensions });
        }
        exact::nearest_among(Kernel::detect(), &self.segments(), query, k, products)
    }

    /// The `k` images whose pHash differs from `query` in the fewest bits, fewest first.
    pub fn nearest_phashes(&self, query: PHash, k: usize) -> Vec<(ImageKey, u32)> {
        self.nearest_phashes_among(query, k, None)
    }

    /// As [`Self::nearest_phashes`], among the images of `products` where these are given.
    pub fn nearest_phashes_among(
        &self,
        query: PHash,
        k: usize,
        products: Option<&ProductSet>,
    ) -> Vec<(ImageKey, u32)> {
        let near = |segment: &Segment<'_>| segment.nearest_codes(segment.phashes, &[query.0], k, products);
        first(self.segments().iter().flat_map(near).collect(), k)
    }

    /// The `k` images whose PDQ hash differs from any of `queries` in the fewest bits, fewest first.
    pub fn nearest_pdqs(&self, queries: &[PdqHash], k: usize) -> Vec<(ImageKey, u32)> {
        self.nearest_pdqs_among(queries, k, None)
    }

    /// As [`Self::nearest_pdqs`], among the images of `products` where these are given.
    pub fn nearest_pdqs_among(
        &self,
        queries: &[PdqHash],
        k: usize,
        products: Option<&ProductSet>,
    ) -> Vec<(ImageKey, u32)> {
        let queries: Vec<[u64; 4]> = queries.iter().map(|query| query.0).collect();
        let near = |segment: &Segment<'_>| segment.nearest_codes(segment.pdqs, &queries, k, products);
        first(self.segments().iter().flat_map(near).collect(), k)
    }

    /// All images whose pHash differs from `query` in at most `radius` bits, fewest first.
    pub fn within_phash(&self, query: PHash, radius: u32) -> Vec<(ImageKey, u32)> {
        let mut found = Vec::new();
        for (number, segment) in self.segments().iter().enumerate() {
            let tables = self.base_phashes.as_ref().filter(|_| number == 0);
            let near = match tables {
                Some(tables) => tables.within(segment.phashes, query.0, radius),
                None => hamming::within(segment.phashes, &[query.0], radius),
            };
            found.extend(segment.keyed(&near));
        }
        first(found, usize::MAX)
    }

    /// Builds tables over the snapshot's pHashes that make [`Self::within_phash`] faster than a scan for radii around
    /// `radius`, 144 MB of them for 10 million images; for searches of every image against every other. Clones share
    /// them; they go with the snapshot.
    pub fn build_phash_tables(&mut self, radius: u32) {
        self.base_phashes = self.base().map(|base| Arc::new(MultiIndex::build(base.phashes(), radius)));
    }
}

/// Where a row is.
#[derive(Debug, Clone, Copy)]
enum Place {
    Base(usize),
    Tail(usize, usize),
}

/// The first `k`, by distance and then by key.
fn first(mut found: Vec<(ImageKey, u32)>, k: usize) -> Vec<(ImageKey, u32)> {
    found.sort_unstable_by_key(|&(key, distance)| (distance, key));
    found.truncate(k);
    found
}
