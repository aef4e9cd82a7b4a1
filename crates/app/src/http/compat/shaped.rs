//! Refusals of whoever stands before the handlers, under the key that each older client reads.
//!
//! The gate knows one way to refuse, a [`Problem`]; it travels beside the answer and is written again here.

use crate::http::problem::Problem;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Value, json};

/// Passes answers on, problems in the shape of the route that was called.
pub(super) async fn shaped(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let (mut parts, body) = response.into_parts();
    let Some(Problem { detail, .. }) = parts.extensions.remove::<Problem>() else {
        return Response::from_parts(parts, body);
    };
    let told: Value = match path.trim_end_matches('/') {
        "/find_similar" => json!({"detail": detail}),
        "/similarity-search" => json!({"error": detail}),
        "/postURL" | "/postImage" => json!({"images": [], "error": detail}),
        // The fourth system's client reads any problem.
        _ => return Response::from_parts(parts, body),
    };
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(told.to_string()))
}
