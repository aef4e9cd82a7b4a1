//! `PUT /v1/products/{id}`: a product as it is to be, whether it was there or not.

use super::body::{self, ProductBody, ProductForm};
use super::get::named;
use super::photos::CheckName;
use super::storing::{StoredAnswer, Wanted, store};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, IntoResponses};

/// What is done beside storing.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StoringParameters {
    /// Looks for each new photo among the other products' first. `warn` names what is found and stores; `reject` stores
    /// nothing when one is a copy of a photo that is there.
    #[param(inline)]
    check: Option<CheckName>,
}

impl StoringParameters {
    pub(super) fn read(
        parameters: Result<Query<Self>, QueryRejection>,
    ) -> Result<Option<CheckName>, Problem> {
        let invalid =
            |rejection: QueryRejection| Problem::invalid("invalid_parameter", rejection.body_text());
        Ok(parameters.map_err(invalid)?.0.check)
    }
}

/// What a change can be answered with instead of what was stored.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers in the OpenAPI document; a Problem makes them")]
pub(in crate::http) enum ChangeProblems {
    /// The body or the id cannot be read
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemBody),
    /// The key may not change products, or the server only reads its catalog
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
    /// The catalog has no such product
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody),
    /// The body took too long to arrive
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(ProblemBody),
    /// A photo is another product's already (`duplicate`, with `check=reject`; see `checks`), or an image id is another
    /// photo's (`image_id_taken`)
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemBody),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// Neither a form nor JSON
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(ProblemBody),
    /// Not a picture, a URL that is refused or gives none, or something that cannot be stored; nothing was stored
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// Too many requests at once, another process is writing the catalog, or the disk is full; see Retry-After
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(ProblemBody),
}

/// Stores a product
///
/// It becomes just what is given: fields and images that are left out are gone. Answered once it is durable; the next
/// question sees it. One photo that cannot be used fails it all.
#[utoipa::path(
    put, path = "/v1/products/{id}", tag = "products", operation_id = "put_product",
    params(
        ("id" = String, Path, description = "The product's id, percent-encoded; slashes may stay as they are"),
        StoringParameters,
    ),
    request_body(content(
        (ProductBody = "application/json"),
        (ProductForm = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "It was there and is this now", body = StoredAnswer),
        (status = 201, description = "It is new", body = StoredAnswer),
        ChangeProblems,
    ),
)]
pub(in crate::http) async fn put(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
    parameters: Result<Query<StoringParameters>, QueryRejection>,
    request: Request,
) -> Result<(StatusCode, Json<StoredAnswer>), Problem> {
    // Whatever can be an id names a product that may come to be.
    let id = named(id).map_err(|problem| match problem.status {
        StatusCode::NOT_FOUND => Problem::invalid("invalid_parameter", problem.detail),
        _ => problem,
    })?;
    let check = StoringParameters::read(parameters)?;
    let (given, _held) = body::read(&state, request).await?;
    let stored = store(&state, &id, Wanted::Put(given), check).await?;
    let stored = stored.ok_or_else(|| Problem::internal("storing a product", &"it is gone"))?;
    let status = if stored.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(stored)))
}
