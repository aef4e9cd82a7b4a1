//! `lookalike verify`: reads everything and says what does not fit together.

use super::Outcome;
use super::open::Catalog;
use crate::report::json;
use lookalike_engine::store::Store;
use serde_json::json;
use std::io::{self, Write};

/// Check a catalog for damage
///
/// Reads everything that is stored and changes nothing. When something is wrong, the exit code is 3.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    catalog: Catalog,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let store = self.catalog.open()?;
        let summary = store.summary()?;
        let problems = store.verify()?;
        let mut out = io::stdout().lock();
        if self.json {
            let problems: Vec<_> =
                problems.iter().map(|p| json!({"subject": p.subject, "reason": p.reason})).collect();
            json::write(&mut out, &json!({"sound": problems.is_empty(), "problems": problems}))?;
        } else if problems.is_empty() {
            writeln!(out, "sound: {} products, {} images", summary.products, summary.images)?;
        } else {
            for problem in &problems {
                writeln!(out, "{}: {}", problem.subject, problem.reason)?;
            }
        }
        Ok(if problems.is_empty() { Outcome::Done } else { Outcome::SomeFailed })
    }
}
