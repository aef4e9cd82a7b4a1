//! CSV: a header row, then a product or a photo in each row.
//!
//! Cells are the `csv` crate's business. Here the file is first cut into records, strictly by RFC 4180, so that
//! every failure has its line, and a quote that is never closed costs its own line and not the rest of the file.
//! The delimiter (`,` `;` tab `|`) is told from the first lines. Text is UTF-8, with or without a byte order mark;
//! a record that is not is read as Windows-1252, and that is told. Grouping is `table`'s.

mod frame;
mod text;

use super::location::{ImageBase, ImageSeparator};
use super::mapping::Mapping;
use super::table::{BYTE_ORDER_MARK, Frame, LineRead, Lines, Row, RowFormat, Table, check_text};
use super::{Products, Source, SourceError};
use crate::catalog::Fields;
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Bytes that are looked at to tell the delimiter.
const SAMPLE_BYTES: u64 = 64 << 10;

/// A CSV file.
#[derive(Debug)]
pub struct CsvSource(Table<Csv>);

#[derive(Debug)]
struct Csv {
    delimiter: u8,
    columns: Vec<String>,
    id: usize,
    images: Vec<usize>,
    separator: Option<ImageSeparator>,
}

impl CsvSource {
    /// Goes through the file at `path` once. Image names are relative to `base`, or else to the file's folder.
    ///
    /// # Errors
    /// When it cannot be read, is no text, has no rows, or lacks a column that is mapped or needed.
    pub fn open(
        path: &Path,
        mapping: &Mapping,
        base: Option<ImageBase>,
        separator: Option<ImageSeparator>,
    ) -> Result<Self, SourceError> {
        let mut front = Vec::new();
        let file = File::open(path).map_err(SourceError::io(path))?;
        file.take(SAMPLE_BYTES).read_to_end(&mut front).map_err(SourceError::io(path))?;
        check_text(path, &front)?;
        let start = if front.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let sample = front.get(start..).unwrap_or_default();
        if sample.trim_ascii().is_empty() {
            return Err(SourceError::malformed(
                path,
                "is empty: a header row with the columns' names was expected",
            ));
        }
        let delimiter = frame::sniff_delimiter(sample);

        let mut lines = Lines::open(path).map_err(SourceError::io(path))?;
        lines.seek(start as u64, 1).map_err(SourceError::io(path))?;
        let mut header = Frame::default();
        frame::next(delimiter, &mut lines, &mut header).map_err(SourceError::io(path))?;
        if let Some(fault) = header.fault {
            return Err(SourceError::malformed(
                path,
                format!("the header row (line {}) {fault}", header.line),
            ));
        }
        let (cells, _) = text::cells(&header.bytes, delimiter)
            .map_err(|fault| SourceError::malformed(path, format!("the header row {fault}")))?;
        let columns = column_names(cells);
        let found = mapping
            .complete(&columns, |name| columns.iter().any(|column| column == name))
            .map_err(|reason| SourceError::malformed(path, reason))?;
        let index = |name: &String| columns.iter().position(|column| column == name);
        let id = index(&found.id).unwrap_or_default();
        let images = found.images.iter().filter_map(index).collect();
        let notices = if found.by_name { vec![found.to_string()] } else { Vec::new() };
        let format = Csv { delimiter, columns, id, images, separator };
        Ok(Self(Table::open(path, lines.position(), format, base, notices)?))
    }
}

impl Source for CsvSource {
    fn describe(&self) -> String {
        self.0.describe()
    }
    fn images_expected(&self) -> Option<u64> {
        self.0.images_expected()
    }
    fn notices(&self) -> Vec<String> {
        self.0.notices()
    }
    fn ended_early(&self) -> bool {
        self.0.ended_early()
    }
    fn products(&self) -> Result<Products<'_>, SourceError> {
        self.0.products()
    }
}

impl RowFormat for Csv {
    fn name(&self) -> &'static str {
        "CSV file"
    }

    fn frame(&self, lines: &mut Lines, frame: &mut Frame) -> io::Result<bool> {
        frame::next(self.delimiter, lines, frame)
    }

    fn parse(&self, frame: &Frame) -> Result<Row, String> {
        let (cells, not_utf8) = text::cells(&frame.bytes, self.delimiter)?;
        let (found, expected) = (cells.len(), self.columns.len());
        if found != expected {
            return Err(format!("has {found} cells where the header has {expected}"));
        }
        let id = cells.get(self.id).map(String::as_str).unwrap_or_default().trim().to_owned();
        if id.is_empty() {
            let column = self.columns.get(self.id).map(String::as_str).unwrap_or_default();
            return Err(format!("has no product id: its column `{column}` is empty"));
        }
        let mut images = Vec::new();
        for cell in self.images.iter().filter_map(|&column| cells.get(column)) {
            images.extend(ImageSeparator::split(self.separator.as_ref(), cell)?);
        }
        let mut fields = Fields::new();
        for (column, (name, cell)) in self.columns.iter().zip(cells).enumerate() {
            if column != self.id && !self.images.contains(&column) && !cell.is_empty() {
                fields.insert(name.clone(), Value::String(cell));
            }
        }
        Ok(Row { id, fields, images, not_utf8 })
    }
}

/// Names that are unique: an empty one becomes `column 3`, the second `price` becomes `price (2)`.
fn column_names(cells: Vec<String>) -> Vec<String> {
    let mut times: HashMap<String, usize> = HashMap::new();
    let named = cells.into_iter().enumerate().map(|(index, cell)| {
        let name = cell.trim();
        let name = if name.is_empty() { format!("column {}", index + 1) } else { name.to_owned() };
        let count = times.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 { name } else { format!("{name} ({count})") }
    });
    named.collect()
}
