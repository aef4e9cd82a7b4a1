//! `GET /healthz` and `GET /readyz`, for whatever restarts and routes to this process.
//!
//! They mean different things. Who is not alive is to be restarted: that asks nothing of the catalog, since a catalog on a
//! disk that is gone does not come back with another process. Who is not ready is to be left alone until it is: the catalog
//! does not answer, or the process is about to stop and finishes what it was asked.

use super::problem::{Problem, ProblemBody};
use super::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// A catalog that takes longer to say what it holds answers nobody.
const PATIENCE: Duration = Duration::from_secs(5);

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

/// Says whether requests may be sent here
///
/// They may when the catalog answers and the server is not about to stop.
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses(
        (status = 200, description = "It does", body = Ready),
        (status = 503, description = "The catalog does not answer, or the server is about to stop", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn ready(State(state): State<AppState>) -> Result<Json<Ready>, Problem> {
    if state.is_stopping() {
        return Err(Problem::stopping());
    }
    let asked = state.on_thread_again(|searcher| searcher.store().summary().map_err(Problem::not_ready));
    let summary =
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(Problem::hung(PATIENCE)))?;
    Ok(Json(Ready { status: "ready", products: summary.products, images: summary.images }))
}
