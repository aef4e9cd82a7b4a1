//! Answers as aligned text for a person.

use lookalike_engine::catalog::Fields;
use lookalike_engine::search::{Class, Match, MatchedBy, TextAnswer, TextMatch};
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

/// Writes rows under a head as a Markdown table.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_markdown<const N: usize>(
    out: &mut dyn Write,
    head: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    writeln!(out, "| {} |", head.join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(N))?;
    for row in rows {
        let cells = row.each_ref().map(|cell| printable(cell).replace('|', "\\|"));
        writeln!(out, "| {} |", cells.join(" | "))?;
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

/// Writes products that were found by words, and what the words were compared with.
pub(super) fn write_text_answer(out: &mut dyn Write, found: &TextAnswer) -> io::Result<()> {
    match &found.matched_by {
        MatchedBy::Vector { encoder } => writeln!(out, "compared with the photos by {encoder}")?,
        MatchedBy::Words => writeln!(out, "compared with the products' own words")?,
    }
    if found.truncated {
        writeln!(out, "the text is too long: its end was left out")?;
    }
    if found.matches.is_empty() {
        return writeln!(out, "nothing found");
    }
    let row = |found: &TextMatch| {
        [
            format!("{:.1} %", found.match_percent),
            found.class.as_str().to_owned(),
            found.product.to_string(),
            found.image.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            name_of(&found.fields).to_owned(),
        ]
    };
    let rows: Vec<[String; 5]> = found.matches.iter().map(row).collect();
    write(out, ["match", "class", "product", "image", "name"], &rows)
}

fn name_of(fields: &Fields) -> &str {
    NAME_FIELDS.iter().find_map(|field| fields.get(*field)?.as_str()).unwrap_or_default()
}

fn verdict_line(verdict: Class) -> &'static str {
    match verdict {
        Class::Identical => "identical: this photo is already in the catalog",
        Class::EditedCopy => "edited copy: an altered copy of this photo is already in the catalog",
        Class::Similar => "similar: not listed, but something in the catalog looks like it",
        // Only words give the former.
        Class::Described | Class::None => "none: nothing in the catalog matches this photo",
    }
}

fn match_row(found: &Match) -> [String; 5] {
    [
        format!("{:.1} %", found.match_percent),
        found.class.as_str().to_owned(),
        found.product.to_string(),
        found.image.to_string(),
        name_of(&found.fields).to_owned(),
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
