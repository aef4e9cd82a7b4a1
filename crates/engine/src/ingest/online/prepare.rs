//! A photo that was handed in, made ready to be stored.

use crate::catalog::{ImageId, Location};
use crate::ingest::encode::{caught, vectors_of};
use crate::ingest::event::whole;
use crate::store::{Fingerprint, NewImage};
use bytes::Bytes;
use lookalike_vision::Picture;
use lookalike_vision::decode::{self, Limits};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::hash::Hashes;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// A photo as a caller gives it.
#[derive(Debug, Clone)]
pub struct HandedIn {
    /// Its bytes.
    pub bytes: Bytes,
    /// What it is to be called. Otherwise a photo from the web goes by its address, and another by its digest.
    pub id: Option<ImageId>,
    /// Where it is on the web; a photo that is nowhere else is kept by the catalog.
    pub url: Option<String>,
}

/// A photo that is ready to be stored.
#[derive(Debug)]
pub struct Prepared {
    /// With a vector of each encoder.
    pub image: NewImage,
    /// What it shows, upright.
    pub picture: Picture,
}

/// Decodes, hashes and encodes a photo. `encoders` are the catalog's, in its order.
///
/// # Errors
/// Why it cannot be used, as a fragment that follows its name.
pub fn prepare(photo: &HandedIn, encoders: &[&dyn Encoder], limits: &Limits) -> Result<Prepared, String> {
    let HandedIn { bytes, id, url } = photo;
    let header = caught("decoder", || decode::probe(bytes, limits).map_err(|error| whole(&error)))?;
    let (picture, hashes) = caught("decoder", || {
        let picture = decode::decode(bytes, limits).map_err(|error| whole(&error))?;
        let hashes = Hashes::of(&picture);
        Ok((picture, hashes))
    })?;
    let vectors = vectors_of(encoders, &[&picture])?.into_iter().flatten().collect();
    let sha256: [u8; 32] = Sha256::digest(bytes).into();
    let media_type = header.format.media_type();
    let location = url.clone().map_or(Location::Uploaded(sha256), Location::Url);
    let id = match (id, url) {
        (Some(id), _) => id.clone(),
        (None, Some(url)) => {
            ImageId::new(url.as_str()).map_err(|error| format!("cannot be called by its address: {error}"))?
        }
        (None, None) => by_digest(&sha256, media_type)?,
    };
    let image = NewImage {
        id,
        location,
        fingerprint: Fingerprint { bytes: bytes.len() as u64, modified_ns: None, sha256 },
        width: picture.width(),
        height: picture.height(),
        media_type,
        hashes,
        vectors,
    };
    Ok(Prepared { image, picture })
}

/// Half of a digest tells photos apart, and the ending what kind of file it is.
fn by_digest(sha256: &[u8; 32], media_type: &str) -> Result<ImageId, String> {
    let mut name = String::with_capacity(40);
    for byte in sha256.iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    let ending = match media_type.rsplit('/').next() {
        Some("jpeg") => "jpg",
        Some(other) => other,
        None => "image",
    };
    ImageId::new(format!("{name}.{ending}")).map_err(|error| error.to_string())
}
