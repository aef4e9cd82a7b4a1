//! `POST /v1/search`: what matches this picture?

use super::answer::{MatchAnswer, took_ms};
use super::problem::{Problem, QuestionProblems};
use super::question::{self, ModeName, Question, QuestionForm};
use super::state::AppState;
use axum::Json;
use axum::extract::{Request, State};
use lookalike_engine::search;
use serde::Serialize;
use std::time::Instant;
use utoipa::ToSchema;

/// Products that match.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchAnswer {
    /// Best first, one per product.
    results: Vec<MatchAnswer>,
    /// The encoder that "looks alike" is measured with.
    encoder: String,
    /// How long the answer took, in milliseconds.
    took_ms: f64,
}

/// Finds products that match a picture
///
/// The picture comes as a file, as base64, as a URL, or as one the catalog has.
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
    let mode = asked.mode.unwrap_or(ModeName::Auto).into();
    let wanted = search::Request { mode, top: asked.top, min_percent: asked.min_percent };
    let (found, encoder) = question::ask(&state, asked.subject, move |searcher, probe| {
        Ok((searcher.search(probe, &wanted)?, searcher.encoder().id().name.clone()))
    })
    .await?;
    let results = found.into_iter().map(MatchAnswer::from).collect();
    Ok(Json(SearchAnswer { results, encoder, took_ms: took_ms(started) }))
}
