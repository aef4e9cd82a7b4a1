//! `GET /v1/jobs/{id}/failures`: what a job could not store, and why.

use super::folder::FailureLine;
use super::get::named;
use super::import::{jobs, on_disk};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Most failures on a page.
const MOST: usize = 1000;
/// Unless told otherwise.
const USUAL: usize = 100;

/// Which failures to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct FailuresParameters {
    /// Leaves out so many: `next` of the page before.
    #[param(minimum = 0, default = 0)]
    after: Option<usize>,
    /// How many at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
}

/// A page of failures.
#[derive(Serialize, ToSchema)]
#[schema(as = JobFailurePage, example = json!({
    "failures": [{"place": "https://shop.example/mug.jpg", "stage": "fetch", "reason": "answers 404"}],
    "total": 1, "next": null
}))]
pub(in crate::http) struct FailuresAnswer {
    /// In the order they happened.
    failures: Vec<FailureLine>,
    /// How many there are so far.
    total: u64,
    /// What `after` is to be for the next page; null on the last one.
    next: Option<usize>,
}

/// Lists what a job could not store
#[utoipa::path(
    get, path = "/v1/jobs/{id}/failures", tag = "imports", operation_id = "list_job_failures",
    params(("id" = String, Path, description = "The job's id"), FailuresParameters),
    responses(
        (status = 200, description = "A page of failures", body = FailuresAnswer),
        (status = 400, description = "The id cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The key may not run the server", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter out of range", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn failures(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    parameters: Result<Query<FailuresParameters>, QueryRejection>,
) -> Result<Json<FailuresAnswer>, Problem> {
    let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
    let jobs = jobs(&state)?;
    let job = named(&jobs, id)?;
    let Query(FailuresParameters { after, limit }) =
        parameters.map_err(|rejection| invalid(rejection.body_text()))?;
    let (after, limit) = (after.unwrap_or(0), limit.unwrap_or(USUAL));
    if !(1..=MOST).contains(&limit) {
        return Err(invalid(format!("limit is {limit}; it must be 1 to {MOST}")));
    }
    on_disk(move || {
        let mut failures = job.folder.failures(after, limit + 1)?;
        let more = failures.len() > limit;
        failures.truncate(limit);
        let total = job.record().failures;
        let next = more.then(|| after.saturating_add(limit));
        Ok(Json(FailuresAnswer { failures, total, next }))
    })
    .await
}
