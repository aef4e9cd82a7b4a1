//! `GET /v1/jobs/{id}`: how far a job is.

use super::import::jobs;
use super::queue::{Job, Jobs};
use super::record::Record;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use std::sync::Arc;

/// Shows a job
#[utoipa::path(
    get, path = "/v1/jobs/{id}", tag = "imports", operation_id = "get_job",
    params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, description = "The job", body = Record),
        (status = 400, description = "The id cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The key may not run the server", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn get(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Record>, Problem> {
    let jobs = jobs(&state)?;
    Ok(Json(named(&jobs, id)?.record()))
}

/// The job of an id in a path.
pub(super) fn named(jobs: &Jobs, id: Result<Path<String>, PathRejection>) -> Result<Arc<Job>, Problem> {
    let Path(id) = id.map_err(|rejection| Problem::malformed(rejection.body_text()))?;
    jobs.find(&id).ok_or_else(|| Problem::not_found("job_not_found", format!("there is no job {id:?}")))
}
