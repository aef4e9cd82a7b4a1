//! CSV: a header row, then a product or a photo in each row.
//!
//! Cells are the `csv` crate's business. Here the file is first cut into records, strictly by RFC 4180, so that
//! every failure has its line, and a quote that is never closed costs its own line and not the rest of the file.
//! The delimiter (`,` `;` tab `|`) is told from the first lines. Text is UTF-8, with or without a byte order mark;
//! a record that is not is read as Windows-1252, and that is told. Grouping is `table`'s. What the exports of known
//! shops mean by their columns is in `layout`.

mod frame;
pub(super) mod google;
mod layout;
mod magento;
mod shopify;
mod text;
mod woocommerce;

pub(super) use layout::Layout;

use super::location::{ImageBase, ImageSeparator};
use super::mapping::{Mapping, plain};
use super::shown::path_line;
use super::table::{Frame, LineRead, Lines, Row, RowFormat, RowImage, Table};
use super::text::Text;
use super::{Products, Source, SourceError};
use crate::catalog::Fields;
use layout::Separator;
use std::collections::HashMap;
use std::io;

/// A CSV file.
#[derive(Debug)]
pub struct CsvSource(Table<Csv>);

#[derive(Debug)]
struct Csv {
    layout: Layout,
    /// The id was mapped by hand: then it is that column and nothing else.
    id_is_given: bool,
    /// Where an image's position stands.
    position: Option<usize>,
    delimiter: u8,
    columns: Vec<String>,
    id: usize,
    images: Vec<usize>,
    separator: Option<ImageSeparator>,
}

impl CsvSource {
    /// Goes through `text` once. Image names are relative to `base`, or else to the file's folder.
    ///
    /// # Errors
    /// When it cannot be read, has no rows, or lacks a column that is mapped or needed.
    pub(super) fn open(
        text: Text,
        layout: Layout,
        mapping: &Mapping,
        base: Option<ImageBase>,
        separator: Option<ImageSeparator>,
    ) -> Result<Self, SourceError> {
        let path = text.path();
        let Header { delimiter, columns, rows_at } = header(&text)?;
        let found = layout
            .mapping(mapping, &columns)
            .complete(&columns, |name| columns.iter().any(|column| column == name))
            .map_err(|reason| SourceError::malformed(path, reason))?;
        let index = |name: &String| columns.iter().position(|column| column == name);
        let id = index(&found.id).unwrap_or_default();
        let images: Vec<usize> = found.images.iter().filter_map(index).collect();
        let by_name = mapping.id.is_none() || mapping.images.is_empty();
        let mut notices = if by_name { vec![found.to_string()] } else { Vec::new() };
        if layout == Layout::Magento && base.is_none() {
            notices.push(format!(
                "images are looked for below the folder of {}: for those of the shop itself, say `--image-base \
                 https://SHOP/media/catalog/product`",
                path_line(path)
            ));
        }
        let position = columns.iter().position(|column| plain(column) == "image_position");
        let position = position.filter(|_| layout == Layout::Shopify);
        let id_is_given = mapping.id.is_some();
        let format = Csv { layout, id_is_given, position, delimiter, columns, id, images, separator };
        Ok(Self(Table::open(text, rows_at, format, base, notices)?))
    }
}

/// The columns of a text that is taken for CSV, for whoever tells what it is.
pub(super) fn columns(text: &Text) -> Result<Vec<String>, SourceError> {
    header(text).map(|header| header.columns)
}

/// What a file's first row says.
struct Header {
    delimiter: u8,
    columns: Vec<String>,
    /// Offset and line of what follows it.
    rows_at: (u64, u64),
}

fn header(text: &Text) -> Result<Header, SourceError> {
    let path = text.path();
    let sample = text.front();
    if sample.trim_ascii().is_empty() {
        return Err(SourceError::malformed(
            path,
            "is empty: a header row with the columns' names was expected",
        ));
    }
    let delimiter = frame::sniff_delimiter(sample);
    let mut lines = Lines::new(text.reader());
    lines.seek(text.start(), 1).map_err(SourceError::io(path))?;
    let mut header = Frame::default();
    frame::next(delimiter, &mut lines, &mut header).map_err(SourceError::io(path))?;
    if let Some(fault) = header.fault {
        return Err(SourceError::malformed(path, format!("the header row (line {}) {fault}", header.line)));
    }
    let (cells, _) = text::cells(&header.bytes, delimiter)
        .map_err(|fault| SourceError::malformed(path, format!("the header row {fault}")))?;
    Ok(Header { delimiter, columns: column_names(cells), rows_at: lines.position() })
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

/// The cells of a row, by the names of their columns.
struct Cells<'a> {
    columns: &'a [String],
    cells: &'a [String],
}

impl Cells<'_> {
    /// The cell of the column that `plain` writes so, unless it is empty.
    fn named(&self, name: &str) -> Option<&str> {
        let column = self.columns.iter().position(|column| plain(column) == name)?;
        self.cells.get(column).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    }
}

impl Csv {
    fn id(&self, cells: &[String]) -> Result<String, String> {
        let own = cells.get(self.id).map(|cell| cell.trim().to_owned()).filter(|id| !id.is_empty());
        let id = match self.layout {
            Layout::WooCommerce if !self.id_is_given => {
                woocommerce::product_id(&Cells { columns: &self.columns, cells })
            }
            _ => own,
        };
        id.ok_or_else(|| {
            let column = self.columns.get(self.id).map(String::as_str).unwrap_or_default();
            format!("has no product id: its column `{column}` is empty")
        })
    }

    fn images(&self, cells: &[String]) -> Result<Vec<RowImage>, String> {
        let rank = self.position.and_then(|column| cells.get(column)).map_or(0, |cell| shopify::rank(cell));
        let mut images = Vec::new();
        for (place, &column) in self.images.iter().enumerate() {
            let Some(cell) = cells.get(column) else { continue };
            let separator = match (&self.separator, self.columns.get(column)) {
                (None, Some(name)) => self.layout.separator(name),
                _ => Separator::None,
            };
            let names = match separator {
                Separator::None => ImageSeparator::split(self.separator.as_ref(), cell)?,
                separator => separator.split(cell),
            };
            let rank = match self.layout {
                Layout::Shopify if place > 0 => shopify::RANK_OF_VARIANTS,
                _ => rank,
            };
            let names = names.into_iter().filter_map(|name| match self.layout {
                Layout::Magento => magento::image(name),
                _ => Some(name),
            });
            images.extend(names.map(|name| RowImage { name, rank }));
        }
        Ok(images)
    }
}

impl RowFormat for Csv {
    fn name(&self) -> &'static str {
        self.layout.name()
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
        let id = self.id(&cells)?;
        let images = self.images(&cells)?;
        let of_variation = self.layout == Layout::WooCommerce
            && !self.id_is_given
            && woocommerce::is_variation(&Cells { columns: &self.columns, cells: &cells });
        let mut fields = Fields::new();
        // Whoever asks for ids of the shop's own database gets them as the numbers they are there.
        if self.layout == Layout::Magento
            && self.columns.get(self.id).is_some_and(|column| column == "entity_id")
            && let Ok(number) = id.parse::<u64>()
            && number.to_string() == id
        {
            fields.insert("entity_id".to_owned(), number.into());
        }
        for (column, (name, cell)) in self.columns.iter().zip(cells).enumerate() {
            if self.images.contains(&column) || cell.is_empty() {
                continue;
            }
            if of_variation && column == self.id {
                fields.insert("Variation SKU".to_owned(), cell.into());
            } else if column != self.id && (!of_variation || woocommerce::is_kept_of_variation(name)) {
                fields.extend(self.layout.field(name, cell));
            }
        }
        Ok(Row { id, fields, images, not_utf8 })
    }

    fn has_variants(&self) -> bool {
        self.layout.has_variants()
    }

    fn gathers(&self, field: &str) -> bool {
        self.layout.gathers(field)
    }

    fn finish(&self, fields: &mut Fields) {
        self.layout.finish(fields);
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
