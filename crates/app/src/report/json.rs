//! Answers as JSON, in the same shape as the HTTP API's.

use lookalike_engine::search::{Class, Match};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Writes one document, indented, with a line break at its end.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Writes products that were found.
pub(super) fn write_matches(
    out: &mut dyn Write,
    verdict: Option<Class>,
    matches: &[Match],
) -> io::Result<()> {
    let found: Vec<Value> = matches.iter().map(one_match).collect();
    let document = match verdict {
        Some(verdict) => json!({"verdict": verdict, "matches": found}),
        None => json!({"results": found}),
    };
    write(out, &document)
}

/// One product that was found.
fn one_match(found: &Match) -> Value {
    json!({
        "product_id": found.product,
        "image_id": found.image,
        "match_percent": found.match_percent,
        "score": found.score,
        "class": found.class,
        "fields": found.fields,
        "evidence": found.evidence,
    })
}
