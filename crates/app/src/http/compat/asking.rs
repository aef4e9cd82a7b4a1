//! What the older calls have in common: a JSON body of any media type, and products that look alike.

use crate::http::image_url;
use crate::http::problem::Problem;
use crate::http::question::{self, Held};
use crate::http::state::AppState;
use crate::http::subject::{self, Subject};
use crate::http::timings::Stopwatch;
use axum::extract::Request as HttpRequest;
use axum::http::HeaderMap;
use lookalike_engine::search::{Match, Mode, Probe, Request, SearchError, Searcher};
use serde::de::DeserializeOwned;

/// A product that was found, and where this server shows its image.
pub(super) struct Listed {
    pub(super) found: Match,
    pub(super) image_path: String,
}

/// Products that look like `subject`, best first.
pub(super) async fn looking_alike(
    state: &AppState,
    subject: Subject,
    top: usize,
) -> Result<Vec<Listed>, Problem> {
    let wanted = Request { mode: Mode::Similar, top, ..Request::default() };
    listed(state, subject, move |searcher, probe| searcher.search(probe, &wanted)).await
}

/// What `search` finds for `subject`.
pub(super) async fn listed(
    state: &AppState,
    subject: Subject,
    search: impl Fn(&Searcher, &Probe) -> Result<Vec<Match>, SearchError> + Clone + Send + 'static,
) -> Result<Vec<Listed>, Problem> {
    let listed = subject::ask(state, subject, Stopwatch::start(), move |searcher, probe| {
        let listed = search(searcher, probe)?.into_iter().map(|found| {
            let image_path = image_url::of(searcher.store(), &found.product, &found.image, found.key)?;
            Ok(Listed { found, image_path })
        });
        listed.collect::<Result<Vec<_>, Problem>>()
    });
    Ok(listed.await?.0)
}

/// The JSON in a request's body, whatever media type it claims to be, the request's headers, and what it takes until it
/// is answered.
pub(super) async fn json<T: DeserializeOwned + Send + 'static>(
    state: &AppState,
    request: HttpRequest,
) -> Result<(T, HeaderMap, Held), Problem> {
    let (parts, body) = request.into_parts();
    let (bytes, held) = question::receive(state, body).await?;
    Ok((question::json(state, bytes).await?, parts.headers, held))
}
