//! What came of the requests: how long each kind took, and which statuses there were.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Kinds of requests, as they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    SearchStored,
    SearchPhoto,
    CheckPhoto,
    Store,
    Delete,
    Hostile,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::SearchStored => "search, stored image",
            Self::SearchPhoto => "search, photo",
            Self::CheckPhoto => "check, photo",
            Self::Store => "store",
            Self::Delete => "delete",
            Self::Hostile => "hostile",
        }
    }
}

/// Counts of one connection, or of all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Milliseconds of requests that were answered as they should be.
    took_ms: BTreeMap<Kind, Vec<f64>>,
    statuses: BTreeMap<(Kind, u16), u64>,
    /// Requests without an answer, by what happened.
    broken: BTreeMap<String, u64>,
}

impl Tally {
    pub(crate) fn answered(&mut self, kind: Kind, status: u16, took: Duration) {
        *self.statuses.entry((kind, status)).or_default() += 1;
        if status < 400 || (kind == Kind::Hostile && status < 500) {
            self.took_ms.entry(kind).or_default().push(took.as_secs_f64() * 1000.0);
        }
    }

    pub(crate) fn broke(&mut self, kind: Kind, what: &str) {
        *self.broken.entry(format!("{}: {what}", kind.as_str())).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (kind, times) in other.took_ms {
            self.took_ms.entry(kind).or_default().extend(times);
        }
        for (key, count) in other.statuses {
            *self.statuses.entry(key).or_default() += count;
        }
        for (what, count) in other.broken {
            *self.broken.entry(what).or_default() += count;
        }
    }

    /// Everything, for `benches/load.py`.
    pub(crate) fn json(&self, time: Duration) -> Value {
        let mut all: Vec<f64> = self.took_ms.values().flatten().copied().collect();
        let kinds: BTreeMap<&str, Value> = self
            .took_ms
            .iter()
            .map(|(kind, times)| (kind.as_str(), percentiles(&mut times.clone())))
            .collect();
        let mut statuses: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
        for ((kind, status), count) in &self.statuses {
            statuses.entry(kind.as_str()).or_default().insert(status.to_string(), *count);
        }
        let answers: u64 = self.statuses.values().sum();
        json!({
            "seconds": time.as_secs(), "answers": answers, "all": percentiles(&mut all), "kinds": kinds,
            "statuses": statuses, "broken": self.broken,
        })
    }
}

fn percentiles(times: &mut [f64]) -> Value {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = ((times.len() as f64 * share).ceil() as usize).saturating_sub(1);
        times.get(index).map(|time| (time * 100.0).round() / 100.0)
    };
    json!({"count": times.len(), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": at(1.0)})
}
