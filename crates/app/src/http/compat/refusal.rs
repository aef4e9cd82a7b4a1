//! A problem under the top-level key that an older client reads.

use crate::http::problem::Problem;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A request that gets no answer, and why.
#[derive(Debug)]
pub(in crate::http) struct Refusal {
    problem: Problem,
    /// What stands beside `error`.
    answer: Map<String, Value>,
}

/// What is wrong.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"error": "file is empty (0 bytes)"}))]
pub(super) struct ErrorAnswer {
    /// What is wrong and what to do about it.
    error: String,
}

/// What is wrong, beside no pictures.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"images": [], "error": "url is missing"}))]
pub(super) struct NoImagesAnswer {
    /// Empty.
    images: Vec<String>,
    /// What is wrong and what to do about it.
    error: String,
}

impl Refusal {
    /// `{"error"}`. A question that cannot be answered is 400, as the second system told it.
    pub(super) fn error(mut problem: Problem) -> Self {
        if problem.status == StatusCode::UNPROCESSABLE_ENTITY {
            problem.status = StatusCode::BAD_REQUEST;
        }
        Self { problem, answer: Map::new() }
    }

    /// `{"images": [], "error"}`.
    pub(super) fn no_images(problem: Problem) -> Self {
        Self { problem, answer: Map::from_iter([("images".to_owned(), Value::Array(Vec::new()))]) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { problem, mut answer } = self;
        answer.insert("error".to_owned(), problem.detail.into());
        let retry = problem.retry_after_s.map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
        (problem.status, retry, Json(answer)).into_response()
    }
}
