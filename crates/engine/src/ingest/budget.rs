//! A bound on bytes that are in memory at one time, shared by threads.
//!
//! Whoever wants more than the whole budget gets it when nobody else has any: a large item is slow, not impossible.
//! Who waits here must hold nothing of this budget; `encode` says how that is kept.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// So many bytes, and no more.
#[derive(Debug)]
pub(super) struct Budget {
    total: u64,
    used: Mutex<Used>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Used {
    now: u64,
    peak: u64,
}

/// A part of a budget, given back when dropped.
#[derive(Debug)]
pub(super) struct Grant<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    pub(super) fn new(total: u64) -> Self {
        Self { total, used: Mutex::default(), freed: Condvar::new() }
    }

    /// Waits until `bytes` are free.
    pub(super) fn acquire(&self, bytes: u64) -> Grant<'_> {
        let mut used = self.used();
        while !self.fits(&used, bytes) {
            used = self.freed.wait(used).unwrap_or_else(PoisonError::into_inner);
        }
        self.take(&mut used, bytes)
    }

    /// Takes `bytes` if they are free at once.
    pub(super) fn try_acquire(&self, bytes: u64) -> Option<Grant<'_>> {
        let mut used = self.used();
        self.fits(&used, bytes).then(|| self.take(&mut used, bytes))
    }

    /// The most that was ever taken.
    pub(super) fn peak(&self) -> u64 {
        self.used().peak
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fits(&self, used: &Used, bytes: u64) -> bool {
        used.now == 0 || used.now.saturating_add(bytes) <= self.total
    }

    fn take(&self, used: &mut Used, bytes: u64) -> Grant<'_> {
        used.now += bytes;
        used.peak = used.peak.max(used.now);
        Grant { budget: self, bytes }
    }
}

impl Grant<'_> {
    /// Corrects what was an estimate. Never waits, so the budget may be overdrawn by the error of those estimates.
    pub(super) fn correct(&mut self, bytes: u64) {
        let mut used = self.budget.used();
        used.now = used.now - self.bytes + bytes;
        used.peak = used.peak.max(used.now);
        self.bytes = bytes;
        drop(used);
        self.budget.freed.notify_all();
    }
}

impl Drop for Grant<'_> {
    fn drop(&mut self) {
        self.budget.used().now -= self.bytes;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_total_is_given_except_to_one_alone() {
        let budget = Budget::new(100);
        let first = budget.acquire(60);
        assert!(budget.try_acquire(41).is_none());
        let second = budget.try_acquire(40).unwrap();
        drop((first, second));
        let large = budget.acquire(1_000);
        assert!(budget.try_acquire(1).is_none());
        drop(large);
        assert_eq!((budget.peak(), budget.used().now), (1_000, 0));
    }

    #[test]
    fn many_threads_stay_within_the_total() {
        let budget = Budget::new(1_000);
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let budget = &budget;
                scope.spawn(move || {
                    for round in 0..500_u64 {
                        let mut grant = budget.acquire(1 + (round * 31 + thread * 7) % 400);
                        grant.correct(1);
                    }
                });
            }
        });
        assert!(budget.peak() <= 1_000 && budget.used().now == 0);
    }
}
