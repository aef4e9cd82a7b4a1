//! Three ways for a run to end before its time: the caller says so, its own time is over, something broke within.

use super::event::{Failure, Stage};
use crate::catalog::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Shared by all stages; each asks before it begins something.
pub(super) struct Stop<'a> {
    cancelled: &'a AtomicBool,
    broken: AtomicBool,
    deadline: Option<Instant>,
}

impl<'a> Stop<'a> {
    pub(super) fn new(cancelled: &'a AtomicBool, deadline: Option<Instant>) -> Self {
        Self { cancelled, broken: AtomicBool::new(false), deadline }
    }

    /// Whether nothing new is to be begun.
    pub(super) fn requested(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.broken.load(Ordering::Relaxed) || self.is_late()
    }

    /// Whether that is for the deadline alone: then everything that is not reached is named.
    pub(super) fn is_late_only(&self) -> bool {
        self.is_late() && !self.cancelled.load(Ordering::Relaxed) && !self.broken.load(Ordering::Relaxed)
    }

    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    pub(super) fn now(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Names an image that the deadline left out; `None` when the run ends for another reason.
    pub(super) fn left_out(&self, location: &Location) -> Option<Failure> {
        let reason = "was not reached before the deadline: run again to go on";
        self.is_late_only().then(|| Failure::new(location, Stage::Deadline, reason))
    }
}
