//! `POST /postURL` and `POST /postImage`, as the third system answered them (CLIP over OpenSearch and S3).

use super::asking::{json, looking_alike};
use super::listing;
use super::refusal::{NoImagesAnswer, Refusal};
use crate::http::problem::Problem;
use crate::http::question::MOST_RESULTS;
use crate::http::state::AppState;
use crate::http::subject::Subject;
use axum::Json;
use axum::extract::{Request as HttpRequest, State};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// How many pictures come where nothing is said.
const USUAL_K: usize = 5;

/// A picture on the web.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"url": "https://shop.example/photo.jpg", "k": 5}))]
pub(in crate::http) struct PictureUrl {
    /// Where it is; public addresses only unless the server was told otherwise.
    url: String,
    /// How many pictures at most, as a number or in digits, 1 to 1000; 5 when left out.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 5)]
    k: Option<Value>,
}

/// A picture itself.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"base64img": "/9j/4AAQSkZJRg==", "k": 5}))]
pub(in crate::http) struct PictureBytes {
    /// Its bytes as base64, or a `data:` URL of them.
    base64img: String,
    /// How many pictures at most, as a number or in digits, 1 to 1000; 5 when left out.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 5)]
    k: Option<Value>,
}

/// Pictures that look alike.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"images": ["https://shop.example/media/red.jpg"]}))]
pub(in crate::http) struct ImagesAnswer {
    /// Best first, one per product: its field `image_url` or `small_image`, or else this server's URL of the image found.
    images: Vec<String>,
}

/// Finds pictures that look like one on the web
///
/// For clients of the third system; `POST /v1/search` knows more. Pages of any origin may call it.
#[utoipa::path(
    post, path = "/postURL", tag = "compatibility", request_body = PictureUrl,
    responses(
        (status = 200, description = "Pictures, best first", body = ImagesAnswer),
        (status = 400, description = "The body cannot be read", body = NoImagesAnswer),
        (status = 408, description = "The body took too long to arrive", body = NoImagesAnswer),
        (status = 413, description = "The body is too large", body = NoImagesAnswer),
        (status = 422, description = "A field is missing or wrong, or the URL gives no picture", body = NoImagesAnswer),
        (status = 503, description = "Too many requests at once; see Retry-After", body = NoImagesAnswer),
    ),
)]
pub(in crate::http) async fn post_url(
    State(state): State<AppState>,
    request: HttpRequest,
) -> Result<Json<ImagesAnswer>, Refusal> {
    let answer = async {
        let (PictureUrl { url, k }, headers, _held) = json(&state, request).await?;
        images(&state, Subject::Url(url), k, &headers).await
    };
    answer.await.map_err(Refusal::no_images)
}

/// Finds pictures that look like one
///
/// For clients of the third system; `POST /v1/search` knows more. Pages of any origin may call it.
#[utoipa::path(
    post, path = "/postImage", tag = "compatibility", request_body = PictureBytes,
    responses(
        (status = 200, description = "Pictures, best first", body = ImagesAnswer),
        (status = 400, description = "The body cannot be read", body = NoImagesAnswer),
        (status = 408, description = "The body took too long to arrive", body = NoImagesAnswer),
        (status = 413, description = "The body is too large", body = NoImagesAnswer),
        (status = 422, description = "A field is missing or wrong, or it is no picture", body = NoImagesAnswer),
        (status = 503, description = "Too many requests at once; see Retry-After", body = NoImagesAnswer),
    ),
)]
pub(in crate::http) async fn post_image(
    State(state): State<AppState>,
    request: HttpRequest,
) -> Result<Json<ImagesAnswer>, Refusal> {
    let answer = async {
        let (PictureBytes { base64img, k }, headers, _held) = json(&state, request).await?;
        images(&state, Subject::Encoded("base64img", base64img), k, &headers).await
    };
    answer.await.map_err(Refusal::no_images)
}

async fn images(
    state: &AppState,
    subject: Subject,
    k: Option<Value>,
    headers: &HeaderMap,
) -> Result<Json<ImagesAnswer>, Problem> {
    let found = looking_alike(state, subject, wanted(k)?).await?;
    let images = found.iter().map(|listed| listing::picture_url(listed, headers)).collect();
    Ok(Json(ImagesAnswer { images }))
}

/// `k` as a number: pages sent what stood in a text box as well.
fn wanted(k: Option<Value>) -> Result<usize, Problem> {
    let number = match &k {
        None | Some(Value::Null) => Some(USUAL_K),
        Some(Value::String(digits)) => digits.trim().parse().ok(),
        Some(other) => other.as_u64().and_then(|number| usize::try_from(number).ok()),
    };
    number.filter(|number| (1..=MOST_RESULTS).contains(number)).ok_or_else(|| {
        let given = k.unwrap_or_default();
        Problem::invalid("invalid_parameter", format!("k is {given}; it must be 1 to {MOST_RESULTS}"))
    })
}
