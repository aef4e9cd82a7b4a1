//! Questions about products and images by id or handle, each answered from one moment of the catalog.

use super::rows::{self, IMAGE_COLUMNS, damaged, from_key, to_key};
use crate::catalog::{ImageId, ProductId};
use crate::store::{ImageKey, KnownImage, KnownProduct, StoredImage, StoredProduct};
use lookalike_vision::encoder::EncoderId;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};

/// What made the vectors, by position.
pub(super) fn encoders(connection: &Connection) -> rusqlite::Result<Vec<EncoderId>> {
    let mut statement =
        connection.prepare("SELECT position, name, digest, dimensions FROM encoder ORDER BY position")?;
    let mut found = statement.query(())?;
    let mut encoders = Vec::new();
    while let Some(row) = found.next()? {
        let position: u32 = row.get(0)?;
        let dimensions: u32 = row.get(3)?;
        if usize::try_from(position) != Ok(encoders.len()) {
            return Err(damaged(format!("encoder {} is missing", encoders.len())));
        }
        let dimensions = usize::try_from(dimensions).map_err(|error| damaged(error.to_string()))?;
        encoders.push(EncoderId { name: row.get(1)?, digest: row.get(2)?, dimensions });
    }
    Ok(encoders)
}

/// Number of products and of images.
pub(super) fn counts(moment: &Transaction<'_>) -> rusqlite::Result<(u64, u64)> {
    moment.query_row("SELECT (SELECT count(*) FROM product), (SELECT count(*) FROM image)", (), |row| {
        Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
    })
}

pub(super) fn known(moment: &Transaction<'_>, id: &ProductId) -> rusqlite::Result<Option<KnownProduct>> {
    let product: Option<(i64, String)> = moment
        .prepare_cached("SELECT row, fields FROM product WHERE id = ?1")?
        .query_row((id.as_str(),), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((row, json)) = product else {
        return Ok(None);
    };
    let images = moment
        .prepare_cached(
            "SELECT id, location_kind, location, bytes, modified_ns, sha256 FROM image \
             WHERE product = ?1 ORDER BY position",
        )?
        .query_map((row,), |row| {
            Ok(KnownImage {
                id: rows::image_id(row.get("id")?)?,
                location: rows::location(row)?,
                fingerprint: rows::fingerprint(row)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(KnownProduct { fields: rows::fields(&json)?, images }))
}

pub(super) fn product(moment: &Transaction<'_>, id: &ProductId) -> rusqlite::Result<Option<StoredProduct>> {
    let product: Option<(i64, String)> = moment
        .prepare_cached("SELECT row, fields FROM product WHERE id = ?1")?
        .query_row((id.as_str(),), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((row, json)) = product else {
        return Ok(None);
    };
    let (images, image_keys) = moment
        .prepare_cached("SELECT id, key FROM image WHERE product = ?1 ORDER BY position")?
        .query_map((row,), |row| Ok((rows::image_id(row.get(0)?)?, to_key(row.get(1)?))))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(StoredProduct { id: id.clone(), fields: rows::fields(&json)?, images, image_keys }))
}

pub(super) fn image(
    moment: &Transaction<'_>,
    key: ImageKey,
    encoders: &[EncoderId],
) -> rusqlite::Result<Option<StoredImage>> {
    let sql = format!(
        "SELECT {IMAGE_COLUMNS}, product.id AS product FROM image JOIN product ON product.row = image.product \
         WHERE image.key = ?1"
    );
    let image = moment.prepare_cached(&sql)?.query_row((from_key(key),), image_without_vectors).optional()?;
    image.map(|image| with_vectors(moment, image, encoders)).transpose()
}

pub(super) fn scan(
    moment: &Transaction<'_>,
    after: Option<ImageKey>,
    limit: i64,
    encoders: &[EncoderId],
) -> rusqlite::Result<Vec<StoredImage>> {
    let sql = format!(
        "SELECT {IMAGE_COLUMNS}, product.id AS product FROM image JOIN product ON product.row = image.product \
         WHERE image.key > ?1 ORDER BY image.key LIMIT ?2"
    );
    let mut statement = moment.prepare_cached(&sql)?;
    let mut found = statement.query((after.map_or(i64::MIN, from_key), limit))?;
    let mut images = Vec::new();
    while let Some(row) = found.next()? {
        images.push(with_vectors(moment, image_without_vectors(row)?, encoders)?);
    }
    Ok(images)
}

pub(super) fn find_image(moment: &Transaction<'_>, id: &ImageId) -> rusqlite::Result<Option<ImageKey>> {
    moment
        .prepare_cached("SELECT key FROM image WHERE id = ?1 ORDER BY key LIMIT 1")?
        .query_row((id.as_str(),), |row| row.get(0).map(to_key))
        .optional()
}

fn image_without_vectors(row: &Row<'_>) -> rusqlite::Result<StoredImage> {
    Ok(StoredImage {
        key: to_key(row.get("key")?),
        product: rows::product_id(row.get("product")?)?,
        id: rows::image_id(row.get("id")?)?,
        location: rows::location(row)?,
        fingerprint: rows::fingerprint(row)?,
        width: row.get("width")?,
        height: row.get("height")?,
        media_type: row.get("media_type")?,
        hashes: rows::hashes(row)?,
        vectors: Vec::new(),
    })
}

fn with_vectors(
    moment: &Transaction<'_>,
    mut image: StoredImage,
    encoders: &[EncoderId],
) -> rusqlite::Result<StoredImage> {
    let mut statement =
        moment.prepare_cached("SELECT encoder, numbers FROM vector WHERE image = ?1 ORDER BY encoder")?;
    let mut found = statement.query((from_key(image.key),))?;
    let incomplete =
        |have: usize| damaged(format!("image {} has not the vector of encoder {have}", image.id.as_str()));
    let mut vectors = Vec::with_capacity(encoders.len());
    while let Some(row) = found.next()? {
        let position: u32 = row.get(0)?;
        let encoder = encoders.get(vectors.len()).filter(|_| usize::try_from(position) == Ok(vectors.len()));
        let encoder = encoder.ok_or_else(|| incomplete(vectors.len()))?;
        let mut vector = Vec::new();
        rows::read_vector(row.get_ref(1)?.as_blob()?, encoder.dimensions, &mut vector)?;
        vectors.push(vector);
    }
    if vectors.len() != encoders.len() {
        return Err(incomplete(vectors.len()));
    }
    image.vectors = vectors;
    Ok(image)
}
