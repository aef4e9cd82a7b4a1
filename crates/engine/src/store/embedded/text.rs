//! Words: which text of a product can be searched, and what a person's words mean to SQLite's full-text index.
//!
//! Ranking is SQLite's bm25. Stemming and synonyms are not attempted.

use crate::catalog::Fields;
use crate::index::ProductSet;
use crate::store::MOST_WORDS;
use rusqlite::Transaction;
use serde_json::Value;

/// `serde_json` reads no deeper than 128, so deeper fields could be written and never read.
const DEEPEST: usize = 100;

/// All texts and numbers in `fields`, a line each; names of fields and truth values are left out. `None` when they
/// nest too deep to be stored.
pub(super) fn searchable_text(fields: &Fields) -> Option<String> {
    let mut text = String::new();
    let mut pending: Vec<(&Value, usize)> = fields.values().rev().map(|value| (value, 1)).collect();
    while let Some((value, depth)) = pending.pop() {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                text.push_str(&number.to_string());
                text.push('\n');
            }
            Value::String(string) => {
                text.push_str(string);
                text.push('\n');
            }
            Value::Array(_) | Value::Object(_) if depth >= DEEPEST => return None,
            Value::Array(values) => pending.extend(values.iter().rev().map(|value| (value, depth + 1))),
            Value::Object(fields) => pending.extend(fields.values().rev().map(|value| (value, depth + 1))),
        }
    }
    Some(text)
}

/// `words` as an FTS5 expression that finds products with any of them. Each word is quoted, so that nothing in it
/// is taken for an operator. `None` when there is no word.
fn any_of(words: &str) -> Option<String> {
    let quoted: Vec<String> = words
        // FTS5 stops reading at a NUL.
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(MOST_WORDS)
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join(" OR "))
}

/// Ids of products that hold any of the words, best first and of equal ones in the order of their ids, and how well (above
/// 0, by bm25); among `products` where these are given.
///
/// SQLite ranks every product that has a word, whatever is asked for, and hands them out best first. They are taken until
/// there are enough and the next is worse than the last: which of equal ones come is then their ids' to say, and not the
/// order in which they were stored, in which two catalogs of the same products may differ.
pub(super) fn search(
    moment: &Transaction<'_>,
    words: &str,
    limit: usize,
    products: Option<&ProductSet>,
) -> rusqlite::Result<Vec<(String, f32)>> {
    let Some(expression) = any_of(words) else {
        return Ok(Vec::new());
    };
    let mut ranked = moment
        .prepare_cached("SELECT rowid, -rank FROM product_text WHERE product_text MATCH ?1 ORDER BY rank")?;
    let mut id_of = moment.prepare_cached("SELECT id FROM product WHERE row = ?1")?;
    let mut all = ranked.query((expression,))?;
    let mut found: Vec<(String, f64)> = Vec::new();
    while let Some(row) = all.next()? {
        let (product, score): (i64, f64) = (row.get(0)?, row.get(1)?);
        if found.len() >= limit && found.last().is_none_or(|(_, last)| score < *last) {
            break;
        }
        if products.is_none_or(|products| products.contains(product.cast_unsigned())) {
            found.push((id_of.query_row((product,), |row| row.get(0))?, score));
        }
    }
    found.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found.truncate(limit);
    Ok(found.into_iter().map(|(id, score)| (id, score as f32)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_counts_and_no_name_does() {
        let json = json!({"title": "Red mug", "size": 42, "tags": ["gift", {"made": "Delft"}], "new": true});
        let text = searchable_text(json.as_object().unwrap()).unwrap();
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["42", "Delft", "Red mug", "gift"]);
    }

    #[test]
    fn fields_that_could_not_be_read_back_are_refused() {
        let nested = |depth| (0..depth).fold(json!("x"), |inner, _| json!([inner]));
        let fields = |depth| json!({ "deep": nested(depth) }).as_object().unwrap().clone();
        assert!(searchable_text(&fields(90)).is_some());
        assert!(searchable_text(&fields(200)).is_none());
    }

    #[test]
    fn words_are_quoted_whatever_they_hold() {
        assert_eq!(any_of("red OR\0\"mug\"").unwrap(), r#""red" OR "OR" OR """mug""""#);
        assert_eq!(any_of(" * ( ) \" - ^ "), None);
        assert_eq!(any_of(&"word ".repeat(1000)).unwrap().matches(" OR ").count(), MOST_WORDS - 1);
    }
}
