//! `GET /v1/jobs`: the jobs, the latest first.

use super::import::jobs;
use super::record::Record;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Most jobs on a page.
const MOST: usize = 100;
/// Unless told otherwise.
const USUAL: usize = 20;

/// Which jobs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct JobsParameters {
    /// Those before this one: `next` of the page before.
    before: Option<String>,
    /// How many at most, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
}

/// A page of jobs.
#[derive(Serialize, ToSchema)]
#[schema(as = JobPage, example = json!({
    "jobs": [{
        "job_id": "0193a5c2f3e4b7d2", "kind": "import", "state": "done",
        "request": {"source": "https://shop.example/feed.xml"}, "attempts": 1, "images_expected": 1200,
        "images": {
            "seen": 1200, "new": 1195, "changed": 0, "unchanged": 0, "removed": 0, "failed": 5, "not_reached": 0
        },
        "products": {
            "seen": 400, "new": 400, "changed": 0, "unchanged": 0, "removed": 0, "failed": 0, "not_reached": 0
        },
        "bytes": 125829120, "failures": 5, "notices": [], "message": null, "created_unix_ms": 1763766000000_u64,
        "started_unix_ms": 1763766000120_u64, "ended_unix_ms": 1763766042000_u64
    }],
    "next": null
}))]
pub(in crate::http) struct JobsAnswer {
    /// The latest first.
    jobs: Vec<Record>,
    /// What `before` is to be for the next page; null on the last one.
    next: Option<String>,
}

/// Lists the jobs
#[utoipa::path(
    get, path = "/v1/jobs", tag = "imports", operation_id = "list_jobs", params(JobsParameters),
    responses(
        (status = 200, description = "A page of jobs", body = JobsAnswer),
        (status = 403, description = "The key may not run the server", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter out of range", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn list(
    State(state): State<AppState>,
    parameters: Result<Query<JobsParameters>, QueryRejection>,
) -> Result<Json<JobsAnswer>, Problem> {
    let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
    let Query(JobsParameters { before, limit }) =
        parameters.map_err(|rejection| invalid(rejection.body_text()))?;
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(invalid(format!("limit is {limit}; it must be 1 to {MOST}")));
    }
    let mut jobs = jobs(&state)?.list(before.as_deref(), limit + 1);
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    let next = jobs.last().filter(|_| more).map(|job| job.job_id.clone());
    Ok(Json(JobsAnswer { jobs, next }))
}
