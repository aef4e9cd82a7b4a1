//! `POST /v1/search`: what matches this picture, or these words?

use super::answer::{MatchAnswer, took_ms};
use super::problem::{Problem, QuestionProblems};
use super::question::{self, ModeName, Question, QuestionForm, Subject};
use super::state::AppState;
use axum::Json;
use axum::extract::{Request, State};
use lookalike_engine::search::{self, MatchedBy, TextAnswer, TextRequest};
use serde::Serialize;
use std::time::Instant;
use utoipa::ToSchema;

/// Products that match.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchAnswer {
    /// Best first, one per product.
    results: Vec<MatchAnswer>,
    /// The encoder whose vectors were compared; null where words were compared with words.
    encoder: Option<String>,
    /// What `text` was compared with; there only when it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_by: Option<MatchedByName>,
    /// Whether the end of `text` was left out because it is too long; there only when `text` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<bool>,
    /// How long the answer took, in milliseconds.
    took_ms: f64,
}

/// What words were compared with.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MatchedByName {
    /// The photos, by the vectors of an encoder that reads words.
    Vector,
    /// The words in the products' fields.
    Words,
}

/// Finds products that match a picture or words
///
/// The picture comes as a file, as base64, as a URL, or as one the catalog has. Words are compared with the photos where
/// an encoder of the catalog reads words, else with the words in the products' fields; the answer says which. Their
/// percentages mean something else than those of pictures: by vector, how far a photo stands out from the catalog for
/// these words; by words, how well a product fits beside the best one. With `filter` only products whose fields fit are
/// looked at, and the best of those are found however few they are.
#[utoipa::path(
    post, path = "/v1/search", tag = "search",
    request_body(content(
        (QuestionForm = "multipart/form-data"),
        (Question = "application/json"),
    )),
    responses(
        (status = 200, description = "Products, best first", body = SearchAnswer),
        QuestionProblems,
    ),
)]
pub(super) async fn search(
    State(state): State<AppState>,
    request: Request,
) -> Result<Json<SearchAnswer>, Problem> {
    let started = Instant::now();
    let _place = state.place()?;
    let asked = question::read(&state, request).await?;
    if let Subject::Text(text) = asked.subject {
        let (encoder, top, min_percent, filter) = (asked.encoder, asked.top, asked.min_percent, asked.filter);
        let wanted = TextRequest { text, encoder, top, min_percent, filter };
        let found = state.compute(move |searcher| Ok(searcher.search_text(&wanted)?)).await?;
        return Ok(Json(by_text(found, started)));
    }
    let mode = asked.mode.unwrap_or(ModeName::Auto).into();
    let (top, min_percent, filter) = (asked.top, asked.min_percent, asked.filter);
    let wanted = search::Request { mode, top, min_percent, filter };
    let (found, encoder) = question::ask(&state, asked.subject, asked.encoder, move |searcher, probe| {
        Ok((searcher.search(probe, &wanted)?, searcher.encoder_of(probe)?.name.clone()))
    })
    .await?;
    let results = found.into_iter().map(MatchAnswer::from).collect();
    let (encoder, took_ms) = (Some(encoder), took_ms(started));
    Ok(Json(SearchAnswer { results, encoder, matched_by: None, truncated: None, took_ms }))
}

fn by_text(found: TextAnswer, started: Instant) -> SearchAnswer {
    let (encoder, matched_by) = match found.matched_by {
        MatchedBy::Vector { encoder } => (Some(encoder), MatchedByName::Vector),
        MatchedBy::Words => (None, MatchedByName::Words),
    };
    SearchAnswer {
        results: found.matches.into_iter().map(MatchAnswer::from).collect(),
        encoder,
        matched_by: Some(matched_by),
        truncated: Some(found.truncated),
        took_ms: took_ms(started),
    }
}
