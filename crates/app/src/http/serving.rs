//! The catalog that is served: what requests ask, what stores their changes, and how both are exchanged while requests
//! go on.
//!
//! A request takes the catalog as it is when it comes to it, and keeps that until it is answered. What another process
//! stores is seen without anything being done here; when it gave the catalog other encoders, or put another catalog in
//! its place, the catalog is opened again beside the old one, and the old one goes with the last request that asks it.

use lookalike_engine::fetch::uploads::Uploads;
use lookalike_engine::ingest::online::Committer;
use lookalike_engine::search::Searcher;
use lookalike_engine::store::Store;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// How often it is looked whether the catalog is another one.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The catalog as it was opened.
pub(super) struct Serving {
    /// Answers questions.
    pub(super) searcher: Searcher,
    /// Stores changes, where callers may make any.
    pub(super) committer: Option<Committer>,
}

/// The catalog, exchanged when it is another one.
pub(super) struct Reloading {
    now: RwLock<Arc<Serving>>,
    place: Option<PathBuf>,
    /// Why it could not be opened again, last time; held by whoever tries.
    trying: Mutex<Option<String>>,
}

impl Reloading {
    pub(super) fn new(searcher: Searcher) -> Self {
        let now = RwLock::new(Arc::new(Serving { searcher, committer: None }));
        Self { now, place: None, trying: Mutex::default() }
    }

    /// From now on changes are stored, and the folder `place` is where to open the catalog again.
    pub(super) fn allow_changes(&mut self, place: &Path) -> std::io::Result<()> {
        let now = self.now.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(serving) = Arc::get_mut(now) {
            let store = serving.searcher.shared_store();
            serving.committer = Some(Committer::new(store, Uploads::new(place))?);
        }
        self.place = Some(place.to_path_buf());
        Ok(())
    }

    pub(super) fn now(&self) -> Arc<Serving> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Opens the catalog again if it is another one. Gives whether it was; where it cannot be opened, the old one stays.
    pub(super) fn reload(&self) -> bool {
        let Some(place) = &self.place else { return false };
        let mut trying = self.trying.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.now();
        match reopened(place, &old) {
            Ok(None) => false,
            Ok(Some(new)) => {
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                *trying = None;
                tracing::info!(catalog = %place.display(), "the catalog was changed by others: opened again");
                true
            }
            Err(error) => {
                let reason = format!("{error:#}");
                if trying.as_deref() != Some(reason.as_str()) {
                    tracing::error!(
                        catalog = %place.display(), reason,
                        "the catalog was changed by others and cannot be opened again: the old one is asked on"
                    );
                }
                *trying = Some(reason);
                false
            }
        }
    }
}

fn reopened(place: &Path, old: &Serving) -> anyhow::Result<Option<Serving>> {
    if old.searcher.store().is_current()? {
        return Ok(None);
    }
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(place, Access::Sharing)?);
    let searcher = old.searcher.over(Arc::clone(&store));
    // What is missing is told now and not to the first caller.
    searcher.load_encoders()?;
    // Nothing more can be stored through the old one.
    old.searcher.store().rest();
    let committer = Committer::new(store, Uploads::new(place))?;
    Ok(Some(Serving { searcher, committer: Some(committer) }))
}

/// Looks every now and then whether the catalog is another one, for as long as it is polled.
pub(super) async fn watch(state: super::AppState) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let state = state.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || state.reload()).await {
            tracing::error!(%error, "looking after the catalog failed");
        }
    }
}
