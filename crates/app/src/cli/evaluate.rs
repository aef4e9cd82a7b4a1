//! `lookalike evaluate`: how well a catalog answers, measured on its own photos.

use super::Outcome;
use super::open::Catalog;
use crate::report::{json, table};
use lookalike_engine::evaluate::edits::STANDARD;
use lookalike_engine::evaluate::labelled::{self, LabelFigures};
use lookalike_engine::evaluate::robustness::{self, EditFigures, SelfFigures};
use serde_json::json;
use std::io::{self, Write};
use std::path::PathBuf;

/// Measure how well a catalog finds its own photos
///
/// Every stored photo is looked for, and edited copies of some of them; with --labels also other photos of the same
/// product.
#[derive(Debug, clap::Args)]
pub(super) struct Evaluate {
    #[command(flatten)]
    catalog: Catalog,
    /// Edited copies to look for, per kind of edit
    #[arg(long, default_value_t = 300, value_name = "N")]
    trials: usize,
    /// Decides which photos are drawn.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// A CSV with columns file, product_id, class (and source, view, group) of the catalog's photos.
    #[arg(long, value_name = "CSV")]
    labels: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let labels = self.labels.as_deref().map(labelled::read_labels).transpose()?;
        let searcher = self.catalog.searcher()?;
        let images = robustness::all_images(&searcher)?;
        anyhow::ensure!(!images.is_empty(), "the catalog holds no photo to measure with");
        let themselves = robustness::find_themselves(&searcher, &images)?;
        let edits = STANDARD
            .iter()
            .map(|edit| robustness::find_originals(&searcher, &images, *edit, self.trials, self.seed))
            .collect::<Result<Vec<EditFigures>, _>>()?;
        let ranked = labels.map(|labels| labelled::rank(&images, &labels, 0)).transpose()?;
        let mut out = io::stdout().lock();
        if self.json {
            json::write(&mut out, &as_json(&themselves, &edits, ranked.as_deref()))?;
        } else {
            write_table(&mut out, &themselves, &edits)?;
            if let Some(ranked) = ranked {
                writeln!(out)?;
                write_ranked(&mut out, &ranked, &searcher.encoder().id().name)?;
            }
        }
        Ok(Outcome::Done)
    }
}

fn write_table(out: &mut dyn Write, themselves: &SelfFigures, edits: &[EditFigures]) -> io::Result<()> {
    let mut rows = vec![[
        "stored photos, by their own signatures, every mode".to_owned(),
        themselves.trials.to_string(),
        share(themselves.first, themselves.trials),
    ]];
    rows.extend(edits.iter().map(|figures| {
        [figures.edit.to_string(), figures.trials.to_string(), share(figures.first, figures.trials)]
    }));
    table::write(out, ["query, duplicate mode", "trials", "original first"], &rows)?;
    for miss in &themselves.misses {
        writeln!(out, "missed: {miss} did not find itself first")?;
    }
    for figures in edits {
        for (original, first) in &figures.misses {
            let first = first.as_ref().map_or("nothing", |id| id.as_str());
            writeln!(out, "missed: {original}, {}: {first} came first", figures.edit)?;
        }
    }
    Ok(())
}

fn write_ranked(out: &mut dyn Write, ranked: &[LabelFigures], encoder: &str) -> io::Result<()> {
    let rows: Vec<[String; 6]> = ranked
        .iter()
        .map(|figures| {
            [
                figures.part.clone(),
                figures.photos.to_string(),
                figure(figures.same_product_r1),
                figure(figures.same_product_map),
                figure(figures.back_to_main_r1),
                figure(figures.same_class_p5),
            ]
        })
        .collect();
    let first = format!("{encoder}, photos of");
    let head =
        [&first, "photos", "same product R@1", "same product mAP", "back to main R@1", "same class P@5"];
    table::write(out, head, &rows)
}

fn share(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn as_json(
    themselves: &SelfFigures,
    edits: &[EditFigures],
    ranked: Option<&[LabelFigures]>,
) -> serde_json::Value {
    let edits: Vec<_> = edits
        .iter()
        .map(|figures| {
            let misses: Vec<_> = figures
                .misses
                .iter()
                .map(|(original, first)| json!({"original": original, "first": first}))
                .collect();
            json!({
                "edit": figures.edit.to_string(),
                "trials": figures.trials,
                "first": figures.first,
                "misses": misses,
            })
        })
        .collect();
    let ranked: Option<Vec<_>> = ranked.map(|ranked| {
        ranked
            .iter()
            .map(|figures| {
                json!({
                    "part": figures.part,
                    "photos": figures.photos,
                    "same_product_r1": figures.same_product_r1,
                    "same_product_map": figures.same_product_map,
                    "back_to_main_r1": figures.back_to_main_r1,
                    "same_class_p5": figures.same_class_p5,
                })
            })
            .collect()
    });
    json!({
        "themselves": {"trials": themselves.trials, "first": themselves.first, "misses": themselves.misses},
        "edits": edits,
        "labelled": ranked,
    })
}
