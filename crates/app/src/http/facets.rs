//! `GET /v1/catalog/facets`: how often values occur among the products that a filter lets through.

use super::problem::{FilterProblems, Problem};
use super::state::AppState;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use lookalike_engine::filter::{Facet, FacetCounts, FacetKind, FieldPath, Filter, FilterError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Values of each field that come where nothing is said.
const USUAL_VALUES: usize = 20;
/// Most values of each field that can be asked for.
const MOST_VALUES: usize = 1000;
/// Fields that come where none are named.
const USUAL_FIELDS: usize = 16;

/// What to count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FacetParameters {
    /// Fields as filters name them, separated by commas, up to 32; when left out the first 16 that have at most 1000
    /// different values.
    #[param(example = "color,price")]
    fields: Option<String>,
    /// Counts only products whose fields fit.
    #[param(example = "price<50", max_length = 16384)]
    filter: Option<String>,
    /// How many values of each field at most, 0 to 1000; 20 when left out.
    #[param(minimum = 0, maximum = 1000, default = 20)]
    values: Option<usize>,
}

/// Counts of values.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"products": 3, "facets": [{
    "field": "color", "type": "text", "values": [{"value": "Red", "count": 2}], "distinct": 1, "min": null,
    "max": null, "missing": 1
}]}))]
pub(super) struct FacetsAnswer {
    /// How many products the filter lets through.
    products: u64,
    /// One for each field, in the order asked.
    facets: Vec<FacetAnswer>,
}

/// The values of one field in these products.
#[derive(Serialize, ToSchema)]
struct FacetAnswer {
    /// As a filter names it.
    field: String,
    /// Of what type its values are; null where none of the products has it, or where they are too much to count.
    r#type: Option<TypeName>,
    /// Values, those of the most products first; without texts longer than 80 characters.
    values: Vec<ValueCount>,
    /// How many different values there are; upper and lower case count as one. Null where the values of this field take
    /// too much memory to count, as long texts do.
    distinct: Option<u64>,
    /// The least of the numbers, texts that are numbers included.
    min: Option<f64>,
    /// The greatest of them.
    max: Option<f64>,
    /// How many of the products have no value; null where `distinct` is.
    missing: Option<u64>,
}

/// A value and how many of the products have it.
#[derive(Serialize, ToSchema)]
struct ValueCount {
    /// A text as it is first seen, a number or a truth value.
    value: Value,
    /// How many products have it; one with a list of values counts for each.
    count: u64,
}

/// Of what type values are.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TypeName {
    /// Texts.
    Text,
    /// Numbers, or texts that are all numbers.
    Number,
    /// Truth values.
    Boolean,
    /// More than one of these.
    Mixed,
}

impl From<FacetKind> for TypeName {
    fn from(kind: FacetKind) -> Self {
        match kind {
            FacetKind::Text => Self::Text,
            FacetKind::Number => Self::Number,
            FacetKind::Boolean => Self::Boolean,
            FacetKind::Mixed => Self::Mixed,
        }
    }
}

impl From<Facet> for FacetAnswer {
    fn from(Facet { field, counts }: Facet) -> Self {
        let (distinct, missing) = counts.as_ref().map(|counts| (counts.distinct, counts.missing)).unzip();
        let FacetCounts { kind, values, min, max, .. } = counts.unwrap_or_default();
        let values = values.into_iter().map(|one| ValueCount { value: one.value, count: one.count });
        let r#type = kind.map(TypeName::from);
        Self { field: field.to_string(), r#type, values: values.collect(), distinct, min, max, missing }
    }
}

/// Counts the values of fields
///
/// Among the products that `filter` lets through, for showing beside results what else there is to choose from. A field is
/// read of all products when it is first asked about; from then on counting takes milliseconds.
#[utoipa::path(
    get, path = "/v1/catalog/facets", tag = "catalog", params(FacetParameters),
    responses((status = 200, description = "The counts", body = FacetsAnswer), FilterProblems),
)]
pub(super) async fn facets(
    State(state): State<AppState>,
    parameters: Result<Query<FacetParameters>, QueryRejection>,
) -> Result<Json<FacetsAnswer>, Problem> {
    let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
    let Query(FacetParameters { fields, filter, values }) =
        parameters.map_err(|rejection| invalid(rejection.body_text()))?;
    let values = values.unwrap_or(USUAL_VALUES);
    if values > MOST_VALUES {
        return Err(invalid(format!("values is {values}; it must be 0 to {MOST_VALUES}")));
    }
    let not_blank = |text: &String| !text.trim().is_empty();
    let unreadable =
        |error: FilterError| invalid(format!("fields: {error}, at character {}", error.offset()));
    let fields = fields.filter(not_blank).map(|text| FieldPath::parse_list(&text)).transpose();
    let fields = fields.map_err(unreadable)?;
    let filter = filter.filter(not_blank).map(|text| Filter::parse(&text)).transpose()?;
    let _place = state.place()?;
    let counted = state.compute(move |searcher| {
        let store = searcher.store();
        let fields = match fields {
            Some(fields) => fields,
            None => {
                let summary = store.fields()?;
                let countable = summary.fields.iter().filter(|facts| facts.distinct.is_some());
                // Written as filters name them, so each reads back as one field.
                countable
                    .take(USUAL_FIELDS)
                    .flat_map(|facts| FieldPath::parse_list(&facts.name).unwrap_or_default())
                    .collect()
            }
        };
        Ok(store.facets(&fields, filter.as_ref(), values)?)
    });
    let counted = counted.await?;
    let facets = counted.facets.into_iter().map(FacetAnswer::from).collect();
    Ok(Json(FacetsAnswer { products: counted.products, facets }))
}
