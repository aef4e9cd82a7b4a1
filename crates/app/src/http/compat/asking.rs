//! What the older calls have in common: a JSON body of any media type, and products that look alike.

use crate::http::body;
use crate::http::problem::Problem;
use crate::http::question::{self, Subject};
use crate::http::state::AppState;
use axum::extract::Request as HttpRequest;
use axum::http::HeaderMap;
use lookalike_engine::search::{Match, Mode, Request};
use serde::de::DeserializeOwned;

/// Products that look like `subject`, best first.
pub(super) async fn looking_alike(
    state: &AppState,
    subject: Subject,
    top: usize,
) -> Result<Vec<Match>, Problem> {
    let wanted = Request { mode: Mode::Similar, top, ..Request::default() };
    question::ask(state, subject, None, move |searcher, probe| searcher.search(probe, &wanted)).await
}

/// The JSON in a request's body, whatever media type it claims to be, and the request's headers.
pub(super) async fn json<T: DeserializeOwned>(
    state: &AppState,
    request: HttpRequest,
) -> Result<(T, HeaderMap), Problem> {
    let limits = state.limits();
    let (parts, body) = request.into_parts();
    let bytes = body::read(body, limits.body_bytes, limits.body_timeout).await?;
    let asked = serde_json::from_slice(&bytes).map_err(|error| {
        let detail = format!("the JSON body: {error}");
        if error.is_data() {
            Problem::invalid("invalid_parameter", detail)
        } else {
            Problem::malformed(detail)
        }
    })?;
    Ok((asked, parts.headers))
}
