//! `GET /healthz` and `GET /readyz`, for whatever restarts and routes to this process.

use super::problem::{Problem, ProblemBody};
use super::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The process answers.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "ok", "version": "0.1.0"}))]
pub(super) struct Alive {
    /// Always `ok`.
    status: &'static str,
    /// The program's version.
    version: &'static str,
}

/// The catalog answers.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "ready", "products": 120, "images": 480}))]
pub(super) struct Ready {
    /// Always `ready`.
    status: &'static str,
    /// Products in the catalog.
    products: u64,
    /// Images in the catalog.
    images: u64,
}

/// Says that the process is alive
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "It is", body = Alive)))]
pub(super) async fn alive() -> Json<Alive> {
    Json(Alive { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Says whether the catalog answers
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses(
        (status = 200, description = "It does", body = Ready),
        (status = 503, description = "It does not", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn ready(State(state): State<AppState>) -> Result<Json<Ready>, Problem> {
    let summary =
        state.on_thread_again(|searcher| searcher.store().summary().map_err(Problem::not_ready)).await?;
    Ok(Json(Ready { status: "ready", products: summary.products, images: summary.images }))
}
