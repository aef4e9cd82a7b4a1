//! `DELETE /v1/products/{id}`: a product and its images.

use super::get::named;
use super::put::ChangeProblems;
use super::storing::{Wanted, store};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;

/// Removes a product
///
/// With its images, and with the photos that the catalog keeps for no other product.
#[utoipa::path(
    delete, path = "/v1/products/{id}", tag = "products", operation_id = "delete_product",
    params(("id" = String, Path, description = "The product's id, percent-encoded; slashes may stay as they are")),
    responses((status = 204, description = "It is gone"), ChangeProblems),
)]
pub(in crate::http) async fn delete(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let id = named(id)?;
    let _place = state.place()?;
    store(&state, &id, Wanted::Delete, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
