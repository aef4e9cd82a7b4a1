//! Cuts an XML file into records, each a small tree, by the `quick-xml` crate.
//!
//! A record is at most [`MAX_RECORD_BYTES`] long and [`MAX_DEPTH`] deep. Names are without their prefixes: feeds bind
//! them as they like, and the few names that are looked for are alike in none.

use super::Vocabulary;
use crate::archive::FileAt;
use crate::source::text::Text;
use quick_xml::Reader;
use quick_xml::escape::{resolve_html5_entity, resolve_xml_entity};
use quick_xml::events::{BytesStart, Event};
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};

const MAX_RECORD_BYTES: u64 = 4 << 20;
const MAX_DEPTH: usize = 32;

/// An element with what is in it.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Without its prefix.
    pub(super) name: String,
    /// Of the element itself, trimmed.
    pub(super) text: String,
    /// The attribute `href`, by which Atom links.
    pub(super) href: Option<String>,
    pub(super) children: Vec<Record>,
}

/// The records of a file, each with the line it begins on; after a fault there are no more.
pub(super) struct Records {
    reader: Reader<Metered>,
    vocabulary: Vocabulary,
    buffer: Vec<u8>,
    /// Elements around the records that have begun and not ended.
    around: usize,
    is_over: bool,
}

/// The name of the root element, without its prefix.
///
/// # Errors
/// A fragment that follows the file's name, for what is no XML or has a document type.
pub(in crate::source) fn root(text: &Text) -> Result<String, String> {
    let mut records = Records::new(text, Vocabulary::Google);
    loop {
        match records.event() {
            Ok(Event::Start(start) | Event::Empty(start)) => return Ok(local_name(&start)),
            Ok(Event::Eof) => return Err("has no XML element in it".to_owned()),
            Ok(_) => {}
            Err(reason) => return Err(reason),
        }
    }
}

impl Records {
    pub(super) fn new(text: &Text, vocabulary: Vocabulary) -> Self {
        let mut input = text.reader();
        // To a place within the file, which cannot fail.
        let _ = input.seek(SeekFrom::Start(text.start()));
        let mut reader = Reader::from_reader(Metered::new(input));
        reader.config_mut().expand_empty_elements = true;
        Self { reader, vocabulary, buffer: Vec::new(), around: 0, is_over: false }
    }

    fn line(&self) -> u64 {
        self.reader.get_ref().lines + 1
    }

    fn event(&mut self) -> Result<Event<'_>, String> {
        self.buffer.clear();
        let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| match error {
            quick_xml::Error::Io(error) => error.to_string(),
            other => format!("is broken XML, and what follows cannot be read: {other}"),
        })?;
        if let Event::DocType(_) = event {
            return Err(
                "has a document type (<!DOCTYPE>), which is refused: entities can be made to read other \
                        files or to fill the memory; remove it"
                    .to_owned(),
            );
        }
        Ok(event)
    }

    fn record(&mut self) -> Result<Option<(u64, Record)>, String> {
        loop {
            self.reader.get_mut().left = MAX_RECORD_BYTES;
            let (vocabulary, around) = (self.vocabulary, self.around);
            match self.event()? {
                Event::Start(start) if vocabulary.is_record(&local_name(&start)) => {
                    let record = begun(&start);
                    let line = self.line();
                    return self.rest_of(record).map(|record| Some((line, record)));
                }
                Event::Start(_) => self.around += 1,
                Event::End(_) => self.around = self.around.saturating_sub(1),
                Event::Eof if around == 0 => return Ok(None),
                Event::Eof => {
                    return Err("ends before its outermost element does: the file was cut off".to_owned());
                }
                _ => {}
            }
        }
    }

    /// Reads up to the end of an element that has begun.
    fn rest_of(&mut self, record: Record) -> Result<Record, String> {
        let mut open = vec![record];
        loop {
            let mut ended = false;
            match self.event()? {
                Event::Start(start) => {
                    let child = begun(&start);
                    if open.len() >= MAX_DEPTH {
                        return Err(format!("has elements in elements, more than {MAX_DEPTH} deep"));
                    }
                    open.push(child);
                }
                Event::End(_) => ended = true,
                Event::Text(text) => append(&mut open, &text.xml10_content()),
                Event::CData(text) => append(&mut open, &text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref().ok().flatten();
                    let name: &str = &reference;
                    match (character, resolve_xml_entity(name).or_else(|| resolve_html5_entity(name))) {
                        (Some(character), _) => append(&mut open, character.encode_utf8(&mut [0; 4])),
                        (None, Some(characters)) => append(&mut open, characters),
                        (None, None) => append(&mut open, &format!("&{name};")),
                    }
                }
                Event::Eof => return Err("ends within a product: the file was cut off".to_owned()),
                _ => {}
            }
            if ended && let Some(mut done) = open.pop() {
                done.text = done.text.trim().to_owned();
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => return Ok(done),
                }
            }
        }
    }
}

impl Iterator for Records {
    type Item = Result<(u64, Record), (u64, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let record = self.record().transpose()?;
        Some(record.map_err(|reason| {
            self.is_over = true;
            (self.line(), reason)
        }))
    }
}

fn append(open: &mut [Record], text: &str) {
    if let Some(record) = open.last_mut() {
        record.text.push_str(text);
    }
}

fn begun(start: &BytesStart<'_>) -> Record {
    let href = start.try_get_attribute("href").ok().flatten();
    let href = href.and_then(|href| href.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok());
    Record { name: local_name(start), href: href.map(std::borrow::Cow::into_owned), ..Record::default() }
}

fn local_name(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}

/// A reader that counts lines, and stops one record from being read into memory without an end.
struct Metered {
    input: BufReader<FileAt>,
    left: u64,
    lines: u64,
}

impl Metered {
    fn new(input: FileAt) -> Self {
        Self { input: BufReader::with_capacity(64 << 10, input), left: MAX_RECORD_BYTES, lines: 0 }
    }
}

impl Read for Metered {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(into.len());
        if let (Some(into), Some(bytes)) = (into.get_mut(..count), bytes.get(..count)) {
            into.copy_from_slice(bytes);
        }
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Metered {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            let reason =
                format!("has a product of more than {MAX_RECORD_BYTES} bytes: what follows cannot be read");
            return Err(io::Error::other(reason));
        }
        self.input.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        let lines = self.input.buffer().iter().take(count).filter(|&&byte| byte == b'\n').count();
        self.lines += lines as u64;
        self.left = self.left.saturating_sub(count as u64);
        self.input.consume(count);
    }
}
