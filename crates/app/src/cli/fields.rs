//! `lookalike status --fields`: which fields a catalog's products have.

use crate::report::table;
use lookalike_engine::filter::{FieldFacts, FieldKind, FieldSummary};
use serde_json::Value;
use std::io::{self, Write};

/// Values that the table shows of a field.
const MOST_SHOWN: usize = 3;

/// Writes a row for each field.
pub(super) fn write_table(out: &mut dyn Write, summary: &FieldSummary) -> io::Result<()> {
    if summary.fields.is_empty() {
        return writeln!(out, "the catalog's products have no fields");
    }
    let row = |facts: &FieldFacts| {
        let types: Vec<String> = facts.types.iter().map(ToString::to_string).collect();
        let distinct = facts.distinct.map_or_else(|| ">1000".to_owned(), |count| count.to_string());
        [facts.name.clone(), types.join(", "), facts.products.to_string(), distinct, shown(facts)]
    };
    let rows: Vec<[String; 5]> = summary.fields.iter().map(row).collect();
    table::write(out, ["field", "type", "products", "distinct", "values"], &rows)?;
    if summary.more_fields {
        writeln!(out, "there are more fields: only the first 500 names are told apart")?;
    }
    Ok(())
}

/// The range of numbers, and the most frequent values or some of many.
fn shown(facts: &FieldFacts) -> String {
    let range = facts.min.zip(facts.max).map(|(min, max)| format!("{min} to {max}"));
    let mut shown: Vec<String> = range.into_iter().collect();
    if shown.is_empty() || facts.types.iter().any(|of| of.kind == FieldKind::Text) {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let counted = facts.values.iter().map(|one| format!("{} ({})", plain(&one.value), one.products));
        let mut values: Vec<String> = counted.chain(facts.examples.iter().map(plain)).collect();
        let is_cut = values.len() > MOST_SHOWN || facts.distinct.is_none_or(|all| all > values.len() as u64);
        values.truncate(MOST_SHOWN);
        if is_cut {
            values.push("...".to_owned());
        }
        shown.push(values.join(", "));
    }
    shown.join("; ")
}
