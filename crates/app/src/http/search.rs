//! `POST /v1/search`: what matches this picture, these words, or both?

use super::answer::{IndexName, MatchAnswer, Showing};
use super::problem::{Problem, QuestionProblems};
use super::question::{self, About, Asked, ModeName, Page, Question, QuestionForm, Words};
use super::state::AppState;
use super::subject::{self, Depiction};
use super::timings::{Stage, Stopwatch, Timings};
use axum::Json;
use axum::extract::{Request, State};
use lookalike_engine::search::{self, MatchedBy, Searcher, TextAnswer, TextRequest};
use serde::Serialize;
use utoipa::ToSchema;

/// Products that match.
#[derive(Serialize, ToSchema)]
pub(super) struct SearchAnswer {
    /// Best first, one per product.
    results: Vec<MatchAnswer>,
    /// Whether there are more after these: ask again with `offset`.
    more: bool,
    /// The encoder whose vectors were compared; null where words were compared with words.
    encoder: Option<String>,
    /// What `text` was compared with; there only when it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_by: Option<MatchedByName>,
    /// Whether the end of `text` was left out because it is too long; there only when `text` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<bool>,
    /// Which index answered.
    index: IndexName,
    /// How long each stage took.
    timings: Timings,
    /// How long the answer took, in milliseconds.
    took_ms: f64,
}

/// What words were compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MatchedByName {
    /// The photos, by the vectors of an encoder that reads words.
    Vector,
    /// The words in the products' fields.
    Words,
}

/// Finds products that match a picture, words, or both
///
/// The picture comes as a file, as base64, as a URL, or as one the catalog has. Words are compared with the photos where
/// an encoder of the catalog reads words, else with the words in the products' fields; the answer says which. Their
/// percentages mean something else than those of pictures: by vector, how far a photo stands out from the catalog for
/// these words; by words, how well a product fits beside the best one. With `filter` only products whose fields fit are
/// looked at, and the best of those are found however few they are.
///
/// A picture and words together mean "like this, but red": copies are not looked for. Where an encoder reads words, the
/// vectors of both are added, and the percentage tells how far a photo stands out from the catalog for the sum. Elsewhere
/// two orders, of what looks alike and of what fits the words, are fused by rank; the percentage is the share of what the
/// first of both would have. `text_weight` says how much the words count.
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
    let mut watch = Stopwatch::start();
    let (asked, _held) = question::read(&state, request).await?;
    watch.lap(Stage::Receive);
    let Asked { about, mode, page, min_percent, filter, fields } = asked;
    let top = page.needed();
    let (mut answer, watch) = match about {
        About::Words(Words { text, encoder }) => {
            let wanted = TextRequest { text, encoder, top, min_percent, filter };
            let answer = state.compute_again(move |searcher| {
                let mut watch = watch;
                watch.lap(Stage::Wait);
                let answer = described(searcher, searcher.search_text(&wanted)?, page, fields.as_deref())?;
                watch.lap(Stage::Search);
                Ok((answer, watch))
            });
            answer.await?
        }
        About::Both(depiction, text, weight) => {
            let encoder = depiction.encoder.clone();
            let named = state.on_thread(move |searcher| {
                Ok(searcher.encoder_beside_text(encoder.as_deref()).map(str::to_owned)?)
            });
            let depiction = Depiction { encoder: Some(named.await?), ..depiction };
            let wanted = TextRequest { text, encoder: None, top, min_percent, filter };
            let together = move |searcher: &Searcher, probe: &search::Probe| {
                let found = searcher.search_together(probe, &wanted, weight)?;
                let answer = described(searcher, found, page, fields.as_deref())?;
                let index =
                    IndexName::of(searcher.store(), true, answer.matched_by == Some(MatchedByName::Words));
                Ok(SearchAnswer { encoder: Some(searcher.encoder_of(probe)?.name.clone()), index, ..answer })
            };
            subject::ask(&state, depiction, watch, together).await?
        }
        About::Picture(depiction) => {
            let mode = mode.unwrap_or(ModeName::Auto).into();
            let wanted = search::Request { mode, top, min_percent, filter };
            subject::ask(&state, depiction, watch, move |searcher, probe| {
                let (found, more) = page.of(searcher.search(probe, &wanted)?);
                let showing = Showing { store: searcher.store(), fields: fields.as_deref() };
                Ok(SearchAnswer {
                    results: found.into_iter().map(|found| showing.found(found)).collect::<Result<_, _>>()?,
                    more,
                    encoder: Some(searcher.encoder_of(probe)?.name.clone()),
                    matched_by: None,
                    truncated: None,
                    index: IndexName::of(searcher.store(), true, false),
                    timings: Timings::default(),
                    took_ms: 0.0,
                })
            })
            .await?
        }
    };
    (answer.timings, answer.took_ms) = (watch.timings(), watch.took_ms());
    Ok(Json(answer))
}

/// The answer to words, but for how long it took.
fn described(
    searcher: &Searcher,
    found: TextAnswer,
    page: Page,
    fields: Option<&[String]>,
) -> Result<SearchAnswer, Problem> {
    let showing = Showing { store: searcher.store(), fields };
    let (encoder, matched_by) = match found.matched_by {
        MatchedBy::Vector { encoder } => (Some(encoder), MatchedByName::Vector),
        MatchedBy::Words => (None, MatchedByName::Words),
    };
    let (results, more) = page.of(found.matches);
    Ok(SearchAnswer {
        results: results.into_iter().map(|found| showing.described(found)).collect::<Result<_, _>>()?,
        more,
        index: IndexName::of(searcher.store(), encoder.is_some(), matched_by == MatchedByName::Words),
        encoder,
        matched_by: Some(matched_by),
        truncated: Some(found.truncated),
        timings: Timings::default(),
        took_ms: 0.0,
    })
}
