//! The lines of an export: one JSON object each, of one member that says what it is.
//!
//! ```text
//! {"catalog":{"format":"lookalike","version":1,"products":2,"images":3,"encoders":[{"name":…,"digest":…,"dimensions":…}]}}
//! {"product":{"id":"mug-1","fields":{…},"images":2}}
//! {"image":{"product":"mug-1","id":"mug-1.jpg","location":{"file":"/shop/mug-1.jpg"},"bytes":…,"modified_ns":…,
//!           "sha256":"…","width":…,"height":…,"media_type":"image/jpeg","phash":"…","phash_plain":"…","dhash":"…",
//!           "pdq":"…","pdq_quality":…,"vectors":{"look-0":"…"}}}
//! ```
//!
//! The first line is the catalog; each product is followed by its images, the main one first. An image has a line of its
//! own, so that no line is long however many images a product has, and names its product, so that a line that is lost
//! costs what it says and nothing else. Hashes and digests are hexadecimal as everywhere; a vector is base64 (RFC 4648,
//! padded) of its little-endian 32-bit floats: half as long as decimal numbers, and exact without a thought.
//! `modified_ns` is left out where there is none. A path that is not UTF-8 is `{"file_base64":…}`, its bytes.

use crate::catalog::{Fields, Location};
use crate::fetch::uploads::digest;
use crate::store::{Fingerprint, NewImage, StoredImage};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lookalike_vision::decode::Format;
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{DHash, Hashes, PHash, Pdq, PdqHash};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What [`CatalogLine::format`] says.
pub(super) const NAME: &str = "lookalike";
/// Of the lines as they are described here.
pub(super) const VERSION: u64 = 1;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Catalog(CatalogLine),
    Product(ProductLine),
    Image(Box<ImageLine>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CatalogLine {
    pub(super) format: String,
    pub(super) version: u64,
    pub(super) products: u64,
    pub(super) images: u64,
    pub(super) encoders: Vec<EncoderLine>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EncoderLine {
    name: String,
    digest: String,
    dimensions: usize,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductLine {
    pub(super) id: String,
    pub(super) fields: Fields,
    pub(super) images: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageLine {
    pub(super) product: String,
    pub(super) id: String,
    location: Place,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified_ns: Option<i64>,
    sha256: String,
    width: u32,
    height: u32,
    media_type: String,
    phash: String,
    phash_plain: String,
    dhash: String,
    pdq: String,
    pdq_quality: u8,
    vectors: Map<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    File(String),
    FileBase64(String),
    Url(String),
    /// In an archive, which is a file.
    Member {
        archive: Box<Place>,
        name: String,
    },
    Object(String),
    /// Kept by the catalog itself: the digest of its bytes, which are not part of an export.
    Uploaded(String),
}

impl From<&EncoderId> for EncoderLine {
    fn from(id: &EncoderId) -> Self {
        Self { name: id.name.clone(), digest: id.digest.clone(), dimensions: id.dimensions }
    }
}

impl From<EncoderLine> for EncoderId {
    fn from(line: EncoderLine) -> Self {
        Self { name: line.name, digest: line.digest, dimensions: line.dimensions }
    }
}

impl ImageLine {
    /// The line of a stored image with a vector of each of `encoders`, in that order.
    pub(super) fn of(image: &StoredImage, encoders: &[EncoderId]) -> Self {
        let StoredImage { fingerprint, hashes, .. } = image;
        let vectors = encoders.iter().zip(&image.vectors).map(|(encoder, vector)| {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            (encoder.name.clone(), Value::String(BASE64.encode(bytes)))
        });
        Self {
            product: image.product.to_string(),
            id: image.id.to_string(),
            location: Place::of(&image.location),
            bytes: fingerprint.bytes,
            modified_ns: fingerprint.modified_ns,
            sha256: hex(&fingerprint.sha256),
            width: image.width,
            height: image.height,
            media_type: image.media_type.clone(),
            phash: hashes.phash.to_string(),
            phash_plain: hashes.phash_plain.to_string(),
            dhash: hashes.dhash.to_string(),
            pdq: hashes.pdq.hash.to_string(),
            pdq_quality: hashes.pdq.quality,
            vectors: vectors.collect(),
        }
    }

    /// The image, ready to be stored under `encoders`.
    ///
    /// # Errors
    /// A fragment that says what about it no catalog of these encoders can have.
    pub(super) fn image(mut self, encoders: &[EncoderId]) -> Result<NewImage, String> {
        let id = crate::catalog::ImageId::new(std::mem::take(&mut self.id))
            .map_err(|error| format!("has an image id that is not one: {error}"))?;
        let wrong =
            |what: &str, error: &dyn std::fmt::Display| format!("has a `{what}` that is none: {error}");
        let hashes = Hashes {
            phash: self.phash.parse::<PHash>().map_err(|error| wrong("phash", &error))?,
            phash_plain: self.phash_plain.parse::<PHash>().map_err(|error| wrong("phash_plain", &error))?,
            dhash: self.dhash.parse::<DHash>().map_err(|error| wrong("dhash", &error))?,
            pdq: Pdq {
                hash: self.pdq.parse::<PdqHash>().map_err(|error| wrong("pdq", &error))?,
                quality: match self.pdq_quality {
                    quality @ 0..=100 => quality,
                    quality => return Err(format!("has the `pdq_quality` {quality}; it ends at 100")),
                },
            },
        };
        let sha256 = sha256(&self.sha256).ok_or("has a `sha256` that is not 64 hexadecimal digits")?;
        if i64::try_from(self.bytes).is_err() {
            return Err(format!("has the length of {} bytes, which no photo has", self.bytes));
        }
        let media_type = media_type(&self.media_type)?;
        let vectors = encoders.iter().map(|encoder| vector(&mut self.vectors, encoder));
        let vectors = vectors.collect::<Result<_, _>>()?;
        if let Some(unknown) = self.vectors.keys().next() {
            return Err(format!("has a vector of {unknown:?}, which the first line does not name"));
        }
        Ok(NewImage {
            id,
            location: self.location.location()?,
            fingerprint: Fingerprint { bytes: self.bytes, modified_ns: self.modified_ns, sha256 },
            width: self.width,
            height: self.height,
            media_type,
            hashes,
            vectors,
        })
    }
}

impl Place {
    fn of(location: &Location) -> Self {
        match location {
            Location::File(path) => Self::of_file(path),
            Location::Url(url) => Self::Url(url.clone()),
            Location::Member { archive, name } => {
                Self::Member { archive: Box::new(Self::of_file(archive)), name: name.clone() }
            }
            Location::Object(address) => Self::Object(address.clone()),
            Location::Uploaded(sha256) => Self::Uploaded(hex(sha256)),
        }
    }

    fn of_file(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::File(text.to_owned()),
            None => Self::FileBase64(BASE64.encode(path.as_os_str().as_encoded_bytes())),
        }
    }

    fn location(self) -> Result<Location, String> {
        let absolute = |path: PathBuf| match path.is_absolute() {
            true => Ok(Location::File(path)),
            false => Err("has a `file` that is not absolute, so it could be anywhere".to_owned()),
        };
        match self {
            Self::File(path) => absolute(path.into()),
            Self::FileBase64(text) => {
                let bytes = BASE64
                    .decode(text)
                    .map_err(|error| format!("has a `file_base64` that is none: {error}"))?;
                absolute(path_of(bytes)?)
            }
            Self::Url(url) => Ok(Location::Url(url)),
            Self::Member { archive, name } => match archive.location()? {
                Location::File(archive) => Ok(Location::Member { archive, name }),
                _ => Err("has a `member` whose `archive` is no file".to_owned()),
            },
            Self::Object(address) => Ok(Location::Object(address)),
            Self::Uploaded(name) => digest(&name)
                .map(Location::Uploaded)
                .ok_or_else(|| format!("has an `uploaded` that is no SHA-256: {name:?}")),
        }
    }
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> Result<PathBuf, String> {
    Ok(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> Result<PathBuf, String> {
    String::from_utf8(bytes)
        .map(PathBuf::from)
        .map_err(|_| "has a path that this system cannot have".to_owned())
}

fn media_type(text: &str) -> Result<&'static str, String> {
    const FORMATS: [Format; 6] =
        [Format::Jpeg, Format::Png, Format::WebP, Format::Gif, Format::Bmp, Format::Tiff];
    FORMATS
        .iter()
        .map(|format| format.media_type())
        .find(|known| *known == text)
        .ok_or_else(|| format!("has the `media_type` {text:?}, which no photo in a catalog has"))
}

/// Takes the vector of `encoder` out of `vectors`.
fn vector(vectors: &mut Map<String, Value>, encoder: &EncoderId) -> Result<Vec<f32>, String> {
    let name = &encoder.name;
    let value = vectors.shift_remove(name);
    let text = value.as_ref().and_then(Value::as_str).ok_or_else(|| format!("has no vector of {name}"))?;
    let bytes =
        BASE64.decode(text).map_err(|error| format!("has a vector of {name} that is not base64: {error}"))?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    if numbers.len() != encoder.dimensions || !rest.is_empty() {
        let (found, needed) = (bytes.len(), encoder.dimensions * 4);
        return Err(format!("has a vector of {name} of {found} bytes where {needed} are needed"));
    }
    let vector: Vec<f32> = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
    match vector.iter().all(|number| number.is_finite()) {
        true => Ok(vector),
        false => Err(format!("has a vector of {name} with a number that is not finite")),
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn sha256(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes().as_chunks::<2>().0;
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? * 16 + low?).ok()?;
    }
    Some(bytes)
}
