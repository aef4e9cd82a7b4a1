//! Tells what kind of source a path is, by its content.
//!
//! A folder is told by the files in it, a file by its first bytes, unpacked where it is gzip. What cannot be read is
//! named as what it is, with what to do about it, rather than taken for a table without columns.

use super::text::{Text, front_of};
use super::walk::is_picture_name;
use super::{SourceError, SourceFormat, abo, addresses, csv, xml};
use crate::archive::ArchiveKind;
use std::path::Path;

/// What is recognised by its first bytes and is no source, and the cure.
const NO_SOURCES: &[(&[u8], &str)] = &[
    (b"BZh", "is compressed with bzip2, which is not read: unpack it, or pack it with gzip"),
    (b"\xFD7zXZ", "is compressed with xz, which is not read: unpack it, or pack it with gzip"),
    (b"\x28\xB5\x2F\xFD", "is compressed with zstd, which is not read: unpack it, or pack it with gzip"),
    (b"7z\xBC\xAF\x27\x1C", "is a 7z archive, which is not read: pack it as zip or tar"),
    (b"Rar!", "is a RAR archive, which is not read: pack it as zip or tar"),
    (b"%PDF", "is a PDF, not a list of products"),
    (b"SQLite format 3", "is a database: write its table to a CSV file first"),
    (b"\xD0\xCF\x11\xE0", "is an old Excel workbook: save it as CSV (UTF-8)"),
];

/// What the folder at `path` is.
pub(super) fn folder(path: &Path) -> SourceFormat {
    if abo::is_in_folder(path) { SourceFormat::Abo } else { SourceFormat::Folder }
}

/// What the file at `path` is, and its text where it is one.
///
/// # Errors
/// When it cannot be read, or is known to be something that is no source.
pub(super) fn file(path: &Path) -> Result<(SourceFormat, Option<Text>), SourceError> {
    let (front, is_gzip) = front_of(path)?;
    let malformed = |reason: &str| SourceError::malformed(path, reason);
    if path.file_name().is_some_and(is_picture_name) {
        let reason = "is one picture by its name: give the folder it is in, a CSV file or JSON lines";
        return Err(malformed(reason));
    }
    if ArchiveKind::of(&front, is_gzip).is_some() {
        // A workbook is a zip archive too, and says first what is in it.
        let is_workbook =
            front.starts_with(b"PK") && front.windows(19).any(|part| part == b"[Content_Types].xml");
        return match is_workbook {
            true => Err(malformed("is an Excel workbook: save it as CSV (UTF-8)")),
            false => Ok((SourceFormat::Archive, None)),
        };
    }
    if let Some((_, reason)) = NO_SOURCES.iter().find(|(magic, _)| front.starts_with(magic)) {
        return Err(malformed(reason));
    }
    let text = Text::open(path)?;
    let format = of_text(&text)?;
    Ok((format, Some(text)))
}

fn of_text(text: &Text) -> Result<SourceFormat, SourceError> {
    let front = text.front().trim_ascii_start();
    Ok(match front.first() {
        Some(b'<') => {
            let malformed = |reason: String| SourceError::malformed(text.path(), reason);
            // A web page has a document type, which is refused; that it is a web page says more.
            let is_page = [&b"<!doctype html"[..], b"<html"]
                .iter()
                .any(|page| front.get(..page.len()).is_some_and(|start| start.eq_ignore_ascii_case(page)));
            let root = if is_page { "html".to_owned() } else { xml::root(text).map_err(malformed)? };
            match xml::Vocabulary::of_root(&root).map_err(malformed)? {
                xml::Vocabulary::Google => SourceFormat::GoogleMerchant,
                xml::Vocabulary::Sitemap => SourceFormat::Sitemap,
            }
        }
        Some(b'{') if abo::is_file(front) => SourceFormat::Abo,
        // An array goes to the reader of JSON lines too: it is the one that says how to convert it.
        Some(b'{' | b'[') => SourceFormat::JsonLines,
        _ if addresses::is_address_list(front) => SourceFormat::AddressList,
        _ => match csv::Layout::of(&csv::columns(text)?) {
            csv::Layout::Plain => SourceFormat::Csv,
            csv::Layout::Magento => SourceFormat::Magento,
            csv::Layout::Shopify => SourceFormat::Shopify,
            csv::Layout::WooCommerce => SourceFormat::WooCommerce,
            csv::Layout::Google => SourceFormat::GoogleMerchant,
        },
    })
}
