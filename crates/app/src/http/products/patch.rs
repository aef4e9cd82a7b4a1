//! `PATCH /v1/products/{id}`: a part of a product.

use super::body::{self, ProductBody, ProductForm};
use super::get::named;
use super::put::{ChangeProblems, StoringParameters};
use super::storing::{StoredAnswer, Wanted, store};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};

/// Changes a product
///
/// `fields` are merged into those it has (RFC 7396: null removes a field, objects are merged, everything else replaces).
/// `images`, where they are given, become all of its images.
#[utoipa::path(
    patch, path = "/v1/products/{id}", tag = "products", operation_id = "patch_product",
    params(
        ("id" = String, Path, description = "The product's id, percent-encoded; slashes may stay as they are"),
        StoringParameters,
    ),
    request_body(content(
        (ProductBody = "application/json"),
        (ProductBody = "application/merge-patch+json"),
        (ProductForm = "multipart/form-data"),
    )),
    responses((status = 200, description = "As it is now", body = StoredAnswer), ChangeProblems),
)]
pub(in crate::http) async fn patch(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    parameters: Result<Query<StoringParameters>, QueryRejection>,
    request: Request,
) -> Result<Json<StoredAnswer>, Problem> {
    let id = named(id)?;
    let check = StoringParameters::read(parameters)?;
    let (given, _held) = body::read(&state, request).await?;
    let stored = store(&state, &id, Wanted::Patch(given), check).await?;
    stored.map(Json).ok_or_else(|| Problem::internal("changing a product", &"it is gone"))
}
