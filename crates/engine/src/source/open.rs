//! Opens a path as the source it is, or as what the caller says it is.

use super::abo::{AboSource, Languages};
use super::addresses::AddressList;
use super::csv::Layout;
use super::location::{ImageBase, ImageSeparator};
use super::mapping::Mapping;
use super::parquet;
use super::text::Text;
use super::xml::XmlSource;
use super::{
    CsvSource, FolderOptions, FolderSource, JsonLinesSource, ProductIdRule, Source, SourceError, recognise,
};
use std::fs;
use std::path::{Path, PathBuf};

/// A kind of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFormat {
    /// Photos in a folder.
    Folder,
    /// Comma, semicolon, tab or bar separated values with a header.
    Csv,
    /// One JSON object per line.
    JsonLines,
    /// Amazon Berkeley Objects: listings in JSON lines and a table of images.
    Abo,
    /// Magento's product table or export, as CSV.
    Magento,
    /// Shopify's product export, as CSV.
    Shopify,
    /// WooCommerce's product export, as CSV.
    WooCommerce,
    /// A Google Merchant Center feed: a table, RSS or Atom.
    GoogleMerchant,
    /// A sitemap with images.
    Sitemap,
    /// An address or a file's name in each line.
    AddressList,
    /// Photos in a `.tar`, `.tar.gz` or `.zip`.
    Archive,
}

/// How a source is to be read. What does not fit the kind of source is an error, not ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceOptions {
    /// The kind, where the content should not decide.
    pub format: Option<SourceFormat>,
    /// Which columns mean what; recognised by their names where nothing is said. For tables and JSON lines only.
    pub map: Mapping,
    /// See [`FolderOptions::product_per_folder`]. For folders and archives only.
    pub product_per_folder: bool,
    /// See [`FolderOptions::product_id`]. For folders and archives only.
    pub product_id: ProductIdRule,
    /// What image names are relative to; the file's own folder where nothing is said. Not for folders and archives.
    pub image_base: Option<ImageBase>,
    /// How one cell names several images. For tables and JSON lines only.
    pub image_separator: Option<ImageSeparator>,
    /// Which language texts are taken in that come in several. For Amazon Berkeley Objects only.
    pub languages: Languages,
    /// Where the table of images is. For Amazon Berkeley Objects only.
    pub image_table: Option<PathBuf>,
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
    let (format, recognised) = match options.format {
        Some(format) => (format, None),
        None if found.is_dir() => (recognise::folder(path), None),
        None if found.is_file() => recognise::file(path)?,
        None => {
            return Err(SourceError::malformed(
                path,
                "is neither a folder nor a file: save it to a file first",
            ));
        }
    };
    if found.is_dir() && !matches!(format, SourceFormat::Folder | SourceFormat::Abo) {
        return Err(SourceError::malformed(path, "is a folder where a file was expected"));
    }
    refuse_misplaced(path, format, options)?;
    let SourceOptions { map, image_base, image_separator: separator, .. } = options.clone();
    let SourceOptions { product_per_folder, product_id, .. } = *options;
    let of_folder = FolderOptions { product_per_folder, product_id };
    // What was recognised is open already.
    let text = || recognised.map_or_else(|| Text::open(path), Ok);
    let csv = |text: Text, layout| CsvSource::open(text, layout, &map, image_base.clone(), separator.clone());
    Ok(match format {
        SourceFormat::Folder => Box::new(FolderSource::open(path, of_folder)?),
        SourceFormat::Archive => Box::new(FolderSource::open_archive(path, of_folder)?),
        SourceFormat::Abo => {
            let (table, languages) = (options.image_table.as_deref(), options.languages.clone());
            let base = image_base.map(ImageBase::canonical).transpose()?;
            Box::new(AboSource::open(path, table, base, languages, &map)?)
        }
        SourceFormat::Csv => Box::new(csv(text()?, Layout::Plain)?),
        SourceFormat::Magento => Box::new(csv(text()?, Layout::Magento)?),
        SourceFormat::Shopify => Box::new(csv(text()?, Layout::Shopify)?),
        SourceFormat::WooCommerce => Box::new(csv(text()?, Layout::WooCommerce)?),
        SourceFormat::JsonLines => Box::new(JsonLinesSource::open(text()?, &map, image_base, separator)?),
        SourceFormat::AddressList => Box::new(AddressList::open(text()?, image_base)?),
        SourceFormat::GoogleMerchant | SourceFormat::Sitemap => {
            let text = text()?;
            if text.front().trim_ascii_start().starts_with(b"<") {
                Box::new(XmlSource::open(text, image_base.map(ImageBase::canonical).transpose()?)?)
            } else {
                Box::new(csv(text, Layout::Google)?)
            }
        }
    })
}

/// What kind of thing a format is, as far as options go.
fn refuse_misplaced(path: &Path, format: SourceFormat, options: &SourceOptions) -> Result<(), SourceError> {
    use SourceFormat as F;
    let kind = match format {
        F::Folder => "a folder",
        F::Archive => "an archive",
        F::Abo => "Amazon Berkeley Objects",
        F::Sitemap => "a sitemap",
        F::AddressList => "a list of photos",
        _ => "a file",
    };
    let is_tree = matches!(format, F::Folder | F::Archive);
    let has_columns = !is_tree && !matches!(format, F::Abo | F::Sitemap | F::AddressList);
    let misplaced = [
        (options.map != Mapping::default() && !has_columns && format != F::Abo, "--map"),
        (options.image_base.is_some() && is_tree, "--image-base"),
        (options.image_separator.is_some() && !has_columns, "--image-separator"),
        (options.product_per_folder && !is_tree, "--product-per-folder"),
        (options.product_id != ProductIdRule::default() && !is_tree, "--product-id"),
        (options.languages != Languages::default() && format != F::Abo, "--language"),
        (options.image_table.is_some() && format != F::Abo, "--image-table"),
    ];
    match misplaced.into_iter().find(|(is_misplaced, _)| *is_misplaced) {
        None => Ok(()),
        Some((_, option)) => {
            Err(SourceError::malformed(path, format!("is {kind}, to which `{option}` does not apply")))
        }
    }
}
