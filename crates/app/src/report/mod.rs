//! How answers are printed: a file per format.

pub mod evaluation;
pub mod json;
pub mod table;

use lookalike_engine::search::{Class, Match, TextAnswer};
use std::io::{self, Write};
use std::time::Instant;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a person.
    Table,
    /// One JSON document.
    Json,
}

impl Format {
    /// JSON where `--json` was given.
    pub fn chosen(json: bool) -> Self {
        if json { Self::Json } else { Self::Table }
    }
}

/// Products that were found.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// There when the question was whether the photo is listed.
    pub verdict: Option<Class>,
    /// Best first.
    pub matches: &'a [Match],
    /// The encoder that "looks alike" is measured with.
    pub encoder: &'a str,
    /// When the question was asked.
    pub started: Instant,
}

/// Prints products that were found.
///
/// # Errors
/// When `out` cannot be written to.
pub fn answer(out: &mut dyn Write, format: Format, answer: &Answer<'_>) -> io::Result<()> {
    match format {
        Format::Table => table::write_matches(out, answer.verdict, answer.matches),
        Format::Json => json::write_answer(out, answer),
    }
}

/// Prints products that were found by words.
///
/// # Errors
/// When `out` cannot be written to.
pub fn text_answer(
    out: &mut dyn Write,
    format: Format,
    found: &TextAnswer,
    started: Instant,
) -> io::Result<()> {
    match format {
        Format::Table => table::write_text_answer(out, found),
        Format::Json => json::write_text_answer(out, found, started),
    }
}
