//! `lookalike status`: a catalog at a glance.

use super::open::Catalog;
use super::{Outcome, encoders, fields};
use crate::report::{json, table};
use lookalike_engine::fetch::PhotoCache;
use lookalike_engine::store::Store;
use serde_json::json;
use std::io;

/// Show what a catalog holds.
#[derive(Debug, clap::Args)]
pub(super) struct Status {
    #[command(flatten)]
    catalog: Catalog,
    /// Show the fields of its products, with their types and values.
    #[arg(long)]
    fields: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        if self.fields {
            return self.fields();
        }
        let summary = self.catalog.open()?.summary()?;
        let kept = PhotoCache::new(self.catalog.folder()?, 0).size()?;
        let mut out = io::stdout().lock();
        if self.json {
            let value = json!({
                "catalog": summary.place,
                "products": summary.products,
                "images": summary.images,
                "encoders": encoders::as_json(&summary),
                "kept_photos": {"count": kept.0, "bytes": kept.1},
                "bytes": summary.bytes,
            });
            json::write(&mut out, &value)?;
        } else {
            let mut rows =
                vec![("products", summary.products.to_string()), ("images", summary.images.to_string())];
            let title = |place| if place == 0 { "encoders" } else { "" };
            rows.extend(summary.encoders.iter().enumerate().map(|(place, id)| {
                let state = if place == 0 { "primary" } else { "ready" };
                (title(place), format!("{id}, {state}"))
            }));
            rows.extend(summary.adding.iter().map(|added| {
                let state = format!("{}, being added: {} photos lack it", added.id, added.lacking);
                (title(usize::MAX), state)
            }));
            if kept.0 > 0 {
                rows.push(("kept photos", format!("{} from the web, {:.1} MB", kept.0, kept.1 as f64 / 1e6)));
            }
            if let Some(bytes) = summary.bytes {
                rows.push(("on disk", format!("{:.1} MB", bytes as f64 / 1e6)));
            }
            table::write_record(&mut out, &summary.place, &rows)?;
        }
        Ok(Outcome::Done)
    }

    fn fields(&self) -> anyhow::Result<Outcome> {
        let summary = self.catalog.open()?.fields()?;
        let mut out = io::stdout().lock();
        if self.json {
            json::write(&mut out, &*summary)?
        } else {
            fields::write_table(&mut out, &summary)?
        }
        Ok(Outcome::Done)
    }
}
