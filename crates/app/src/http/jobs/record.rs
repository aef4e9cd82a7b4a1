//! What is known of a job: as it is kept on the disk and as it is told.

use super::request::ImportRequest;
use lookalike_engine::ingest::{Counts, ProductCounts};
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};
use utoipa::ToSchema;

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Job, example = json!({
    "job_id": "0193a5c2f3e4b7d2", "kind": "import", "state": "running",
    "request": {"source": "https://shop.example/feed.xml"},
    "attempts": 1, "images_expected": 1200,
    "images": {"seen": 300, "new": 280, "changed": 0, "unchanged": 15, "removed": 0, "failed": 5, "not_reached": 0},
    "products": {"seen": 100, "new": 95, "changed": 5, "unchanged": 0, "removed": 0, "failed": 0, "not_reached": 0},
    "bytes": 31457280, "failures": 5, "notices": [], "message": null,
    "created_unix_ms": 1763766000000_i64, "started_unix_ms": 1763766000120_i64, "ended_unix_ms": null
}))]
pub(in crate::http) struct Record {
    /// Its id; ids of later jobs are greater.
    pub(super) job_id: String,
    /// What it does.
    pub(super) kind: Kind,
    /// Where it is.
    pub(super) state: JobState,
    /// What was asked for. The source of a file that was sent is the file's name.
    pub(super) request: ImportRequest,
    /// How often it was taken up: more than once when the server ended meanwhile.
    pub(super) attempts: u32,
    /// How many images its source has, where that is known beforehand.
    pub(super) images_expected: Option<u64>,
    /// What became of images so far, since it was last taken up.
    pub(super) images: Numbers,
    /// What became of products.
    pub(super) products: Numbers,
    /// Bytes of photos that were read.
    pub(super) bytes: u64,
    /// How many failures `GET /v1/jobs/{id}/failures` names.
    pub(super) failures: u64,
    /// What its source wants a person to know.
    pub(super) notices: Vec<String>,
    /// Why it failed or was interrupted, and what to do about it; or what it waits for.
    pub(super) message: Option<String>,
    /// When it was asked for, in milliseconds since 1970.
    pub(super) created_unix_ms: u64,
    /// When it was last taken up.
    pub(super) started_unix_ms: Option<u64>,
    /// When it ended.
    pub(super) ended_unix_ms: Option<u64>,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = JobKind)]
pub(super) enum Kind {
    /// Brings a source into the catalog.
    Import,
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum JobState {
    /// It waits for those before it.
    Queued,
    /// It is going on.
    Running,
    /// It came to its end; single photos or rows may have failed.
    Done,
    /// It could not go on; what it stored until then stays stored.
    Failed,
    /// It was asked to stop; what it stored until then stays stored.
    Cancelled,
    /// The server died during it too often; it is not taken up again.
    Interrupted,
}

impl JobState {
    /// Every one there is.
    pub(in crate::http) const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// The name used in answers.
    pub(in crate::http) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// Nothing more comes of it.
    pub(in crate::http) fn has_ended(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// What became of images or products: seen = new + changed + unchanged + failed + not_reached, once it has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = JobNumbers)]
pub(super) struct Numbers {
    /// Named by the source.
    seen: u64,
    /// Not in the catalog before.
    new: u64,
    /// In the catalog before, and now other.
    changed: u64,
    /// In the catalog just so.
    unchanged: u64,
    /// No longer named by the source, and gone; not among those seen.
    removed: u64,
    /// Not stored.
    failed: u64,
    /// Named and not taken up before it was stopped.
    not_reached: u64,
}

impl Record {
    pub(super) fn new(job_id: String, request: ImportRequest) -> Self {
        Self {
            job_id,
            kind: Kind::Import,
            state: JobState::Queued,
            request,
            attempts: 0,
            images_expected: None,
            images: Numbers::default(),
            products: Numbers::default(),
            bytes: 0,
            failures: 0,
            notices: Vec::new(),
            message: None,
            created_unix_ms: now_unix_ms(),
            started_unix_ms: None,
            ended_unix_ms: None,
        }
    }

    /// As it is when it is taken up.
    pub(super) fn begin(&mut self) {
        let fresh = Self::new(self.job_id.clone(), self.request.clone());
        let (attempts, created_unix_ms) = (self.attempts + 1, self.created_unix_ms);
        let started_unix_ms = Some(now_unix_ms());
        *self = Self { state: JobState::Running, attempts, created_unix_ms, started_unix_ms, ..fresh };
    }

    /// As it is from now on.
    pub(super) fn end(&mut self, state: JobState, message: Option<String>) {
        (self.state, self.message, self.ended_unix_ms) = (state, message, Some(now_unix_ms()));
    }

    pub(super) fn count(&mut self, counts: &Counts) {
        let Counts { seen, changed, unchanged, removed, failed, not_reached, bytes, products, .. } = *counts;
        let new = counts.added();
        self.images = Numbers { seen, new, changed, unchanged, removed, failed, not_reached };
        self.bytes = bytes;
        let ProductCounts { seen, changed, unchanged, removed, failed, not_reached, .. } = products;
        let new = products.added();
        self.products = Numbers { seen, new, changed, unchanged, removed, failed, not_reached };
    }
}

pub(super) fn now_unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_millis().try_into().unwrap_or(u64::MAX))
}
