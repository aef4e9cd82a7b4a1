//! How long an answer took, stage by stage.
//!
//! A [`Stopwatch`] goes with a question from its arrival to its answer, across threads; whoever ends a stage takes a lap.
//! Stages that a question has no need of do not occur: a stored photo is not fetched, decoded and encoded.

use serde::Serialize;
use std::time::Instant;
use utoipa::ToSchema;

/// What a question goes through, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its body arrives and is read.
    Receive,
    /// The picture's URL is fetched, or a stored photo is read again.
    Fetch,
    /// It waits for a core.
    Wait,
    /// The picture is decoded and cut.
    Decode,
    /// Hashes and vectors are made.
    Encode,
    /// The catalog is searched and the products found are read.
    Search,
}

/// Milliseconds that each stage took; stages that were not needed are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"receive": 0.31, "wait": 0.02, "decode": 4.9, "encode": 11.62, "search": 1.84}))]
pub(super) struct Timings {
    /// The body arrived and was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    receive: Option<f64>,
    /// The picture was fetched from its URL, or a stored photo was read again to be cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    fetch: Option<f64>,
    /// The question waited for a core.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<f64>,
    /// The picture was decoded and cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    decode: Option<f64>,
    /// Its hashes and its vector were made, or read where the picture is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    encode: Option<f64>,
    /// The catalog was searched, where needed by parts of the picture too, and the products found were read. Words are
    /// encoded here.
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<f64>,
}

/// Measures one question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopwatch {
    started: Instant,
    lap_began: Instant,
    timings: Timings,
}

impl Stopwatch {
    /// Begins now.
    pub(super) fn start() -> Self {
        let now = Instant::now();
        Self { started: now, lap_began: now, timings: Timings::default() }
    }

    /// Ends a stage, which began where the last one ended.
    pub(super) fn lap(&mut self, stage: Stage) {
        let now = Instant::now();
        let took = ms(now - self.lap_began);
        self.lap_began = now;
        let place = match stage {
            Stage::Receive => &mut self.timings.receive,
            Stage::Fetch => &mut self.timings.fetch,
            Stage::Wait => &mut self.timings.wait,
            Stage::Decode => &mut self.timings.decode,
            Stage::Encode => &mut self.timings.encode,
            Stage::Search => &mut self.timings.search,
        };
        *place = Some(place.map_or(took, |earlier| earlier + took));
    }

    /// The stages so far.
    pub(super) fn timings(&self) -> Timings {
        self.timings
    }

    /// Milliseconds since it began.
    pub(super) fn took_ms(&self) -> f64 {
        ms(self.started.elapsed())
    }
}

/// To a hundredth.
fn ms(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}
