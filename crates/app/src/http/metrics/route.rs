//! `GET /metrics`.

use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The older format. Its readers take the same text: what it does not know are comments.
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Tells how the server does, for Prometheus
///
/// Requests by route and status, how long they take and on what, queues, jobs, the photo cache, the catalog's size, what
/// encoders do, and the process. Takes a key of the role admin where the server asks for keys.
#[utoipa::path(
    get, path = "/metrics", tag = "operation",
    responses(
        (status = 200, description = "Everything that is counted", content(
            (String = "application/openmetrics-text"), (String = "text/plain"),
        )),
        (status = 503, description = "The catalog does not answer", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn metrics(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let summary = state.on_thread(|searcher| searcher.store().summary().map_err(Problem::not_ready)).await?;
    let metrics = state.metrics();
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    metrics.catalog_products.set(whole(summary.products));
    metrics.catalog_images.set(whole(summary.images));
    metrics.catalog_size.set(whole(summary.bytes.unwrap_or(0)));
    let (places, cores) = state.occupied();
    for (gauges, (taken, all)) in
        [((&metrics.places_taken, &metrics.places), places), ((&metrics.cores_taken, &metrics.cores), cores)]
    {
        gauges.0.set(whole(taken as u64));
        gauges.1.set(whole(all as u64));
    }
    for (state, count) in state.jobs().map(|jobs| jobs.by_state()).into_iter().flatten() {
        metrics.has_jobs(state, whole(count));
    }
    let text = metrics.text().map_err(|error| Problem::internal("the metrics", &error))?;
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let is_modern =
        accepted.flat_map(|list| list.split(',')).any(|one| one.contains("application/openmetrics-text"));
    Ok(([(header::CONTENT_TYPE, if is_modern { OPEN_METRICS } else { PLAIN })], text).into_response())
}
