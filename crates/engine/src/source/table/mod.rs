//! A catalog file as a table of rows, however the rows are written.
//!
//! A [`RowFormat`] cuts a file into rows and reads one; here the rows of one product are gathered into it, wherever
//! they stand. Opening goes through the file once and keeps 24 bytes per row (and, while it lasts, about 40 per
//! product); texts stay in the file and are read again, product by product, in the order in which products first
//! appear. So memory does not grow with what the rows hold.
//!
//! Of several rows of one product every image is taken, in order; of a field the first value that is not empty.
//! How many products have rows that differ in a field is told, so that it is not lost unseen. A row that repeats
//! an image of its product, or has none where the product has rows already, is a failure.

mod gather;
mod lines;

pub(super) use lines::{LineRead, Lines};

use super::location::{ImageBase, resolve};
use super::shown::path_line;
use super::{Products, Source, SourceError};
use crate::catalog::{Fields, Location};
use gather::Gathered;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

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
    pub(super) images: Vec<String>,
    /// Its bytes were not UTF-8.
    pub(super) not_utf8: bool,
}

/// A way to write rows into a file.
pub(super) trait RowFormat: Send + Sync {
    /// What it is called, for a person.
    fn name(&self) -> &'static str;

    /// Cuts out the next row; false at the end. Blank lines are skipped.
    fn frame(&self, lines: &mut Lines, frame: &mut Frame) -> io::Result<bool>;

    /// Reads a row that was cut out without a fault, or says why it is none.
    fn parse(&self, frame: &Frame) -> Result<Row, String>;
}

/// A file of rows as a source.
#[derive(Debug)]
pub(super) struct Table<F> {
    path: PathBuf,
    stamp: Stamp,
    format: F,
    base: ImageBase,
    gathered: Gathered,
    notices: Vec<String>,
}

/// Tells whether a file is still what it was.
type Stamp = (u64, Option<SystemTime>);

impl<F: RowFormat> Table<F> {
    /// Goes through the rows of `path` from `start` (a byte offset and its line) once.
    pub(super) fn open(
        path: &Path,
        start: (u64, u64),
        format: F,
        base: Option<ImageBase>,
        mut notices: Vec<String>,
    ) -> Result<Self, SourceError> {
        let base = match base {
            Some(base @ (ImageBase::Url(_) | ImageBase::Object(_))) => base,
            Some(ImageBase::Folder(folder)) => {
                ImageBase::Folder(fs::canonicalize(&folder).map_err(SourceError::io(&folder))?)
            }
            None => {
                let file = fs::canonicalize(path).map_err(SourceError::io(path))?;
                ImageBase::Folder(file.parent().unwrap_or(Path::new("/")).to_owned())
            }
        };
        let stamp = stamp(path)?;
        let mut lines = Lines::open(path).map_err(SourceError::io(path))?;
        lines.seek(start.0, start.1).map_err(SourceError::io(path))?;
        let gathered = gather::gather(&format, &mut lines).map_err(SourceError::io(path))?;
        if gathered.rows.is_empty() {
            return Err(SourceError::malformed(
                path,
                "has no rows: one for each product or photo was expected",
            ));
        }
        notices.extend(gathered.notices());
        Ok(Self { path: path.to_owned(), stamp, format, base, gathered, notices })
    }

    fn place(&self, line: u64) -> String {
        format!("{} line {line}", path_line(&self.path))
    }

    fn locate(&self, name: &str) -> Result<Location, String> {
        resolve(name, &self.base)
    }
}

impl<F: RowFormat> Source for Table<F> {
    fn describe(&self) -> String {
        format!("{} {}", self.format.name(), path_line(&self.path))
    }

    fn images_expected(&self) -> Option<u64> {
        Some(self.gathered.items)
    }

    fn notices(&self) -> Vec<String> {
        self.notices.clone()
    }

    fn products(&self) -> Result<Products<'_>, SourceError> {
        if stamp(&self.path)? != self.stamp {
            return Err(SourceError::malformed(&self.path, "has changed since it was opened: start again"));
        }
        let lines = Lines::open(&self.path).map_err(SourceError::io(&self.path))?;
        Ok(Box::new(gather::Run::new(self, lines)))
    }
}

fn stamp(path: &Path) -> Result<Stamp, SourceError> {
    let found = fs::metadata(path).map_err(SourceError::io(path))?;
    Ok((found.len(), found.modified().ok()))
}

/// Refuses what is not text in UTF-8 or a one-byte encoding, from the front of a file.
pub(super) fn check_text(path: &Path, front: &[u8]) -> Result<(), SourceError> {
    let utf16 = front.starts_with(&[0xFF, 0xFE]) || front.starts_with(&[0xFE, 0xFF]);
    if utf16 {
        return Err(SourceError::malformed(path, "is written in UTF-16: save it as UTF-8 and try again"));
    }
    if front.contains(&0) {
        let reason = "holds NUL bytes, so it is no text: a folder, a CSV file or JSON lines were expected (a table in \
                      UTF-16 must be saved as UTF-8)";
        return Err(SourceError::malformed(path, reason));
    }
    Ok(())
}

/// UTF-8's mark at the front of a file.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
