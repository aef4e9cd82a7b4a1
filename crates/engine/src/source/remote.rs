//! Sources that are elsewhere: a file on the web or in an object store, a DynamoDB table, a bucket of photos.
//!
//! A file or table is brought to this machine first and then read as any other, since readers go through it more than
//! once; what they say of it is said of where it came from. A bucket is listed page by page. Neighbours: [`open`] knows
//! the formats, `fetch` brings bytes.

use super::copied::copied;
use super::{ImageBase, Source, SourceError, SourceOptions, open};
use crate::fetch::dynamodb::TableAddress;
use crate::fetch::listing;
use crate::fetch::object::{Bucket, ObjectAddress, ObjectError, Objects, is_object_address};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Longest catalog file that is brought here.
const MAX_FILE_BYTES: u64 = 64 << 30;

/// The buckets that an operator names by naming a source and an image base.
///
/// # Errors
/// When one of them is no address.
pub fn named_buckets(source: &Path, options: &SourceOptions) -> Result<Vec<Bucket>, SourceError> {
    let base = match &options.image_base {
        Some(ImageBase::Object(front)) => Some(front.as_str()),
        _ => None,
    };
    let mut buckets = Vec::new();
    for text in source.to_str().into_iter().chain(base) {
        match ObjectAddress::parse(text) {
            Some(Ok(address)) => buckets.push(address.bucket),
            Some(Err(reason)) => return Err(SourceError::malformed(text, reason)),
            None => {}
        }
    }
    Ok(buckets)
}

/// Opens the source at `place`, wherever that is: a path, `http(s)://…`, `s3://…`, `gs://…`, `az://…` or
/// `dynamodb://…`. Objects come from `objects`; `say` hears what takes time.
///
/// # Errors
/// As [`open`], and when it cannot be brought here.
pub fn open_anywhere(
    place: &Path,
    options: &SourceOptions,
    objects: &Arc<Objects>,
    say: &mut dyn FnMut(&str),
    stop: &AtomicBool,
) -> Result<Box<dyn Source>, SourceError> {
    let Some(text) = place.to_str() else { return open(place, options) };
    if let Some(table) = TableAddress::parse(text) {
        let table = table.map_err(|reason| SourceError::malformed(text, reason))?;
        return open_table(&table, options, say, stop);
    }
    if listing::is_web_address(text) {
        return open_web(text, options, say);
    }
    if !is_object_address(text) {
        return open(place, options);
    }
    let address = match ObjectAddress::parse(text) {
        Some(Ok(address)) => address,
        Some(Err(reason)) => return Err(SourceError::malformed(text, reason)),
        None => return open(place, options),
    };
    let is_folder = address.key.is_empty() || address.key.ends_with('/');
    let found = if is_folder { Err(ObjectError::Missing) } else { objects.head(&address) };
    match found {
        Ok(found) => open_object(&address, found.stat.bytes, options, objects, say),
        Err(ObjectError::Missing) => open_bucket(&address, options, objects),
        Err(error) => Err(SourceError::malformed(text, error.to_string())),
    }
}

fn open_web(
    address: &str,
    options: &SourceOptions,
    say: &mut dyn FnMut(&str),
) -> Result<Box<dyn Source>, SourceError> {
    let name = listing::shown(address);
    say(&format!("fetching {name}"));
    // What is relative in it is so to where it lies.
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let (front, file_name) = path.rsplit_once('/').unwrap_or((path, ""));
    let options = with_base(options, || ImageBase::Url(front.to_owned()));
    copied((name, None), file_name, &options, |out| {
        listing::download(address, out, MAX_FILE_BYTES).map(|_| ()).map_err(|error| error.to_string())
    })
}

fn open_object(
    address: &ObjectAddress,
    bytes: u64,
    options: &SourceOptions,
    objects: &Objects,
    say: &mut dyn FnMut(&str),
) -> Result<Box<dyn Source>, SourceError> {
    say(&format!("fetching {address} ({:.1} MB)", bytes as f64 / 1e6));
    let options = with_base(options, || ImageBase::Object(address.folder().to_string()));
    copied((address.to_string(), None), address.file_name(), &options, |out| {
        objects.download(address, out, MAX_FILE_BYTES).map_err(|error| error.to_string())
    })
}

fn with_base(options: &SourceOptions, base: impl FnOnce() -> ImageBase) -> SourceOptions {
    let image_base = options.image_base.clone().unwrap_or_else(base);
    SourceOptions { image_base: Some(image_base), ..options.clone() }
}

#[cfg(feature = "aws")]
fn open_bucket(
    address: &ObjectAddress,
    options: &SourceOptions,
    objects: &Arc<Objects>,
) -> Result<Box<dyn Source>, SourceError> {
    super::object_folder::ObjectFolder::open(address, options, Arc::clone(objects))
        .map(|source| Box::new(source) as _)
}

#[cfg(not(feature = "aws"))]
fn open_bucket(
    address: &ObjectAddress,
    _: &SourceOptions,
    _: &Arc<Objects>,
) -> Result<Box<dyn Source>, SourceError> {
    let error = ObjectError::not_built(address.bucket.scheme);
    Err(SourceError::malformed(address.to_string(), error.to_string()))
}

#[cfg(feature = "aws")]
fn open_table(
    address: &TableAddress,
    options: &SourceOptions,
    say: &mut dyn FnMut(&str),
    stop: &AtomicBool,
) -> Result<Box<dyn Source>, SourceError> {
    use crate::fetch::dynamodb::scan;
    use std::time::{Duration, Instant};
    say(&format!("reading {address}"));
    let options = SourceOptions { format: Some(super::SourceFormat::JsonLines), ..options.clone() };
    let kind = Some(("DynamoDB table", "item"));
    copied((address.to_string(), kind), &format!("{}.jsonl", address.table), &options, |out| {
        let mut told = Instant::now();
        let mut tell = |items| {
            if told.elapsed() >= Duration::from_secs(10) {
                told = Instant::now();
                say(&format!("reading {address}: {items} items"));
            }
        };
        match scan(address, out, &mut tell, stop).map_err(|error| error.to_string())? {
            0 => Err("holds no items".to_owned()),
            _ => Ok(()),
        }
    })
}

#[cfg(not(feature = "aws"))]
fn open_table(
    address: &TableAddress,
    _: &SourceOptions,
    _: &mut dyn FnMut(&str),
    _: &AtomicBool,
) -> Result<Box<dyn Source>, SourceError> {
    let error = ObjectError::NotBuilt { store: "DynamoDB", feature: "aws" };
    Err(SourceError::malformed(address.to_string(), error.to_string()))
}
