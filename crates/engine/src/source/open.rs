//! Tells what kind of source a path is, by its content, and opens it.

use super::location::{ImageBase, ImageSeparator};
use super::mapping::Mapping;
use super::parquet;
use super::table::{BYTE_ORDER_MARK, check_text};
use super::walk::is_picture_name;
use super::{CsvSource, FolderOptions, FolderSource, JsonLinesSource, ProductIdRule, Source, SourceError};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// A kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFormat {
    /// Photos in a folder.
    Folder,
    /// Comma, semicolon, tab or bar separated values with a header.
    Csv,
    /// One JSON object per line.
    JsonLines,
}

/// How a source is to be read. What does not fit the kind of source is an error, not ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceOptions {
    /// The kind, where the content should not decide.
    pub format: Option<SourceFormat>,
    /// Which columns mean what; recognised by their names where nothing is said. Not for folders.
    pub map: Mapping,
    /// See [`FolderOptions::product_per_folder`]. For folders only.
    pub product_per_folder: bool,
    /// See [`FolderOptions::product_id`]. For folders only.
    pub product_id: ProductIdRule,
    /// What image names are relative to; the file's own folder where nothing is said. Not for folders.
    pub image_base: Option<ImageBase>,
    /// How one cell names several images. Not for folders.
    pub image_separator: Option<ImageSeparator>,
}

/// Opens the catalog source at `path`.
///
/// # Errors
/// When it cannot be read, is no source, or an option does not fit its kind.
pub fn open(path: &Path, options: &SourceOptions) -> Result<Box<dyn Source>, SourceError> {
    let found = fs::metadata(path).map_err(SourceError::io(path))?;
    if options.format.is_none() && found.is_file() && parquet::is_at(path)? {
        return parquet::open(path, options);
    }
    let format = match options.format {
        Some(format) => format,
        None if found.is_dir() => SourceFormat::Folder,
        None if found.is_file() => by_content(path)?,
        None => {
            return Err(SourceError::malformed(
                path,
                "is neither a folder nor a file: save it to a file first",
            ));
        }
    };
    if found.is_dir() && format != SourceFormat::Folder {
        return Err(SourceError::malformed(path, "is a folder where a file was expected"));
    }
    let misplaced = match format {
        SourceFormat::Folder => [
            (options.map != Mapping::default(), "--map"),
            (options.image_base.is_some(), "--image-base"),
            (options.image_separator.is_some(), "--image-separator"),
        ],
        SourceFormat::Csv | SourceFormat::JsonLines => [
            (options.product_per_folder, "--product-per-folder"),
            (options.product_id != ProductIdRule::default(), "--product-id"),
            (false, ""),
        ],
    };
    if let Some((_, option)) = misplaced.into_iter().find(|(given, _)| *given) {
        let kind = if format == SourceFormat::Folder { "a folder" } else { "a file" };
        return Err(SourceError::malformed(path, format!("is {kind}, to which `{option}` does not apply")));
    }
    let SourceOptions { map, image_base, image_separator, .. } = options.clone();
    Ok(match format {
        SourceFormat::Folder => {
            let SourceOptions { product_per_folder, product_id, .. } = *options;
            Box::new(FolderSource::open(path, FolderOptions { product_per_folder, product_id })?)
        }
        SourceFormat::Csv => Box::new(CsvSource::open(path, &map, image_base, image_separator)?),
        SourceFormat::JsonLines => Box::new(JsonLinesSource::open(path, &map, image_base, image_separator)?),
    })
}

fn by_content(path: &Path) -> Result<SourceFormat, SourceError> {
    let mut front = Vec::new();
    let file = File::open(path).map_err(SourceError::io(path))?;
    file.take(4096).read_to_end(&mut front).map_err(SourceError::io(path))?;
    if path.file_name().is_some_and(is_picture_name) {
        let reason = "is one picture by its name: give the folder it is in, a CSV file or JSON lines";
        return Err(SourceError::malformed(path, reason));
    }
    check_text(path, &front)?;
    let text = front.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&front).trim_ascii_start();
    // An array goes to the reader of JSON lines too: it is the one that says how to convert it.
    let is_json = text.starts_with(b"{") || text.starts_with(b"[");
    Ok(if is_json { SourceFormat::JsonLines } else { SourceFormat::Csv })
}
