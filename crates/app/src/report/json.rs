//! Answers as JSON, in the same shape as the HTTP API's.

use super::Answer;
use crate::http::image_path;
use lookalike_engine::catalog::Fields;
use lookalike_engine::search::{Class, Evidence, Match};
use serde::Serialize;
use std::io::{self, Write};

/// Writes one document, indented, with a line break at its end.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// What was found: `matches` beside a verdict, or else `results`.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Class>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<Vec<OneMatch<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Vec<OneMatch<'a>>>,
    encoder: &'a str,
    took_ms: f64,
}

/// One product that was found.
#[derive(Serialize)]
struct OneMatch<'a> {
    product_id: &'a str,
    image_id: &'a str,
    match_percent: f32,
    score: f32,
    class: Class,
    fields: &'a Fields,
    /// Where `lookalike serve` shows the image.
    image_url: String,
    evidence: Evidence,
}

impl<'a> From<&'a Match> for OneMatch<'a> {
    fn from(found: &'a Match) -> Self {
        Self {
            product_id: found.product.as_str(),
            image_id: found.image.as_str(),
            match_percent: found.match_percent,
            score: found.score,
            class: found.class,
            fields: &found.fields,
            image_url: image_path(&found.image),
            evidence: found.evidence,
        }
    }
}

/// Writes products that were found.
pub(super) fn write_answer(out: &mut dyn Write, answer: &Answer<'_>) -> io::Result<()> {
    let found: Vec<OneMatch<'_>> = answer.matches.iter().map(OneMatch::from).collect();
    let (matches, results) = if answer.verdict.is_some() { (Some(found), None) } else { (None, Some(found)) };
    let took_ms = (answer.started.elapsed().as_secs_f64() * 100_000.0).round() / 100.0;
    write(out, &Document { verdict: answer.verdict, matches, results, encoder: answer.encoder, took_ms })
}
