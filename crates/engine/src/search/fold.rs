//! Products that are one thing to whoever asks, such as one item listed in several marketplaces: the best stands for all.

use super::{Match, Probe, Request, SearchError, Searcher};
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// So many times as many products are asked for where folding left too few.
const MORE: usize = 4;

impl Searcher {
    /// As many as are wanted of those that differ in the field.
    pub(super) fn folded(
        &self,
        probe: &Probe,
        request: &Request,
        field: &str,
    ) -> Result<Vec<Match>, SearchError> {
        let mut asked = Request { fold_by: None, ..request.clone() };
        loop {
            let found = self.search(probe, &asked)?;
            let is_all = found.len() < asked.top;
            let mut folded = fold(found, field);
            if folded.len() >= request.top || is_all {
                folded.truncate(request.top);
                return Ok(folded);
            }
            asked.top = asked.top.saturating_mul(MORE);
        }
    }
}

/// Keeps the first match of each value of `field`; those without one, or with null, stay for themselves.
fn fold(found: Vec<Match>, field: &str) -> Vec<Match> {
    let mut kept: Vec<Match> = Vec::with_capacity(found.len());
    let mut places: HashMap<Value, usize> = HashMap::new();
    for one in found {
        if let Some(value) = one.fields.get(field).filter(|value| !value.is_null()) {
            match places.entry(value.clone()) {
                Entry::Occupied(place) => {
                    if let Some(first) = kept.get_mut(*place.get()) {
                        first.also.push(one.product);
                    }
                    continue;
                }
                Entry::Vacant(place) => {
                    place.insert(kept.len());
                }
            }
        }
        kept.push(one);
    }
    kept
}
