//! A catalog file as a table of rows, however the rows are written.
//!
//! A [`RowFormat`] cuts a file into rows and reads one; here the rows of one product are gathered into it, wherever
//! they stand. Opening goes through the file once and keeps 24 bytes per row (and, while it lasts, about 40 per
//! product); texts stay in the file and are read again, product by product, in the order in which products first
//! appear. So memory does not grow with what the rows hold.
//!
//! Of several rows of one product every image is taken, in order; of a field the first value that is not empty.
//! How many products have rows that differ in a field is told, so that it is not lost unseen. A row that repeats
//! an image of its product, or has none where the product has rows already, is a failure; except in exports that
//! write a row per variant, where that is usual ([`RowFormat::has_variants`]).

mod gather;
mod lines;

pub(super) use lines::{LineRead, Lines};

use super::location::{ImageBase, resolve};
use super::shown::path_line;
use super::text::Text;
use super::{Products, Source, SourceError};
use crate::catalog::{Fields, Location};
use gather::Gathered;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// One row, cut out of the file and not yet understood.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// Where it starts, in bytes.
    pub(super) offset: u64,
    /// The line it starts on; the file's first is 1.
    pub(super) line: u64,
    /// Its bytes, with the line break.
    pub(super) bytes: Vec<u8>,
    /// Why it cannot be cut out; its bytes then mean nothing.
    pub(super) fault: Option<String>,
}

/// One row, understood.
#[derive(Debug)]
pub(super) struct Row {
    /// The product's.
    pub(super) id: String,
    /// Every column but those of the id and the images, without the empty ones.
    pub(super) fields: Fields,
    /// Names or addresses of its photos.
    pub(super) images: Vec<RowImage>,
    /// Its bytes were not UTF-8.
    pub(super) not_utf8: bool,
}

/// A photo as a row names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowImage {
    pub(super) name: String,
    /// Images of a product are put in the order of their ranks; of one rank, in the file's.
    pub(super) rank: u32,
}

impl From<String> for RowImage {
    fn from(name: String) -> Self {
        Self { name, rank: 0 }
    }
}

/// A way to write rows into a file.
pub(super) trait RowFormat: Send + Sync {
    /// What it is called, for a person.
    fn name(&self) -> &'static str;

    /// Cuts out the next row; false at the end. Blank lines are skipped.
    fn frame(&self, lines: &mut Lines, frame: &mut Frame) -> io::Result<bool>;

    /// Reads a row that was cut out without a fault, or says why it is none.
    fn parse(&self, frame: &Frame) -> Result<Row, String>;

    /// Several rows of a product are its variants: they may repeat an image or have none, and what is
    /// [gathered](Self::gathers) keeps the value of each.
    fn has_variants(&self) -> bool {
        false
    }

    /// Whether the different values that a product's rows have in this field are all kept, as an array.
    fn gathers(&self, field: &str) -> bool {
        let _ = field;
        false
    }

    /// Last changes to the fields of a whole product.
    fn finish(&self, fields: &mut Fields) {
        let _ = fields;
    }
}

/// A file of rows as a source.
#[derive(Debug)]
pub(super) struct Table<F> {
    text: Text,
    format: F,
    base: ImageBase,
    gathered: Gathered,
    notices: Vec<String>,
    /// The last pass did not get to the end.
    broke: AtomicBool,
}

impl<F: RowFormat> Table<F> {
    /// Goes through the rows of `text` from `start` (a byte offset and its line) once.
    pub(super) fn open(
        text: Text,
        start: (u64, u64),
        format: F,
        base: Option<ImageBase>,
        mut notices: Vec<String>,
    ) -> Result<Self, SourceError> {
        let path = text.path();
        let base = match base {
            Some(base) => base.canonical()?,
            None => {
                let file = fs::canonicalize(path).map_err(SourceError::io(path))?;
                ImageBase::Folder(file.parent().unwrap_or(Path::new("/")).to_owned())
            }
        };
        let mut lines = Lines::new(text.reader());
        lines.seek(start.0, start.1).map_err(SourceError::io(path))?;
        let gathered = gather::gather(&format, &mut lines).map_err(SourceError::io(path))?;
        if gathered.rows.is_empty() {
            return Err(SourceError::malformed(
                path,
                "has no rows: one for each product or photo was expected",
            ));
        }
        notices.extend(text.notices().iter().map(|notice| format!("{} {notice}", path_line(path))));
        notices.extend(gathered.notices());
        Ok(Self { text, format, base, gathered, notices, broke: AtomicBool::new(false) })
    }

    fn place(&self, line: u64) -> String {
        format!("{} line {line}", path_line(self.text.path()))
    }

    fn locate(&self, name: &str) -> Result<Location, String> {
        resolve(name, &self.base)
    }
}

impl<F: RowFormat> Source for Table<F> {
    fn describe(&self) -> String {
        format!("{} {}", self.format.name(), path_line(self.text.path()))
    }

    fn images_expected(&self) -> Option<u64> {
        Some(self.gathered.items)
    }

    fn notices(&self) -> Vec<String> {
        self.notices.clone()
    }

    fn ended_early(&self) -> bool {
        self.broke.load(Ordering::Relaxed) || self.text.expect_unchanged().is_err()
    }

    fn products(&self) -> Result<Products<'_>, SourceError> {
        self.broke.store(false, Ordering::Relaxed);
        self.text.expect_unchanged()?;
        Ok(Box::new(gather::Run::new(self, Lines::new(self.text.reader()))))
    }
}
