//! Photos that were handed in: fetched, made ready to be stored, and looked for in the catalog.
//!
//! One photo of a product that fails fails the product: whoever hands it in is there to be told.

use super::body::GivenImage;
use crate::http::answer::{ClassName, MatchAnswer, Showing};
use crate::http::problem::Problem;
use crate::http::serving::Serving;
use crate::http::state::AppState;
use axum::body::Bytes;
use lookalike_engine::catalog::{ImageId, ProductId};
use lookalike_engine::ingest::online::{HandedIn, ImageChange, prepare};
use lookalike_engine::search::{Check, Class, Probe, SearchError, Searcher};
use lookalike_engine::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Matches named for each photo.
const MOST_MATCHES: usize = 5;

/// What is done about photos that the catalog has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum CheckName {
    /// They are named in the answer.
    Warn,
    /// They are named, and nothing is stored.
    Reject,
}

/// Whether a new photo is in the catalog already, as another product's.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PhotoCheck {
    /// The image.
    image_id: String,
    /// The class of the best match; `none` when nothing matches.
    verdict: ClassName,
    /// Up to 5 of other products, best first; those of class `none` are left out.
    matches: Vec<MatchAnswer>,
}

/// A product's photos, ready to be stored.
pub(super) struct Ready {
    pub(super) images: Vec<ImageChange>,
    /// What was found of those that are new, where that was asked for.
    pub(super) checks: Option<Vec<PhotoCheck>>,
    /// The new ones, to be looked for again.
    pub(super) probes: Vec<(ImageId, Probe)>,
    /// Whether the catalog has one of them.
    pub(super) has_duplicate: bool,
}

/// A photo that is new to the product.
struct Looked {
    id: ImageId,
    probe: Probe,
    check: PhotoCheck,
    is_duplicate: bool,
}

/// Makes the photos of `product` ready for the catalog as `serving` has it.
///
/// # Errors
/// Whatever is wrong with one, in words that name it.
pub(super) async fn ready(
    state: &AppState,
    serving: &Arc<Serving>,
    product: &ProductId,
    given: Vec<GivenImage>,
    check: Option<CheckName>,
) -> Result<Ready, Problem> {
    let mut ready = Ready {
        images: Vec::with_capacity(given.len()),
        checks: check.map(|_| Vec::new()),
        probes: Vec::new(),
        has_duplicate: false,
    };
    for (at, image) in given.into_iter().enumerate() {
        let (photo, name) = match image {
            GivenImage::Stored(id) => {
                ready.images.push(ImageChange::Stored(id));
                continue;
            }
            GivenImage::Bytes(bytes, id) => (HandedIn { bytes, id, url: None }, format!("images[{at}]")),
            GivenImage::Url(url, id) => {
                let fetched = state.fetcher().get(&url).await?;
                (HandedIn { bytes: fetched.bytes, id, url: Some(url) }, fetched.url)
            }
        };
        let (serving, product) = (Arc::clone(serving), product.clone());
        let limits = state.limits().picture;
        let (image, looked) = state
            .compute(move |_| {
                let searcher = &serving.searcher;
                let encoders = searcher.all_encoders()?;
                let encoders: Vec<_> = encoders.iter().map(AsRef::as_ref).collect();
                let prepared = prepare(&photo, &encoders, &limits)
                    .map_err(|reason| Problem::invalid("not_a_picture", format!("{name} {reason}")))?;
                let digest = prepared.image.fingerprint.sha256;
                let looked = if check.is_some() && !has(searcher, &product, &digest)? {
                    let probe = searcher.probe_prepared(&prepared)?;
                    let found = others(searcher, &probe, &product)?;
                    let (id, is_duplicate) = (prepared.image.id.clone(), is_duplicate(&found));
                    let check = PhotoCheck::new(searcher.store(), &id, found)?;
                    Some(Looked { id, probe, check, is_duplicate })
                } else {
                    None
                };
                let HandedIn { bytes, id, url } = photo;
                let bytes: Option<Bytes> = url.is_none().then_some(bytes);
                let image = Box::new(prepared.image);
                Ok((ImageChange::New { image, bytes, is_named: id.is_some() }, looked))
            })
            .await?;
        ready.images.push(image);
        if let Some(Looked { id, probe, check, is_duplicate }) = looked {
            ready.has_duplicate |= is_duplicate;
            ready.checks.get_or_insert_default().push(check);
            ready.probes.push((id, probe));
        }
    }
    Ok(ready)
}

/// Whether the product shows this very photo already.
fn has(searcher: &Searcher, product: &ProductId, sha256: &[u8; 32]) -> Result<bool, Problem> {
    let known = searcher.store().known(product)?;
    Ok(known.is_some_and(|known| known.images.iter().any(|image| image.fingerprint.sha256 == *sha256)))
}

/// Looks for a photo among the photos of other products.
pub(super) fn others(searcher: &Searcher, probe: &Probe, own: &ProductId) -> Result<Check, SearchError> {
    let mut found = searcher.check(probe, MOST_MATCHES + 1, None)?;
    found.matches.retain(|found| found.product != *own);
    found.matches.truncate(MOST_MATCHES);
    found.verdict = found.matches.iter().map(|found| found.class).max().unwrap_or(Class::None);
    Ok(found)
}

/// Whether it is the same photo, edited or not; what looks alike is not.
pub(super) fn is_duplicate(found: &Check) -> bool {
    matches!(found.verdict, Class::Identical | Class::EditedCopy)
}

impl PhotoCheck {
    /// # Errors
    /// When the store fails.
    pub(super) fn new(store: &dyn Store, id: &ImageId, found: Check) -> Result<Self, StoreError> {
        let showing = Showing { store, fields: None };
        let matches =
            found.matches.into_iter().map(|found| showing.found(found)).collect::<Result<_, _>>()?;
        Ok(Self { image_id: id.to_string(), verdict: found.verdict.into(), matches })
    }
}

/// 409, with what was found.
pub(super) fn duplicate(product: &ProductId, checks: &[PhotoCheck]) -> Problem {
    let detail = format!(
        "a photo of {:?} is another product's already, see checks; nothing was stored (check=warn stores it all the same)",
        product.as_str()
    );
    match serde_json::to_value(checks) {
        Ok(checks) => Problem::conflict("duplicate", detail).with_checks(checks),
        Err(error) => Problem::internal("a duplicate check", &error),
    }
}
