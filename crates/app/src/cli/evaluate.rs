//! `lookalike evaluate`: how well a catalog answers, measured on its own photos.

use super::Outcome;
use super::open::{Catalog, EncoderChoice};
use crate::report::{json, table};
use lookalike_engine::evaluate::edits::STANDARD;
use lookalike_engine::evaluate::labelled::{self, LabelFigures};
use lookalike_engine::evaluate::robustness::{self, EditFigures, SelfFigures};
use lookalike_engine::search::Searcher;
use serde_json::json;
use std::io::{self, Write};
use std::path::PathBuf;

/// Measure how well a catalog finds its own photos
///
/// Every stored photo is looked for, and edited copies of some of them; with --labels also other photos of the same
/// product, which needs no model. With several encoders, copies are looked for by the first.
#[derive(Debug, clap::Args)]
pub(super) struct Evaluate {
    #[command(flatten)]
    catalog: Catalog,
    /// One of the catalog's encoders, or `all` of them; may be given more than once [default: the primary].
    #[arg(long = "encoder", value_name = "NAME")]
    encoders: Vec<String>,
    /// Edited copies to look for, per kind of edit; 0 measures by the labels alone
    #[arg(long, default_value_t = 300, value_name = "N")]
    trials: usize,
    /// Decides which photos are drawn.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// A CSV with columns file, product_id, class (and source, view, group) of the catalog's photos.
    #[arg(long, value_name = "CSV")]
    labels: Option<PathBuf>,
    /// Print the table of the labels as Markdown, and nothing else
    #[arg(long, requires = "labels", conflicts_with = "json")]
    markdown: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The figures of one encoder.
struct Ranked {
    encoder: String,
    figures: Vec<LabelFigures>,
}

impl Evaluate {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let labels = self.labels.as_deref().map(labelled::read_labels).transpose()?;
        let searcher = self.catalog.searcher(&EncoderChoice::default())?;
        let encoders = self.encoders(&searcher)?;
        let searcher = match encoders.first() {
            Some(first) => searcher.with_default(first)?,
            None => searcher,
        };
        let images = robustness::all_images(&searcher)?;
        anyhow::ensure!(!images.is_empty(), "the catalog holds no photo to measure with");
        let looked_for = if self.markdown || (self.trials == 0 && labels.is_some()) {
            None
        } else {
            let themselves = robustness::find_themselves(&searcher, &images)?;
            let edits = STANDARD
                .iter()
                .map(|edit| robustness::find_originals(&searcher, &images, *edit, self.trials, self.seed))
                .collect::<Result<Vec<EditFigures>, _>>()?;
            Some((themselves, edits))
        };
        let ranked = labels.map(|labels| {
            let rank = |encoder: &String| -> anyhow::Result<Ranked> {
                let figures = labelled::rank(&images, &labels, searcher.slot(Some(encoder))?)?;
                Ok(Ranked { encoder: encoder.clone(), figures })
            };
            encoders.iter().map(rank).collect::<anyhow::Result<Vec<Ranked>>>()
        });
        let ranked = ranked.transpose()?;
        let mut out = io::stdout().lock();
        if self.json {
            json::write(&mut out, &as_json(looked_for.as_ref(), ranked.as_deref()))?;
            return Ok(Outcome::Done);
        }
        if let Some((themselves, edits)) = &looked_for {
            write_table(&mut out, themselves, edits)?;
        }
        let ranked = ranked.unwrap_or_default();
        if self.markdown {
            table::write_markdown(&mut out, HEAD, &rows(&ranked))?;
        } else if !ranked.is_empty() {
            if looked_for.is_some() {
                writeln!(out)?;
            }
            table::write(&mut out, HEAD, &rows(&ranked))?;
        }
        Ok(Outcome::Done)
    }

    /// The encoders asked for, by name.
    fn encoders(&self, searcher: &Searcher) -> anyhow::Result<Vec<String>> {
        let all = searcher.store().encoders().iter().map(|id| id.name.clone());
        match &self.encoders[..] {
            [] => Ok(all.take(1).collect()),
            [one] if one == "all" => Ok(all.collect()),
            named => {
                for name in named {
                    searcher.slot(Some(name))?;
                }
                Ok(named.to_vec())
            }
        }
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

const HEAD: [&str; 7] = [
    "encoder",
    "photos of",
    "photos",
    "same product R@1",
    "same product mAP",
    "back to main R@1",
    "same class P@5",
];

fn rows(ranked: &[Ranked]) -> Vec<[String; 7]> {
    let row = |encoder: &str, figures: &LabelFigures| {
        [
            encoder.to_owned(),
            figures.part.clone(),
            figures.photos.to_string(),
            figure(figures.same_product_r1),
            figure(figures.same_product_map),
            figure(figures.back_to_main_r1),
            figure(figures.same_class_p5),
        ]
    };
    ranked.iter().flat_map(|of| of.figures.iter().map(move |figures| row(&of.encoder, figures))).collect()
}

fn share(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn as_json(
    looked_for: Option<&(SelfFigures, Vec<EditFigures>)>,
    ranked: Option<&[Ranked]>,
) -> serde_json::Value {
    let edits = |edits: &[EditFigures]| -> Vec<_> {
        let one = |figures: &EditFigures| {
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
        };
        edits.iter().map(one).collect()
    };
    let labelled = |(of, figures): (&Ranked, &LabelFigures)| {
        json!({
            "encoder": of.encoder,
            "part": figures.part,
            "photos": figures.photos,
            "same_product_r1": figures.same_product_r1,
            "same_product_map": figures.same_product_map,
            "back_to_main_r1": figures.back_to_main_r1,
            "same_class_p5": figures.same_class_p5,
        })
    };
    let ranked = ranked.map(|ranked| {
        ranked.iter().flat_map(|of| of.figures.iter().map(move |f| labelled((of, f)))).collect::<Vec<_>>()
    });
    let themselves = looked_for.map(|(themselves, _)| {
        json!({"trials": themselves.trials, "first": themselves.first, "misses": themselves.misses})
    });
    json!({
        "themselves": themselves,
        "edits": looked_for.map(|(_, of_edits)| edits(of_edits)),
        "labelled": ranked,
    })
}
