//! Answers as aligned text for a person.

use lookalike_engine::search::{Class, Match};
use std::io::{self, Write};

/// Fields that name a product, in the order they are tried.
const NAME_FIELDS: [&str; 4] = ["name", "title", "item_name", "product_name"];

/// Writes a title and under it `name  value` lines.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_record(out: &mut dyn Write, title: &str, rows: &[(&str, String)]) -> io::Result<()> {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    writeln!(out, "{}", printable(title))?;
    for (name, value) in rows {
        writeln!(out, "  {name:width$}  {value}")?;
    }
    Ok(())
}

/// Writes rows under a head, columns aligned; cells that are numbers to the right.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write<const N: usize>(out: &mut dyn Write, head: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| printable(cell))).collect();
    let mut widths = head.map(|title| title.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    write_line(out, &head, &widths)?;
    for row in &rows {
        write_line(out, &row.each_ref().map(String::as_str), &widths)?;
    }
    Ok(())
}

fn write_line<const N: usize>(out: &mut dyn Write, cells: &[&str; N], widths: &[usize; N]) -> io::Result<()> {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let numeric = cell.trim_end_matches(" %").parse::<f64>().is_ok();
        if numeric {
            line.push_str(&format!("{cell:>width$}  "));
        } else {
            line.push_str(&format!("{cell:<width$}  "));
        }
    }
    writeln!(out, "{}", line.trim_end())
}

/// Writes products that were found.
pub(super) fn write_matches(
    out: &mut dyn Write,
    verdict: Option<Class>,
    matches: &[Match],
) -> io::Result<()> {
    if let Some(verdict) = verdict {
        writeln!(out, "{}", verdict_line(verdict))?;
    }
    if matches.is_empty() {
        return if verdict.is_none() { writeln!(out, "nothing found") } else { Ok(()) };
    }
    let rows: Vec<[String; 5]> = matches.iter().map(match_row).collect();
    write(out, ["match", "class", "product", "image", "name"], &rows)
}

fn verdict_line(verdict: Class) -> &'static str {
    match verdict {
        Class::Identical => "identical: this photo is already in the catalog",
        Class::EditedCopy => "edited copy: an altered copy of this photo is already in the catalog",
        Class::Similar => "similar: not listed, but something in the catalog looks like it",
        Class::None => "none: nothing in the catalog matches this photo",
    }
}

fn match_row(found: &Match) -> [String; 5] {
    let name = NAME_FIELDS.iter().find_map(|field| found.fields.get(*field)?.as_str()).unwrap_or_default();
    [
        format!("{:.1} %", found.match_percent),
        found.class.as_str().to_owned(),
        found.product.to_string(),
        found.image.to_string(),
        name.to_owned(),
    ]
}

/// Text from outside without the control characters that would move a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_control_characters_do_not_reach_the_terminal() {
        let rows = [["a\u{1b}[2J".to_owned(), "5".to_owned()], ["longer".to_owned(), "12".to_owned()]];
        let mut out = Vec::new();
        write(&mut out, ["name", "count"], &rows).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "name    count\na\u{fffd}[2J       5\nlonger     12\n");
    }
}
