//! The numbers of a run, as a person, a program and a shell are told them.

use super::Outcome;
use crate::report::table;
use lookalike_engine::ingest::{Counts, Report};
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;

/// How a run is told to the caller's shell.
pub(super) fn outcome(report: &Report) -> Outcome {
    if report.cancelled {
        Outcome::Stopped
    } else if report.counts.any_failed() || report.not_removed.is_some() {
        Outcome::SomeFailed
    } else {
        Outcome::Done
    }
}

/// Items that a run is through with.
pub(super) fn done(counts: &Counts) -> u64 {
    counts.stored + counts.unchanged + counts.failed
}

/// What is to be known beside how far a run has come.
pub(super) fn note(counts: &Counts) -> String {
    if counts.failed > 0 { format!("({} failed)", counts.failed) } else { String::new() }
}

/// Writes what became of what, or with `is_preview` what would.
pub(super) fn write_report(
    out: &mut dyn Write,
    place: &Path,
    report: &Report,
    is_preview: bool,
) -> io::Result<()> {
    let Report { counts, cancelled, seconds, .. } = report;
    let products = &counts.products;
    // Without reading them nobody knows.
    let changed = |count: u64, word: &str| format!("{count} {}", if is_preview { word } else { "changed" });
    let mut rows = vec![
        (
            "photos",
            format!(
                "{} seen = {} new + {} + {} unchanged + {} failed",
                counts.seen,
                counts.added(),
                changed(counts.changed, "to be read again"),
                counts.unchanged,
                counts.failed
            ),
        ),
        (
            "products",
            format!(
                "{} seen = {} new + {} + {} unchanged + {} failed",
                products.seen,
                products.added(),
                changed(products.changed, "to be compared"),
                products.unchanged,
                products.failed
            ),
        ),
    ];
    if counts.removed > 0 || products.removed > 0 {
        let title = if is_preview { "to be removed" } else { "removed" };
        rows.push((title, format!("{} products, {} photos", products.removed, counts.removed)));
    }
    if products.not_reached > 0 {
        let text = format!("{} photos, {} products", counts.not_reached, products.not_reached);
        rows.push(("not reached", text));
    }
    if counts.without_image > 0 {
        rows.push(("without a photo", format!("{} products", counts.without_image)));
    }
    if is_preview {
        let text = format!("nothing: {} photos would be read (--dry-run)", counts.stored);
        rows.push(("done", text));
    } else {
        let rate = done(counts) as f64 / seconds.max(1e-9);
        rows.push(("time", format!("{seconds:.1} s, {rate:.0} photos a second")));
    }
    if *cancelled {
        rows.push(("stopped", "run the same command again to go on".to_owned()));
    }
    table::write_record(out, &place.display().to_string(), &rows)
}

/// The same as JSON.
pub(super) fn as_json(report: &Report, is_preview: bool) -> serde_json::Value {
    let Report { counts, cancelled, seconds, peak_bytes, not_removed } = report;
    let products = &counts.products;
    json!({
        "images": {
            "seen": counts.seen,
            "new": counts.added(),
            "changed": counts.changed,
            "unchanged": counts.unchanged,
            "removed": counts.removed,
            "failed": counts.failed,
            "not_reached": counts.not_reached,
        },
        "products": {
            "seen": products.seen,
            "new": products.added(),
            "changed": products.changed,
            "unchanged": products.unchanged,
            "removed": products.removed,
            "failed": products.failed,
            "not_reached": products.not_reached,
            "without_image": counts.without_image,
        },
        "dry_run": is_preview,
        "not_removed": not_removed.map(|reason| reason.to_string()),
        "bytes_read": counts.bytes,
        "peak_bytes": peak_bytes,
        "cancelled": cancelled,
        "seconds": seconds,
    })
}
