//! `POST /similarity-search`, as the second system answered it (FastAPI, exact cosine of ResNet-50 vectors).

use super::asking::looking_alike;
use super::listing;
use super::refusal::{ErrorAnswer, Refusal};
use crate::http::problem::Problem;
use crate::http::question::{self, Held, MOST_RESULTS};
use crate::http::state::AppState;
use crate::http::subject::Subject;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, Multipart, Query, Request as HttpRequest, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// How many ids come where nothing is said.
const USUAL_TOP: usize = 3;

/// How to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Parameters {
    /// How many ids at most; 3 when left out.
    #[param(minimum = 1, maximum = 1000, default = 3)]
    top: Option<usize>,
}

/// The picture as a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document; its parts are read one by one")]
struct FileForm {
    /// The picture.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Products that look alike.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"ids": [4711, 12, 808]}))]
pub(in crate::http) struct IdsAnswer {
    /// Best first: the product's field `item_id` or `id` in its own JSON type, or else its id.
    ids: Vec<Value>,
}

/// Finds products that look alike, and names their ids
///
/// For clients of the second system; `POST /v1/search` knows more. The route with a slash at its end is the same.
#[utoipa::path(
    post, path = "/similarity-search", tag = "compatibility", params(Parameters),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "Ids, best first", body = IdsAnswer),
        (status = 400, description = "Not a form with one picture `file`, or `top` is out of range", body = ErrorAnswer),
        (status = 408, description = "The body took too long to arrive", body = ErrorAnswer),
        (status = 413, description = "The body is too large", body = ErrorAnswer),
        (status = 503, description = "Too many requests at once; see Retry-After", body = ErrorAnswer),
    ),
)]
pub(in crate::http) async fn similarity_search(
    State(state): State<AppState>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    request: HttpRequest,
) -> Result<Json<IdsAnswer>, Refusal> {
    answer(&state, parameters, request).await.map_err(Refusal::error)
}

async fn answer(
    state: &AppState,
    parameters: Result<Query<Parameters>, QueryRejection>,
    request: HttpRequest,
) -> Result<Json<IdsAnswer>, Problem> {
    let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
    let Query(Parameters { top }) = parameters.map_err(|rejection| invalid(rejection.body_text()))?;
    let top = top.unwrap_or(USUAL_TOP);
    if !(1..=MOST_RESULTS).contains(&top) {
        return Err(invalid(format!("top is {top}; it must be 1 to {MOST_RESULTS}")));
    }
    let (picture, _held) = file(state, request).await?;
    let found = looking_alike(state, Subject::Bytes(picture), top).await?;
    Ok(Json(IdsAnswer { ids: found.iter().map(listing::id).collect() }))
}

/// The bytes of the form's `file`; other fields are passed over, as the second system did.
async fn file(state: &AppState, request: HttpRequest) -> Result<(Bytes, Held), Problem> {
    let (parts, body) = request.into_parts();
    let (bytes, held) = question::receive(state, body).await?;
    let whole = HttpRequest::from_parts(parts, Body::from(bytes));
    let mut form = Multipart::from_request(whole, state)
        .await
        .map_err(|_| Problem::malformed("send multipart/form-data with the picture as the file `file`"))?;
    let mut picture = None;
    loop {
        let field = form.next_field().await;
        let unreadable = |text: String| Problem::malformed(format!("the form cannot be read: {text}"));
        let Some(field) = field.map_err(|error| unreadable(error.body_text()))? else { break };
        if field.name() != Some("file") {
            continue;
        }
        let bytes = field.bytes().await.map_err(|error| unreadable(error.body_text()))?;
        if picture.replace(bytes).is_some() {
            return Err(Problem::malformed("file is given more than once; ask about one picture"));
        }
    }
    let picture = picture.ok_or_else(|| Problem::malformed("the form has no file named `file`"))?;
    Ok((picture, held))
}
