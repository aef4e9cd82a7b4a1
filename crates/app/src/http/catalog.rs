//! `GET /v1/catalog`: what is in the catalog, at a glance.

use super::image_url;
use super::problem::{Problem, ProblemBody};
use super::state::AppState;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use lookalike_engine::catalog::{Fields, ProductId};
use lookalike_engine::store::{ImageKey, Store, StoreError, StoredImage};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use utoipa::{IntoParams, ToSchema};

/// Most samples that can be asked for.
const MOST_SAMPLES: usize = 24;

/// What to say of the catalog.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CatalogParameters {
    /// How many sample images, from all over the catalog, 0 to 24; none when left out.
    #[param(minimum = 0, maximum = 24, default = 0)]
    #[serde(default)]
    samples: usize,
}

/// The catalog at a glance.
#[derive(Serialize, ToSchema)]
pub(super) struct CatalogAnswer {
    /// Number of products.
    products: u64,
    /// Number of images.
    images: u64,
    /// Size on disk, where it is known.
    bytes: Option<u64>,
    /// What made its vectors; the first is the primary one.
    encoders: Vec<EncoderAnswer>,
    /// As many as asked for, of different products, where there are as many.
    samples: Vec<Sample>,
}

/// A maker of vectors.
#[derive(Serialize, ToSchema)]
struct EncoderAnswer {
    /// The name a person uses.
    name: String,
    /// The digest of its weights, or its recipe's version.
    digest: String,
    /// Length of its vectors.
    dimensions: usize,
    /// Whether it reads words.
    text: bool,
    /// Whether questions go through it that name no encoder.
    default: bool,
}

/// An image of the catalog to try things with.
#[derive(Serialize, ToSchema)]
struct Sample {
    /// The product it shows.
    product_id: String,
    /// The image.
    image_id: String,
    /// Where this server shows it.
    image_url: String,
    /// The product's fields.
    #[schema(value_type = Object)]
    fields: Fields,
}

/// Summarises the catalog
#[utoipa::path(
    get, path = "/v1/catalog", tag = "catalog", params(CatalogParameters),
    responses(
        (status = 200, description = "Counts, encoders and samples", body = CatalogAnswer),
        (status = 422, description = "A parameter out of range", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn catalog(
    State(state): State<AppState>,
    parameters: Result<Query<CatalogParameters>, QueryRejection>,
) -> Result<Json<CatalogAnswer>, Problem> {
    let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
    let Query(CatalogParameters { samples }) =
        parameters.map_err(|rejection| invalid(rejection.body_text()))?;
    if samples > MOST_SAMPLES {
        return Err(invalid(format!("samples is {samples}; it must be 0 to {MOST_SAMPLES}")));
    }
    state
        .on_thread_again(move |searcher| {
            let store = searcher.store();
            let summary = store.summary()?;
            let default = searcher.default_encoder()?.name.clone();
            // Those that are loaded; one that was added since comes with the next start.
            let encoders = store.encoders().iter().cloned();
            Ok(Json(CatalogAnswer {
                products: summary.products,
                images: summary.images,
                bytes: summary.bytes,
                encoders: encoders
                    .map(|id| EncoderAnswer {
                        text: searcher.reads_text(&id.name),
                        default: id.name == default,
                        name: id.name,
                        digest: id.digest,
                        dimensions: id.dimensions,
                    })
                    .collect(),
                samples: sample(store, summary.images, samples)?,
            }))
        })
        .await
}

/// Up to `count` images of different products, spread over the catalog as far as its handles are.
fn sample(store: &dyn Store, images: u64, count: usize) -> Result<Vec<Sample>, StoreError> {
    let mut seen: HashSet<ProductId> = HashSet::new();
    let mut chosen: Vec<StoredImage> = Vec::new();
    let mut take = |found: Vec<StoredImage>| {
        chosen.extend(found.into_iter().filter(|image| seen.insert(image.product.clone())));
    };
    for step in 0..count as u64 {
        let after = (step * images / count as u64).checked_sub(1).map(ImageKey);
        take(store.scan(after, 1)?);
    }
    // Handles need not count from one; what the steps missed comes from the start.
    take(store.scan(None, 4 * count)?);
    chosen.truncate(count);
    let ids: Vec<ProductId> = chosen.iter().map(|image| image.product.clone()).collect();
    let mut fields: HashMap<ProductId, Fields> =
        store.products(&ids)?.into_iter().map(|product| (product.id, product.fields)).collect();
    let samples = chosen.into_iter().map(|image| {
        Ok(Sample {
            image_url: image_url::of(store, &image.product, &image.id, image.key)?,
            fields: fields.remove(&image.product).unwrap_or_default(),
            product_id: image.product.to_string(),
            image_id: image.id.to_string(),
        })
    });
    samples.collect()
}
