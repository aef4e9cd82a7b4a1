//! Where the parts of Amazon Berkeley Objects are, from the one path a person gives.
//!
//! As it is published: `listings/metadata/listings_0.json.gz` to `listings_f.json.gz`,
//! `images/metadata/images.csv.gz`, and the photos below `images/small/` (or `images/original/`). All parts may also lie
//! beside each other in one folder.

use crate::source::SourceError;
use crate::source::location::ImageBase;
use std::fs;
use std::path::{Path, PathBuf};

/// Where photos are on the web, for whoever has none of them on disk.
const PUBLISHED_AT: &str = "https://amazon-berkeley-objects.s3.us-east-1.amazonaws.com/images/small/";

/// The parts.
#[derive(Debug)]
pub(super) struct Parts {
    /// By name.
    pub(super) listings: Vec<PathBuf>,
    pub(super) photo_table: PathBuf,
    pub(super) photos: ImageBase,
}

/// Files of listings in a folder, or in those that ABO's archives unpack to; none where it is another folder.
pub(super) fn listings_in(folder: &Path) -> Vec<PathBuf> {
    let inner = ["", "listings/metadata", "listings", "metadata"];
    inner
        .iter()
        .map(|inner| listings_directly_in(&folder.join(inner)))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

fn listings_directly_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("listings_")
            && (name.ends_with(".json") || name.ends_with(".json.gz"))
            && path.is_file()
    };
    let mut found: Vec<PathBuf> = entries.filter(is_one).collect();
    found.sort();
    found
}

/// Finds what `table` and `photos` do not say.
///
/// # Errors
/// When a part is missing, in words that say where it was looked for.
pub(super) fn parts(
    path: &Path,
    table: Option<&Path>,
    photos: Option<ImageBase>,
) -> Result<Parts, SourceError> {
    let path = fs::canonicalize(path).map_err(SourceError::io(path))?;
    let listings = if path.is_dir() { listings_in(&path) } else { vec![path.clone()] };
    let Some(folder) = listings.first().and_then(|first| first.parent()) else {
        let reason = "has no listings_*.json or listings_*.json.gz in it, nor in its listings/metadata";
        return Err(SourceError::malformed(path, reason));
    };
    let photo_table = match table {
        Some(table) => table.to_owned(),
        None => photo_table_near(folder).ok_or_else(|| {
            let reason = "comes without its images.csv(.gz), which says where each image's file is: put it beside the \
                          listings or in images/metadata, or name it with `--image-table FILE`";
            SourceError::malformed(&path, reason)
        })?,
    };
    let photos = match photos {
        Some(base) => base,
        None => photos_near(&photo_table).map(ImageBase::Folder).ok_or_else(|| {
            let reason = format!(
                "comes without its photos: no folder `small` or `original` is beside {} or in `images` there; name it \
                 with `--image-base FOLDER`, or use those on the web with `--image-base {PUBLISHED_AT}`",
                photo_table.display()
            );
            SourceError::malformed(&path, reason)
        })?,
    };
    Ok(Parts { listings, photo_table, photos })
}

fn photo_table_near(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().take(3).find_map(|folder| {
        let places = ["", "images/metadata", "images", "metadata"].map(|inner| folder.join(inner));
        let files =
            places.iter().flat_map(|place| ["images.csv.gz", "images.csv"].map(|name| place.join(name)));
        files.into_iter().find(|file| file.is_file())
    })
}

fn photos_near(table: &Path) -> Option<PathBuf> {
    let table = fs::canonicalize(table).ok()?;
    table.parent()?.ancestors().take(2).find_map(|folder| {
        let inner = ["small", "original", "images/small", "images/original"];
        inner.iter().map(|inner| folder.join(inner)).find(|folder| folder.is_dir())
    })
}
