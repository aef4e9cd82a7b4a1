//! Fast search over signatures, derived from a store and rebuildable from it at any time.
//!
//! An [`Index`] answers nearest-neighbour questions for the images of one catalog under one encoder. It is exact:
//! vector answers are those of the float search, found by an 8-bit scan whose error is bounded row by row. It is
//! made of an optional [`Snapshot`] (a mapped file), a tail in memory for what was written since, and a mask over
//! what was deleted or replaced. Nothing here is the truth: a snapshot that is missing, older, damaged or of
//! another encoder is thrown away and written again from the store, which owns the rows and their order.
//!
//! How a store uses it:
//!
//! ```text
//! // Open: the snapshot if it is there and of this encoder, then what the store wrote since.
//! let mut index = match Snapshot::open(path, &encoder_id) {
//!     Ok(snapshot) => Index::with_base(snapshot),    // snapshot.sequence() says up to where the store is in it
//!     Err(error) if error.is_rebuildable() => Index::empty(dimensions)?,   // log it and build afresh
//!     Err(error) => return Err(error.into()),        // the disk, permissions
//! };
//! for row in store_rows_since(sequence) { index.push(&row)?; }       // a key seen before is replaced
//! for key in store_deletions_since(sequence) { index.mask(key); }
//!
//! // Ask: everything takes &self, nothing locks.
//! index.nearest_vectors(&query, k)?          -> Vec<(ImageKey, f32)>   greatest dot product first
//! index.nearest_vectors_where(&query, k, &|entry| ...)?                entry: { key, product }
//! index.nearest_vectors_among(&query, k, Some(&products))?             and so for pHashes and PDQs
//! index.nearest_phashes(phash, k)            -> Vec<(ImageKey, u32)>   fewest bits first
//! index.nearest_pdqs(&orientations, k)       -> Vec<(ImageKey, u32)>   fewest bits to any of the queries
//! index.within_phash(phash, radius)          -> Vec<(ImageKey, u32)>   all, fewest bits first
//! index.contains(key), index.product(key), index.len(), index.sequence(), index.base()
//!
//! // Write: an Index is cheap to clone (shared base, shared tail chunks), so that a writer never blocks readers:
//! // hold an RwLock<Arc<Index>>; readers clone the Arc and drop the lock; the writer clones the Index, changes the
//! // copy, and swaps the Arc after its transaction has committed.
//! next.push(&Row { key, product, phash, pdq, vector: &vector })?;
//! next.mask(key);                            -> bool, whether it was there
//!
//! // Renew: when index.snapshot_due(), stream all rows in ascending key order into a writer (memory stays flat).
//! let mut writer = SnapshotWriter::create(path, &encoder_id, sequence, at_most_rows)?;
//! for row in store_rows_by_key() { writer.push(&row)?; }
//! writer.finish()?;                          // fsync, then renamed over `path`; dropped unfinished: no trace
//! ```
//!
//! Ties are broken by the smaller key everywhere. `product` is the store's own number of a product (its row id).
//! Neighbours: `lookalike_vision::hash::hamming` holds the distance kernels for hashes, `store/embedded` owns an
//! index, `search` decides what a distance means.

mod combined;
mod dot;
mod error;
mod exact;
mod layout;
mod mask;
mod multi_index;
mod product_set;
mod quantize;
mod rows;
mod segment;
mod snapshot;
#[cfg(test)]
mod snapshot_tests;
mod tail;
#[cfg(test)]
mod tests;
mod writer;

pub use combined::Index;
pub use error::IndexError;
pub use exact::Effort;
pub use multi_index::MultiIndex;
pub use product_set::ProductSet;
pub use segment::{Entry, Row};
pub use snapshot::Snapshot;
pub use writer::SnapshotWriter;
