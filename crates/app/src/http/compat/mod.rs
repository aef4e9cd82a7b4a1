//! Routes that clients of earlier systems call, names and shapes unchanged.
//!
//! One file per route; `asking` has what they have in common, `listing` what of a product those clients read. Bugs are not copied: errors are proper 4xx
//! under the top-level key the client reads. The calls that web pages of other origins made may still be made from them.

mod asking;
pub(super) mod find_similar;
mod listing;
pub(super) mod post_image;
mod refusal;
pub(super) mod similarity_search;
pub(super) mod upload;

use crate::http::router::method_not_allowed;
use crate::http::state::AppState;
use axum::Router;
use axum::http::{Method, header};
use axum::routing::post;
use tower_http::cors::{Any, CorsLayer};

/// Every route of the earlier systems.
pub(super) fn router() -> Router<AppState> {
    // What they answer can be had by anybody who reaches the server, and no cookie decides about it.
    let from_any_page = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    let called_by_pages = Router::new()
        .route("/upload", post(upload::upload))
        .route("/postURL", post(post_image::post_url))
        .route("/postImage", post(post_image::post_image))
        // Before the layer, which answers a page that asks whether it may post.
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_any_page);
    Router::new()
        .route("/find_similar", find_similar::route())
        .route("/find_similar/", find_similar::route())
        .route("/similarity-search", post(similarity_search::similarity_search))
        .route("/similarity-search/", post(similarity_search::similarity_search))
        .merge(called_by_pages)
}
