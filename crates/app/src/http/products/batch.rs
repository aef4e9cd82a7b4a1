//! `POST /v1/products/batch`: many products in one request, each of which succeeds or fails for itself.
//!
//! Photos of several products are fetched and prepared at the same time; products are stored in the order given, so that
//! of two with one id the later stays, and `check=reject` knows of those before it.

use super::body::{self, Given, ImageBody, ProductBody};
use super::photos::{CheckName, PhotoCheck};
use super::put::{ChangeProblems, StoringParameters};
use super::storing::{ReadyChange, StoredAnswer, Submitted, Unstored, Wanted, ready, store};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::state::AppState;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse as _, Response};
use lookalike_engine::catalog::{Fields, ProductId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use utoipa::ToSchema;

/// Most products in one request.
const MOST: usize = 1000;
/// Products whose photos are prepared at a time.
const AT_A_TIME: usize = 4;
/// Products that wait to be stored at a time.
const MOST_WAITING: usize = 64;

/// Products to store.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "products": [{"product_id": "red-mug", "fields": {"name": "Red mug", "price": 9.5}}]
}))]
pub(in crate::http) struct BatchBody {
    /// Each a `product_id` and what `PUT /v1/products/{id}` takes; up to 1000. One that cannot be read fails for itself.
    #[schema(max_items = 1000)]
    products: Vec<Value>,
}

/// A product of a batch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchProduct {
    /// Its id.
    product_id: String,
    /// Its fields.
    fields: Option<Fields>,
    /// Its images, the main one first; up to 100.
    images: Option<Vec<ImageBody>>,
}

/// What became of a batch.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "results": [
        {"product_id": "red-mug", "status": "created"},
        {"product_id": "blue-mug", "status": "failed", "problem": {
            "type": "about:blank", "title": "Unprocessable Content", "status": 422, "code": "not_a_picture",
            "detail": "images[0].data: is text, not a picture"
        }}
    ],
    "stored": 1, "failed": 1
}))]
pub(in crate::http) struct BatchAnswer {
    /// For each product, in the order given.
    results: Vec<BatchResult>,
    /// How many were stored.
    stored: usize,
    /// How many were not.
    failed: usize,
}

/// What became of a product of a batch.
#[derive(Serialize, ToSchema)]
struct BatchResult {
    /// Its id; null where none could be read.
    product_id: Option<String>,
    /// What became of it.
    status: BatchStatus,
    /// Which of its new photos the catalog had already, where `check` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Vec<PhotoCheck>>,
    /// Why it was not stored: what `PUT` would have answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

/// What became of it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BatchStatus {
    /// It is new, and durable.
    Created,
    /// It was there and is this now, durably.
    Updated,
    /// It is as it was.
    Failed,
}

/// A product that could be read, or what is known of one that could not.
type Item = Result<(ProductId, Given), (Option<String>, Problem)>;

/// Stores many products
///
/// Each as `PUT /v1/products/{id}` would, and for itself: the status is 200 also when some failed, and `results` says
/// which. Those that are told as stored are durable.
#[utoipa::path(
    post, path = "/v1/products/batch", tag = "products", operation_id = "put_products",
    params(StoringParameters), request_body = BatchBody,
    responses((status = 200, description = "What became of each", body = BatchAnswer), ChangeProblems),
)]
pub(in crate::http) async fn batch(
    State(state): State<AppState>,
    parameters: Result<Query<StoringParameters>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let check = StoringParameters::read(parameters)?;
    let (BatchBody { products }, _held) = body::read_json(&state, request).await?;
    if products.len() > MOST {
        let detail = format!("{} products are given; a batch has up to {MOST}", products.len());
        return Err(Problem::invalid("invalid_parameter", detail));
    }
    let items: Vec<Item> = state.on_thread(move |_| Ok(products.into_iter().map(item).collect())).await?;
    let results = store_all(&state, items, check).await?;
    let failed = results.iter().filter(|result| result.status == BatchStatus::Failed).count();
    Ok(Json(BatchAnswer { stored: results.len() - failed, failed, results }).into_response())
}

fn item(value: Value) -> Item {
    let named = value.get("product_id").and_then(Value::as_str).map(str::to_owned);
    let wrong = |detail: String| (named.clone(), Problem::invalid("invalid_parameter", detail));
    let BatchProduct { product_id, fields, images } =
        serde_json::from_value(value).map_err(|error| wrong(format!("the product: {error}")))?;
    let id = ProductId::new(product_id).map_err(|error| wrong(format!("product_id: {error}")))?;
    let given = ProductBody::new(fields, images).given().map_err(|problem| (named, problem))?;
    Ok((id, given))
}

async fn store_all(
    state: &AppState,
    items: Vec<Item>,
    check: Option<CheckName>,
) -> Result<Vec<BatchResult>, Problem> {
    let count = items.len();
    let turns = Arc::new(Semaphore::new(AT_A_TIME));
    // Ended with the request, should the caller go away.
    let mut preparing = JoinSet::new();
    for (at, item) in items.into_iter().enumerate() {
        let (state, turns) = (state.clone(), Arc::clone(&turns));
        preparing.spawn(async move {
            let _turn = turns.acquire_owned().await;
            let prepared = match item {
                Ok((id, given)) => {
                    let made = ready(&state, &id, Wanted::Put(given.clone()), check).await;
                    Prepared { id: Ok((id, given)), made: Some(made) }
                }
                Err(unread) => Prepared { id: Err(unread), made: None },
            };
            (at, prepared)
        });
    }
    let mut prepared: Vec<Option<Prepared>> = (0..count).map(|_| None).collect();
    let mut waiting = VecDeque::new();
    let (mut next, mut results) = (0, Vec::with_capacity(count));
    while let Some(joined) = preparing.join_next().await {
        let (at, one) = joined.map_err(|error| Problem::internal("preparing a product", &error))?;
        if let Some(place) = prepared.get_mut(at) {
            *place = Some(one);
        }
        while let Some(one) = prepared.get_mut(next).and_then(Option::take) {
            next += 1;
            if waiting.len() >= MOST_WAITING
                && let Some(oldest) = waiting.pop_front()
            {
                results.push(result(state, oldest, check).await);
            }
            waiting.push_back(one.submit());
        }
    }
    for one in waiting {
        results.push(result(state, one, check).await);
    }
    Ok(results)
}

/// A product whose photos were looked at.
struct Prepared {
    id: Item,
    made: Option<Result<ReadyChange, Problem>>,
}

/// A product that waits to be stored, or why it does not.
struct Waiting {
    id: Result<(ProductId, Given), Option<String>>,
    submitted: Result<Submitted, Problem>,
}

impl Prepared {
    fn submit(self) -> Waiting {
        match (self.id, self.made) {
            (Ok(item), Some(made)) => Waiting { id: Ok(item), submitted: made.and_then(ReadyChange::submit) },
            (Err((named, problem)), _) => Waiting { id: Err(named), submitted: Err(problem) },
            (Ok(item), None) => {
                let problem = Problem::internal("a product of a batch", &"it was not looked at");
                Waiting { id: Ok(item), submitted: Err(problem) }
            }
        }
    }
}

async fn result(state: &AppState, waiting: Waiting, check: Option<CheckName>) -> BatchResult {
    let named = match &waiting.id {
        Ok((id, _)) => Some(id.to_string()),
        Err(named) => named.clone(),
    };
    let outcome = match (waiting.submitted, waiting.id) {
        (Ok(submitted), Ok((id, given))) => match submitted.wait(state, &id).await {
            Ok(stored) => Ok(stored),
            Err(Unstored::Problem(problem)) => Err(problem),
            Err(Unstored::Stale) => store(state, &id, Wanted::Put(given), check).await,
        },
        (Err(problem), _) => Err(problem),
        (Ok(_), Err(_)) => Err(Problem::internal("a product of a batch", &"it has no id")),
    };
    match outcome {
        Ok(stored) => {
            let created = stored.as_ref().is_some_and(|stored| stored.created);
            let status = if created { BatchStatus::Created } else { BatchStatus::Updated };
            let checks = stored.and_then(|StoredAnswer { checks, .. }| checks);
            BatchResult { product_id: named, status, checks, problem: None }
        }
        Err(problem) => {
            let problem = Some(problem.into_body());
            BatchResult { product_id: named, status: BatchStatus::Failed, checks: None, problem }
        }
    }
}
