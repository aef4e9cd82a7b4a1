//! What speaks for and against each candidate of the suite's queries, as a table: `check`'s weights are fitted on it.
//!
//! A row is a query and one candidate: the features that the weights are of, and whether the candidate is right. The fit is
//! `training/fit_judge.py`'s; it never needs to know how a feature is made.

use super::edits::Edit;
use super::robustness::EvaluateError;
use super::suite::{Suite, is_twin};
use crate::search::Evidence;
use crate::search::calibrate::{fitted, unaided};
use std::io::{self, Write};

/// Candidates by each signature of a query that are written down.
const CANDIDATES: usize = 16;

/// One candidate of one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Counts the queries.
    pub query: usize,
    /// The edit.
    pub edit: Edit,
    /// Whether it is the photo that was edited, or its twin.
    pub right: bool,
    /// How it compares.
    pub evidence: Evidence,
}

/// Compares every query's candidates with the whole of it and its parts.
///
/// # Errors
/// When a photo cannot be read or a search fails.
pub fn gather(
    suite: &Suite<'_>,
    told: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Compared>, EvaluateError> {
    let slot = suite.searcher.slot(None)?;
    let by_query = suite.each(told, &|query, picture| {
        let probe = suite.searcher.probe(&picture, None, None)?;
        let original = suite.images.get(query.original);
        let compared = suite.searcher.compared(&probe, CANDIDATES)?.into_iter().map(|(image, evidence)| {
            let right = original.is_some_and(|original| is_twin(&image, original, slot));
            Compared { query: 0, edit: query.edit, right, evidence }
        });
        Ok(compared.collect::<Vec<_>>())
    })?;
    let numbered = by_query.into_iter().zip(0..);
    Ok(numbered
        .flat_map(|(of_query, number)| of_query.into_iter().map(move |row| Compared { query: number, ..row }))
        .collect())
}

/// Writes the table as CSV with a head. `unrelated` and `unlike` are cosine and likeness of unrelated photos under the encoder
/// and the same in every row.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(out: &mut dyn Write, rows: &[Compared], unrelated: f32, unlike: f32) -> io::Result<()> {
    let names = [fitted::NAMES.join(","), unaided::NAMES.join(",")].join(",");
    writeln!(out, "query,edit,right,unrelated,unlike,background,grey,near,{names}")?;
    for Compared { query, edit, right, evidence } in rows {
        let (right, background) = (u8::from(*right), evidence.background);
        let grey = u8::from(fitted::is_grey(evidence));
        let near = u8::from(unaided::is_near(evidence));
        write!(out, "{query},{edit},{right},{unrelated:.5},{unlike:.5},{background:.5},{grey},{near}")?;
        for feature in fitted::features(evidence).into_iter().chain(unaided::features(evidence)) {
            write!(out, ",{feature:.6}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
