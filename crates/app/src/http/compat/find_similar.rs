//! `GET /find_similar/?image_url=U&top=N`, as the first system answered it (FastAPI, pHash alone).

use super::asking::{Listed, hashed_alike};
use super::listing::ListingFields;
use crate::http::problem::Problem;
use crate::http::question::MOST_RESULTS;
use crate::http::state::AppState;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The route; its 405 is FastAPI's.
pub(in crate::http) fn route() -> MethodRouter<AppState> {
    get(find_similar).fallback(async || {
        let allow = [(header::ALLOW, "GET,HEAD")];
        (StatusCode::METHOD_NOT_ALLOWED, allow, Json(json!({"detail": "Method Not Allowed"})))
    })
}

/// Products that match.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"matches": [{
    "entity_id": 4711, "sku": "RED-1", "image_url": "/media/red.jpg", "score": 0.5, "match_percentage": 96.7
}]}))]
pub(in crate::http) struct FindSimilarAnswer {
    /// Nearest pHash first.
    matches: Vec<LegacyMatch>,
}

/// A product that was found.
#[derive(Serialize, ToSchema)]
struct LegacyMatch {
    /// The product's field `entity_id` in its own JSON type, or else its id.
    entity_id: Value,
    /// The product's field `sku`; null when it has none.
    sku: Value,
    /// The product's field `image_url` or `small_image`, or else this server's URL of the image found.
    image_url: String,
    /// 1 / (1 + differing bits of the pHash).
    score: f64,
    /// 100 for the very same bytes; else the probability, 0 to 99.9, that the image found is the photo asked about, edited, as
    /// far as hashes and colours can tell: no network looks at either.
    match_percentage: f32,
}

/// What is wrong with a request, as FastAPI tells it.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "detail": [{"type": "missing", "loc": ["query", "image_url"], "msg": "Field required", "input": null}]
}))]
pub(in crate::http) struct ValidationError {
    /// One entry per parameter that is wrong.
    detail: Vec<WrongParameter>,
}

/// What is wrong where no parameter is.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"detail": "all places are taken; try again in a moment"}))]
struct Told {
    /// What is wrong.
    detail: String,
}

/// One parameter that is wrong.
#[derive(Serialize, ToSchema)]
struct WrongParameter {
    /// What kind of error it is.
    r#type: &'static str,
    /// Where: `query` and the parameter's name.
    loc: [&'static str; 2],
    /// What is wrong.
    msg: String,
    /// What was given; null when nothing was.
    input: Value,
}

/// A request that gets no matches.
#[derive(Debug)]
pub(in crate::http) enum Rejected {
    /// Parameters that are wrong.
    Parameters(Vec<(&'static str, &'static str, String, Value)>),
    /// Anything else; told under `detail` too.
    Other(Problem),
}

impl IntoResponse for Rejected {
    fn into_response(self) -> Response {
        match self {
            Self::Parameters(wrong) => {
                let told = wrong.into_iter().map(|(kind, name, msg, input)| WrongParameter {
                    r#type: kind,
                    loc: ["query", name],
                    msg,
                    input,
                });
                let body = ValidationError { detail: told.collect() };
                (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
            }
            Self::Other(problem) => {
                let retry = problem.retry_after_s.map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
                (problem.status, retry, Json(Told { detail: problem.detail })).into_response()
            }
        }
    }
}

/// Finds products by pHash alone
///
/// Whatever is nearest is given; `match_percentage` says whether it is a copy. For clients of the first system; `POST /v1/search`
/// knows more. The route without the slash is the same.
#[utoipa::path(
    get, path = "/find_similar/", tag = "compatibility",
    params(
        ("image_url" = String, Query, description = "Where the picture is; public addresses only unless the server was told otherwise"),
        ("top" = Option<usize>, Query, description = "How many products at most; 1 when left out", minimum = 1, maximum = 1000),
    ),
    responses(
        (status = 200, description = "Products, nearest first", body = FindSimilarAnswer),
        (status = 422, description = "A parameter is missing or wrong, or the URL gives no picture", body = ValidationError),
        (status = 503, description = "Too many requests at once; see Retry-After", body = Told),
    ),
)]
pub(in crate::http) async fn find_similar(
    State(state): State<AppState>,
    parameters: Result<Query<Vec<(String, String)>>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<FindSimilarAnswer>, Rejected> {
    let Query(parameters) =
        parameters.map_err(|error| Rejected::Other(Problem::malformed(error.body_text())))?;
    let (url, top) = read(&parameters)?;
    let _place = state.place().map_err(Rejected::Other)?;
    let found = hashed_alike(&state, &url, top).await.map_err(|problem| {
        // The picture is the caller's parameter: what is wrong with it is told as FastAPI tells it.
        if problem.status == StatusCode::UNPROCESSABLE_ENTITY {
            let msg = format!("Value error, {}", problem.detail);
            Rejected::Parameters(vec![("value_error", "image_url", msg, url.into())])
        } else {
            Rejected::Other(problem)
        }
    })?;
    let matches = found.iter().map(|listed| legacy(state.listing(), listed, &headers)).collect();
    Ok(Json(FindSimilarAnswer { matches }))
}

/// Both parameters, or everything that is wrong with them. Of a repeated one the last counts, as in FastAPI.
fn read(parameters: &[(String, String)]) -> Result<(String, usize), Rejected> {
    let last =
        |name: &str| parameters.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let mut wrong = Vec::new();
    let url = last("image_url");
    if url.is_none() {
        wrong.push(("missing", "image_url", "Field required".to_owned(), Value::Null));
    }
    let top = last("top").unwrap_or("1");
    let parsed = top.trim().parse::<i64>();
    let mut wrong_top = |kind, msg: String| wrong.push((kind, "top", msg, top.into()));
    match parsed {
        Err(_) => {
            let msg = "Input should be a valid integer, unable to parse string as an integer";
            wrong_top("int_parsing", msg.to_owned());
        }
        Ok(..=0) => wrong_top("greater_than_equal", "Input should be greater than or equal to 1".to_owned()),
        Ok(number) if number > MOST_RESULTS as i64 => {
            wrong_top("less_than_equal", format!("Input should be less than or equal to {MOST_RESULTS}"));
        }
        Ok(_) => {}
    }
    match (url, parsed.ok().and_then(|top| usize::try_from(top).ok())) {
        (Some(url), Some(top)) if wrong.is_empty() => Ok((url.to_owned(), top)),
        _ => Err(Rejected::Parameters(wrong)),
    }
}

fn legacy(fields: &ListingFields, listed: &Listed, headers: &HeaderMap) -> LegacyMatch {
    let found = &listed.found;
    LegacyMatch {
        image_url: fields.picture_url(listed, headers),
        entity_id: fields.entity_id(listed),
        sku: fields.sku(listed),
        score: 1.0 / (1.0 + f64::from(found.evidence.phash_bits)),
        match_percentage: found.match_percent,
    }
}
