//! What the older calls have in common: a JSON body of any media type, and products that look alike or have near hashes.

use crate::http::body::{self, Held};
use crate::http::image_url;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::http::subject::{self, Subject};
use crate::http::timings::{Stage, Stopwatch};
use axum::extract::Request as HttpRequest;
use axum::http::HeaderMap;
use lookalike_engine::search::{HashProbe, Match, Mode, Request, Searcher};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

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
    let asked = subject::ask(state, subject, Stopwatch::start(), move |searcher, probe| {
        listed(searcher, searcher.search(probe, &wanted)?)
    });
    let (listed, watch) = asked.await?;
    watch.count(state.metrics());
    Ok(listed)
}

/// Products whose photos have the nearest pHash to that of the one at `url`, nearest first. Needs no encoder.
pub(super) async fn hashed_alike(state: &AppState, url: &str, top: usize) -> Result<Vec<Listed>, Problem> {
    let mut watch = Stopwatch::start();
    let fetched = state.fetcher().get(url).await?;
    watch.lap(Stage::Fetch);
    let limits = state.limits().picture;
    let computed = state.compute_again(move |searcher| {
        let mut watch = watch;
        watch.lap(Stage::Wait);
        let picture = subject::decoded(&fetched.bytes, &fetched.url, &limits)?;
        watch.lap(Stage::Decode);
        let probe = HashProbe::new(picture, Some(Sha256::digest(&fetched.bytes).into()));
        watch.lap(Stage::Encode);
        let listed = listed(searcher, searcher.by_phash(&probe, top)?)?;
        watch.lap(Stage::Search);
        Ok((listed, watch))
    });
    let (listed, watch) = computed.await?;
    watch.count(state.metrics());
    Ok(listed)
}

/// With where this server shows each image.
fn listed(searcher: &Searcher, found: Vec<Match>) -> Result<Vec<Listed>, Problem> {
    let paths = image_url::of_all(searcher.store(), &found)?;
    Ok(found.into_iter().zip(paths).map(|(found, image_path)| Listed { found, image_path }).collect())
}

/// The JSON in a request's body, whatever media type it claims to be, the request's headers, and what it takes until it
/// is answered.
pub(super) async fn json<T: DeserializeOwned + Send + 'static>(
    state: &AppState,
    request: HttpRequest,
) -> Result<(T, HeaderMap, Held), Problem> {
    let (parts, body) = request.into_parts();
    let (bytes, held) = body::receive(state, &parts.headers, body).await?;
    Ok((body::json(state, bytes).await?, parts.headers, held))
}
