//! What an evaluation measured, as tables for a person, as Markdown for a page, and as JSON.

use super::{json, table};
use lookalike_engine::evaluate::edits::Edit;
use lookalike_engine::evaluate::figures::{Figures, Reliability, reliability};
use lookalike_engine::evaluate::labelled::{LabelFigures, SameProduct};
use lookalike_engine::evaluate::robustness::SelfFigures;
use lookalike_engine::evaluate::suite::{Answerer, Report};
use lookalike_engine::store::StoredImage;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Everything that was measured.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// The edit suite.
    pub suite: Option<Report>,
    /// Whether stored photos find themselves.
    pub themselves: Option<SelfFigures>,
    /// What the labels say, by encoder.
    pub ranked: Vec<Ranked>,
}

/// The figures of one encoder by the labels.
#[derive(Debug)]
pub struct Ranked {
    /// Its name.
    pub encoder: String,
    /// Over all photos.
    pub figures: Vec<LabelFigures>,
    /// Same product and colour, asked by photos of the measured fold.
    pub folded: Vec<SameProduct>,
}

/// Writes tables, aligned or as Markdown.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(
    out: &mut dyn Write,
    measured: &Evaluation,
    images: &[StoredImage],
    markdown: bool,
) -> io::Result<()> {
    let mut tables = Tables { out, markdown, any: false };
    if let Some(report) = &measured.suite {
        write_suite(&mut tables, report)?;
    }
    if !measured.ranked.is_empty() {
        let rows: Vec<_> = measured.ranked.iter().flat_map(label_rows).collect();
        tables.write(LABEL_HEAD, &rows)?;
        let rows: Vec<_> = measured.ranked.iter().flat_map(same_product_rows).collect();
        tables.write(["encoder", "same product and colour, asked by", "queries", "R@1"], &rows)?;
    }
    if let (Some(themselves), false) = (&measured.themselves, markdown) {
        let (first, trials) = (themselves.first, themselves.trials);
        writeln!(tables.out, "\n{first} of {trials} stored photos find themselves first in every mode")?;
        for miss in &themselves.misses {
            writeln!(tables.out, "missed: {miss} did not find itself first")?;
        }
    }
    if let (Some(report), false) = (&measured.suite, markdown) {
        write_misses(tables.out, report, images)?;
    }
    Ok(())
}

/// Tables one after the other.
struct Tables<'a> {
    out: &'a mut dyn Write,
    markdown: bool,
    any: bool,
}

impl Tables<'_> {
    fn write<const N: usize>(&mut self, head: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
        if std::mem::replace(&mut self.any, true) {
            writeln!(self.out)?;
        }
        if self.markdown {
            table::write_markdown(self.out, head, rows)
        } else {
            table::write(self.out, head, rows)
        }
    }
}

fn write_suite(tables: &mut Tables<'_>, report: &Report) -> io::Result<()> {
    // A row per answerer in all, then per edit the figures of each.
    let rows: Vec<[String; 4]> = report
        .answerers
        .iter()
        .zip(0..)
        .map(|(answerer, at)| {
            let Figures { queries, right, recall_at_99 } = report.figures(at, None);
            [answerer.name(), queries.to_string(), decimals(right), decimals(recall_at_99)]
        })
        .collect();
    tables.write(["answered by", "queries", "R@1", "recall at 99 % precision"], &rows)?;
    let edits: Vec<Edit> =
        Edit::ALL.into_iter().filter(|edit| report.queries.iter().any(|query| query.edit == *edit)).collect();
    let rows: Vec<[String; 5]> = edits
        .into_iter()
        .flat_map(|edit| {
            report.answerers.iter().zip(0..).map(move |(answerer, at)| {
                let Figures { queries, right, recall_at_99 } = report.figures(at, Some(edit));
                let name = edit.name().to_owned();
                [name, answerer.name(), queries.to_string(), decimals(right), decimals(recall_at_99)]
            })
        })
        .collect();
    tables.write(["edit", "answered by", "queries", "R@1", "recall at 99 % precision"], &rows)?;
    let rows: Vec<[String; 4]> = reliability(&report.percents())
        .iter()
        .map(|range| {
            [
                format!("{} to {} %", range.from, range.to),
                range.answers.to_string(),
                format!("{:.1} %", range.mean_percent),
                format!("{:.1} %", right_percent(range)),
            ]
        })
        .collect();
    tables.write(["match percent of check", "answers", "mean", "right"], &rows)
}

fn right_percent(range: &Reliability) -> f64 {
    100.0 * range.right as f64 / range.answers.max(1) as f64
}

fn write_misses(out: &mut dyn Write, report: &Report, images: &[StoredImage]) -> io::Result<()> {
    let Some(check) = report.answerers.iter().position(|answerer| *answerer == Answerer::Check) else {
        return Ok(());
    };
    for query in &report.queries {
        if query.answers.get(check).is_some_and(|answer| !answer.right) {
            let original = images.get(query.original).map_or("?", |image| image.id.as_str());
            let first = query.checked.and_then(|key| images.iter().find(|image| image.key == key));
            let first = first.map_or("nothing", |image| image.id.as_str());
            writeln!(out, "missed: {original}, {}: {first} came first, {} %", query.edit, query.percent)?;
        }
    }
    Ok(())
}

fn same_product_rows(ranked: &Ranked) -> Vec<[String; 4]> {
    let row = |figures: &SameProduct| {
        [
            ranked.encoder.clone(),
            figures.question.clone(),
            figures.queries.to_string(),
            decimals(figures.right),
        ]
    };
    ranked.folded.iter().map(row).collect()
}

const LABEL_HEAD: [&str; 7] = [
    "encoder",
    "photos of",
    "photos",
    "same product R@1",
    "same product mAP",
    "back to main R@1",
    "same class P@5",
];

fn label_rows(ranked: &Ranked) -> Vec<[String; 7]> {
    let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), decimals);
    let row = |figures: &LabelFigures| {
        [
            ranked.encoder.clone(),
            figures.part.clone(),
            figures.photos.to_string(),
            figure(figures.same_product_r1),
            figure(figures.same_product_map),
            figure(figures.back_to_main_r1),
            figure(figures.same_class_p5),
        ]
    };
    ranked.figures.iter().map(row).collect()
}

fn decimals(value: f64) -> String {
    format!("{value:.3}")
}

/// Writes one document.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_json(out: &mut dyn Write, measured: &Evaluation, images: &[StoredImage]) -> io::Result<()> {
    let themselves = measured.themselves.as_ref().map(|themselves| {
        json!({"trials": themselves.trials, "first": themselves.first, "misses": themselves.misses})
    });
    let labelled = |of: &Ranked| {
        let one = |figures: &LabelFigures| {
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
        of.figures.iter().map(one).collect::<Vec<_>>()
    };
    let folded = |of: &Ranked| {
        let one = |figures: &SameProduct| {
            json!({
                "encoder": of.encoder,
                "question": figures.question,
                "queries": figures.queries,
                "r1": figures.right,
            })
        };
        of.folded.iter().map(one).collect::<Vec<_>>()
    };
    let by_labels = !measured.ranked.is_empty();
    let document = json!({
        "themselves": themselves,
        "suite": measured.suite.as_ref().map(|report| suite_as_json(report, images)),
        "same_product": by_labels.then(|| measured.ranked.iter().flat_map(folded).collect::<Vec<_>>()),
        "labelled": by_labels.then(|| measured.ranked.iter().flat_map(labelled).collect::<Vec<_>>()),
    });
    json::write(out, &document)
}

fn suite_as_json(report: &Report, images: &[StoredImage]) -> Value {
    let figures = |answerer: usize, edit: Option<Edit>| {
        let Figures { queries, right, recall_at_99 } = report.figures(answerer, edit);
        json!({"queries": queries, "r1": right, "recall_at_99_precision": recall_at_99})
    };
    let answerers: Vec<Value> = report
        .answerers
        .iter()
        .zip(0..)
        .map(|(answerer, at)| {
            let edits: serde_json::Map<String, Value> =
                Edit::ALL.into_iter().map(|edit| (edit.name().to_owned(), figures(at, Some(edit)))).collect();
            json!({"answered_by": answerer.name(), "all": figures(at, None), "edits": edits})
        })
        .collect();
    let check = report.answerers.iter().position(|answerer| *answerer == Answerer::Check);
    let wrong = report
        .queries
        .iter()
        .filter(|query| check.and_then(|check| query.answers.get(check)).is_some_and(|answer| !answer.right));
    let misses: Vec<Value> = wrong
        .map(|query| {
            let first = query.checked.and_then(|key| images.iter().find(|image| image.key == key));
            json!({
                "original": images.get(query.original).map(|image| &image.id),
                "edit": query.edit.name(),
                "first": first.map(|image| &image.id),
                "match_percent": query.percent,
            })
        })
        .collect();
    let percents: Vec<Value> = reliability(&report.percents())
        .iter()
        .map(|range| {
            json!({
                "from": range.from,
                "to": range.to,
                "answers": range.answers,
                "mean_percent": range.mean_percent,
                "right_percent": right_percent(range),
            })
        })
        .collect();
    json!({"answerers": answerers, "reliability": percents, "misses": misses})
}
