//! How answers are printed: a file per format.

pub mod json;
pub mod table;

use lookalike_engine::search::{Class, Match};
use std::io::{self, Write};

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

/// Prints products that were found; with a verdict when the question was whether the photo is listed.
///
/// # Errors
/// When `out` cannot be written to.
pub fn matches(
    out: &mut dyn Write,
    format: Format,
    verdict: Option<Class>,
    matches: &[Match],
) -> io::Result<()> {
    match format {
        Format::Table => table::write_matches(out, verdict, matches),
        Format::Json => json::write_matches(out, verdict, matches),
    }
}
