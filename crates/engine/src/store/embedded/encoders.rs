//! The table of encoders: who is ready, who is being added, and what changes that.
//!
//! A store keeps the list of when it was opened ([`Encoders`]); the functions here read and write the table as it is.

use super::EmbeddedError;
use super::rows::{self, damaged, from_key, to_key};
use super::write::InvalidWrite;
use crate::index::Index;
use crate::store::{AddedEncoder, ImageKey, LackingImage};
use lookalike_vision::encoder::EncoderId;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};
use std::collections::HashSet;

/// The longest name and digest of an encoder, in bytes.
const MOST_NAME_BYTES: usize = 1024;

/// The ready encoders of a catalog at one moment, the primary one first, with the numbers their vectors are stored
/// under.
#[derive(Debug, Clone, Default)]
pub(super) struct Encoders {
    ids: Vec<EncoderId>,
    numbers: Vec<i64>,
}

impl Encoders {
    pub(super) fn ids(&self) -> &[EncoderId] {
        &self.ids
    }

    pub(super) fn numbers(&self) -> &[i64] {
        &self.numbers
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, &EncoderId)> {
        self.numbers.iter().copied().zip(&self.ids)
    }

    pub(super) fn get(&self, position: usize) -> Option<(i64, &EncoderId)> {
        self.numbers.get(position).copied().zip(self.ids.get(position))
    }

    pub(super) fn push(&mut self, number: i64, id: EncoderId) {
        self.numbers.push(number);
        self.ids.push(id);
    }
}

/// Fails unless a catalog can have these encoders.
pub(super) fn check_list(encoders: &[EncoderId]) -> Result<(), EmbeddedError> {
    if encoders.is_empty() {
        return Err(EmbeddedError::InvalidEncoders("none is given, and vectors need one".into()));
    }
    for (position, encoder) in encoders.iter().enumerate() {
        Index::empty(encoder.dimensions)
            .map_err(|error| EmbeddedError::InvalidEncoders(error.to_string()))?;
        if encoder.name.len().max(encoder.digest.len()) > MOST_NAME_BYTES {
            let reason = format!("a name or digest is longer than {MOST_NAME_BYTES} bytes");
            return Err(EmbeddedError::InvalidEncoders(reason));
        }
        if encoders.iter().take(position).any(|earlier| earlier.name == encoder.name) {
            return Err(EmbeddedError::InvalidEncoders(format!("{:?} is listed twice", encoder.name)));
        }
    }
    Ok(())
}

/// A row of the table.
pub(super) struct Entry {
    pub(super) number: i64,
    pub(super) id: EncoderId,
    pub(super) is_ready: bool,
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let dimensions: u32 = row.get("dimensions")?;
    let dimensions = usize::try_from(dimensions).map_err(|error| damaged(error.to_string()))?;
    Ok(Entry {
        number: row.get("number")?,
        id: EncoderId { name: row.get("name")?, digest: row.get("digest")?, dimensions },
        is_ready: row.get::<_, Option<i64>>("place")?.is_some(),
    })
}

/// Every encoder, those that are ready first and in order, then those being added.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    connection
        .prepare_cached("SELECT * FROM encoder ORDER BY place IS NULL, place, number")?
        .query_map((), entry)?
        .collect()
}

pub(super) fn named(connection: &Connection, name: &str) -> rusqlite::Result<Option<Entry>> {
    connection.prepare_cached("SELECT * FROM encoder WHERE name = ?1")?.query_row((name,), entry).optional()
}

/// The encoders that are ready.
pub(super) fn ready(connection: &Connection) -> rusqlite::Result<Encoders> {
    let mut encoders = Encoders::default();
    for Entry { number, id, .. } in all(connection)?.into_iter().filter(|entry| entry.is_ready) {
        encoders.push(number, id);
    }
    match encoders.len() {
        0 => Err(damaged("it has no encoder")),
        _ => Ok(encoders),
    }
}

/// Those that are being added, with what they lack.
pub(super) fn being_added(moment: &Transaction<'_>) -> rusqlite::Result<Vec<AddedEncoder>> {
    let begun = all(moment)?.into_iter().filter(|entry| !entry.is_ready);
    begun
        .map(|Entry { number, id, .. }| Ok(AddedEncoder { id, lacking: count_lacking(moment, number)? }))
        .collect()
}

/// The numbers of all that are ready now, among them those of an earlier list that were not removed since.
pub(super) fn present(moment: &Connection) -> rusqlite::Result<HashSet<i64>> {
    moment
        .prepare_cached("SELECT number FROM encoder WHERE place IS NOT NULL")?
        .query_map((), |row| row.get(0))?
        .collect()
}

/// Writes the row of an encoder; ready at the end of the list, or being added.
pub(super) fn insert(transaction: &Connection, id: &EncoderId, is_ready: bool) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO encoder (number, name, digest, dimensions, place) SELECT next_encoder, ?1, ?2, ?3, \
         CASE WHEN ?4 THEN (SELECT coalesce(max(place) + 1, 0) FROM encoder) END FROM catalog",
        (&id.name, &id.digest, i64::try_from(id.dimensions).unwrap_or(i64::MAX), is_ready),
    )?;
    transaction.execute("UPDATE catalog SET next_encoder = next_encoder + 1", ()).map(|_| ())
}

pub(super) fn count_lacking(moment: &Connection, number: i64) -> rusqlite::Result<u64> {
    moment
        .prepare_cached(
            "SELECT (SELECT count(*) FROM image) - (SELECT count(*) FROM vector WHERE encoder = ?1)",
        )?
        .query_row((number,), |row| row.get(0).map(i64::cast_unsigned))
}

pub(super) fn lacking(
    moment: &Connection,
    number: i64,
    after: Option<ImageKey>,
    limit: i64,
) -> rusqlite::Result<Vec<LackingImage>> {
    moment
        .prepare_cached(
            "SELECT key, id, location_kind, location, bytes, modified_ns, sha256 FROM image \
             WHERE key > ?2 AND NOT EXISTS (SELECT 1 FROM vector WHERE image = key AND encoder = ?1) \
             ORDER BY key LIMIT ?3",
        )?
        .query_map((number, after.map_or(i64::MIN, from_key), limit), |row| {
            let fingerprint = rows::fingerprint(row)?;
            Ok(LackingImage {
                key: to_key(row.get("key")?),
                id: rows::image_id(row.get("id")?)?,
                location: rows::location(row)?,
                bytes: fingerprint.bytes,
                sha256: fingerprint.sha256,
            })
        })?
        .collect()
}

/// Fails at the first vector that is none of `encoder`.
pub(super) fn check(vectors: &[(ImageKey, Vec<f32>)], encoder: &EncoderId) -> Result<(), InvalidWrite> {
    for (key, vector) in vectors {
        let image = || format!("key {}", key.0);
        if vector.len() != encoder.dimensions {
            let (encoder, found) = (encoder.to_string(), vector.len());
            return Err(InvalidWrite::VectorLength { image: image(), encoder, found });
        }
        if vector.iter().any(|number| !number.is_finite()) {
            return Err(InvalidWrite::VectorNumbers { image: image(), encoder: encoder.name.clone() });
        }
    }
    Ok(())
}

/// Stores checked vectors in one transaction; of images that are there and lack them.
pub(super) fn put(
    connection: &mut Connection,
    number: i64,
    vectors: &[(ImageKey, Vec<f32>)],
) -> rusqlite::Result<u64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut stored = 0;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO vector (image, encoder, numbers) SELECT key, ?2, ?3 FROM image WHERE key = ?1 \
             ON CONFLICT DO NOTHING",
        )?;
        for (key, vector) in vectors {
            stored += insert.execute((from_key(*key), number, rows::vector_bytes(vector)))? as u64;
        }
    }
    transaction.commit()?;
    Ok(stored)
}

/// Makes an encoder ready, as the last of the list. Gives how many images lack its vector; where any does, nothing is
/// changed.
pub(super) fn finish(connection: &mut Connection, number: i64) -> rusqlite::Result<u64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let lacking = count_lacking(&transaction, number)?;
    if lacking == 0 {
        transaction.execute(
            "UPDATE encoder SET place = (SELECT coalesce(max(place) + 1, 0) FROM encoder) WHERE number = ?1",
            (number,),
        )?;
        transaction.commit()?;
    }
    Ok(lacking)
}

/// Removes an encoder with its vectors in one transaction.
pub(super) fn remove(connection: &mut Connection, number: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("DELETE FROM vector WHERE encoder = ?1", (number,))?;
    transaction.execute("DELETE FROM encoder WHERE number = ?1", (number,))?;
    transaction.commit()
}

/// Puts a ready encoder before all others.
pub(super) fn make_first(connection: &Connection, number: i64) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE encoder SET place = (SELECT min(place) - 1 FROM encoder) WHERE number = ?1",
            (number,),
        )
        .map(|_| ())
}
