//! What every handler shares, and what they may cost together.
//!
//! Three gates: *room* bounds what the bodies take that have arrived or are on their way; *places* bound how many
//! expensive requests are in the house at once, from when their body is there; *cores* bound how many compute at once.
//! Who finds no room or no place is turned away, requests inside wait for a core in the order they came. Computing never
//! happens on an async thread.

use super::body::ROOM_STEP_BYTES;
use super::compat::ListingFields;
use super::cores::{Cores, NotDone};
use super::jobs::Jobs;
use super::metrics::Metrics;
use super::problem::Problem;
use super::serving::{Reloading, Serving};
use super::timings::Stage;
use axum::body::Bytes;
use lookalike_engine::fetch::{FetchError, Fetched, Fetcher, PhotoCache};
use lookalike_engine::search::Searcher;
use lookalike_vision::decode;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds of what requests may cost.
#[derive(Debug, Clone)]
pub struct ServeLimits {
    /// Longest request body.
    pub body_bytes: usize,
    /// What all bodies in memory may take together.
    pub bodies_bytes: usize,
    /// What decoding a caller's picture may cost.
    pub picture: decode::Limits,
    /// Expensive requests in the house at once.
    pub places: usize,
    /// Requests computing at once.
    pub cores: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a request waits for a core.
    pub core_timeout: Duration,
}

impl Default for ServeLimits {
    /// 32 MiB bodies in 30 s, 512 MiB for all of them, 64 places, as many cores as there are, 20 s of waiting for one.
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            bodies_bytes: 512 << 20,
            picture: decode::Limits::default(),
            places: 64,
            cores: std::thread::available_parallelism().map_or(2, usize::from),
            body_timeout: Duration::from_secs(30),
            core_timeout: Duration::from_secs(20),
        }
    }
}

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    shared: Arc<Shared>,
}

struct Shared {
    /// The catalog; its encoders may let requests share batches.
    catalog: Reloading,
    fetcher: Fetcher,
    photos: Option<PhotoCache>,
    jobs: Option<Arc<Jobs>>,
    /// What older clients read of a product.
    listing: ListingFields,
    limits: ServeLimits,
    /// In steps of [`ROOM_STEP_BYTES`].
    room: Arc<Semaphore>,
    places: Arc<Semaphore>,
    cores: Cores,
    metrics: Metrics,
    stopping: AtomicBool,
}

/// Fetches what callers name; how long that takes is counted.
pub(super) struct TimedFetcher<'a> {
    fetcher: &'a Fetcher,
    metrics: &'a Metrics,
}

impl TimedFetcher<'_> {
    /// What the URL gives.
    pub(super) async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        let begun = Instant::now();
        let fetched = self.fetcher.get(url).await;
        self.metrics.spent(Stage::Fetch, begun.elapsed());
        fetched
    }
}

/// Copies of photos from the web that are kept in the catalog; whether one was there is counted.
pub(super) struct KeptPhotos<'a> {
    cache: &'a PhotoCache,
    metrics: &'a Metrics,
}

impl KeptPhotos<'_> {
    /// The photo of that digest, where it is kept.
    pub(super) fn get(&self, sha256: &[u8; 32], limits: &decode::Limits) -> Option<Bytes> {
        let kept = self.cache.get(sha256, limits);
        self.metrics.looked_up_photo(kept.is_some());
        kept
    }
}

impl AppState {
    /// A server's state over one catalog. `fetcher` fetches the URLs that callers name.
    ///
    /// # Errors
    /// When there is no room for threads.
    pub fn new(searcher: Searcher, fetcher: Fetcher, limits: ServeLimits) -> std::io::Result<Self> {
        let steps = limits.bodies_bytes.div_ceil(ROOM_STEP_BYTES).min(Semaphore::MAX_PERMITS);
        let room = Arc::new(Semaphore::new(steps));
        let places = Arc::new(Semaphore::new(limits.places.max(1)));
        let cores = Cores::new(limits.cores)?;
        let (metrics, stopping) = (Metrics::new(), AtomicBool::new(false));
        let (catalog, photos, jobs) = (Reloading::new(searcher), None, None);
        let listing = ListingFields::default();
        let shared = Shared {
            catalog,
            fetcher,
            photos,
            jobs,
            listing,
            limits,
            room,
            places,
            cores,
            metrics,
            stopping,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Lets the catalog, which is the folder `place`, be changed by callers, and opens it again when it becomes another
    /// one. To be called before the state is shared.
    ///
    /// # Errors
    /// When the thread that stores changes cannot be started.
    pub fn with_catalog(mut self, place: &Path) -> std::io::Result<Self> {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.catalog.allow_changes(place)?;
        }
        Ok(self)
    }

    /// Shows photos from the web out of `photos` where they are there. To be called before the state is shared.
    pub fn with_photos(mut self, photos: PhotoCache) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.photos = Some(photos);
        }
        self
    }

    /// Takes imports into the catalog, which is the folder `place`; with `allow_private` also of photos and sources on the
    /// operator's own networks. To be called before the state is shared.
    ///
    /// # Errors
    /// When the jobs of earlier servers cannot be read.
    pub fn with_imports(mut self, place: &Path, allow_private: bool) -> std::io::Result<Self> {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.jobs = Some(Arc::new(Jobs::open(place, allow_private)?));
        }
        Ok(self)
    }

    /// Feeds what older clients read from these fields. To be called before the state is shared.
    pub fn with_listing(mut self, listing: ListingFields) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.listing = listing;
        }
        self
    }

    pub(super) fn listing(&self) -> &ListingFields {
        &self.shared.listing
    }

    pub(super) fn jobs(&self) -> Option<&Arc<Jobs>> {
        self.shared.jobs.as_ref()
    }

    /// The catalog as it is now, for as long as a request takes.
    pub(super) fn serving(&self) -> Arc<Serving> {
        self.shared.catalog.now()
    }

    /// Opens the catalog again if it is another one by now. Blocks, possibly for seconds.
    pub(super) fn reload(&self) -> bool {
        self.shared.catalog.reload()
    }

    /// Counts in `metrics`, where the encoders count too. To be called before the state is shared.
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.metrics = metrics;
        }
        self
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Says that the server is about to stop: it answers still, but is not ready for more.
    pub(super) fn stop_soon(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Relaxed)
    }

    /// Places and cores, of each how many are taken and how many there are.
    pub(super) fn occupied(&self) -> ((usize, usize), (usize, usize)) {
        let places = self.shared.limits.places.max(1);
        let taken = places.saturating_sub(self.shared.places.available_permits());
        ((taken, places), self.shared.cores.occupied())
    }

    pub(super) fn photos(&self) -> Option<KeptPhotos<'_>> {
        let metrics = &self.shared.metrics;
        self.shared.photos.as_ref().map(|cache| KeptPhotos { cache, metrics })
    }

    pub(super) fn fetcher(&self) -> TimedFetcher<'_> {
        TimedFetcher { fetcher: &self.shared.fetcher, metrics: &self.shared.metrics }
    }

    pub(super) fn limits(&self) -> &ServeLimits {
        &self.shared.limits
    }

    /// Room for a body, in steps, where there is any left.
    pub(super) fn room(&self, steps: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.room).try_acquire_many_owned(u32::try_from(steps).ok()?).ok()
    }

    /// Whether who came now would find no place; counted as turned away.
    pub(super) fn has_no_place(&self) -> bool {
        let is_crowded = self.shared.places.available_permits() == 0;
        if is_crowded {
            self.shared.metrics.refused();
        }
        is_crowded
    }

    /// A place for an expensive request, held until it is answered.
    pub(super) fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.shared.places).try_acquire_owned().map_err(|_| {
            self.shared.metrics.refused();
            Problem::busy()
        })
    }

    /// Runs `work` on a thread of its own as soon as a core is free.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Searcher) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let shared = Arc::clone(&self.shared);
        let (waiting, begun) = (self.metrics().waiting_for_core(), Instant::now());
        // What is logged there is about this request too.
        let span = tracing::Span::current();
        let work = move || {
            drop(waiting);
            shared.metrics.spent(Stage::Wait, begun.elapsed());
            span.in_scope(|| work(&shared.catalog.now().searcher))
        };
        match self.shared.cores.run(self.limits().core_timeout, work).await {
            Ok(outcome) => outcome,
            Err(NotDone::NotBegun) => {
                self.metrics().spent(Stage::Wait, begun.elapsed());
                Err(Problem::busy())
            }
            Err(NotDone::Panicked(panicked)) => Err(Problem::internal("a request's thread", &panicked)),
        }
    }

    /// [`Self::compute`], once more where the catalog was exchanged under it.
    pub(super) async fn compute_again<T: Send + 'static>(
        &self,
        work: impl Fn(&Searcher) -> Result<T, Problem> + Clone + Send + 'static,
    ) -> Result<T, Problem> {
        match self.compute(work.clone()).await {
            Err(problem) if problem.is_of_an_exchange() => {
                self.opened_again().await;
                self.compute(work).await
            }
            outcome => outcome,
        }
    }

    /// [`Self::on_thread`], once more where the catalog was exchanged under it.
    pub(super) async fn on_thread_again<T: Send + 'static>(
        &self,
        work: impl Fn(&Searcher) -> Result<T, Problem> + Clone + Send + 'static,
    ) -> Result<T, Problem> {
        match self.on_thread(work.clone()).await {
            Err(problem) if problem.is_of_an_exchange() => {
                self.opened_again().await;
                self.on_thread(work).await
            }
            outcome => outcome,
        }
    }

    /// Waits until the catalog is opened again, where it is another one.
    pub(super) async fn opened_again(&self) {
        let state = self.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || state.reload()).await {
            tracing::error!(%error, "opening the catalog again failed");
        }
    }

    /// Runs `work`, which waits for disks rather than computing, on a thread of its own at once.
    pub(super) async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Searcher) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let shared = Arc::clone(&self.shared);
        // What is logged there is about this request too.
        let span = tracing::Span::current();
        let work = move || span.in_scope(|| work(&shared.catalog.now().searcher));
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|panicked| Err(Problem::internal("a request's thread", &panicked)))
    }
}
