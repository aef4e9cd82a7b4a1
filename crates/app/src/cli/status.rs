//! `lookalike status`: a catalog at a glance.

use super::Outcome;
use super::open::Catalog;
use crate::report::{json, table};
use lookalike_engine::store::Store;
use serde_json::json;
use std::io;

/// Show what a catalog holds.
#[derive(Debug, clap::Args)]
pub(super) struct Status {
    #[command(flatten)]
    catalog: Catalog,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let summary = self.catalog.open()?.summary()?;
        let mut out = io::stdout().lock();
        if self.json {
            let encoders: Vec<_> = summary
                .encoders
                .iter()
                .map(|id| json!({"name": id.name, "dimensions": id.dimensions, "digest": id.digest}))
                .collect();
            let value = json!({
                "catalog": summary.place,
                "products": summary.products,
                "images": summary.images,
                "encoders": encoders,
                "bytes": summary.bytes,
            });
            json::write(&mut out, &value)?;
        } else {
            let encoders: Vec<String> = summary.encoders.iter().map(ToString::to_string).collect();
            let mut rows = vec![
                ("products", summary.products.to_string()),
                ("images", summary.images.to_string()),
                ("encoders", encoders.join(", ")),
            ];
            if let Some(bytes) = summary.bytes {
                rows.push(("on disk", format!("{:.1} MB", bytes as f64 / 1e6)));
            }
            table::write_record(&mut out, &summary.place, &rows)?;
        }
        Ok(Outcome::Done)
    }
}
