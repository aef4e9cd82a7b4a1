//! Applying a batch: checked as a whole, then written in one transaction.
//!
//! What does not change is not written: a product with equal fields, an image kept where it is. A batch that
//! changes nothing commits nothing and syncs nothing.

use super::rows::{self, from_key};
use super::text;
use crate::catalog::{Fields, ImageId, ProductId};
use crate::store::{Found, ImageKey, ImageWrite, NewImage, Write};
use lookalike_vision::encoder::EncoderId;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use std::collections::{HashMap, HashSet};

/// A batch that contradicts the catalog or itself; nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWrite {
    /// `Keep` of an image that is not there.
    #[error(
        "image {image:?} of product {product:?} is to be kept and is not stored: read it again and put it"
    )]
    KeepsMissing {
        /// The product.
        product: String,
        /// The image.
        image: String,
    },
    /// One product lists an image twice.
    #[error("product {product:?} lists image {image:?} twice: list each image once")]
    RepeatedImage {
        /// The product.
        product: String,
        /// The image.
        image: String,
    },
    /// Not one vector for each encoder.
    #[error(
        "image {image:?} has {found} vectors and the catalog {expected} encoders: encode it with the catalog's"
    )]
    VectorCount {
        /// The image.
        image: String,
        /// Vectors given.
        found: usize,
        /// Encoders of the catalog.
        expected: usize,
    },
    /// A vector of another length.
    #[error(
        "image {image:?} has a vector of {found} numbers for {encoder}: encode it with the catalog's encoder"
    )]
    VectorLength {
        /// The image.
        image: String,
        /// The encoder, with its length.
        encoder: String,
        /// The vector's length.
        found: usize,
    },
    /// A vector with a NaN or an infinity.
    #[error("image {image:?} has a vector for {encoder} with a number that is not finite: encode it again")]
    VectorNumbers {
        /// The image.
        image: String,
        /// The encoder.
        encoder: String,
    },
    /// A PDQ quality above 100.
    #[error("image {image:?} has the PDQ quality {quality}; it ends at 100: hash it again")]
    PdqQuality {
        /// The image.
        image: String,
        /// The quality given.
        quality: u8,
    },
    /// Fields that could be written and not read back.
    #[error("the fields of product {product:?} nest deeper than 100 levels: flatten them")]
    FieldsTooDeep {
        /// The product.
        product: String,
    },
}

/// Fails at the first write that no catalog of these encoders can take.
pub(super) fn check(batch: &[Write], encoders: &[EncoderId]) -> Result<(), InvalidWrite> {
    for write in batch {
        let Write::Product { id, images, .. } = write else { continue };
        let mut seen = HashSet::new();
        for image in images {
            let image_id = match image {
                ImageWrite::Put(image) => {
                    check_image(image, encoders)?;
                    &image.id
                }
                ImageWrite::Keep { id, .. } => id,
            };
            if !seen.insert(image_id) {
                return Err(InvalidWrite::RepeatedImage {
                    product: id.to_string(),
                    image: image_id.to_string(),
                });
            }
        }
    }
    Ok(())
}

fn check_image(image: &NewImage, encoders: &[EncoderId]) -> Result<(), InvalidWrite> {
    let name = || image.id.to_string();
    if image.vectors.len() != encoders.len() {
        let (found, expected) = (image.vectors.len(), encoders.len());
        return Err(InvalidWrite::VectorCount { image: name(), found, expected });
    }
    for (vector, encoder) in image.vectors.iter().zip(encoders) {
        if vector.len() != encoder.dimensions {
            let (encoder, found) = (encoder.to_string(), vector.len());
            return Err(InvalidWrite::VectorLength { image: name(), encoder, found });
        }
        if vector.iter().any(|number| !number.is_finite()) {
            return Err(InvalidWrite::VectorNumbers { image: name(), encoder: encoder.name.clone() });
        }
    }
    match image.hashes.pdq.quality {
        quality @ 101.. => Err(InvalidWrite::PdqQuality { image: name(), quality }),
        _ => Ok(()),
    }
}

/// Why a checked batch was not stored.
pub(super) enum Failure {
    Invalid(InvalidWrite),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// What a batch did to the catalog.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Applied {
    /// The catalog's write number after it.
    pub(super) seq: i64,
    /// Image rows added and removed.
    pub(super) image_rows: u64,
}

/// Applies all of a checked `batch` or nothing.
///
/// `encoders` are the numbers that vectors are stored under, in the order they come in.
pub(super) fn apply(
    connection: &mut Connection,
    batch: &[Write],
    encoders: &[i64],
) -> Result<Applied, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let before: i64 = transaction.query_row("SELECT seq FROM catalog", (), |row| row.get(0))?;
    let mut applying =
        Applying { transaction: &transaction, encoders, seq: before + 1, changed: false, image_rows: 0 };
    for write in batch {
        match write {
            Write::Product { id, fields, images } => applying.product(id, fields, images)?,
            Write::Delete(id) => applying.delete(id)?,
            Write::Found { product, image, at } => applying.found(product, image, at)?,
        }
    }
    let Applying { seq, changed, image_rows, .. } = applying;
    if !changed {
        transaction.rollback()?;
        return Ok(Applied { seq: before, image_rows: 0 });
    }
    transaction.execute("UPDATE catalog SET seq = ?1", (seq,))?;
    transaction.commit()?;
    Ok(Applied { seq, image_rows })
}

struct Applying<'t> {
    transaction: &'t Transaction<'t>,
    encoders: &'t [i64],
    seq: i64,
    changed: bool,
    image_rows: u64,
}

/// A stored image as far as a write needs to know it.
struct Stored {
    key: ImageKey,
    position: i64,
    modified_ns: Option<i64>,
}

impl Applying<'_> {
    /// Runs one statement that changes the catalog.
    fn execute(&mut self, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.changed = true;
        self.transaction.prepare_cached(sql)?.execute(parameters).map(|_| ())
    }

    fn find_product(&self, id: &ProductId) -> rusqlite::Result<Option<(i64, String)>> {
        self.transaction
            .prepare_cached("SELECT row, fields FROM product WHERE id = ?1")?
            .query_row((id.as_str(),), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }

    fn stored_images(&self, product: i64) -> rusqlite::Result<HashMap<String, Stored>> {
        self.transaction
            .prepare_cached("SELECT id, key, position, modified_ns FROM image WHERE product = ?1")?
            .query_map((product,), |row| {
                let key = rows::to_key(row.get(1)?);
                Ok((row.get(0)?, Stored { key, position: row.get(2)?, modified_ns: row.get(3)? }))
            })?
            .collect()
    }

    fn product(&mut self, id: &ProductId, fields: &Fields, images: &[ImageWrite]) -> Result<(), Failure> {
        let too_deep = || Failure::Invalid(InvalidWrite::FieldsTooDeep { product: id.to_string() });
        let words = text::searchable_text(fields).ok_or_else(too_deep)?;
        let json = serde_json::to_string(fields).map_err(|error| rows::damaged(error.to_string()))?;
        let row = match self.find_product(id)? {
            Some((row, stored)) => {
                if stored != json {
                    let seq = self.seq;
                    self.execute(
                        "UPDATE product SET fields = ?2, seq = ?3 WHERE row = ?1",
                        (row, &json, seq),
                    )?;
                    self.execute("DELETE FROM product_text WHERE rowid = ?1", (row,))?;
                    self.execute("INSERT INTO product_text (rowid, text) VALUES (?1, ?2)", (row, &words))?;
                }
                row
            }
            None => {
                let (id, seq) = (id.as_str(), self.seq);
                self.execute("INSERT INTO product (id, fields, seq) VALUES (?1, ?2, ?3)", (id, &json, seq))?;
                let row = self.transaction.last_insert_rowid();
                self.execute("INSERT INTO product_text (rowid, text) VALUES (?1, ?2)", (row, &words))?;
                row
            }
        };
        let mut stored = self.stored_images(row)?;
        let image_rows_before = self.image_rows;
        for (position, image) in (0_i64..).zip(images) {
            match image {
                ImageWrite::Put(image) => {
                    if let Some(old) = stored.remove(image.id.as_str()) {
                        self.remove_image(old.key)?;
                    }
                    self.insert_image(row, position, image)?;
                }
                ImageWrite::Keep { id: image, modified_ns } => match stored.remove(image.as_str()) {
                    Some(old) => self.keep_image(&old, position, *modified_ns)?,
                    None => {
                        return Err(Failure::Invalid(InvalidWrite::KeepsMissing {
                            product: id.to_string(),
                            image: image.to_string(),
                        }));
                    }
                },
            }
        }
        for unlisted in stored.into_values() {
            self.remove_image(unlisted.key)?;
        }
        if self.image_rows != image_rows_before {
            let seq = self.seq;
            self.execute("UPDATE product SET seq = ?2 WHERE row = ?1", (row, seq))?;
        }
        Ok(())
    }

    fn delete(&mut self, id: &ProductId) -> Result<(), Failure> {
        if let Some((row, _)) = self.find_product(id)? {
            for image in self.stored_images(row)?.into_values() {
                self.remove_image(image.key)?;
            }
            self.execute("DELETE FROM product_text WHERE rowid = ?1", (row,))?;
            self.execute("DELETE FROM product WHERE row = ?1", (row,))?;
        }
        Ok(())
    }

    fn found(&mut self, product: &ProductId, image: &ImageId, at: &Found) -> Result<(), Failure> {
        let key: Option<i64> = self
            .transaction
            .prepare_cached(
                "SELECT image.key FROM image JOIN product ON product.row = image.product \
                 WHERE product.id = ?1 AND image.id = ?2",
            )?
            .query_row((product.as_str(), image.as_str()), |row| row.get(0))
            .optional()?;
        let Some(key) = key else { return Ok(()) };
        if let Some((location, modified_ns)) = &at.place {
            let (kind, location) = rows::location_parts(location);
            let sql = "UPDATE image SET location_kind = ?2, location = ?3, modified_ns = ?4 WHERE key = ?1";
            self.execute(sql, (key, kind, location, modified_ns))?;
        }
        if let Some(said) = &at.validators {
            let sql = "INSERT OR REPLACE INTO validator (image, etag, last_modified) VALUES (?1, ?2, ?3)";
            self.execute(sql, (key, &said.etag, &said.last_modified))?;
        }
        Ok(())
    }

    fn keep_image(&mut self, old: &Stored, position: i64, modified_ns: Option<i64>) -> rusqlite::Result<()> {
        let modified_ns = modified_ns.or(old.modified_ns);
        if (position, modified_ns) == (old.position, old.modified_ns) {
            return Ok(());
        }
        let sql = "UPDATE image SET position = ?2, modified_ns = ?3 WHERE key = ?1";
        self.execute(sql, (from_key(old.key), position, modified_ns))
    }

    fn remove_image(&mut self, key: ImageKey) -> rusqlite::Result<()> {
        self.image_rows += 1;
        let (key, seq) = (from_key(key), self.seq);
        self.execute("DELETE FROM image WHERE key = ?1", (key,))?;
        self.execute("INSERT INTO removed (seq, image) VALUES (?1, ?2)", (seq, key))
    }

    fn insert_image(&mut self, product: i64, position: i64, image: &NewImage) -> rusqlite::Result<()> {
        self.image_rows += 1;
        let NewImage { id, location, fingerprint, hashes, .. } = image;
        let (location_kind, location) = rows::location_parts(location);
        let seq = self.seq;
        self.execute(
            "INSERT INTO image (product, id, position, location_kind, location, bytes, modified_ns, sha256, width, \
             height, media_type, phash, phash_plain, dhash, pdq, pdq_quality, seq) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rusqlite::params![
                product,
                id.as_str(),
                position,
                location_kind,
                location,
                fingerprint.bytes.cast_signed(),
                fingerprint.modified_ns,
                fingerprint.sha256,
                image.width,
                image.height,
                image.media_type,
                hashes.phash.0.cast_signed(),
                hashes.phash_plain.0.cast_signed(),
                hashes.dhash.0.cast_signed(),
                rows::pdq_bytes(hashes.pdq.hash),
                hashes.pdq.quality,
                seq,
            ],
        )?;
        let key = self.transaction.last_insert_rowid();
        for (encoder, vector) in self.encoders.iter().zip(&image.vectors) {
            let numbers = rows::vector_bytes(vector);
            self.execute(
                "INSERT INTO vector (image, encoder, numbers) VALUES (?1, ?2, ?3)",
                (key, encoder, numbers),
            )?;
        }
        Ok(())
    }
}
