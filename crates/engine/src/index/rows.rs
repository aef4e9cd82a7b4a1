//! Going through a snapshot row by row, to compare it with the store it was written from.

use super::error::IndexError;
use super::mask::Mask;
use super::segment::Row;
use super::snapshot::Snapshot;
use crate::store::ImageKey;

impl Snapshot {
    /// Row `row`, counted from 0 in ascending key order, its vector read into `vector`; `None` after the last.
    ///
    /// # Errors
    /// When `vector` has another length than the snapshot's, or the file cannot be read.
    pub fn row<'a>(&self, row: usize, vector: &'a mut [f32]) -> Result<Option<Row<'a>>, IndexError> {
        let (found, expected) = (vector.len(), self.encoder().dimensions);
        if found != expected {
            return Err(IndexError::Dimensions { found, expected });
        }
        let mask = Mask::default();
        let segment = self.segment(&mask);
        let (Some(entry), Some(&phash), Some(&pdq)) =
            (segment.entry(row), segment.phashes.get(row), segment.pdqs.get(row))
        else {
            return Ok(None);
        };
        segment.read_vector(row, vector)?;
        Ok(Some(Row { key: ImageKey(entry.key.0), product: entry.product, phash, pdq, vector }))
    }
}
