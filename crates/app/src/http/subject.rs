//! What a question is about: a picture, named in one of five ways, and how it becomes a [`Probe`].
//!
//! Text around a picture (base64, JSON) may be tens of megabytes, so it is decoded on a computing thread like the picture
//! in it; only fetching happens before. How a question arrives is `question`'s business, what becomes of the probe that
//! of whoever asks.

use super::crop::Crop;
use super::images;
use super::problem::Problem;
use super::state::AppState;
use super::timings::{Stage, Stopwatch};
use axum::body::Bytes;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lookalike_engine::catalog::{ImageId, ProductId};
use lookalike_engine::search::{Probe, Searcher};
use lookalike_engine::store::ImageKey;
use lookalike_vision::Picture;
use lookalike_vision::decode::{self, Limits};
use sha2::{Digest, Sha256};

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// Its bytes.
    Bytes(Bytes),
    /// Its bytes as base64 or a base64 `data:` URL, and the name of the field they came in.
    Encoded(&'static str, String),
    /// Where it is on the web.
    Url(String),
    /// One of the catalog's, with its product where that was named too.
    Image(ImageId, Option<ProductId>),
    /// The main one of a product.
    Product(ProductId),
}

/// A picture, the part of it that counts, and by whose vectors it is compared.
#[derive(Debug, Clone)]
pub(super) struct Depiction {
    pub(super) subject: Subject,
    /// All of it when left out.
    pub(super) crop: Option<Crop>,
    /// The server's default when left out.
    pub(super) encoder: Option<String>,
}

impl From<Subject> for Depiction {
    fn from(subject: Subject) -> Self {
        Self { subject, crop: None, encoder: None }
    }
}

/// A picture as computing threads take it.
#[derive(Clone)]
enum AtHand {
    /// Bytes that are there or in text, and what to call them.
    Given(Subject, String),
    /// Signatures that are stored.
    Stored(Subject),
}

/// Makes a probe of the picture and answers with `answer`, both on a computing thread.
///
/// # Errors
/// Whatever is wrong with the picture, in words that name it; what `answer` fails with.
pub(super) async fn ask<T: Send + 'static>(
    state: &AppState,
    depiction: impl Into<Depiction>,
    mut watch: Stopwatch,
    answer: impl Fn(&Searcher, &Probe) -> Result<T, Problem> + Clone + Send + 'static,
) -> Result<(T, Stopwatch), Problem> {
    let limits = state.limits().picture;
    let Depiction { subject, crop, encoder } = depiction.into();
    let crop = crop.filter(|crop| !crop.is_whole());
    let picture = match subject {
        Subject::Url(url) => {
            let fetched = state.fetcher().get(&url).await?;
            watch.lap(Stage::Fetch);
            AtHand::Given(Subject::Bytes(fetched.bytes), fetched.url)
        }
        // Of a part nothing is stored: the photo itself is needed.
        Subject::Image(id, product) if crop.is_some() => {
            let name = format!("{:?}", id.as_str());
            let bytes = images::photo(state, id, product).await?;
            watch.lap(Stage::Fetch);
            AtHand::Given(Subject::Bytes(bytes), name)
        }
        Subject::Product(product) if crop.is_some() => {
            let id =
                state.on_thread(move |searcher| main_image(searcher, &product).map(|(id, _)| (id, product)));
            let (id, product) = id.await?;
            let name = format!("{:?}", id.as_str());
            let bytes = images::photo(state, id, Some(product)).await?;
            watch.lap(Stage::Fetch);
            AtHand::Given(Subject::Bytes(bytes), name)
        }
        stored @ (Subject::Image(..) | Subject::Product(_)) => AtHand::Stored(stored),
        Subject::Encoded(field, text) => AtHand::Given(Subject::Encoded(field, text), field.to_owned()),
        bytes @ Subject::Bytes(_) => AtHand::Given(bytes, "image".to_owned()),
    };
    state
        .compute_again(move |searcher| {
            let (mut watch, picture) = (watch, picture.clone());
            watch.lap(Stage::Wait);
            let encoder = encoder.as_deref();
            let probe = match picture {
                AtHand::Given(given, name) => {
                    probe(searcher, given, &name, crop, encoder, &limits, &mut watch)?
                }
                AtHand::Stored(stored) => searcher.probe_stored(key(searcher, &stored)?, encoder)?,
            };
            watch.lap(Stage::Encode);
            let answer = answer(searcher, &probe)?;
            watch.lap(Stage::Search);
            Ok((answer, watch))
        })
        .await
}

fn probe(
    searcher: &Searcher,
    given: Subject,
    name: &str,
    crop: Option<Crop>,
    encoder: Option<&str>,
    limits: &Limits,
    watch: &mut Stopwatch,
) -> Result<Probe, Problem> {
    // An encoder that the catalog has not is told before the work.
    searcher.slot(encoder)?;
    let bytes = match given {
        Subject::Bytes(bytes) => bytes,
        Subject::Encoded(field, text) => picture_from_text(field, &text)?,
        _ => return Err(Problem::internal("a question", &"its picture is not at hand")),
    };
    let picture = decoded(&bytes, name, limits)?;
    // A part is never the very same photo.
    let (picture, sha256) = match crop {
        Some(crop) => (crop.cut(&picture)?, None),
        None => (picture, Some(Sha256::digest(&bytes).into())),
    };
    watch.lap(Stage::Decode);
    Ok(searcher.probe(&picture, sha256, encoder)?)
}

/// The picture in these bytes, which are called `name`.
pub(super) fn decoded(bytes: &[u8], name: &str, limits: &Limits) -> Result<Picture, Problem> {
    decode::decode(bytes, limits).map_err(|error| Problem::not_a_picture(name, &error))
}

/// The handle of a stored picture.
fn key(searcher: &Searcher, stored: &Subject) -> Result<ImageKey, Problem> {
    match stored {
        Subject::Image(id, product) => images::find(searcher, id, product.as_ref()),
        Subject::Product(product) => Ok(main_image(searcher, product)?.1),
        _ => Err(Problem::internal("a question", &"its picture is not a stored one")),
    }
}

fn main_image(searcher: &Searcher, id: &ProductId) -> Result<(ImageId, ImageKey), Problem> {
    let product = searcher.store().products(std::slice::from_ref(id))?.pop().ok_or_else(|| {
        Problem::not_found("product_not_found", format!("the catalog has no product {:?}", id.as_str()))
    })?;
    product.images.into_iter().zip(product.image_keys).next().ok_or_else(|| {
        Problem::invalid("no_picture", format!("the product {:?} has no picture to ask with", id.as_str()))
    })
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
