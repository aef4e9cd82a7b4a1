//! `GET /openapi.json`: the API described for programs, gathered from the handlers themselves.
//!
//! [`guards`] adds what the gate in front of them does. What is served is what this very server does: where anybody may
//! do a thing, the description says that no key is needed for it.

mod guards;

use super::auth::Role;
use super::compat::{find_similar, post_image, similarity_search, upload};
use super::metrics::route;
use super::{catalog, check, facets, fields, health, images, jobs, products, search};
use axum::extract::Extension;
use axum::http::header;
use axum::response::IntoResponse;
use std::sync::Arc;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "lookalike",
        description = "Visual search and duplicate detection over a shop's own catalog. Errors are RFC 9457 problem \
                       JSON, except under `compatibility`, where they look as those clients expect. What is no HTTP, has a \
                       head that is too large or does not arrive in time is answered 400, 408, 414 or 431 without a body \
                       before any of this. A body that is packed (`Content-Encoding`) is refused.",
    ),
    paths(
        search::search,
        check::check,
        images::image,
        catalog::catalog,
        fields::fields,
        facets::facets,
        products::list,
        products::get,
        products::put,
        products::patch,
        products::delete,
        products::batch,
        jobs::import,
        jobs::list,
        jobs::get,
        jobs::cancel,
        jobs::events,
        jobs::failures,
        health::alive,
        health::ready,
        route::metrics,
        openapi_json,
        find_similar::find_similar,
        similarity_search::similarity_search,
        upload::upload,
        post_image::post_url,
        post_image::post_image,
    ),
    tags(
        (name = "search", description = "What matches a picture"),
        (name = "products", description = "The products of the catalog, one by one"),
        (name = "imports", description = "Whole sources brought into the catalog"),
        (name = "catalog", description = "What is in the catalog"),
        (name = "operation", description = "For whatever restarts and routes to this process"),
        (name = "compatibility", description = "For clients of earlier systems"),
    ),
)]
struct Api;

/// The API's description as OpenAPI 3.1, of a server on which nobody may do anything without a key.
pub fn document() -> utoipa::openapi::OpenApi {
    described(None)
}

/// The description of a server on which anybody may do what the role `anonymous` may.
pub fn described(anonymous: Option<Role>) -> utoipa::openapi::OpenApi {
    let mut api = Api::openapi();
    guards::describe(&mut api, anonymous);
    api
}

/// The description as it is sent.
#[derive(Clone)]
pub(super) struct Written(Arc<str>);

impl Written {
    /// For a server on which anybody may do what the role `anonymous` may.
    pub(super) fn of(anonymous: Option<Role>) -> Self {
        Self(serde_json::to_string(&described(anonymous)).unwrap_or_default().into())
    }
}

/// Describes the API
///
/// This document. `GET /docs/` shows it to people.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
)]
pub(super) async fn openapi_json(Extension(Written(document)): Extension<Written>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document.to_string())
}
