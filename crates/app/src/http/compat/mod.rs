//! Routes that clients of earlier systems call, names and shapes unchanged.
//!
//! One file per route; `asking` has what they have in common, `listing` what of a product those clients read. Bugs are not
//! copied: errors are proper 4xx under the top-level key the client reads, those of the gate among them ([`shaped`]). The
//! calls that web pages of other origins made may still be made from them.

mod asking;
pub(super) mod find_similar;
mod listing;
pub(super) mod post_image;
mod refusal;
mod shaped;
pub(super) mod similarity_search;
pub(super) mod upload;

use crate::http::auth::{Gate, gate};
use crate::http::router::method_not_allowed;
use crate::http::state::AppState;
use axum::Router;
use axum::middleware;
use axum::routing::post;
use std::sync::Arc;

pub use listing::ListingFields;

/// Every route of the earlier systems behind `gate`: those that programs called, and those that pages did, which the
/// caller gives their rule for other origins.
pub(super) fn routers(gate: Arc<Gate>) -> (Router<AppState>, Router<AppState>) {
    let reading = middleware::from_fn_with_state(gate, gate::read);
    let called_by_pages = Router::new()
        .route("/upload", post(upload::upload))
        .route("/postURL", post(post_image::post_url))
        .route("/postImage", post(post_image::post_image))
        .route_layer(reading.clone())
        // Before the layer for other origins, which answers a page that asks whether it may post.
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(shaped::shaped));
    let older = Router::new()
        .route("/find_similar", find_similar::route())
        .route("/find_similar/", find_similar::route())
        .route("/similarity-search", post(similarity_search::similarity_search))
        .route("/similarity-search/", post(similarity_search::similarity_search))
        .route_layer(reading)
        .layer(middleware::from_fn(shaped::shaped));
    (older, called_by_pages)
}
