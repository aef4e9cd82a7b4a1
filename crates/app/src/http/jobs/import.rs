//! `POST /v1/imports`: asks for a source to be brought into the catalog.

use super::folder::JobFolder;
use super::queue::Jobs;
use super::record::Record;
use super::request::{ImportForm, ImportRequest};
use super::upload;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use crate::http::{body, products, question};
use axum::Json;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use std::io;
use std::sync::Arc;
use utoipa::IntoResponses;

/// What an import can be answered with instead of a job.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers in the OpenAPI document; a Problem makes them")]
pub(in crate::http) enum ImportProblems {
    /// The body cannot be read
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemBody),
    /// The key may not run the server, the server takes no imports, or another site's page sent the form
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
    /// Nothing of the body arrived for too long
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(ProblemBody),
    /// The file is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// Neither a form nor JSON
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(ProblemBody),
    /// An option that is none, or no source
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// Too many imports wait, or the disk is full; see Retry-After
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(ProblemBody),
}

/// Begins an import
///
/// Brings products and photos of a source into the catalog, as `lookalike index` does: what is new or changed is stored,
/// the rest is left alone. The answer comes at once; the job tells how far it is, and outlives a restart of the server.
#[utoipa::path(
    post, path = "/v1/imports", tag = "imports", operation_id = "begin_import",
    request_body(content(
        (ImportRequest = "application/json"),
        (ImportForm = "multipart/form-data"),
    )),
    responses(
        (
            status = 202, description = "The job; it waits for those before it", body = Record,
            headers(("Location" = String, description = "Where the job is")),
        ),
        ImportProblems,
    ),
)]
pub(in crate::http) async fn import(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, Problem> {
    let jobs = jobs(&state)?;
    let media_type = products::media_type(&request);
    if !matches!(&*media_type, "application/json" | "multipart/form-data") {
        return Err(Problem::unsupported_media_type(
            "send application/json, or multipart/form-data with the source as the file `file`",
        ));
    }
    // Begun for the form; given up where the request is none.
    let (folder, id) = {
        let jobs = Arc::clone(&jobs);
        let created = on_disk(move || JobFolder::create(jobs.catalog())).await?;
        (Begun(Some(created.1)), created.0)
    };
    let asked = if media_type == "multipart/form-data" {
        expect_own_page(request.headers())?;
        let patience = state.limits().body_timeout;
        let form = Multipart::from_request(request, &state).await;
        let form = form.map_err(|rejection| Problem::malformed(rejection.body_text()))?;
        upload::read(form, folder.folder()?, patience).await?
    } else {
        let received = body::read(&state, request.into_body()).await?;
        let asked: ImportRequest = question::json(&state, received.bytes).await?;
        if asked.source.trim().is_empty() {
            let detail = "source is missing: say where the source is, or send it as a file";
            return Err(Problem::invalid("invalid_parameter", detail));
        }
        asked
    };
    asked.options()?;
    let record = Record::new(id, asked);
    let folder = folder.take()?;
    let job = on_disk(move || {
        let kept = folder.clone();
        let added = jobs.add(folder, record)?;
        if added.is_none() {
            kept.remove()?;
        }
        Ok(added)
    });
    let Some(job) = job.await? else {
        let detail = "too many imports wait already; come back when some are through";
        return Err(Problem::unavailable("busy", detail, 60));
    };
    let record = job.record();
    let location = format!("/v1/jobs/{}", record.job_id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(record)).into_response())
}

/// A job's folder that goes unless the job is taken.
struct Begun(Option<JobFolder>);

impl Begun {
    fn folder(&self) -> Result<&JobFolder, Problem> {
        self.0.as_ref().ok_or_else(|| Problem::internal("an import", &"it was begun already"))
    }

    fn take(mut self) -> Result<JobFolder, Problem> {
        self.0.take().ok_or_else(|| Problem::internal("an import", &"it was begun already"))
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take()
            && let Err(error) = folder.remove()
        {
            tracing::warn!(%error, "the folder of an import that was not begun stays");
        }
    }
}

/// The jobs of a server that takes imports.
pub(super) fn jobs(state: &AppState) -> Result<Arc<Jobs>, Problem> {
    state.jobs().cloned().ok_or_else(|| Problem::forbidden("this server takes no imports"))
}

/// Runs what waits for the disk on a thread of its own.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
    done.map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull => Problem::unavailable("disk_full", "the server's disk is full", 60),
        _ => Problem::internal("a job", &error),
    })
}

/// Refuses a form that the page of another site had a browser send: browsers ask nobody before they send forms.
fn expect_own_page(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let from = origin.as_ref().and_then(|origin| origin.authority()).map(|authority| authority.as_str());
    if from.is_some() && from == text(header::HOST) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "a page of another site sent this form; ask in JSON, or from this server's own page",
    ))
}
