//! `lookalike delete`: products out of a catalog, by their ids.

use super::open::Catalog;
use super::{Outcome, interrupt};
use crate::report::{json, table};
use anyhow::{Context, bail};
use lookalike_engine::catalog::ProductId;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{Store, Write as Change};
use serde_json::json;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Products looked up and removed in one transaction.
const BATCH: usize = 256;
/// Longer lines are no ids.
const MOST_LINE_BYTES: u64 = 64 << 10;

/// Remove products from a catalog
///
/// Their photos' files stay where they are. Ids that the catalog does not have are named on standard error, and the exit
/// code is then 3. To remove whatever a source no longer names, index it with --delete-missing.
#[derive(Debug, clap::Args)]
pub(super) struct Delete {
    #[command(flatten)]
    catalog: Catalog,
    /// Ids of products.
    #[arg(value_name = "ID", required_unless_present = "from")]
    ids: Vec<String>,
    /// Read ids from this file as well, one on each line; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
}

/// What became of the ids.
#[derive(Debug, Default)]
struct Deleted {
    products: u64,
    images: u64,
    unknown: Vec<String>,
    is_stopped: bool,
}

impl Delete {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let place = self.catalog.folder()?;
        // Before anything is removed: all ids can be read, or none is used.
        let ids = self.ids()?;
        let store = EmbeddedStore::open(place, Access::ReadWrite)?;
        let deleted = delete(&store, ids)?;
        drop(store);
        for id in &deleted.unknown {
            // Nobody may be there to read it.
            let _ = writeln!(io::stderr(), "failed: {id:?}: the catalog has no product of this id");
        }
        let mut out = io::stdout().lock();
        if self.json {
            let value = json!({
                "removed": {"products": deleted.products, "images": deleted.images},
                "unknown": deleted.unknown,
                "cancelled": deleted.is_stopped,
            });
            json::write(&mut out, &value)?;
        } else {
            let mut rows =
                vec![("removed", format!("{} products, {} photos", deleted.products, deleted.images))];
            if !deleted.unknown.is_empty() {
                rows.push(("unknown", format!("{} ids", deleted.unknown.len())));
            }
            if deleted.is_stopped {
                rows.push(("stopped", "run the same command again to go on".to_owned()));
            }
            table::write_record(&mut out, &place.display().to_string(), &rows)?;
        }
        Ok(match (deleted.is_stopped, deleted.unknown.is_empty()) {
            (true, _) => Outcome::Stopped,
            (false, false) => Outcome::SomeFailed,
            (false, true) => Outcome::Done,
        })
    }

    /// Every id once, in the order given.
    fn ids(&self) -> anyhow::Result<Vec<String>> {
        let mut ids = self.ids.clone();
        match self.from.as_deref() {
            None => {}
            Some(path) if path.as_os_str() == "-" => {
                ids.extend(lines(io::stdin().lock()).context("cannot read ids from standard input")?);
            }
            Some(path) => {
                let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
                let read = lines(BufReader::new(file));
                ids.extend(read.with_context(|| format!("cannot read ids from {}", path.display()))?);
            }
        }
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        Ok(ids)
    }
}

/// The lines that are not empty, without their ends.
fn lines(mut from: impl BufRead) -> anyhow::Result<Vec<String>> {
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        let length = io::Read::take(&mut from, MOST_LINE_BYTES).read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(lines);
        }
        let number = lines.len() + 1;
        if length as u64 == MOST_LINE_BYTES {
            bail!("id {number} is longer than {MOST_LINE_BYTES} bytes: one id on each line was expected");
        }
        let text = String::from_utf8(line.clone());
        let text = text.with_context(|| format!("id {number} is not UTF-8"))?;
        let id = text.trim_end_matches(['\n', '\r']).trim_start_matches('\u{feff}');
        if !id.is_empty() {
            lines.push(id.to_owned());
        }
    }
}

fn delete(store: &EmbeddedStore, ids: Vec<String>) -> anyhow::Result<Deleted> {
    let stop = interrupt::stop_flag()?;
    let mut deleted = Deleted::default();
    for batch in ids.chunks(BATCH) {
        if stop.load(Ordering::Relaxed) {
            deleted.is_stopped = true;
            break;
        }
        // What cannot be an id is not in the catalog either.
        let asked: Vec<ProductId> = batch.iter().filter_map(|id| ProductId::new(id.as_str()).ok()).collect();
        let stored = store.products(&asked)?;
        let changes: Vec<Change> = stored.iter().map(|product| Change::Delete(product.id.clone())).collect();
        store.apply(&changes)?;
        let found: HashSet<&str> = stored.iter().map(|product| product.id.as_str()).collect();
        deleted.products += stored.len() as u64;
        deleted.images += stored.iter().map(|product| product.images.len() as u64).sum::<u64>();
        deleted.unknown.extend(batch.iter().filter(|id| !found.contains(id.as_str())).cloned());
    }
    Ok(deleted)
}
