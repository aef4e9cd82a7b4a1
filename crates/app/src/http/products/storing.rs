//! Having a change stored, and how what became of it is told.

use super::answer::ProductAnswer;
use super::body::Given;
use super::photos::{self, CheckName, PhotoCheck, Ready, duplicate, is_duplicate, others};
use crate::http::problem::Problem;
use crate::http::serving::Serving;
use crate::http::state::AppState;
use lookalike_engine::catalog::{ImageId, ProductId};
use lookalike_engine::ingest::online::{Change, ChangeError, Changed, Guard, ImageChange, Kind};
use lookalike_engine::search::{Probe, SearchError};
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use utoipa::ToSchema;

/// What is to become of a product, as a caller says it.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// Just this.
    Put(Given),
    /// This part of it.
    Patch(Given),
    /// Nothing.
    Delete,
}

/// A product that was stored.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "created": true, "product_id": "red-mug", "fields": {"name": "Red mug", "price": 9.5},
    "images": [{"image_id": "mugs/red.jpg", "image_url": "/v1/images/mugs/red.jpg", "width": 800, "height": 600}]
}))]
pub(in crate::http) struct StoredAnswer {
    /// Whether it is new.
    pub(super) created: bool,
    /// As it is stored now.
    #[serde(flatten)]
    product: ProductAnswer,
    /// Which of its new photos the catalog had already, where `check` asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) checks: Option<Vec<PhotoCheck>>,
}

/// A change that waits for its turn.
pub(super) struct Submitted {
    serving: Arc<Serving>,
    told: oneshot::Receiver<Result<Changed, ChangeError>>,
    checks: Option<Vec<PhotoCheck>>,
    findings: Findings,
}

/// What a guard found that kept a change from being stored.
type Findings = Arc<Mutex<Option<Result<Vec<PhotoCheck>, SearchError>>>>;

/// Why a change was not stored.
pub(super) enum Unstored {
    /// The caller is told.
    Problem(Problem),
    /// The catalog is another one by now; it may be tried again.
    Stale,
}

impl From<Problem> for Unstored {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Has a change stored; `None` when the product is gone.
pub(super) async fn store(
    state: &AppState,
    id: &ProductId,
    wanted: Wanted,
    check: Option<CheckName>,
) -> Result<Option<StoredAnswer>, Problem> {
    let mut again = Some(wanted.clone());
    let mut wanted = wanted;
    loop {
        let submitted = ready(state, id, wanted, check).await?.submit()?;
        match (submitted.wait(state, id).await, again.take()) {
            (Ok(stored), _) => return Ok(stored),
            (Err(Unstored::Problem(problem)), _) => return Err(problem),
            // Its photos were made ready for a catalog that is no more.
            (Err(Unstored::Stale), Some(same)) => {
                state.opened_again().await;
                wanted = same;
            }
            (Err(Unstored::Stale), None) => {
                let detail = "the catalog was just exchanged; try again in a moment";
                return Err(Problem::unavailable("catalog_changed", detail, 1));
            }
        }
    }
}

/// A change whose photos are ready.
pub(super) struct ReadyChange {
    serving: Arc<Serving>,
    change: Change,
    checks: Option<Vec<PhotoCheck>>,
    findings: Findings,
}

/// Makes the photos of a change ready and, where it is asked for, looks for them.
pub(super) async fn ready(
    state: &AppState,
    id: &ProductId,
    wanted: Wanted,
    check: Option<CheckName>,
) -> Result<ReadyChange, Problem> {
    let serving = state.serving();
    if serving.committer.is_none() {
        return Err(only_reads());
    }
    let given = match &wanted {
        Wanted::Put(given) | Wanted::Patch(given) => given.images.clone(),
        Wanted::Delete => None,
    };
    let Ready { images, checks, probes, has_duplicate } =
        photos::ready(state, &serving, id, given.unwrap_or_default(), check).await?;
    let rejects = check == Some(CheckName::Reject);
    if rejects && has_duplicate {
        return Err(duplicate(id, &checks.unwrap_or_default()));
    }
    let findings = Findings::default();
    let guard = (rejects && !probes.is_empty()).then(|| guard(&serving, id, probes, &findings));
    let kind = match wanted {
        Wanted::Put(given) => Kind::Put { fields: given.fields.unwrap_or_default(), images },
        Wanted::Patch(Given { fields, images: listed }) => {
            Kind::Patch { fields: fields.unwrap_or_default(), images: listed.map(|_| images) }
        }
        Wanted::Delete => Kind::Delete,
    };
    let kind = kept(state, &serving, kind).await?;
    let change = Change { product: id.clone(), kind, guard };
    Ok(ReadyChange { serving, change, checks, findings })
}

/// Looks again while nobody writes: somebody else may have listed the same photo meanwhile.
fn guard(
    serving: &Arc<Serving>,
    own: &ProductId,
    probes: Vec<(ImageId, Probe)>,
    findings: &Findings,
) -> Guard {
    let (serving, own, findings) = (Arc::clone(serving), own.clone(), Arc::clone(findings));
    Box::new(move || {
        let searcher = &serving.searcher;
        let look = |(image, probe): &(ImageId, Probe)| {
            let found = others(searcher, probe, &own)?;
            let is_duplicate = is_duplicate(&found);
            Ok((PhotoCheck::new(searcher.store(), image, found)?, is_duplicate))
        };
        let found = match probes.iter().map(look).collect::<Result<Vec<_>, SearchError>>() {
            Ok(found) if !found.iter().any(|(_, is_duplicate)| *is_duplicate) => return true,
            Ok(found) => Ok(found.into_iter().map(|(check, _)| check).collect()),
            Err(error) => Err(error),
        };
        *findings.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        false
    })
}

fn only_reads() -> Problem {
    Problem::forbidden("this server only reads its catalog; nothing can be changed through it")
}

impl ReadyChange {
    /// Hands it in.
    pub(super) fn submit(self) -> Result<Submitted, Problem> {
        let Self { serving, change, checks, findings } = self;
        let committer = serving.committer.as_ref().ok_or_else(only_reads)?;
        let (tell, told) = oneshot::channel();
        // Where nobody listens any more it is stored all the same.
        committer.submit(change, move |result| drop(tell.send(result))).map_err(|_| Problem::busy())?;
        Ok(Submitted { serving, told, checks, findings })
    }
}

/// Has the photos on the disk that the catalog is to keep: there are many threads for that here and one that stores.
async fn kept(state: &AppState, serving: &Arc<Serving>, kind: Kind) -> Result<Kind, Problem> {
    let brought = match &kind {
        Kind::Put { images, .. } | Kind::Patch { images: Some(images), .. } => images.as_slice(),
        Kind::Patch { .. } | Kind::Delete => &[],
    };
    let photos: Vec<_> = brought
        .iter()
        .filter_map(|image| match image {
            ImageChange::New { image, bytes: Some(bytes), .. } => {
                Some((image.fingerprint.sha256, bytes.clone()))
            }
            _ => None,
        })
        .collect();
    if photos.is_empty() {
        return Ok(kind);
    }
    let serving = Arc::clone(serving);
    state
        .on_thread(move |_| {
            let Some(committer) = &serving.committer else { return Ok(()) };
            photos.iter().try_for_each(|(sha256, bytes)| {
                committer.uploads().keep(sha256, bytes).map_err(|error| unkept(&error))
            })
        })
        .await?;
    Ok(kind)
}

fn unkept(error: &std::io::Error) -> Problem {
    if error.kind() == std::io::ErrorKind::StorageFull {
        let detail = "the server's disk is full; nothing was stored, and nothing that is stored is lost";
        return Problem::unavailable("disk_full", detail, 60);
    }
    Problem::internal("keeping a photo", error)
}

impl Submitted {
    /// Waits until the change is durable or refused.
    pub(super) async fn wait(
        self,
        state: &AppState,
        id: &ProductId,
    ) -> Result<Option<StoredAnswer>, Unstored> {
        let Self { told, checks, findings, serving } = self;
        let changed = told.await.map_err(|error| Problem::internal("storing a product", &error))?;
        match changed {
            Ok(Changed { product: None, .. }) => Ok(None),
            Ok(Changed { created, product: Some(known) }) => {
                let id = id.clone();
                let product =
                    state.on_thread(move |_| Ok(ProductAnswer::new(serving.searcher.store(), &id, known)?));
                Ok(Some(StoredAnswer { created, product: product.await?, checks }))
            }
            Err(ChangeError::Store(error)) if error.is_stale() => Err(Unstored::Stale),
            Err(ChangeError::Guarded) => {
                let found = findings.lock().unwrap_or_else(PoisonError::into_inner).take();
                Err(match found {
                    Some(Ok(checks)) => duplicate(id, &checks),
                    Some(Err(error)) => Problem::from(error),
                    None => Problem::internal("a duplicate check", &"it found nothing and refused"),
                }
                .into())
            }
            Err(error) => Err(problem(error).into()),
        }
    }
}

fn problem(error: ChangeError) -> Problem {
    let detail = error.to_string();
    match error {
        ChangeError::NoProduct(_) => Problem::not_found("product_not_found", detail),
        ChangeError::NoImage(_) => Problem::invalid("image_not_found", detail),
        ChangeError::Repeated(_) => Problem::invalid("invalid_parameter", detail),
        ChangeError::Taken { .. } => Problem::conflict("image_id_taken", detail),
        ChangeError::Refused(_) => Problem::invalid("refused", detail),
        ChangeError::Store(error) => {
            Problem::of_store(&error).unwrap_or_else(|| Problem::internal("storing a product", &error))
        }
        ChangeError::Guarded | ChangeError::Uploads(_) | ChangeError::Closed => {
            Problem::internal("storing a product", &detail)
        }
    }
}
