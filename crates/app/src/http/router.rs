//! The whole API on one page.

use super::auth::{Gate, gate};
use super::metrics::{observe, route};
use super::openapi::Written;
use super::page;
use super::problem::Problem;
use super::{
    catalog, check, compat, cors, docs, facets, fields, health, images, jobs, openapi, products, search,
    state::AppState,
};
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, Method, Uri, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post, put};
use axum::{Extension, Router};
use std::sync::Arc;

/// Every route of the server, behind `gate` but for those that say how it does and what it can.
pub fn router(state: AppState, gate: Gate) -> Router {
    let gate = Arc::new(gate);
    let reading = middleware::from_fn_with_state(Arc::clone(&gate), gate::read);
    let writing = middleware::from_fn_with_state(Arc::clone(&gate), gate::write);
    let running = middleware::from_fn_with_state(Arc::clone(&gate), gate::admin);
    let asking = Router::new()
        .route("/v1/search", post(search::search))
        .route("/v1/check", post(check::check))
        .route("/v1/images/{*id}", get(images::image))
        .route("/v1/catalog", get(catalog::catalog))
        .route("/v1/catalog/fields", get(fields::fields))
        .route("/v1/catalog/facets", get(facets::facets))
        .route("/v1/products", get(products::list))
        .route("/v1/products/{*id}", get(products::get))
        .route_layer(reading);
    let changing = Router::new()
        .route("/v1/products/{*id}", put(products::put).patch(products::patch).delete(products::delete))
        .route("/v1/products/batch", post(products::batch))
        .route_layer(writing);
    let operating = Router::new()
        .route("/v1/imports", post(jobs::import))
        .route("/v1/jobs", get(jobs::list))
        .route("/v1/jobs/{id}", get(jobs::get).delete(jobs::cancel))
        .route("/v1/jobs/{id}/events", get(jobs::events))
        .route("/v1/jobs/{id}/failures", get(jobs::failures))
        .route("/metrics", get(route::metrics))
        .route_layer(running);
    let cross_origin = cors::layer(gate.origins());
    let (older, called_by_pages) = compat::routers(Arc::clone(&gate));
    // Pages of any origin could always call these; where a key is needed, the operator says which may.
    let called_by_pages = match (gate.anonymous(), &cross_origin) {
        (Some(_), _) => called_by_pages.layer(cors::any_page_posts()),
        (None, Some(named)) => called_by_pages.layer(named.clone()),
        (None, None) => called_by_pages,
    };
    let open = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(openapi::openapi_json).layer(Extension(Written::of(gate.anonymous()))))
        .route("/docs", get(docs::without_slash))
        .route("/docs/", get(docs::index))
        .route("/docs/{name}", get(docs::asset))
        .route("/", get(page::document))
        .route("/page/{version}/{*path}", get(page::file));
    let mut all = asking
        .merge(changing)
        .merge(operating)
        .merge(open)
        .merge(older)
        .fallback(no_such_route)
        .method_not_allowed_fallback(method_not_allowed);
    if let Some(named) = cross_origin {
        all = all.layer(named);
    }
    all.merge(called_by_pages)
        // Bodies are bounded in `body`, which answers more kindly than a cut connection.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(no_sniffing))
        .layer(middleware::from_fn_with_state(state.clone(), observe::observe))
        .with_state(state)
}

async fn no_such_route(uri: Uri) -> Problem {
    Problem::not_found("no_such_route", format!("there is nothing at {}; see /openapi.json", uri.path()))
}

/// 405 as every route tells it.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} does not answer {method}; the Allow header says what it answers", uri.path());
    Problem::method_not_allowed(detail)
}

async fn no_sniffing(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
