//! All that is counted, by name.

use super::process::Process;
use crate::http::jobs::JobState;
use crate::http::timings::Stage;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Upper bounds of the histograms' buckets, in seconds: from a photo out of memory to a caller who waits for a slow web.
const SECONDS: [f64; 15] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

const HIT: &str = "hit";
const MISS: &str = "miss";

type Histograms<Labels> = Family<Labels, Histogram, fn() -> Histogram>;

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

fn histograms<Labels: Clone + std::hash::Hash + Eq>() -> Histograms<Labels> {
    Family::new_with_constructor(histogram)
}

/// One kind of request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RequestLabels {
    /// As HTTP names it; `OTHER` for what HTTP does not know.
    pub(super) method: &'static str,
    /// The template and not the path: `/v1/images/{*id}`; `none` where there is no such route.
    pub(super) route: String,
}

/// One kind of answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AnswerLabels {
    pub(super) method: &'static str,
    pub(super) route: String,
    pub(super) status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct EncoderLabels {
    pub(super) encoder: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLabels {
    result: &'static str,
}

/// Where jobs are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

/// Everything that is counted; cheap to clone, and clones count together.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    pub(super) requests: Family<AnswerLabels, Counter>,
    pub(super) request_duration: Histograms<RequestLabels>,
    pub(super) requests_in_flight: Gauge,
    connections: Gauge,
    stage_duration: Histograms<StageLabels>,
    pub(super) places: Gauge,
    pub(super) places_taken: Gauge,
    places_refused: Counter,
    pub(super) cores: Gauge,
    pub(super) cores_taken: Gauge,
    waiting_for_core: Gauge,
    photo_cache: Family<CacheLabels, Counter>,
    jobs: Family<JobLabels, Gauge>,
    jobs_ended: Family<JobLabels, Counter>,
    pub(super) catalog_products: Gauge,
    pub(super) catalog_images: Gauge,
    pub(super) catalog_size: Gauge,
    pub(super) encoder_pictures: Family<EncoderLabels, Counter>,
    pub(super) encoder_texts: Family<EncoderLabels, Counter>,
    pub(super) encoder_run_duration: Histograms<EncoderLabels>,
    pub(super) encoder_callers: Family<EncoderLabels, Gauge>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A gauge that is one higher while this lives.
#[derive(Debug)]
pub(in crate::http) struct Held(Gauge);

impl Held {
    pub(super) fn of(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Arc::default(),
            requests: Family::default(),
            request_duration: histograms(),
            requests_in_flight: Gauge::default(),
            connections: Gauge::default(),
            stage_duration: histograms(),
            places: Gauge::default(),
            places_taken: Gauge::default(),
            places_refused: Counter::default(),
            cores: Gauge::default(),
            cores_taken: Gauge::default(),
            waiting_for_core: Gauge::default(),
            photo_cache: Family::default(),
            jobs: Family::default(),
            jobs_ended: Family::default(),
            catalog_products: Gauge::default(),
            catalog_images: Gauge::default(),
            catalog_size: Gauge::default(),
            encoder_pictures: Family::default(),
            encoder_texts: Family::default(),
            encoder_run_duration: histograms(),
            encoder_callers: Family::default(),
        };
        // Counts that have not begun are told as 0, so that their rates have a beginning.
        for stage in Stage::ALL {
            drop(metrics.stage_duration.get_or_create(&StageLabels { stage: stage.as_str() }));
        }
        for result in [HIT, MISS] {
            drop(metrics.photo_cache.get_or_create(&CacheLabels { result }));
        }
        for state in JobState::ALL.map(JobState::as_str).map(|state| JobLabels { state }) {
            drop(metrics.jobs.get_or_create(&state));
        }
        for state in JobState::ALL.into_iter().filter(|state| state.has_ended()) {
            drop(metrics.jobs_ended.get_or_create(&JobLabels { state: state.as_str() }));
        }
        metrics.registry = Arc::new(metrics.registered());
        metrics
    }

    fn registered(&self) -> Registry {
        let mut all = Registry::default();
        let ours = all.sub_registry_with_prefix("lookalike");
        let build: Family<BuildLabels, Gauge> = Family::default();
        build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION") }).set(1);
        ours.register("build_info", "The program's version", build);

        ours.register("http_requests", "Requests answered", self.requests.clone());
        let help = "From a request's head to its answer's, by route template";
        let duration = self.request_duration.clone();
        ours.register_with_unit("http_request_duration", help, Unit::Seconds, duration);
        let in_flight = self.requests_in_flight.clone();
        ours.register("http_requests_in_flight", "Requests not answered yet", in_flight);
        ours.register("http_connections", "Open connections", self.connections.clone());

        let help = "What requests spend their time on, as in the answers' timings";
        ours.register_with_unit("stage_duration", help, Unit::Seconds, self.stage_duration.clone());
        ours.register("places", "Expensive requests that are let in at once", self.places.clone());
        ours.register("places_taken", "Expensive requests that are in", self.places_taken.clone());
        ours.register(
            "places_refused",
            "Requests turned away because all places were taken",
            self.places_refused.clone(),
        );
        ours.register("cores", "Requests that may compute at once", self.cores.clone());
        ours.register("cores_taken", "Requests that compute", self.cores_taken.clone());
        ours.register("cores_waited_for", "Requests that wait for a core", self.waiting_for_core.clone());

        let help = "Photos from the web looked up among the copies kept in the catalog";
        ours.register("photo_cache_requests", help, self.photo_cache.clone());
        ours.register("jobs", "Jobs that are remembered, by where they are", self.jobs.clone());
        ours.register("jobs_ended", "Jobs that ended since the server began", self.jobs_ended.clone());
        ours.register("catalog_products", "Products in the catalog", self.catalog_products.clone());
        ours.register(
            "catalog_images",
            "Images in the catalog, which is how long its index is",
            self.catalog_images.clone(),
        );
        let help = "Size of the catalog on disk, index included";
        ours.register_with_unit("catalog_size", help, Unit::Bytes, self.catalog_size.clone());

        ours.register(
            "encoder_pictures",
            "Pictures encoded, parts of pictures included",
            self.encoder_pictures.clone(),
        );
        ours.register("encoder_texts", "Texts encoded", self.encoder_texts.clone());
        let help = "Runs of an encoder, each of one batch";
        let duration = self.encoder_run_duration.clone();
        ours.register_with_unit("encoder_run_duration", help, Unit::Seconds, duration);
        ours.register(
            "encoder_callers",
            "Requests that an encoder works for or that wait for it",
            self.encoder_callers.clone(),
        );

        all.register_collector(Box::new(Process::started_now()));
        all
    }

    /// All of it as OpenMetrics text.
    ///
    /// # Errors
    /// Never: writing to a String cannot fail.
    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }

    /// A connection that is open while this is held.
    pub(in crate::http) fn connection(&self) -> Held {
        Held::of(&self.connections)
    }

    /// Somebody who waits for a core while this is held.
    pub(in crate::http) fn waiting_for_core(&self) -> Held {
        Held::of(&self.waiting_for_core)
    }

    /// A request spent so long on that.
    pub(in crate::http) fn spent(&self, stage: Stage, duration: Duration) {
        let labels = StageLabels { stage: stage.as_str() };
        self.stage_duration.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    /// A request was turned away.
    pub(in crate::http) fn refused(&self) {
        self.places_refused.inc();
    }

    /// So many jobs are there.
    pub(super) fn has_jobs(&self, state: JobState, count: i64) {
        self.jobs.get_or_create(&JobLabels { state: state.as_str() }).set(count);
    }

    /// A job has ended so.
    pub(in crate::http) fn job_ended(&self, state: JobState) {
        self.jobs_ended.get_or_create(&JobLabels { state: state.as_str() }).inc();
    }

    /// A photo was looked up among the copies that are kept.
    pub(in crate::http) fn looked_up_photo(&self, was_there: bool) {
        let result = if was_there { HIT } else { MISS };
        self.photo_cache.get_or_create(&CacheLabels { result }).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_as_openmetrics() {
        let metrics = Metrics::new();
        let waiting = metrics.waiting_for_core();
        metrics.refused();
        metrics.spent(Stage::Fetch, Duration::from_millis(20));
        metrics.looked_up_photo(true);
        metrics.job_ended(JobState::Failed);
        let text = metrics.text().unwrap();
        for line in [
            "lookalike_cores_waited_for 1",
            "lookalike_places_refused_total 1",
            "lookalike_stage_duration_seconds_bucket{le=\"0.025\",stage=\"fetch\"} 1",
            "lookalike_stage_duration_seconds_bucket{le=\"0.01\",stage=\"fetch\"} 0",
            "lookalike_photo_cache_requests_total{result=\"hit\"} 1",
            "lookalike_jobs_ended_total{state=\"failed\"} 1",
            "lookalike_jobs_ended_total{state=\"done\"} 0",
            "lookalike_jobs{state=\"running\"} 0",
            "# TYPE lookalike_stage_duration_seconds histogram",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is missing in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
        drop(waiting);
        assert!(metrics.text().unwrap().contains("lookalike_cores_waited_for 0\n"));
    }
}
