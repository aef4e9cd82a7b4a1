//! Between the rows of `catalog.sqlite` and the store's types: layouts of values, and nothing about queries.
//!
//! Reading trusts nothing: a value that this program cannot have written is an error saying which.

use super::schema::{LOCATION_FILE, LOCATION_MEMBER, LOCATION_OBJECT, LOCATION_UPLOADED, LOCATION_URL};
use crate::catalog::{Fields, ImageId, Location, ProductId};
use crate::store::{Fingerprint, ImageKey};
use lookalike_vision::hash::{DHash, Hashes, PHash, Pdq, PdqHash};
use rusqlite::Row;
use rusqlite::types::Type;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The columns of `image` that [`fingerprint`], [`hashes`] and [`location`] read, by name.
pub(super) const IMAGE_COLUMNS: &str = "image.key, image.id, image.location_kind, image.location, image.bytes, \
     image.modified_ns, image.sha256, image.width, image.height, image.media_type, image.phash, image.phash_plain, \
     image.dhash, image.pdq, image.pdq_quality";

/// A value that this program cannot have written.
pub(super) fn damaged(reason: impl Into<String>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Null, reason.into().into())
}

/// The integer SQLite keeps for a handle.
pub(super) fn from_key(key: ImageKey) -> i64 {
    key.0.cast_signed()
}

/// The handle of an integer read from SQLite.
pub(super) fn to_key(key: i64) -> ImageKey {
    ImageKey(key.cast_unsigned())
}

pub(super) fn product_id(text: String) -> rusqlite::Result<ProductId> {
    ProductId::new(text).map_err(|error| damaged(format!("a product's id cannot be one: {error}")))
}

pub(super) fn image_id(text: String) -> rusqlite::Result<ImageId> {
    ImageId::new(text).map_err(|error| damaged(format!("an image's id cannot be one: {error}")))
}

pub(super) fn fields(text: &str) -> rusqlite::Result<Fields> {
    serde_json::from_str(text)
        .map_err(|error| damaged(format!("a product's fields are not a JSON object: {error}")))
}

/// Kind and bytes of a location. Paths need not be text, so they are kept as their bytes.
pub(super) fn location_parts(location: &Location) -> (i64, Cow<'_, [u8]>) {
    match location {
        Location::File(path) => (LOCATION_FILE, path_bytes(path).into()),
        Location::Url(url) => (LOCATION_URL, url.as_bytes().into()),
        Location::Member { archive, name } => {
            (LOCATION_MEMBER, [path_bytes(archive), b"\0", name.as_bytes()].concat().into())
        }
        Location::Object(address) => (LOCATION_OBJECT, address.as_bytes().into()),
        Location::Uploaded(sha256) => (LOCATION_UPLOADED, sha256.as_slice().into()),
    }
}

/// `OsStr`'s own encoding: the bytes themselves on Unix, a superset of UTF-8 elsewhere.
fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> rusqlite::Result<PathBuf> {
    Ok(std::os::unix::ffi::OsStringExt::from_vec(bytes)).map(|text: std::ffi::OsString| text.into())
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> rusqlite::Result<PathBuf> {
    String::from_utf8(bytes).map(PathBuf::from).map_err(|_| damaged("an image's path is not text"))
}

pub(super) fn location(row: &Row<'_>) -> rusqlite::Result<Location> {
    let bytes: Vec<u8> = row.get("location")?;
    match row.get("location_kind")? {
        LOCATION_FILE => path_of(bytes).map(Location::File),
        LOCATION_URL => {
            String::from_utf8(bytes).map(Location::Url).map_err(|_| damaged("an image's URL is not UTF-8"))
        }
        LOCATION_MEMBER => member(bytes),
        LOCATION_OBJECT => String::from_utf8(bytes)
            .map(Location::Object)
            .map_err(|_| damaged("an object's address is not UTF-8")),
        LOCATION_UPLOADED => {
            let sha256 = bytes.try_into();
            sha256.map(Location::Uploaded).map_err(|_| damaged("an uploaded image's digest has not 32 bytes"))
        }
        kind => Err(damaged(format!("an image's location is of the unknown kind {kind}"))),
    }
}

/// No path and no member's name has a NUL in it.
fn member(bytes: Vec<u8>) -> rusqlite::Result<Location> {
    let mut parts = bytes.splitn(2, |&byte| byte == 0);
    let (Some(archive), Some(name)) = (parts.next(), parts.next()) else {
        return Err(damaged("an image's place in an archive names no member"));
    };
    let name = str::from_utf8(name).map_err(|_| damaged("a member's name is not UTF-8"))?.to_owned();
    Ok(Location::Member { archive: path_of(archive.to_vec())?, name })
}

pub(super) fn fingerprint(row: &Row<'_>) -> rusqlite::Result<Fingerprint> {
    Ok(Fingerprint {
        bytes: row.get::<_, i64>("bytes")?.cast_unsigned(),
        modified_ns: row.get("modified_ns")?,
        sha256: row.get("sha256")?,
    })
}

pub(super) fn hashes(row: &Row<'_>) -> rusqlite::Result<Hashes> {
    let bits = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let quality: u8 = row.get("pdq_quality")?;
    if quality > 100 {
        return Err(damaged(format!("a PDQ quality is {quality}; it ends at 100")));
    }
    Ok(Hashes {
        phash: PHash(bits("phash")?),
        phash_plain: PHash(bits("phash_plain")?),
        dhash: DHash(bits("dhash")?),
        pdq: Pdq { hash: pdq_hash(&row.get::<_, [u8; 32]>("pdq")?), quality },
    })
}

/// 32 bytes, the first of word 0 first.
pub(super) fn pdq_bytes(hash: PdqHash) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, word) in bytes.chunks_exact_mut(8).zip(hash.0) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

pub(super) fn pdq_hash(bytes: &[u8; 32]) -> PdqHash {
    let mut words = [0; 4];
    for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *word = u64::from_be_bytes(*chunk);
    }
    PdqHash(words)
}

/// Little-endian 32-bit floats, nothing before or between them.
pub(super) fn vector_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Reads `bytes` into `vector`, which keeps its allocation.
pub(super) fn read_vector(bytes: &[u8], dimensions: usize, vector: &mut Vec<f32>) -> rusqlite::Result<()> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    if numbers.len() != dimensions || !rest.is_empty() {
        return Err(damaged(format!(
            "a vector has {} bytes, {dimensions} numbers need {}",
            bytes.len(),
            dimensions * 4
        )));
    }
    vector.clear();
    vector.extend(numbers.iter().map(|number| f32::from_le_bytes(*number)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pdq_hash_is_kept_in_the_order_it_is_written_in() {
        let hash = PdqHash([0x0123_4567_89ab_cdef, 2, 3, 0xffff_ffff_ffff_fff0]);
        let bytes = pdq_bytes(hash);
        assert_eq!(bytes[..8], [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
        assert_eq!(pdq_hash(&bytes), hash);
    }

    #[test]
    fn a_vector_comes_back_bit_for_bit_and_only_at_its_length() {
        let vector = [1.0, -0.0, f32::MIN_POSITIVE, 3.5e-39];
        let mut read = Vec::new();
        read_vector(&vector_bytes(&vector), 4, &mut read).unwrap();
        assert_eq!(read.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), vector.map(f32::to_bits));
        assert!(read_vector(&vector_bytes(&vector), 3, &mut read).is_err());
        assert!(read_vector(&[0; 15], 4, &mut read).is_err());
    }
}
