//! `GET /v1/products`: the products page by page, in the order of their ids.
//!
//! A page is continued by the last id on it and not by a number, so that products which come and go meanwhile neither
//! repeat nor hide others.

use super::answer::ProductAnswer;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use lookalike_engine::catalog::ProductId;
use lookalike_engine::filter::Filter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Most products on a page.
const MOST: usize = 1000;
/// Unless told otherwise.
const USUAL: usize = 100;

/// Which products to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListParameters {
    /// Begins after this id: `next` of the page before.
    after: Option<String>,
    /// How many at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
    /// Only products whose fields fit, as in `POST /v1/search`.
    filter: Option<String>,
}

/// A page of products.
#[derive(Serialize, ToSchema)]
#[schema(as = ProductPage, example = json!({
    "products": [{
        "product_id": "red-mug", "fields": {"name": "Red mug", "price": 9.5},
        "images": [{
            "image_id": "mugs/red.jpg", "image_url": "/v1/images/mugs/red.jpg", "width": 800, "height": 600
        }]
    }],
    "next": "red-mug"
}))]
pub(in crate::http) struct ListAnswer {
    /// In the order of their ids, which is that of their bytes.
    products: Vec<ProductAnswer>,
    /// What `after` is to be for the next page; null on the last one.
    next: Option<String>,
}

/// Lists the products
#[utoipa::path(
    get, path = "/v1/products", tag = "products", operation_id = "list_products", params(ListParameters),
    responses(
        (status = 200, description = "A page of products", body = ListAnswer),
        (status = 400, description = "The filter cannot be read; `offset` says where", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter out of range", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many requests at once; see Retry-After", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn list(
    State(state): State<AppState>,
    parameters: Result<Query<ListParameters>, QueryRejection>,
) -> Result<Json<ListAnswer>, Problem> {
    let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
    let Query(ListParameters { after, limit, filter }) =
        parameters.map_err(|rejection| invalid(rejection.body_text()))?;
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(invalid(format!("limit is {limit}; it must be 1 to {MOST}")));
    }
    let after = after.map(|id| ProductId::new(id).map_err(|error| invalid(format!("after: {error}"))));
    let after = after.transpose()?;
    let filter = filter.filter(|text| !text.trim().is_empty());
    let filter = filter.map(|text| Filter::parse(&text)).transpose()?;
    let _place = state.place()?;
    state
        .compute_again(move |searcher| {
            let store = searcher.store();
            // One more tells whether there is another page.
            let mut ids = store.product_ids_where(after.as_ref(), limit + 1, filter.as_ref())?;
            let more = ids.len() > limit;
            ids.truncate(limit);
            let next = ids.last().filter(|_| more).map(ToString::to_string);
            let mut products = Vec::with_capacity(ids.len());
            for id in ids {
                // One that was deleted since is not there any more.
                if let Some(known) = store.known(&id)? {
                    products.push(ProductAnswer::new(store, &id, known)?);
                }
            }
            Ok(Json(ListAnswer { products, next }))
        })
        .await
}
