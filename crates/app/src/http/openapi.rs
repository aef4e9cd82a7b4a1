//! `GET /openapi.json`: the API described for programs, gathered from the handlers themselves.

use super::compat::{find_similar, post_image, similarity_search, upload};
use super::{catalog, check, facets, fields, health, images, jobs, products, search};
use axum::Json;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "lookalike",
        description = "Visual search and duplicate detection over a shop's own catalog. Errors are RFC 9457 problem \
                       JSON, except under `compatibility`, where they look as those clients expect.",
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

/// The API's description as OpenAPI 3.1.
pub fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

/// Answers with the document.
pub(super) async fn openapi_json() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
