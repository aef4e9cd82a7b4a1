//! Answers as JSON, in the same shape as the HTTP API's.

use super::Answer;
use crate::http::image_path;
use lookalike_engine::catalog::{Fields, ImageId};
use lookalike_engine::search::{Class, Evidence, Match, MatchedBy, TextAnswer, TextEvidence, TextMatch};
use serde::Serialize;
use std::io::{self, Write};
use std::time::Instant;

/// Writes one document, indented, with a line break at its end.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// What was found: `matches` beside a verdict, or else `results`.
#[derive(Default, Serialize)]
struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Class>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matches: Option<Vec<OneMatch<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Vec<OneMatch<'a>>>,
    /// None where words were compared with words.
    encoder: Option<&'a str>,
    /// `vector` or `words`, where words were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_by: Option<&'static str>,
    /// Whether words were left out, where words were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<bool>,
    took_ms: f64,
}

/// One product that was found.
#[derive(Serialize)]
struct OneMatch<'a> {
    product_id: &'a str,
    image_id: Option<&'a str>,
    match_percent: f32,
    score: f32,
    class: Class,
    fields: &'a Fields,
    /// Where `lookalike serve` shows the image.
    image_url: Option<String>,
    evidence: Reason,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Reason {
    Picture(Evidence),
    Text(TextEvidence),
}

impl<'a> From<&'a Match> for OneMatch<'a> {
    fn from(found: &'a Match) -> Self {
        Self {
            product_id: found.product.as_str(),
            image_id: Some(found.image.as_str()),
            match_percent: found.match_percent,
            score: found.score,
            class: found.class,
            fields: &found.fields,
            image_url: Some(image_path(&found.image)),
            evidence: Reason::Picture(found.evidence),
        }
    }
}

impl<'a> From<&'a TextMatch> for OneMatch<'a> {
    fn from(found: &'a TextMatch) -> Self {
        Self {
            product_id: found.product.as_str(),
            image_id: found.image.as_ref().map(ImageId::as_str),
            match_percent: found.match_percent,
            score: found.score,
            class: found.class,
            fields: &found.fields,
            image_url: found.image.as_ref().map(image_path),
            evidence: Reason::Text(found.evidence),
        }
    }
}

fn took_ms(started: Instant) -> f64 {
    (started.elapsed().as_secs_f64() * 100_000.0).round() / 100.0
}

/// Writes products that were found.
pub(super) fn write_answer(out: &mut dyn Write, answer: &Answer<'_>) -> io::Result<()> {
    let found: Vec<OneMatch<'_>> = answer.matches.iter().map(OneMatch::from).collect();
    let (matches, results) = if answer.verdict.is_some() { (Some(found), None) } else { (None, Some(found)) };
    let (encoder, took_ms) = (Some(answer.encoder), took_ms(answer.started));
    let document =
        Document { verdict: answer.verdict, matches, results, encoder, took_ms, ..Document::default() };
    write(out, &document)
}

/// Writes products that were found by words.
pub(super) fn write_text_answer(out: &mut dyn Write, found: &TextAnswer, started: Instant) -> io::Result<()> {
    let (encoder, matched_by) = match &found.matched_by {
        MatchedBy::Vector { encoder } => (Some(encoder.as_str()), "vector"),
        MatchedBy::Words => (None, "words"),
    };
    let document = Document {
        results: Some(found.matches.iter().map(OneMatch::from).collect()),
        encoder,
        matched_by: Some(matched_by),
        truncated: Some(found.truncated),
        took_ms: took_ms(started),
        ..Document::default()
    };
    write(out, &document)
}
