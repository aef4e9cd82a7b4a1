//! A plain list of photos: one address, or one file's name, in each line.
//!
//! Each is a product of its own, called as it is written. Blank lines and those that begin with `#` are left out.

use super::location::ImageBase;
use super::table::{Frame, LineRead, Lines, Row, RowFormat, Table};
use super::text::Text;
use super::{Products, Source, SourceError};
use crate::catalog::Fields;
use std::io;

const MAX_LINE_BYTES: usize = 16 << 10;

/// A list of photos.
#[derive(Debug)]
pub(super) struct AddressList(Table<AddressPerLine>);

#[derive(Debug)]
struct AddressPerLine;

impl AddressList {
    /// Goes through `text` once. Names that are no address are relative to `base`, or else to the file's folder.
    ///
    /// # Errors
    /// When it cannot be read or is empty.
    pub(super) fn open(text: Text, base: Option<ImageBase>) -> Result<Self, SourceError> {
        let start = (text.start(), 1);
        let notices = vec!["took each line as a product and its photo".to_owned()];
        Table::open(text, start, AddressPerLine, base, notices).map(Self)
    }
}

/// Whether every one of the first lines is an address on the web, and there is one.
pub(super) fn is_address_list(front: &[u8]) -> bool {
    // The last line may be cut.
    let whole =
        front.iter().rposition(|&byte| byte == b'\n').and_then(|end| front.get(..end)).unwrap_or(front);
    let lines = whole.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#")).take(20).peekable();
    let is_address = |line: &[u8]| {
        let starts = |scheme: &str| {
            line.get(..scheme.len()).is_some_and(|front| front.eq_ignore_ascii_case(scheme.as_bytes()))
        };
        (starts("http://") || starts("https://")) && !line.iter().any(u8::is_ascii_whitespace)
    };
    lines.peek().is_some() && lines.all(is_address)
}

impl RowFormat for AddressPerLine {
    fn name(&self) -> &'static str {
        "list of photos"
    }

    fn frame(&self, lines: &mut Lines, frame: &mut Frame) -> io::Result<bool> {
        frame.fault = None;
        loop {
            frame.bytes.clear();
            (frame.offset, frame.line) = lines.position();
            match lines.read(&mut frame.bytes, MAX_LINE_BYTES)? {
                LineRead::End => return Ok(false),
                LineRead::TooLong => {
                    frame.fault = Some(format!("is longer than {MAX_LINE_BYTES} bytes, which no address is"));
                    return Ok(true);
                }
                LineRead::Line if matches!(frame.bytes.trim_ascii(), [] | [b'#', ..]) => {}
                LineRead::Line => return Ok(true),
            }
        }
    }

    fn parse(&self, frame: &Frame) -> Result<Row, String> {
        let line = str::from_utf8(frame.bytes.trim_ascii());
        let name = line.map_err(|_| "is not UTF-8: save the list as UTF-8".to_owned())?.to_owned();
        let images = vec![name.clone().into()];
        Ok(Row { id: name, fields: Fields::new(), images, not_utf8: false })
    }
}

impl Source for AddressList {
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
