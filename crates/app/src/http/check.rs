//! `POST /v1/check`: is this photo already listed?

use super::answer::{ClassName, MatchAnswer, took_ms};
use super::problem::{Problem, QuestionProblems};
use super::question::{self, ModeName, Question, QuestionForm};
use super::state::AppState;
use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use std::time::Instant;
use utoipa::ToSchema;

/// A verdict and what speaks for it.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckAnswer {
    /// The class of the best match; `none` when nothing matches.
    verdict: ClassName,
    /// Best first, one per product; products of class `none` are left out.
    matches: Vec<MatchAnswer>,
    /// The encoder that "looks alike" is measured with.
    encoder: String,
    /// How long the answer took, in milliseconds.
    took_ms: f64,
}

/// Tells whether a photo is already listed
///
/// Looks for copies and look-alikes both, so `mode` can only be `auto`; `min_percent` shortens the list and does
/// not change the verdict. With `filter` the photo is looked for only among products whose fields fit. It asks about a
/// picture, so `text` cannot be given.
#[utoipa::path(
    post, path = "/v1/check", tag = "search",
    request_body(content(
        (QuestionForm = "multipart/form-data"),
        (Question = "application/json"),
    )),
    responses(
        (status = 200, description = "The verdict", body = CheckAnswer),
        QuestionProblems,
    ),
)]
pub(super) async fn check(
    State(state): State<AppState>,
    request: Request,
) -> Result<Json<CheckAnswer>, Problem> {
    let started = Instant::now();
    let _place = state.place()?;
    let asked = question::read(&state, request).await?;
    if !matches!(asked.mode, None | Some(ModeName::Auto)) {
        let detail = "check looks for copies and look-alikes both; leave mode out, or ask /v1/search";
        return Err(Problem::invalid("invalid_parameter", detail));
    }
    let (top, filter) = (asked.top, asked.filter);
    let (checked, encoder) = question::ask(&state, asked.subject, asked.encoder, move |searcher, probe| {
        Ok((searcher.check(probe, top, filter.as_ref())?, searcher.encoder_of(probe)?.name.clone()))
    })
    .await?;
    let kept = checked.matches.into_iter().filter(|found| found.match_percent >= asked.min_percent);
    let matches = kept.map(MatchAnswer::from).collect();
    Ok(Json(CheckAnswer { verdict: checked.verdict.into(), matches, encoder, took_ms: took_ms(started) }))
}
