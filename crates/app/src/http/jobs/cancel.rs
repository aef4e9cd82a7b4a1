//! `DELETE /v1/jobs/{id}`: asks a job to stop.

use super::get::named;
use super::import::{jobs, on_disk};
use super::queue::Cancelling;
use super::record::{JobState, Record};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use std::sync::Arc;

/// Cancels a job
///
/// Nothing new is begun; what is ready is stored and stays stored. A job that has ended stays as it is.
#[utoipa::path(
    delete, path = "/v1/jobs/{id}", tag = "imports", operation_id = "cancel_job",
    params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, description = "It has ended already", body = Record),
        (status = 202, description = "It is asked to stop", body = Record),
        (status = 400, description = "The id cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The key may not run the server", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn cancel(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<(StatusCode, Json<Record>), Problem> {
    let jobs = jobs(&state)?;
    let job = named(&jobs, id)?;
    let asked = Arc::clone(&job);
    let cancelling = on_disk(move || jobs.cancel(&asked)).await?;
    if cancelling == Cancelling::EndedAtOnce {
        state.metrics().job_ended(JobState::Cancelled);
    }
    let status = if cancelling == Cancelling::HadEnded { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(job.record())))
}
