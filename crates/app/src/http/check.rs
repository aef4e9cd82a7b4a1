//! `POST /v1/check`: is this photo already listed?

use super::answer::{ClassName, IndexName, MatchAnswer, Showing};
use super::problem::{Problem, QuestionProblems};
use super::question::{self, About, ModeName, Question, QuestionForm};
use super::state::AppState;
use super::subject;
use super::timings::{Stage, Stopwatch, Timings};
use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use utoipa::ToSchema;

/// A verdict and what speaks for it.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckAnswer {
    /// The class of the best match; `none` when nothing matches.
    verdict: ClassName,
    /// Best first, one per product; products of class `none` are left out.
    matches: Vec<MatchAnswer>,
    /// Whether there are more matches after these: ask again with `offset`.
    more: bool,
    /// The encoder that "looks alike" is measured with.
    encoder: String,
    /// Which index answered.
    index: IndexName,
    /// How long each stage took.
    timings: Timings,
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
    let mut watch = Stopwatch::start();
    let (asked, _held) = question::read(&state, request).await?;
    watch.lap(Stage::Receive);
    if !matches!(asked.mode, None | Some(ModeName::Auto)) {
        let detail = "check looks for copies and look-alikes both; leave mode out, or ask /v1/search";
        return Err(Problem::invalid("invalid_parameter", detail));
    }
    let About::Picture(depiction) = asked.about else {
        let detail = "check asks about a picture alone; ask /v1/search with words";
        return Err(Problem::invalid("invalid_parameter", detail));
    };
    let (page, min_percent, filter, fields) = (asked.page, asked.min_percent, asked.filter, asked.fields);
    let (mut answer, watch) = subject::ask(&state, depiction, watch, move |searcher, probe| {
        let checked = searcher.check(probe, page.needed(), filter.as_ref())?;
        let kept = checked.matches.into_iter().filter(|found| found.match_percent >= min_percent);
        let (found, more) = page.of(kept.collect());
        let showing = Showing { store: searcher.store(), fields: fields.as_deref() };
        Ok(CheckAnswer {
            verdict: checked.verdict.into(),
            matches: found.into_iter().map(|found| showing.found(found)).collect::<Result<_, _>>()?,
            more,
            encoder: searcher.encoder_of(probe)?.name.clone(),
            index: IndexName::of(searcher.store(), true, false),
            timings: Timings::default(),
            took_ms: 0.0,
        })
    })
    .await?;
    (answer.timings, answer.took_ms) = (watch.timings(), watch.took_ms());
    Ok(Json(answer))
}
