//! What a product is to be, out of a request: JSON, or a form with the photos as files.
//!
//! Reading costs no decoding of pictures and no fetching; those are `photos`'.

use crate::http::problem::Problem;
use crate::http::question::{self, Held};
use crate::http::state::AppState;
use crate::http::subject::picture_from_text;
use axum::body::{Body, Bytes};
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use lookalike_engine::catalog::{Fields, ImageId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

/// Most photos of one product in one request.
const MOST_IMAGES: usize = 100;

/// A product as JSON.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "fields": {"name": "Red mug", "price": 9.5}, "images": [{"url": "https://shop.example/red-mug.jpg"}]
}))]
pub(in crate::http) struct ProductBody {
    /// Its fields.
    #[schema(value_type = Option<Object>)]
    fields: Option<Fields>,
    /// Its images, the main one first; up to 100.
    images: Option<Vec<ImageBody>>,
}

/// An image of a product: a photo by exactly one of `url` and `data`; or by neither, which keeps the stored image of that
/// `image_id`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewImage)]
pub(in crate::http) struct ImageBody {
    /// Where the photo is on the web; fetched by the server, public addresses only unless it was told otherwise.
    url: Option<String>,
    /// The photo itself: base64, or a `data:` URL of it. The catalog keeps it.
    data: Option<String>,
    /// What the image is to be called; by its address when left out, and without one by the digest of its bytes.
    #[schema(max_length = 2048)]
    image_id: Option<String>,
}

/// A product as a form.
#[derive(ToSchema)]
#[schema(as = ProductForm)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document; its parts are read one by one")]
pub(in crate::http) struct ProductForm {
    /// Its fields, as a JSON object.
    fields: Option<String>,
    /// A photo as a file; may be given more than once, the main one first. The catalog keeps it.
    #[schema(value_type = Option<Vec<String>>, format = Binary)]
    image: Option<Vec<Vec<u8>>>,
    /// A photo on the web; may be given more than once. Images have the order of the form's parts.
    image_url: Option<Vec<String>>,
}

/// A product as it was given.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    pub(super) fields: Option<Fields>,
    pub(super) images: Option<Vec<GivenImage>>,
}

/// An image as it was given.
#[derive(Debug, Clone)]
pub(super) enum GivenImage {
    /// The stored one of this id.
    Stored(ImageId),
    /// These bytes.
    Bytes(Bytes, Option<ImageId>),
    /// What is at this address.
    Url(String, Option<ImageId>),
}

impl ProductBody {
    pub(super) fn new(fields: Option<Fields>, images: Option<Vec<ImageBody>>) -> Self {
        Self { fields, images }
    }

    /// The product that is meant. Base64 is decoded here, which takes a while for large photos.
    pub(super) fn given(self) -> Result<Given, Problem> {
        let images = self.images.map(|images| {
            bounded(images.len())?;
            images.into_iter().enumerate().map(|(at, image)| image.given(at)).collect()
        });
        Ok(Given { fields: self.fields, images: images.transpose()? })
    }
}

impl ImageBody {
    fn given(self, at: usize) -> Result<GivenImage, Problem> {
        let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
        let id = self
            .image_id
            .map(|id| ImageId::new(id).map_err(|error| invalid(format!("images[{at}].image_id: {error}"))));
        match (self.url, self.data, id.transpose()?) {
            (Some(url), None, id) => Ok(GivenImage::Url(url, id)),
            (None, Some(data), id) => {
                let bytes = picture_from_text(&format!("images[{at}].data"), &data)?;
                Ok(GivenImage::Bytes(bytes, id))
            }
            (None, None, Some(id)) => Ok(GivenImage::Stored(id)),
            (None, None, None) => Err(invalid(format!(
                "images[{at}] names no photo: give url or data, or the image_id of an image to keep"
            ))),
            (Some(_), Some(_), _) => {
                Err(invalid(format!("images[{at}] has both url and data; one photo is one of them")))
            }
        }
    }
}

fn bounded(count: usize) -> Result<(), Problem> {
    if count > MOST_IMAGES {
        let detail = format!("{count} images are given; a product may bring up to {MOST_IMAGES} at a time");
        return Err(Problem::invalid("invalid_parameter", detail));
    }
    Ok(())
}

/// Reads a product from a request; with what it takes until it is answered.
///
/// # Errors
/// 415 for another media type, 400 for what cannot be read, 422 for what is no product, 413, 408, 503.
pub(super) async fn read(state: &AppState, request: Request) -> Result<(Given, Held), Problem> {
    let media_type = media_type(&request);
    let is_form = media_type == "multipart/form-data";
    if !is_form && !matches!(&*media_type, "application/json" | "application/merge-patch+json") {
        return Err(Problem::unsupported_media_type(
            "send application/json, or multipart/form-data with the photos as files `image`",
        ));
    }
    let (parts, body) = request.into_parts();
    let (bytes, held) = question::receive(state, body).await?;
    let given = if is_form {
        read_form(Request::from_parts(parts, Body::from(bytes)), state).await?
    } else {
        let body: ProductBody = question::json(state, bytes).await?;
        state.on_thread(move |_| body.given()).await?
    };
    Ok((given, held))
}

/// Reads JSON of another shape.
pub(super) async fn read_json<T: DeserializeOwned + Send + 'static>(
    state: &AppState,
    request: Request,
) -> Result<(T, Held), Problem> {
    if media_type(&request) != "application/json" {
        return Err(Problem::unsupported_media_type("send application/json"));
    }
    let (bytes, held) = question::receive(state, request.into_body()).await?;
    Ok((question::json(state, bytes).await?, held))
}

/// What a body says it is, without parameters.
pub(in crate::http) fn media_type(request: &Request) -> String {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn read_form(request: Request, state: &AppState) -> Result<Given, Problem> {
    let unreadable =
        |error: MultipartError| Problem::malformed(format!("the form cannot be read: {}", error.body_text()));
    let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
    let form = Multipart::from_request(request, state).await;
    let mut form = form.map_err(|rejection| Problem::malformed(rejection.body_text()))?;
    let (mut given, mut images) = (Given::default(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "image" => {
                images.push(GivenImage::Bytes(field.bytes().await.map_err(unreadable)?, None));
            }
            "image_url" => images.push(GivenImage::Url(field.text().await.map_err(unreadable)?, None)),
            "fields" => {
                let text = field.text().await.map_err(unreadable)?;
                let fields: Value = serde_json::from_str(&text)
                    .map_err(|error| invalid(format!("fields is no JSON object: {error}")))?;
                let Value::Object(fields) = fields else {
                    return Err(invalid("fields must be a JSON object".to_owned()));
                };
                if given.fields.replace(fields).is_some() {
                    return Err(invalid("fields is given more than once".to_owned()));
                }
            }
            _ => {
                let detail =
                    format!("the form has a field {name:?}; its fields are fields, image and image_url");
                return Err(invalid(detail));
            }
        }
    }
    bounded(images.len())?;
    given.images = (!images.is_empty()).then_some(images);
    Ok(given)
}
