//! Around every request: its id, its line in the log, its place in the counts.

use super::registry::{AnswerLabels, Held, RequestLabels};
use crate::http::request_id::{self, REQUEST_ID};
use crate::http::state::AppState;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;
use tracing::Instrument as _;

/// Counts a request, gives it an id, and logs it; for use with `from_fn_with_state`.
pub(in crate::http) async fn observe(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let metrics = state.metrics();
    let _in_flight = Held::of(&metrics.requests_in_flight);
    let method = known(request.method());
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or_else(|| "none".to_owned(), |route| route.as_str().to_owned());
    let id = request_id::of(request.headers());
    // The path alone: queries carry callers' URLs, and those may carry keys. An error's level, so that whatever is logged
    // within says which request it is about.
    let (told, path) = (id.to_str().unwrap_or_default(), request.uri().path());
    let span = tracing::error_span!("request", id = told, method = %request.method(), path);
    let mut response = next.run(request).instrument(span.clone()).await;

    let status = response.status().as_u16();
    let took = begun.elapsed();
    span.in_scope(|| tracing::info!(status, took_ms = took.as_millis() as u64, "answered"));
    let labels = RequestLabels { method, route: route.clone() };
    metrics.request_duration.get_or_create_owned(&labels).observe(took.as_secs_f64());
    metrics.requests.get_or_create_owned(&AnswerLabels { method, route, status }).inc();
    response.headers_mut().insert(REQUEST_ID, id);
    if state.is_stopping() {
        // Whoever keeps the connection for the next request would find it closed.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The method as a label: of those that callers make up there is no end.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
