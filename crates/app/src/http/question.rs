//! What search and check are asked, as it arrives: JSON, or the same fields as a form with the picture as a file.
//!
//! Reading a question costs no decoding; what it is about becomes a probe in [`subject`](super::subject), on a computing
//! thread.

use super::body::{self, Room};
use super::crop::Crop;
use super::problem::Problem;
use super::state::AppState;
use super::subject::{Depiction, Subject};
use axum::body::{Body, Bytes};
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use lookalike_engine::catalog::{ImageId, ProductId};
use lookalike_engine::filter::Filter;
use lookalike_engine::search::Mode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

/// Most products that can be asked for at once.
pub(super) const MOST_RESULTS: usize = 1000;
/// Most products that can be passed over.
const LAST_OFFSET: usize = 1000;
/// Most names of fields to return.
const MOST_NAMES: usize = 100;
/// Longer JSON is read on a thread of its own.
const LONG_BYTES: usize = 64 << 10;

/// A question as JSON: one of `image`, `image_url`, `image_id` and `product_id`, or `text`, or a picture and text; and how
/// to answer. `product_id` beside `image_id` says whose image is meant where several products have one of that id.
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
    /// Asks about this part of the picture alone.
    crop: Option<Crop>,
    /// Words, up to 4096 characters.
    text: Option<String>,
    /// How much words count beside a picture, 0 (not at all) to 1 (alone); 0.5 when left out.
    #[schema(minimum = 0, maximum = 1, default = 0.5)]
    text_weight: Option<f32>,
    /// Which of the catalog's encoders to compare by; the server's default when left out, and for words the first that
    /// reads them.
    encoder: Option<String>,
    /// How many products at most, 1 to 1000; 10 when left out.
    #[schema(minimum = 1, maximum = 1000, default = 10)]
    top: Option<usize>,
    /// How many of the best products to pass over, 0 to 1000: for the next page. None when left out.
    #[schema(minimum = 0, maximum = 1000, default = 0)]
    offset: Option<usize>,
    /// What counts as a match; `auto` (both kinds) when left out.
    mode: Option<ModeName>,
    /// Leaves out matches below this percentage, 0 to 100; 0 when left out.
    #[schema(minimum = 0, maximum = 100, default = 0)]
    min_percent: Option<f32>,
    /// Looks only at products whose fields fit: `price<50 and brand in (Acme, "Big & Co") and not has(discontinued)`.
    /// `GET /v1/catalog/fields` lists the fields.
    #[schema(max_length = 16384)]
    filter: Option<String>,
    /// Which of the products' outermost fields to return, up to 100 names; all when left out, none when empty.
    #[schema(max_items = 100)]
    fields: Option<Vec<String>>,
}

/// The same question as a form: the picture as a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document; its parts are read one by one")]
pub(super) struct QuestionForm {
    /// The picture as a file.
    #[schema(value_type = Option<String>, format = Binary)]
    image: Option<Vec<u8>>,
    /// Where the picture is on the web.
    image_url: Option<String>,
    /// A picture of the catalog.
    image_id: Option<String>,
    /// A product of the catalog, meaning its main picture.
    product_id: Option<String>,
    /// Asks about this part of the picture alone: `x,y,width,height`, each a fraction from 0 to 1 of the upright picture.
    #[schema(example = "0.25,0.1,0.5,0.6")]
    crop: Option<String>,
    /// Words, alone or beside a picture.
    text: Option<String>,
    /// How much words count beside a picture.
    #[schema(minimum = 0, maximum = 1, default = 0.5)]
    text_weight: Option<f32>,
    /// Which of the catalog's encoders to compare by.
    encoder: Option<String>,
    /// How many products at most.
    #[schema(minimum = 1, maximum = 1000, default = 10)]
    top: Option<usize>,
    /// How many of the best products to pass over.
    #[schema(minimum = 0, maximum = 1000, default = 0)]
    offset: Option<usize>,
    /// What counts as a match.
    mode: Option<ModeName>,
    /// Leaves out matches below this percentage.
    #[schema(minimum = 0, maximum = 100, default = 0)]
    min_percent: Option<f32>,
    /// Looks only at products whose fields fit.
    filter: Option<String>,
    /// Which of the products' outermost fields to return, separated by commas; all when left out, none when empty.
    #[schema(example = "name,price")]
    fields: Option<String>,
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

/// A question that was found answerable.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) about: About,
    /// `None` when left out.
    pub(super) mode: Option<ModeName>,
    pub(super) page: Page,
    pub(super) min_percent: f32,
    pub(super) filter: Option<Filter>,
    /// Names of fields to return; `None` for all.
    pub(super) fields: Option<Vec<String>>,
}

/// What a question is about.
#[derive(Debug)]
pub(super) enum About {
    Picture(Depiction),
    Words(Words),
    /// A picture and words, and how much the words count, 0 to 1.
    Both(Depiction, String, f32),
}

/// A question in words.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) text: String,
    /// `None` when left out.
    pub(super) encoder: Option<String>,
}

/// Which part of all matches is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    offset: usize,
    top: usize,
}

impl Page {
    /// How many matches to look for: one more than are shown tells whether there are more.
    pub(super) fn needed(self) -> usize {
        self.offset + self.top + 1
    }

    /// The page out of all that were found, and whether there are more.
    pub(super) fn of<T>(self, found: Vec<T>) -> (Vec<T>, bool) {
        let is_more = found.len() > self.offset + self.top;
        (found.into_iter().skip(self.offset).take(self.top).collect(), is_more)
    }
}

/// What a question takes until it is answered.
#[derive(Debug)]
pub(super) struct Held {
    _room: Room,
    _place: OwnedSemaphorePermit,
}

/// Reads a body whole, then takes a place.
///
/// # Errors
/// 413, 408, 400, 503.
pub(super) async fn receive(state: &AppState, body: Body) -> Result<(Bytes, Held), Problem> {
    state.expect_place()?;
    let received = body::read(state, body).await?;
    Ok((received.bytes, Held { _room: received.room, _place: state.place()? }))
}

/// Reads a question from a request.
///
/// # Errors
/// 415 for another media type, 400 for what cannot be read, 422 for what cannot be answered, 413, 408, 503.
pub(super) async fn read(state: &AppState, request: Request) -> Result<(Asked, Held), Problem> {
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
    let (bytes, held) = receive(state, body).await?;
    let (question, image) = if is_form {
        let whole = Request::from_parts(parts, Body::from(bytes));
        let form = Multipart::from_request(whole, state).await;
        read_form(form.map_err(|rejection| Problem::malformed(rejection.body_text()))?).await?
    } else {
        (json(state, bytes).await?, None)
    };
    Ok((answerable(question, image)?, held))
}

/// The JSON of a body.
///
/// # Errors
/// 400 for what is no JSON, 422 for JSON that is something else than was asked for.
pub(super) async fn json<T: DeserializeOwned + Send + 'static>(
    state: &AppState,
    bytes: Bytes,
) -> Result<T, Problem> {
    let read = |bytes: &[u8]| {
        serde_json::from_slice(bytes).map_err(|error| {
            let detail = format!("the JSON body: {error}");
            if error.is_data() {
                Problem::invalid("invalid_parameter", detail)
            } else {
                Problem::malformed(detail)
            }
        })
    };
    if bytes.len() <= LONG_BYTES {
        return read(&bytes);
    }
    state.on_thread(move |_| read(&bytes)).await
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
        question.set(&name, text)?;
    }
    Ok((question, image))
}

impl Question {
    /// Sets what a form's field says.
    fn set(&mut self, name: &str, text: String) -> Result<(), Problem> {
        let wrong = |what: &str| {
            Problem::invalid("invalid_parameter", format!("{name} is {text:?}; it must be {what}"))
        };
        let count = || text.trim().parse().map_err(|_| wrong("a whole number"));
        let number = || text.trim().parse().map_err(|_| wrong("a number"));
        match name {
            "image_url" => self.image_url = Some(text),
            "image_id" => self.image_id = Some(text),
            "product_id" => self.product_id = Some(text),
            // A box that a page leaves empty.
            "crop" => {
                self.crop = Some(text.trim()).filter(|text| !text.is_empty()).map(Crop::parse).transpose()?
            }
            "text" => self.text = Some(text),
            "text_weight" => self.text_weight = Some(number()?),
            "encoder" => self.encoder = Some(text),
            "filter" => self.filter = Some(text),
            "top" => self.top = Some(count()?),
            "offset" => self.offset = Some(count()?),
            "min_percent" => self.min_percent = Some(number()?),
            "fields" => {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.fields = Some(names.map(str::to_owned).collect());
            }
            "mode" => {
                self.mode = Some(match text.trim() {
                    "auto" => ModeName::Auto,
                    "duplicate" => ModeName::Duplicate,
                    "similar" => ModeName::Similar,
                    _ => return Err(wrong("auto, duplicate or similar")),
                });
            }
            _ => {
                let known = "image, image_url, image_id, product_id, crop, text, text_weight, encoder, top, offset, \
                             mode, min_percent, filter and fields";
                let detail = format!("the form has a field {name:?}; its fields are {known}");
                return Err(Problem::invalid("invalid_parameter", detail));
            }
        }
        Ok(())
    }
}

fn answerable(question: Question, file: Option<Bytes>) -> Result<Asked, Problem> {
    let invalid = |detail: String| Problem::invalid("invalid_parameter", detail);
    let Question { image, image_url, image_id, product_id, crop, text, text_weight, encoder, .. } = question;
    let Question { top, offset, mode, min_percent, filter, fields, .. } = question;
    let image_id =
        image_id.map(ImageId::new).transpose().map_err(|error| invalid(format!("image_id: {error}")))?;
    let product_id = product_id
        .map(ProductId::new)
        .transpose()
        .map_err(|error| invalid(format!("product_id: {error}")))?;
    let mut subjects = Vec::new();
    subjects.extend(file.map(Subject::Bytes));
    subjects.extend(image.map(|text| Subject::Encoded("image", text)));
    subjects.extend(image_url.map(Subject::Url));
    match (image_id, product_id) {
        (Some(image), product) => subjects.push(Subject::Image(image, product)),
        (None, product) => subjects.extend(product.map(Subject::Product)),
    }
    let count = subjects.len();
    let crop = crop.map(Crop::checked).transpose()?;
    let weight = text_weight.unwrap_or(0.5);
    if !(0.0..=1.0).contains(&weight) {
        return Err(invalid(format!("text_weight is {weight}; it must be 0 to 1")));
    }
    let about = match (subjects.pop(), count, text) {
        (None, _, Some(text)) => About::Words(Words { text, encoder }),
        (Some(subject), 1, None) => About::Picture(Depiction { subject, crop, encoder }),
        (Some(subject), 1, Some(text)) => About::Both(Depiction { subject, crop, encoder }, text, weight),
        _ => {
            let names = "image, image_url, image_id and product_id";
            return Err(invalid(format!(
                "exactly one of {names} must be given, or text, or both; not {count} pictures"
            )));
        }
    };
    let needless = match &about {
        About::Words(_) if crop.is_some() => Some("crop says which part of a picture is meant"),
        About::Words(_) | About::Both(..) if mode.is_some() => {
            Some("mode says how pictures alone are compared")
        }
        About::Words(_) | About::Picture(_) if text_weight.is_some() => {
            Some("text_weight says how much words count beside a picture")
        }
        _ => None,
    };
    if let Some(what) = needless {
        return Err(invalid(format!("{what}; leave it out here")));
    }
    let (top, offset) = (top.unwrap_or(10), offset.unwrap_or(0));
    if !(1..=MOST_RESULTS).contains(&top) {
        return Err(invalid(format!("top is {top}; it must be 1 to {MOST_RESULTS}")));
    }
    if offset > LAST_OFFSET {
        return Err(invalid(format!("offset is {offset}; it must be 0 to {LAST_OFFSET}")));
    }
    let min_percent = min_percent.unwrap_or(0.0);
    if !(0.0..=100.0).contains(&min_percent) {
        return Err(invalid(format!("min_percent is {min_percent}; it must be 0 to 100")));
    }
    if fields.as_ref().is_some_and(|names| names.len() > MOST_NAMES) {
        return Err(invalid(format!("fields has more than {MOST_NAMES} names; leave it out for all fields")));
    }
    // An empty one is what a form sends whose text box was left empty.
    let filter = filter.filter(|text| !text.trim().is_empty());
    let filter = filter.map(|text| Filter::parse(&text)).transpose()?;
    Ok(Asked { about, mode, page: Page { offset, top }, min_percent, filter, fields })
}
