//! `GET /v1/jobs/{id}/events`: a job's progress as it happens, as server-sent events.
//!
//! Each event carries the whole job, so that whoever misses one misses nothing. The stream ends after the last event of a
//! job that has ended, and when the server ends; a browser then asks again by itself and is told how it went on.

use super::get::named;
use super::import::jobs;
use super::queue::Job;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use utoipa::ToSchema;

/// Between two events, at least.
const PAUSE: Duration = Duration::from_millis(250);

/// One event.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the stream in the OpenAPI document")]
pub(in crate::http) struct JobEvent {
    /// `progress`, or `end` for the last one.
    event: String,
    /// The job, as `GET /v1/jobs/{id}` shows it, as JSON.
    data: String,
}

/// Follows a job
///
/// Server-sent events: `progress` while it waits or goes on, `end` once it has ended, each with the job as JSON.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/events", tag = "imports", operation_id = "follow_job",
    params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, description = "Events, until the job has ended", body = JobEvent, content_type = "text/event-stream"),
        (status = 400, description = "The id cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The key may not run the server", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn events(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, Problem> {
    let jobs = jobs(&state)?;
    let job = named(&jobs, id)?;
    let following = Following { changes: job.listen(), stopping: jobs.stopping(), job, is_first: true };
    Ok(Sse::new(stream::unfold(Some(following), Following::next)).keep_alive(KeepAlive::default()))
}

/// Somebody who follows a job.
struct Following {
    job: Arc<Job>,
    changes: watch::Receiver<()>,
    stopping: watch::Receiver<bool>,
    is_first: bool,
}

impl Following {
    async fn next(following: Option<Self>) -> Option<(Result<Event, axum::Error>, Option<Self>)> {
        let mut following = following?;
        if !std::mem::take(&mut following.is_first) {
            let Self { changes, stopping, .. } = &mut following;
            tokio::select! {
                changed = changes.changed() => changed.ok()?,
                _ = stopping.wait_for(|stops| *stops) => return None,
            }
            // What changes meanwhile comes with this one, or at once after it.
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                _ = stopping.wait_for(|stops| *stops) => return None,
            }
        }
        following.changes.borrow_and_update();
        let record = following.job.record();
        let has_ended = record.state.has_ended();
        let event = Event::default().event(if has_ended { "end" } else { "progress" }).json_data(record);
        Some((event, (!has_ended).then_some(following)))
    }
}
