//! Questions about products and images by id or handle, each answered from one moment of the catalog.

use super::encoders::{self, Encoders};
use super::rows::{self, IMAGE_COLUMNS, damaged, from_key, to_key};
use crate::catalog::{ImageId, ProductId};
use crate::fetch::Validators;
use crate::index::ProductSet;
use crate::store::{ImageKey, KnownImage, KnownProduct, SampledVector, StoredImage, StoredProduct};
use lookalike_vision::encoder::EncoderId;
use rusqlite::{OptionalExtension, Row, Transaction};

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
            "SELECT key, id, location_kind, location, bytes, modified_ns, sha256, width, height FROM image \
             WHERE product = ?1 ORDER BY position",
        )?
        .query_map((row,), |row| {
            Ok(KnownImage {
                key: to_key(row.get("key")?),
                id: rows::image_id(row.get("id")?)?,
                location: rows::location(row)?,
                fingerprint: rows::fingerprint(row)?,
                width: row.get("width")?,
                height: row.get("height")?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(KnownProduct { fields: rows::fields(&json)?, images }))
}

pub(super) fn product_ids(
    moment: &Transaction<'_>,
    after: Option<&ProductId>,
    limit: i64,
    chosen: Option<&ProductSet>,
) -> rusqlite::Result<Vec<ProductId>> {
    // No id is empty, so all come after the empty text.
    let after = after.map_or("", ProductId::as_str);
    if let Some(chosen) = chosen {
        // The index on ids has the rows' numbers: fields are not read.
        let mut statement = moment.prepare_cached("SELECT id, row FROM product WHERE id > ?1 ORDER BY id")?;
        let (mut found, mut ids) = (statement.query((after,))?, Vec::new());
        while let Some(row) = found.next()? {
            if ids.len() as i64 >= limit {
                break;
            }
            if chosen.contains(row.get::<_, i64>(1)?.cast_unsigned()) {
                ids.push(rows::product_id(row.get(0)?)?);
            }
        }
        return Ok(ids);
    }
    moment
        .prepare_cached("SELECT id FROM product WHERE id > ?1 ORDER BY id LIMIT ?2")?
        .query_map((after, limit), |row| rows::product_id(row.get(0)?))?
        .collect()
}

pub(super) fn validators(
    moment: &Transaction<'_>,
    id: &ProductId,
) -> rusqlite::Result<Vec<(ImageId, Validators)>> {
    moment
        .prepare_cached(
            "SELECT image.id, validator.etag, validator.last_modified FROM product \
             JOIN image ON image.product = product.row JOIN validator ON validator.image = image.key \
             WHERE product.id = ?1",
        )?
        .query_map((id.as_str(),), |row| {
            let validators = Validators { etag: row.get(1)?, last_modified: row.get(2)? };
            Ok((rows::image_id(row.get(0)?)?, validators))
        })?
        .collect()
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
    encoders: &Encoders,
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
    encoders: &Encoders,
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

/// Whether any product shows the uploaded photo of this digest.
pub(super) fn shows_upload(moment: &Transaction<'_>, sha256: &[u8; 32]) -> rusqlite::Result<bool> {
    // The condition is written out, so that the index of these is used.
    moment
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM image WHERE location_kind = 4 AND location = ?1)")?
        .query_row((sha256.as_slice(),), |row| row.get(0))
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
    encoders: &Encoders,
) -> rusqlite::Result<StoredImage> {
    let mut statement =
        moment.prepare_cached("SELECT numbers FROM vector WHERE image = ?1 AND encoder = ?2")?;
    image.vectors = Vec::with_capacity(encoders.len());
    for (number, encoder) in encoders.iter() {
        let mut vector = Vec::new();
        let mut found = statement.query((from_key(image.key), number))?;
        match found.next()? {
            Some(row) => rows::read_vector(row.get_ref(0)?.as_blob()?, encoder.dimensions, &mut vector)?,
            None if encoders::present(moment)?.contains(&number) => {
                return Err(damaged(format!("image {} has no vector of {}", image.id, encoder.name)));
            }
            // Removed since the store was opened.
            None => {}
        }
        image.vectors.push(vector);
    }
    Ok(image)
}

/// Vectors of about `count` images, evenly spread over the handles, so over the time in which they were stored.
pub(super) fn sample_vectors(
    moment: &Transaction<'_>,
    (number, encoder): (i64, &EncoderId),
    count: usize,
) -> rusqlite::Result<Vec<SampledVector>> {
    let keys = "SELECT min(key), max(key) FROM image";
    let ends: (Option<i64>, Option<i64>) =
        moment.query_row(keys, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(first), Some(last)) = ends else { return Ok(Vec::new()) };
    let mut statement = moment.prepare_cached(
        "SELECT image.key, image.product, vector.numbers FROM image \
         JOIN vector ON vector.image = image.key AND vector.encoder = ?1 \
         WHERE image.key >= ?2 ORDER BY image.key LIMIT 1",
    )?;
    let steps = i64::try_from(count).unwrap_or(i64::MAX).max(1);
    let (mut sampled, mut next) = (Vec::new(), first);
    for step in 0..steps {
        let at = first
            + i64::try_from(i128::from(last - first) * i128::from(step) / i128::from(steps)).unwrap_or(0);
        let mut found = statement.query((number, at.max(next)))?;
        let Some(row) = found.next()? else { break };
        let mut vector = Vec::new();
        rows::read_vector(row.get_ref(2)?.as_blob()?, encoder.dimensions, &mut vector)?;
        sampled.push(SampledVector { product: row.get::<_, i64>(1)?.cast_unsigned(), vector });
        next = row.get::<_, i64>(0)? + 1;
    }
    Ok(sampled)
}
