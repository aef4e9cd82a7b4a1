//! `GET /v1/products/{id}`: one product.

use super::answer::ProductAnswer;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use lookalike_engine::catalog::ProductId;

/// Shows a product
#[utoipa::path(
    get, path = "/v1/products/{id}", tag = "products", operation_id = "get_product",
    params(("id" = String, Path, description = "The product's id, percent-encoded; slashes may stay as they are")),
    responses(
        (status = 200, description = "The product", body = ProductAnswer),
        (status = 400, description = "The id cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such product", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn get(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<ProductAnswer>, Problem> {
    let id = named(id)?;
    state
        .on_thread_again(move |searcher| match searcher.store().known(&id)? {
            Some(known) => Ok(Json(ProductAnswer::new(searcher.store(), &id, known)?)),
            None => Err(no_such_product(&id)),
        })
        .await
}

/// The id in a path; what cannot be one names no product.
pub(super) fn named(id: Result<Path<String>, PathRejection>) -> Result<ProductId, Problem> {
    let Path(id) = id.map_err(|rejection| Problem::malformed(rejection.body_text()))?;
    ProductId::new(id.as_str())
        .map_err(|error| Problem::not_found("product_not_found", format!("{id:?} names no product: {error}")))
}

/// 404.
pub(super) fn no_such_product(id: &ProductId) -> Problem {
    Problem::not_found("product_not_found", format!("the catalog has no product {:?}", id.as_str()))
}
