//! How a product is written in answers.

use crate::http::image_url;
use lookalike_engine::catalog::{Fields, ProductId};
use lookalike_engine::store::{KnownImage, KnownProduct, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// A product of the catalog.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "product_id": "red-mug", "fields": {"name": "Red mug", "price": 9.5},
    "images": [{"image_id": "mugs/red.jpg", "image_url": "/v1/images/mugs/red.jpg", "width": 800, "height": 600}]
}))]
pub(in crate::http) struct ProductAnswer {
    /// Its id.
    product_id: String,
    /// Its fields as their source gave them.
    #[schema(value_type = Object)]
    fields: Fields,
    /// Its images, the main one first.
    images: Vec<ImageAnswer>,
}

/// An image of a product.
#[derive(Serialize, ToSchema)]
#[schema(as = ProductImage)]
pub(super) struct ImageAnswer {
    /// Its id.
    image_id: String,
    /// Where this server shows it.
    image_url: String,
    /// Width in pixels, upright.
    width: u32,
    /// Height in pixels, upright.
    height: u32,
}

impl ProductAnswer {
    /// # Errors
    /// When the store fails.
    pub(super) fn new(store: &dyn Store, id: &ProductId, known: KnownProduct) -> Result<Self, StoreError> {
        let KnownProduct { fields, images } = known;
        let images = images.into_iter().map(|KnownImage { key, id: image, width, height, .. }| {
            let image_url = image_url::of(store, id, &image, key)?;
            Ok(ImageAnswer { image_url, image_id: image.to_string(), width, height })
        });
        let images = images.collect::<Result<_, StoreError>>()?;
        Ok(Self { product_id: id.to_string(), fields, images })
    }
}
