//! What changed since a write: the questions a derived index, in this process or another, asks the tables.
//!
//! Writes are numbered. Whoever has the catalog as it was after write `n` is brought to now by the images with
//! `seq > n` and the removed handles with `seq > n`, as long as the log of removed handles reaches back that far.

use super::rows;
use crate::index::{IndexError, Row};
use crate::store::ImageKey;
use lookalike_vision::encoder::EncoderId;
use rusqlite::Connection;

/// Removed handles that are kept at most; an index older than the log is read anew.
const LOG_ROWS: i64 = if cfg!(test) { 50 } else { 100_000 };

/// Where the catalog is in its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Number of the last write.
    pub(super) seq: i64,
    /// The log of removed handles is complete after this write.
    pub(super) log_start: i64,
}

/// A question about both the tables and an index went wrong.
#[derive(Debug)]
pub(super) enum Trouble {
    Sqlite(rusqlite::Error),
    Index(IndexError),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<IndexError> for Trouble {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

/// Names this catalog and no other, in hex.
pub(super) fn uuid(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT lower(hex(uuid)) FROM catalog", (), |row| row.get(0))
}

pub(super) fn position(moment: &Connection) -> rusqlite::Result<Position> {
    moment
        .prepare_cached("SELECT seq, log_start FROM catalog")?
        .query_row((), |row| Ok(Position { seq: row.get(0)?, log_start: row.get(1)? }))
}

/// How many images were stored and how many removed after write `since`.
pub(super) fn count_since(moment: &Connection, since: i64) -> rusqlite::Result<u64> {
    moment.query_row(
        "SELECT (SELECT count(*) FROM image WHERE seq > ?1) + (SELECT count(*) FROM removed WHERE seq > ?1)",
        (since,),
        |row| row.get::<_, i64>(0).map(i64::cast_unsigned),
    )
}

/// Handles removed after write `since`.
pub(super) fn removed_since(moment: &Connection, since: i64) -> rusqlite::Result<Vec<ImageKey>> {
    moment
        .prepare_cached("SELECT image FROM removed WHERE seq > ?1")?
        .query_map((since,), |row| row.get(0).map(rows::to_key))?
        .collect()
}

/// Hands every image stored after write `since` to `each`, by ascending handle, with its vector of one encoder
/// brought to unit length, so that a dot product is a cosine whatever was stored.
pub(super) fn stored_since(
    moment: &Connection,
    (number, encoder): (i64, &EncoderId),
    since: i64,
    mut each: impl FnMut(&Row<'_>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut statement = moment.prepare_cached(
        "SELECT image.key, image.product, image.phash, image.pdq, vector.numbers FROM image \
         LEFT JOIN vector ON vector.image = image.key AND vector.encoder = ?1 \
         WHERE image.seq > ?2 ORDER BY image.seq, image.key",
    )?;
    let mut found = statement.query((number, since))?;
    let mut vector = Vec::with_capacity(encoder.dimensions);
    while let Some(row) = found.next()? {
        let key = rows::to_key(row.get(0)?);
        let numbers = row.get_ref(4)?.as_blob_or_null().ok().flatten();
        let numbers = numbers
            .ok_or_else(|| rows::damaged(format!("image {} has no vector of {}", key.0, encoder.name)))?;
        rows::read_vector(numbers, encoder.dimensions, &mut vector)?;
        to_unit_length(&mut vector);
        each(&Row {
            key,
            product: row.get::<_, i64>(1)?.cast_unsigned(),
            phash: row.get::<_, i64>(2)?.cast_unsigned(),
            pdq: rows::pdq_hash(&row.get(3)?).0,
            vector: &vector,
        })?;
    }
    Ok(())
}

/// Forgets removed handles up to write `until`, which the index has on disk, when they have become many.
pub(super) fn shorten_log(connection: &mut Connection, until: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let rows: i64 =
        transaction.query_row("SELECT count(*) FROM removed WHERE seq <= ?1", (until,), |row| row.get(0))?;
    if rows > LOG_ROWS {
        transaction.execute("DELETE FROM removed WHERE seq <= ?1", (until,))?;
        transaction.execute("UPDATE catalog SET log_start = ?1", (until,))?;
        return transaction.commit();
    }
    transaction.rollback()
}

/// Scales `vector` to length 1; one of zeros stays.
#[expect(clippy::cast_possible_truncation, reason = "the numbers of a unit vector are floats")]
pub(super) fn to_unit_length(vector: &mut [f32]) {
    let length = vector.iter().map(|&number| f64::from(number) * f64::from(number)).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|number| *number = (f64::from(*number) / length) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_finite_vector_has_a_unit_length_or_none() {
        for scale in [f32::MIN_POSITIVE / 8.0, 1e-20, 1.0, 1e30] {
            let mut vector = [3.0 * scale, -4.0 * scale];
            to_unit_length(&mut vector);
            assert!((vector[0] - 0.6).abs() < 1e-6 && (vector[1] + 0.8).abs() < 1e-6, "{scale}: {vector:?}");
        }
        let mut zeros = [0.0, -0.0];
        to_unit_length(&mut zeros);
        assert_eq!(zeros, [0.0, 0.0]);
    }
}
