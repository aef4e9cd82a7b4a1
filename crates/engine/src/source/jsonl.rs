//! JSON lines: one object per line.
//!
//! Columns are the objects' names; a name with dots leads into objects (`media.main.url`), and an array on the way
//! stands for each of its elements, so that `images.url` names every image. Values keep their types. A file that is
//! one big array is refused with the command that converts it. Grouping is `table`'s.

use super::location::{ImageBase, ImageSeparator};
use super::mapping::Mapping;
use super::table::{Frame, LineRead, Lines, Row, RowFormat, Table};
use super::text::Text;
use super::{Products, Source, SourceError};
use serde_json::{Map, Value};
use std::io;
use std::path::Path;

/// Longest line in bytes.
const MAX_LINE_BYTES: usize = 16 << 20;
/// Objects that are looked at to learn which names there are.
const SAMPLE_OBJECTS: usize = 1_000;
/// No more are looked at after so many bytes: all of them are in memory together, as trees that take several times that.
const SAMPLE_BYTES: u64 = 16 << 20;

/// A file of JSON lines.
#[derive(Debug)]
pub struct JsonLinesSource(Table<JsonLines>);

#[derive(Debug)]
struct JsonLines {
    id: String,
    images: Vec<String>,
    separator: Option<ImageSeparator>,
}

impl JsonLinesSource {
    /// Goes through `text` once. Image names are relative to `base`, or else to the file's folder.
    ///
    /// # Errors
    /// When it cannot be read, is no text, has no object in it, or lacks a name that is mapped or needed.
    pub(super) fn open(
        text: Text,
        mapping: &Mapping,
        base: Option<ImageBase>,
        separator: Option<ImageSeparator>,
    ) -> Result<Self, SourceError> {
        let path = text.path();
        let start = (text.start(), 1);
        let mut lines = Lines::new(text.reader());
        lines.seek(start.0, start.1).map_err(SourceError::io(path))?;
        let sample = sample(path, &mut lines)?;
        let mut columns: Vec<String> = Vec::new();
        for name in sample.iter().flat_map(Map::keys) {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        let exists = |name: &str| sample.iter().any(|object| !values(object, name).is_empty());
        let known = |name: &str| columns.iter().any(|column| column == name) || exists(name);
        let found =
            mapping.complete(&columns, known).map_err(|reason| SourceError::malformed(path, reason))?;
        let notices = if found.by_name { vec![found.to_string()] } else { Vec::new() };
        let format = JsonLines { id: found.id, images: found.images, separator };
        Ok(Self(Table::open(text, start, format, base, notices)?))
    }
}

impl Source for JsonLinesSource {
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

/// Objects of the file's front.
fn sample(path: &Path, lines: &mut Lines) -> Result<Vec<Map<String, Value>>, SourceError> {
    let mut sample = Vec::new();
    let mut first_fault = None;
    let mut frame = Frame::default();
    for index in 0..SAMPLE_OBJECTS {
        let is_enough = !sample.is_empty() && lines.position().0 >= SAMPLE_BYTES;
        if is_enough || !next(lines, &mut frame).map_err(SourceError::io(path))? {
            break;
        }
        if index == 0 && frame.bytes.trim_ascii_start().starts_with(b"[") {
            let reason = "is one JSON array, not JSON lines: convert it with `jq -c '.[]' FILE > FILE.jsonl`";
            return Err(SourceError::malformed(path, reason));
        }
        match frame.fault.take().map_or_else(|| object(&frame.bytes), Err) {
            Ok(object) => sample.push(object),
            Err(fault) => first_fault = first_fault.or(Some(format!("line {} {fault}", frame.line))),
        }
    }
    match (sample.is_empty(), first_fault) {
        (false, _) => Ok(sample),
        (true, None) => Err(SourceError::malformed(path, "is empty: one JSON object per line was expected")),
        (true, Some(fault)) => Err(SourceError::malformed(
            path,
            format!("has no JSON object in its first {SAMPLE_OBJECTS} lines: {fault}"),
        )),
    }
}

fn next(lines: &mut Lines, frame: &mut Frame) -> io::Result<bool> {
    frame.fault = None;
    loop {
        frame.bytes.clear();
        (frame.offset, frame.line) = lines.position();
        match lines.read(&mut frame.bytes, MAX_LINE_BYTES)? {
            LineRead::End => return Ok(false),
            LineRead::TooLong => frame.fault = Some(format!("is longer than {MAX_LINE_BYTES} bytes")),
            LineRead::Line if frame.bytes.trim_ascii().is_empty() => continue,
            LineRead::Line => {}
        }
        return Ok(true);
    }
}

fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    match serde_json::from_slice(line) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("is JSON, but not an object".to_owned()),
        Err(error) => {
            // The place within this one line is all that helps; serde_json always calls the line 1.
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or_default();
            Err(format!("is not JSON: {what} at column {}", error.column()))
        }
    }
}

/// What `path` leads to: the value of that very name, or else one for each way through its dots and through arrays.
fn values<'a>(object: &'a Map<String, Value>, path: &str) -> Vec<&'a Value> {
    if let Some(value) = object.get(path) {
        return elements(value);
    }
    let Some((first, rest)) = path.split_once('.') else { return Vec::new() };
    let inner = object.get(first).map(elements).unwrap_or_default();
    inner.into_iter().filter_map(Value::as_object).flat_map(|inner| values(inner, rest)).collect()
}

fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(elements) => elements.iter().collect(),
        Value::Null => Vec::new(),
        other => vec![other],
    }
}

impl RowFormat for JsonLines {
    fn name(&self) -> &'static str {
        "JSON lines"
    }

    fn frame(&self, lines: &mut Lines, frame: &mut Frame) -> io::Result<bool> {
        next(lines, frame)
    }

    fn parse(&self, frame: &Frame) -> Result<Row, String> {
        let mut object = object(&frame.bytes)?;
        let id = match values(&object, &self.id).as_slice() {
            [Value::String(text)] if !text.trim().is_empty() => text.trim().to_owned(),
            [Value::Number(number)] => number.to_string(),
            [] | [Value::String(_)] => {
                return Err(format!("has no product id: `{}` is missing or empty", self.id));
            }
            _ => return Err(format!("has a product id that is neither a text nor a number: `{}`", self.id)),
        };
        let mut images = Vec::new();
        for name in &self.images {
            for value in values(&object, name) {
                let Value::String(text) = value else {
                    return Err(format!("has something that is not a text in `{name}`"));
                };
                images.extend(
                    ImageSeparator::split(self.separator.as_ref(), text)?.into_iter().map(Into::into),
                );
            }
        }
        // A number stays among the fields, so that an answer can give the id with the type it came with.
        if object.get(&self.id).is_some_and(Value::is_string) {
            object.shift_remove(&self.id);
        }
        for name in &self.images {
            object.shift_remove(name);
        }
        object.retain(|_, value| !value.is_null());
        Ok(Row { id, fields: object, images, not_utf8: false })
    }
}
