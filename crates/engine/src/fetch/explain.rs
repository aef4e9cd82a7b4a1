//! What the HTTP client's errors mean: its own layers say little, the cause below them says it all.
//!
//! Finds in them what our resolver said, and tells what may pass (a refused or lost connection) from what will not (an
//! answer that is not HTTP, a certificate that does not hold).

use super::error::{FetchError, redacted};
use super::guard::Refusal;
use super::resolver::ResolveError;
use std::error::Error;
use std::io;
use std::time::Duration;
use url::Url;

/// Whether a connection was lost before anything came; nothing is known of the server then.
pub(super) fn broke_before_an_answer(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout() && !is_lasting(error)
}

/// Why there was no answer from `url`.
pub(super) fn explained(url: &Url, error: &reqwest::Error, connect_timeout: Duration) -> FetchError {
    let shown = redacted(url);
    match causes(error).find_map(|cause| cause.downcast_ref::<ResolveError>()) {
        Some(ResolveError::Refused(reason)) => {
            FetchError::Refused { url: shown, reason: Refusal::clone(reason) }
        }
        Some(unresolved @ ResolveError::Unresolved { lasting, .. }) => {
            FetchError::Unresolved { url: shown, reason: unresolved.to_string(), lasting: *lasting }
        }
        None if error.is_timeout() => {
            FetchError::TimedOut { url: shown, seconds: connect_timeout.as_secs_f32() }
        }
        None => FetchError::Unreachable { url: shown, reason: root_cause(error), lasting: is_lasting(error) },
    }
}

fn is_lasting(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let not_http = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse);
        // How TLS says that a certificate does not hold.
        let untrusted =
            cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData);
        not_http || untrusted
    })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| -> Option<&'a (dyn Error + 'static)> { (*cause).source() })
}

/// The innermost reason; the layers above it repeat it or name the URL with its secrets.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}
