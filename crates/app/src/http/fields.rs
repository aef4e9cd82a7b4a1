//! `GET /v1/catalog/fields`: which fields the products have, for whoever writes filters or shows facets.

use super::problem::Problem;
use super::state::AppState;
use axum::Json;
use axum::extract::State;
use lookalike_engine::filter::{FieldFacts, FieldSummary};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The fields of the catalog's products.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"products": 120, "more_fields": false, "fields": [{
    "name": "price", "types": ["number"], "products": 118, "distinct": 2, "min": 9.5, "max": 12.0,
    "values": [{"value": 9.5, "products": 70}, {"value": 12.0, "products": 48}]
}]}))]
pub(super) struct FieldsAnswer {
    /// Number of products.
    products: u64,
    /// In the order in which they are first seen; names inside objects are joined by dots.
    fields: Vec<FieldAnswer>,
    /// Whether there are more fields than the 500 that are told apart.
    more_fields: bool,
}

/// A field.
#[derive(Serialize, ToSchema)]
struct FieldAnswer {
    /// As a filter names it.
    #[schema(example = "color")]
    name: String,
    /// Types of its values: `text`, `numeric text` (text that is a number, compared as both), `number`, `boolean`, and
    /// `list of` each.
    types: Vec<String>,
    /// How many products have it.
    products: u64,
    /// How many different values it has; null for more than 1000.
    distinct: Option<u64>,
    /// The least of its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    /// The greatest of its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    /// Up to 20 values, those of the most products first; without texts longer than 80 characters, and empty where there
    /// are more than 1000.
    values: Vec<ValueAnswer>,
    /// Some values where there are too many to count, as they are first seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    examples: Vec<Value>,
}

/// A value of a field.
#[derive(Serialize, ToSchema)]
struct ValueAnswer {
    /// As it is first seen: upper and lower case count as one.
    value: Value,
    /// How many products have it.
    products: u64,
}

impl From<&FieldFacts> for FieldAnswer {
    fn from(facts: &FieldFacts) -> Self {
        let value = |one: &lookalike_engine::filter::FieldValue| ValueAnswer {
            value: one.value.clone(),
            products: one.products,
        };
        Self {
            name: facts.name.clone(),
            types: facts.types.iter().map(ToString::to_string).collect(),
            products: facts.products,
            distinct: facts.distinct,
            min: facts.min,
            max: facts.max,
            values: facts.values.iter().map(value).collect(),
            examples: facts.examples.clone(),
        }
    }
}

/// Lists the fields of the products
///
/// With their types and most frequent values. Goes through all products when the catalog has changed since it was last
/// asked.
#[utoipa::path(
    get, path = "/v1/catalog/fields", tag = "catalog",
    responses((status = 200, description = "The fields", body = FieldsAnswer)),
)]
pub(super) async fn fields(State(state): State<AppState>) -> Result<Json<FieldsAnswer>, Problem> {
    let _place = state.place()?;
    let summary = state.compute(|searcher| Ok(searcher.store().fields()?)).await?;
    let FieldSummary { products, fields, more_fields } = &*summary;
    let (products, more_fields) = (*products, *more_fields);
    Ok(Json(FieldsAnswer { products, fields: fields.iter().map(FieldAnswer::from).collect(), more_fields }))
}
