//! `POST /upload`, as the fourth system answered it: a photo from a phone's camera, as a `data:` URL in JSON.

use super::asking::{json, looking_alike};
use super::listing;
use crate::http::image_url;
use crate::http::problem::{Problem, QuestionProblems};
use crate::http::state::AppState;
use crate::http::subject::Subject;
use axum::Json;
use axum::extract::{Request as HttpRequest, State};
use lookalike_engine::catalog::Fields;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// How many products are answered with.
const TOP: usize = 5;

/// A photo.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"photoData": "data:image/jpeg;base64,/9j/4AAQSkZJRg=="}))]
pub(in crate::http) struct Photo {
    /// The photo as a base64 `data:` URL.
    photo_data: String,
}

/// A product that looks alike.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "image_id": "http://127.0.0.1:8000/v1/images/mugs/red.jpg", "item_id": "B07GTFSCHB", "item_name": "Red mug"
}))]
pub(in crate::http) struct Item {
    /// Where its best matching image is shown.
    image_id: String,
    /// The product's field `item_id` or `id` in its own JSON type, or else its id.
    item_id: Value,
    /// The product's field `item_name`, `name` or `title`; empty where it has none.
    item_name: String,
}

/// Finds up to five products that look like a photo
///
/// For clients of the fourth system; `POST /v1/search` knows more. Pages of any origin may call it.
#[utoipa::path(
    post, path = "/upload", tag = "compatibility", request_body = Photo,
    responses(
        (status = 200, description = "Products, best first", body = Vec<Item>),
        QuestionProblems,
    ),
)]
pub(in crate::http) async fn upload(
    State(state): State<AppState>,
    request: HttpRequest,
) -> Result<Json<Vec<Item>>, Problem> {
    let (photo, headers, _held): (Photo, _, _) = json(&state, request).await?;
    let subject = Subject::Encoded("photoData", photo.photo_data);
    let found = looking_alike(&state, subject, TOP).await?;
    let items = found.iter().map(|listed| Item {
        image_id: image_url::absolute(&listed.image_path, &headers),
        item_id: listing::id(listed),
        item_name: name(&listed.found.fields),
    });
    Ok(Json(items.collect()))
}

fn name(fields: &Fields) -> String {
    let named =
        ["item_name", "name", "title"].iter().find_map(|name| fields.get(*name).and_then(Value::as_str));
    named.unwrap_or_default().to_owned()
}
