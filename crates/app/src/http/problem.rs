//! How every error leaves: RFC 9457 problem JSON, and which error becomes which status.
//!
//! A caller's mistake is named with its cure. What went wrong on our side is logged in full and told in one
//! sentence: no path, query or exception text of ours leaves the house.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lookalike_engine::fetch::FetchError;
use lookalike_engine::filter::FilterError;
use lookalike_engine::search::SearchError;
use lookalike_engine::store::StoreError;
use lookalike_vision::decode::DecodeError;
use serde::Serialize;
use std::error::Error;
use std::fmt::Display;
use utoipa::{IntoResponses, ToSchema};

const MEDIA_TYPE: &str = "application/problem+json";

/// An error on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    code: &'static str,
    pub(super) detail: String,
    pub(super) retry_after_s: Option<u16>,
    offset: Option<usize>,
    checks: Option<serde_json::Value>,
}

/// An error, as RFC 9457 writes it.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "about:blank", "title": "Unprocessable Entity", "status": 422, "code": "not_a_picture",
    "detail": "image is empty (0 bytes)"
}))]
pub(super) struct ProblemBody {
    /// Always `about:blank`: `code` says more.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status code.
    status: u16,
    /// What kind of problem it is, for programs.
    code: &'static str,
    /// What is wrong and what to do about it, for people.
    detail: String,
    /// Where in the filter the error is, in characters from 0; there only where a filter cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
    /// What the duplicate check found; there only where it kept a product from being stored (`code` is `duplicate`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<super::products::PhotoCheck>>)]
    checks: Option<serde_json::Value>,
}

/// What a question can be answered with instead of an answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers in the OpenAPI document; a Problem makes them")]
pub(super) enum QuestionProblems {
    /// The body or the filter cannot be read; for a filter (`code` is `malformed_filter`) `offset` says where
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemBody),
    /// The catalog has no such image or product
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody),
    /// The body took too long to arrive
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(ProblemBody),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// Neither a form nor JSON
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(ProblemBody),
    /// Not a picture, a URL that is refused or gives none, or a parameter that is missing or out of range
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// Too many requests at once; `Retry-After` says when to come back. Or the encoder asked for was removed from the
    /// catalog just now
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(ProblemBody),
}

/// What a question about fields can be answered with instead of an answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers in the OpenAPI document; a Problem makes them")]
pub(super) enum FilterProblems {
    /// The filter cannot be read (`code` is `malformed_filter`); `offset` says where
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemBody),
    /// A parameter that is unknown or out of range
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// Too many requests at once; `Retry-After` says when to come back
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(ProblemBody),
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: shortened(detail.into()),
            retry_after_s: None,
            offset: None,
            checks: None,
        }
    }

    /// 400: not even readable.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// 401.
    pub(super) fn unauthorised(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// 403.
    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 421: meant for somebody else.
    pub(super) fn misdirected(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail)
    }

    /// 429 with `Retry-After`.
    pub(super) fn too_often(wait: std::time::Duration) -> Self {
        let seconds = wait.as_secs_f64().ceil().clamp(1.0, f64::from(u16::MAX)) as u16;
        let detail = format!("too many requests; come back in {seconds} s");
        Self {
            retry_after_s: Some(seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
        }
    }

    /// 404.
    pub(super) fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// 405.
    pub(super) fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// 408.
    pub(super) fn too_slow(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail)
    }

    /// 409.
    pub(super) fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// This problem, with what the duplicate check found.
    pub(super) fn with_checks(self, checks: serde_json::Value) -> Self {
        Self { checks: Some(checks), ..self }
    }

    /// 413.
    pub(super) fn too_large(limit_bytes: usize) -> Self {
        let detail =
            format!("the body is larger than the {limit_bytes} bytes allowed; send a smaller picture");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    }

    /// 415.
    pub(super) fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    /// 422: readable, but not an answerable question.
    pub(super) fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// 503 with `Retry-After`.
    pub(super) fn busy() -> Self {
        let detail = "all places are taken; try again in a moment";
        Self { retry_after_s: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail) }
    }

    /// Whether it came of the catalog's being exchanged under a request: asked again, the new one answers.
    pub(super) fn is_of_an_exchange(&self) -> bool {
        matches!(self.code, "catalog_changed" | "encoder_removed")
    }

    /// 503 with `Retry-After`, for a reason of its own.
    pub(super) fn unavailable(code: &'static str, detail: impl Into<String>, retry_after_s: u16) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        Self { retry_after_s: Some(retry_after_s), ..problem }
    }

    /// 503: the catalog does not answer.
    pub(super) fn not_ready(error: StoreError) -> Self {
        if let Some(problem) = Self::of_store(&error).filter(Self::is_of_an_exchange) {
            return problem;
        }
        tracing::error!(error = in_full(error), "the catalog does not answer");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_ready",
            "the catalog does not answer; see the server's log",
        )
    }

    /// 502: a photo's own server does not give it.
    pub(super) fn bad_gateway(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, code, detail)
    }

    /// 500. The reason goes to the log.
    pub(super) fn internal(what: &str, reason: &dyn Display) -> Self {
        tracing::error!(what, %reason, "a request failed through no fault of the caller");
        let detail = "something went wrong on the server; its log says what";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// A picture given under the name `field` cannot be decoded.
    pub(super) fn not_a_picture(field: &str, error: &DecodeError) -> Self {
        Self::invalid("not_a_picture", format!("{field} {error}"))
    }
}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        let problem = Self::new(StatusCode::BAD_REQUEST, "malformed_filter", format!("the filter: {error}"));
        Self { offset: Some(error.offset()), ..problem }
    }
}

impl From<FetchError> for Problem {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Setup { .. } => Self::internal("fetching", &error),
            FetchError::Malformed { .. } | FetchError::Refused { .. } => {
                Self::invalid("url_refused", error.to_string())
            }
            _ => Self::invalid("url_not_fetched", error.to_string()),
        }
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::QueryGone => Self::not_found("image_not_found", error.to_string()),
            SearchError::UnknownEncoder { .. } => Self::invalid("unknown_encoder", error.to_string()),
            SearchError::ReadsNoText { .. } => Self::invalid("encoder_reads_no_text", error.to_string()),
            SearchError::BlankText | SearchError::NoWords | SearchError::LongText { .. } => {
                Self::invalid("invalid_parameter", error.to_string())
            }
            SearchError::EncoderGone(name) => {
                let detail = format!(
                    "{name} was removed from the catalog, which is being opened again; ask again in a moment, without it"
                );
                Self::unavailable("encoder_removed", detail, 1)
            }
            SearchError::Store(error) => Self::from(error),
            _ => Self::internal("searching", &in_full(error)),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::of_store(&error).unwrap_or_else(|| Self::internal("the catalog", &in_full(error)))
    }
}

impl Problem {
    /// What may be told of a store's error; `None` for what only the log is told.
    pub(super) fn of_store(error: &StoreError) -> Option<Self> {
        Some(match error {
            _ if error.is_taken() => {
                let detail = "another process is writing the catalog; try again when it is done";
                Self::unavailable("catalog_taken", detail, 2)
            }
            _ if error.is_stale() => {
                let detail = "the catalog was just exchanged and is being opened; try again in a moment";
                Self::unavailable("catalog_changed", detail, 1)
            }
            _ if error.is_full() => {
                let detail =
                    "the server's disk is full; nothing was stored, and nothing that is stored is lost";
                Self::unavailable("disk_full", detail, 60)
            }
            _ if error.is_read_only() => {
                Self::forbidden("this server only reads its catalog; nothing can be changed through it")
            }
            _ if error.is_refusal() => Self::invalid("refused", error.to_string()),
            _ => return None,
        })
    }
}

/// An error with everything that led to it, for the log: the layers above leave the system's own reason out.
fn in_full(error: impl Error + Send + Sync + 'static) -> String {
    format!("{:#}", anyhow::Error::new(error))
}

/// Details quote what callers sent, which may be megabytes.
fn shortened(detail: String) -> String {
    const LONGEST_CHARS: usize = 4096;
    match detail.char_indices().nth(LONGEST_CHARS) {
        Some((end, _)) => format!("{}...", detail.get(..end).unwrap_or_default()),
        None => detail,
    }
}

impl Problem {
    /// As it is written, inside an answer or as one.
    pub(super) fn into_body(self) -> ProblemBody {
        ProblemBody {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            offset: self.offset,
            checks: self.checks,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after_s) = (self.status, self.retry_after_s);
        let text = serde_json::to_string(&self.into_body()).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lookalike_engine::store::embedded::EmbeddedError;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_fails_on_our_side_is_logged_with_its_cause_and_told_without() {
        let log = Log::default();
        let shared = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || shared.clone()).finish();
        let error = || {
            let source = io::Error::other("the disk is on fire");
            StoreError::from(EmbeddedError::Io { action: "read", path: "/srv/shop".into(), source })
        };
        tracing::subscriber::with_default(subscriber, || {
            for problem in [
                Problem::from(error()),
                Problem::from(SearchError::from(error())),
                Problem::not_ready(error()),
            ] {
                assert!(!problem.detail.contains("/srv/shop") && !problem.detail.contains("fire"));
            }
        });
        let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(logged.matches("/srv/shop").count(), 3, "{logged}");
        assert_eq!(logged.matches("the disk is on fire").count(), 3, "{logged}");
    }

    #[test]
    fn a_detail_does_not_send_back_megabytes() {
        let problem = Problem::malformed("ä".repeat(1 << 20));
        assert_eq!(problem.detail.chars().count(), 4099);
    }
}
