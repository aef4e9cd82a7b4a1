//! What search and check are asked: one picture, named in one of four ways, or words; and how to answer.
//!
//! The same fields come as multipart (files from a form) or as JSON. Reading them costs no decoding; the
//! picture becomes a probe in [`ask`], on a computing thread.

use super::body;
use super::problem::Problem;
use super::state::AppState;
use axum::body::{Body, Bytes};
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lookalike_engine::catalog::{ImageId, ProductId};
use lookalike_engine::filter::Filter;
use lookalike_engine::search::{Mode, Probe, SearchError, Searcher};
use lookalike_engine::store::ImageKey;
use lookalike_vision::decode::{self, Limits};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// Most products that can be asked for at once.
pub(super) const MOST_RESULTS: usize = 1000;

/// A question as JSON: exactly one of `image`, `image_url`, `image_id`, `product_id` and `text`, and how to answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"image_url": "https://shop.example/photo.jpg", "top": 5}))]
pub(super) struct Question {
    /// The picture itself: base64, or a `data:` URL of it.
    image: Option<String>,
    /// Where the picture is on the web; fetched by the server, public addresses only unless it was told otherwise.
    image_url: Option<String>,
    /// A picture of the catalog.
    image_id: Option<String>,
    /// A product of the catalog, meaning its main picture.
    product_id: Option<String>,
    /// Words, up to 4096 characters.
    text: Option<String>,
    /// Which of the catalog's encoders to compare by; the server's default when left out, and for words the first that
    /// reads them.
    encoder: Option<String>,
    /// How many products at most, 1 to 1000; 10 when left out.
    #[schema(minimum = 1, maximum = 1000, default = 10)]
    top: Option<usize>,
    /// What counts as a match; `auto` (both kinds) when left out.
    mode: Option<ModeName>,
    /// Leaves out matches below this percentage, 0 to 100; 0 when left out.
    #[schema(minimum = 0, maximum = 100, default = 0)]
    min_percent: Option<f32>,
    /// Looks only at products whose fields fit: `price<50 and brand in (Acme, "Big & Co") and not has(discontinued)`.
    /// `GET /v1/catalog/fields` lists the fields.
    #[schema(max_length = 16384)]
    filter: Option<String>,
}

/// The same question as a form: the picture as a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document; its parts are read one by one")]
pub(super) struct QuestionForm {
    /// The picture as a file. Exactly one of `image`, `image_url`, `image_id`, `product_id` and `text` is given.
    #[schema(value_type = Option<String>, format = Binary)]
    image: Option<Vec<u8>>,
    /// Where the picture is on the web.
    image_url: Option<String>,
    /// A picture of the catalog.
    image_id: Option<String>,
    /// A product of the catalog, meaning its main picture.
    product_id: Option<String>,
    /// Words.
    text: Option<String>,
    /// Which of the catalog's encoders to compare by.
    encoder: Option<String>,
    /// How many products at most.
    #[schema(minimum = 1, maximum = 1000, default = 10)]
    top: Option<usize>,
    /// What counts as a match.
    mode: Option<ModeName>,
    /// Leaves out matches below this percentage.
    #[schema(minimum = 0, maximum = 100, default = 0)]
    min_percent: Option<f32>,
    /// Looks only at products whose fields fit.
    filter: Option<String>,
}

/// What counts as a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ModeName {
    /// Copies and look-alikes, copies first.
    Auto,
    /// Copies of the same photo.
    Duplicate,
    /// Products that look alike.
    Similar,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Auto => Self::Auto,
            ModeName::Duplicate => Self::Duplicate,
            ModeName::Similar => Self::Similar,
        }
    }
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// Its bytes.
    Bytes(Bytes),
    /// Where it is on the web.
    Url(String),
    /// One of the catalog's.
    Image(ImageId),
    /// The main one of a product.
    Product(ProductId),
    /// No picture, but words.
    Text(String),
}

/// A question that was found answerable.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) subject: Subject,
    /// `None` when left out.
    pub(super) encoder: Option<String>,
    pub(super) top: usize,
    /// `None` when left out.
    pub(super) mode: Option<ModeName>,
    pub(super) min_percent: f32,
    pub(super) filter: Option<Filter>,
}

/// Reads a question from a request.
///
/// # Errors
/// 415 for another media type, 400 for what cannot be read, 422 for what cannot be answered, 413, 408.
pub(super) async fn read(state: &AppState, request: Request) -> Result<Asked, Problem> {
    let limits = state.limits();
    let (parts, body) = request.into_parts();
    let media_type =
        parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_form = media_type == "multipart/form-data";
    if !is_form && media_type != "application/json" {
        return Err(Problem::unsupported_media_type(
            "send multipart/form-data with the picture as the file `image`, or application/json",
        ));
    }
    let bytes = body::read(body, limits.body_bytes, limits.body_timeout).await?;
    if is_form {
        let whole = Request::from_parts(parts, Body::from(bytes));
        let form = Multipart::from_request(whole, state).await;
        let form = form.map_err(|rejection| Problem::malformed(rejection.body_text()))?;
        let (question, image) = read_form(form).await?;
        answerable(question, image)
    } else {
        let question: Question = serde_json::from_slice(&bytes).map_err(|error| {
            let detail = format!("the JSON body: {error}");
            if error.is_data() {
                Problem::invalid("invalid_parameter", detail)
            } else {
                Problem::malformed(detail)
            }
        })?;
        answerable(question, None)
    }
}

async fn read_form(mut form: Multipart) -> Result<(Question, Option<Bytes>), Problem> {
    let unreadable =
        |error: MultipartError| Problem::malformed(format!("the form cannot be read: {}", error.body_text()));
    let mut question = Question::default();
    let mut image = None;
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "image" {
            let bytes = field.bytes().await.map_err(unreadable)?;
            if image.replace(bytes).is_some() {
                return Err(Problem::invalid(
                    "invalid_parameter",
                    "image is given more than once; ask about one picture",
                ));
            }
            continue;
        }
        let text = field.text().await.map_err(unreadable)?;
        let wrong = |what: &str| {
            Problem::invalid("invalid_parameter", format!("{name} is {text:?}; it must be {what}"))
        };
        match name.as_str() {
            "image_url" => question.image_url = Some(text),
            "image_id" => question.image_id = Some(text),
            "product_id" => question.product_id = Some(text),
            "text" => question.text = Some(text),
            "encoder" => question.encoder = Some(text),
            "filter" => question.filter = Some(text),
            "top" => question.top = Some(text.trim().parse().map_err(|_| wrong("a whole number"))?),
            "min_percent" => question.min_percent = Some(text.trim().parse().map_err(|_| wrong("a number"))?),
            "mode" => {
                question.mode = Some(match text.trim() {
                    "auto" => ModeName::Auto,
                    "duplicate" => ModeName::Duplicate,
                    "similar" => ModeName::Similar,
                    _ => return Err(wrong("auto, duplicate or similar")),
                });
            }
            _ => {
                let known = "image, image_url, image_id, product_id, text, encoder, top, mode, min_percent and filter";
                let detail = format!("the form has a field {name:?}; its fields are {known}");
                return Err(Problem::invalid("invalid_parameter", detail));
            }
        }
    }
    Ok((question, image))
}

fn answerable(question: Question, file: Option<Bytes>) -> Result<Asked, Problem> {
    let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
    let Question { image, image_url, image_id, product_id, text, encoder, top, mode, min_percent, filter } =
        question;
    let mut subjects = Vec::new();
    subjects.extend(file.map(Subject::Bytes));
    if let Some(text) = image {
        subjects.push(Subject::Bytes(picture_from_text("image", &text)?));
    }
    subjects.extend(image_url.map(Subject::Url));
    if let Some(id) = image_id {
        subjects
            .push(Subject::Image(ImageId::new(id).map_err(|error| invalid(format!("image_id: {error}")))?));
    }
    if let Some(id) = product_id {
        subjects.push(Subject::Product(
            ProductId::new(id).map_err(|error| invalid(format!("product_id: {error}")))?,
        ));
    }
    subjects.extend(text.map(Subject::Text));
    let count = subjects.len();
    let (Some(subject), 1) = (subjects.pop(), count) else {
        let names = "image, image_url, image_id, product_id and text";
        return Err(invalid(format!("exactly one of {names} must be given, not {count} of them")));
    };
    let top = top.unwrap_or(10);
    if !(1..=MOST_RESULTS).contains(&top) {
        return Err(invalid(format!("top is {top}; it must be 1 to {MOST_RESULTS}")));
    }
    let min_percent = min_percent.unwrap_or(0.0);
    if !(0.0..=100.0).contains(&min_percent) {
        return Err(invalid(format!("min_percent is {min_percent}; it must be 0 to 100")));
    }
    if matches!(subject, Subject::Text(_)) && mode.is_some() {
        return Err(invalid("mode says how pictures are compared; leave it out beside text".to_owned()));
    }
    // An empty one is what a form sends whose text box was left empty.
    let filter = filter.filter(|text| !text.trim().is_empty());
    let filter = filter.map(|text| Filter::parse(&text)).transpose()?;
    Ok(Asked { subject, encoder, top, mode, min_percent, filter })
}

/// The bytes behind base64 or a base64 `data:` URL, given under the name `field`. Line breaks are ignored, padding may be
/// missing.
///
/// # Errors
/// 422 when it is neither.
pub(super) fn picture_from_text(field: &str, text: &str) -> Result<Bytes, Problem> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
    let encoded = match text.trim_start().strip_prefix("data:") {
        None => text,
        Some(rest) => match rest.split_once(',') {
            Some((kind, data)) if kind.ends_with(";base64") => data,
            _ => return Err(invalid(format!("{field} is a data: URL, but not a base64 one"))),
        },
    };
    let compact: Vec<u8> = encoded.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = LENIENT.decode(compact);
    decoded
        .map(Bytes::from)
        .map_err(|error| invalid(format!("{field} is neither base64 nor a data: URL: {error}")))
}

/// Makes a probe of the question's picture and answers with `answer`, both on a computing thread.
///
/// # Errors
/// Whatever is wrong with the picture, in words that name it; what `answer` fails with.
pub(super) async fn ask<T: Send + 'static>(
    state: &AppState,
    subject: Subject,
    encoder: Option<String>,
    answer: impl FnOnce(&Searcher, &Probe) -> Result<T, SearchError> + Send + 'static,
) -> Result<T, Problem> {
    let limits = state.limits().picture;
    let (subject, field) = match subject {
        Subject::Url(url) => {
            let fetched = state.fetcher().get(&url).await?;
            (Subject::Bytes(fetched.bytes), fetched.url)
        }
        other => (other, "image".to_owned()),
    };
    state
        .compute(move |searcher| {
            let probe = probe(searcher, subject, encoder.as_deref(), &field, &limits)?;
            Ok(answer(searcher, &probe)?)
        })
        .await
}

fn probe(
    searcher: &Searcher,
    subject: Subject,
    encoder: Option<&str>,
    field: &str,
    limits: &Limits,
) -> Result<Probe, Problem> {
    let key = match subject {
        Subject::Bytes(bytes) => {
            let picture =
                decode::decode(&bytes, limits).map_err(|error| Problem::not_a_picture(field, &error))?;
            return Ok(searcher.probe(&picture, Some(Sha256::digest(&bytes).into()), encoder)?);
        }
        Subject::Image(id) => searcher.store().find_image(&id)?.ok_or_else(|| {
            Problem::not_found("image_not_found", format!("the catalog has no image {:?}", id.as_str()))
        })?,
        Subject::Product(id) => main_image(searcher, &id)?,
        Subject::Text(_) => {
            let detail = "check asks about a picture; ask /v1/search with words";
            return Err(Problem::invalid("invalid_parameter", detail));
        }
        Subject::Url(_) => return Err(Problem::internal("a question", &"its URL was not fetched")),
    };
    Ok(searcher.probe_stored(key, encoder)?)
}

fn main_image(searcher: &Searcher, id: &ProductId) -> Result<ImageKey, Problem> {
    let product = searcher.store().products(std::slice::from_ref(id))?.pop().ok_or_else(|| {
        Problem::not_found("product_not_found", format!("the catalog has no product {:?}", id.as_str()))
    })?;
    product.image_keys.into_iter().next().ok_or_else(|| {
        Problem::invalid("no_picture", format!("the product {:?} has no picture to ask with", id.as_str()))
    })
}
