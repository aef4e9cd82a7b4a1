//! Everything in a catalog against everything else: SQLite's own checks, every value of every row, the words.
//!
//! Reads the whole catalog at one moment, in flat memory, and changes nothing. What the index holds is compared
//! by `derived`. A part that cannot be read at all is a problem like another; the other parts are still looked at.

use super::EmbeddedError;
use super::connection::Readers;
use super::encoders::{self, Entry};
use super::rows;
use super::text;
use crate::catalog::{ImageId, ProductId};
use crate::store::Problem;
use rusqlite::{Row, Transaction};

const RESTORE: &str = "restore the catalog from a backup, or index its source into a new folder";
const REINDEX: &str = "delete its product and index its source again";

/// As [`crate::store::Store::verify`] asks.
pub(super) fn verify(readers: &Readers) -> Result<Vec<Problem>, EmbeddedError> {
    let mut problems = Vec::new();
    let checks: [(&str, &Check<'_>); 6] = [
        ("catalog.sqlite", &|moment, found| whole_file(moment, found)),
        ("products", &|moment, found| products(moment, found)),
        ("encoders", &|moment, found| list(moment, found)),
        ("images", &|moment, found| images(moment, found)),
        ("writes", &|moment, found| writes(moment, found)),
        ("words", &|moment, found| words(moment, found)),
    ];
    for (subject, check) in checks {
        match readers.read("verifying it", |moment| check(moment, &mut problems)) {
            Ok(()) => {}
            Err(EmbeddedError::Damaged { reason, .. }) => {
                problems.push(Problem { subject: subject.into(), reason: format!("{reason}: {RESTORE}") });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(problems)
}

type Check<'a> = dyn Fn(&Transaction<'_>, &mut Vec<Problem>) -> rusqlite::Result<()> + 'a;

fn problem(found: &mut Vec<Problem>, subject: String, reason: String, cure: &str) {
    found.push(Problem { subject, reason: format!("{reason}: {cure}") });
}

/// SQLite's own checks: pages, indexes, the inside of the full-text index, references.
fn whole_file(moment: &Transaction<'_>, found: &mut Vec<Problem>) -> rusqlite::Result<()> {
    let mut statement = moment.prepare("PRAGMA integrity_check")?;
    let mut lines = statement.query(())?;
    while let Some(row) = lines.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            problem(found, "catalog.sqlite".into(), line, RESTORE);
        }
    }
    let mut statement = moment.prepare("PRAGMA foreign_key_check")?;
    let mut orphans = statement.query(())?;
    while let Some(row) = orphans.next()? {
        let (table, row, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let row = row.map_or_else(|| "?".to_owned(), |row| row.to_string());
        problem(found, format!("{table} row {row}"), format!("belongs to no row of {parent}"), RESTORE);
    }
    Ok(())
}

fn products(moment: &Transaction<'_>, found: &mut Vec<Problem>) -> rusqlite::Result<()> {
    let mut statement = moment.prepare(
        "SELECT id, fields, (SELECT count(*) FROM image WHERE product = row), \
         (SELECT max(position) FROM image WHERE product = row), \
         (SELECT count(DISTINCT position) FROM image WHERE product = row) FROM product",
    )?;
    let mut all = statement.query(())?;
    while let Some(row) = all.next()? {
        let id: String = row.get(0)?;
        let subject = || format!("product {id:?}");
        if let Err(error) = ProductId::new(id.clone()) {
            problem(found, subject(), error.to_string(), REINDEX);
        }
        if let Err(error) = rows::fields(row.get_ref(1)?.as_str()?) {
            problem(found, subject(), inner(error), REINDEX);
        }
        let (count, last, distinct): (i64, Option<i64>, i64) = (row.get(2)?, row.get(3)?, row.get(4)?);
        if distinct != count || last.is_some_and(|last| last != count - 1) {
            problem(found, subject(), format!("its {count} images are not numbered in a row"), REINDEX);
        }
    }
    Ok(())
}

fn list(moment: &Transaction<'_>, found: &mut Vec<Problem>) -> rusqlite::Result<()> {
    let all = encoders::all(moment)?;
    if !all.iter().any(|encoder| encoder.is_ready) {
        problem(found, "encoders".into(), "none is ready".into(), RESTORE);
    }
    let next: i64 = moment.query_row("SELECT next_encoder FROM catalog", (), |row| row.get(0))?;
    if let Some(encoder) = all.iter().find(|encoder| encoder.number >= next) {
        let reason = format!("{} has the number {} and {next} is the next", encoder.id.name, encoder.number);
        problem(found, "encoders".into(), reason, RESTORE);
    }
    Ok(())
}

fn images(moment: &Transaction<'_>, found: &mut Vec<Problem>) -> rusqlite::Result<()> {
    let mut encoders = encoders::all(moment)?;
    encoders.sort_by_key(|encoder| encoder.number);
    let sql = format!("SELECT {} FROM image ORDER BY key", rows::IMAGE_COLUMNS);
    let (mut statement, mut vectors) = (
        moment.prepare(&sql)?,
        moment.prepare("SELECT encoder, numbers FROM vector WHERE image = ?1 ORDER BY encoder")?,
    );
    let mut all = statement.query(())?;
    let mut vector = Vec::new();
    while let Some(row) = all.next()? {
        let (key, id): (i64, String) = (row.get("key")?, row.get("id")?);
        let subject = || format!("image {id:?} (key {key})");
        if let Err(error) = image_values(row) {
            problem(found, subject(), inner(error), REINDEX);
        }
        let mut of_image = vectors.query((key,))?;
        let mut expected = encoders.iter();
        let missing = |encoder: &Entry, found: &mut Vec<Problem>| {
            // Of one that is being added, any may be missing.
            if encoder.is_ready {
                problem(found, subject(), format!("has no vector of {}", encoder.id.name), REINDEX);
            }
        };
        while let Some(row) = of_image.next()? {
            let number: i64 = row.get(0)?;
            let of_this = loop {
                match expected.next() {
                    Some(encoder) if encoder.number < number => missing(encoder, found),
                    other => break other.filter(|encoder| encoder.number == number),
                }
            };
            let Some(Entry { id, .. }) = of_this else {
                problem(found, subject(), format!("has an unexpected vector of encoder {number}"), REINDEX);
                break;
            };
            let numbers = row.get_ref(1)?.as_blob()?;
            match rows::read_vector(numbers, id.dimensions, &mut vector) {
                Err(error) => problem(found, subject(), format!("{}: {}", id.name, inner(error)), REINDEX),
                Ok(()) if vector.iter().any(|number| !number.is_finite()) => {
                    problem(found, subject(), format!("its {} vector is not finite", id.name), REINDEX);
                }
                Ok(()) => {}
            }
        }
        expected.for_each(|encoder| missing(encoder, found));
    }
    Ok(())
}

fn image_values(row: &Row<'_>) -> rusqlite::Result<()> {
    ImageId::new(row.get::<_, String>("id")?).map_err(|error| rows::damaged(error.to_string()))?;
    rows::location(row)?;
    rows::fingerprint(row)?;
    rows::hashes(row)?;
    let (width, height): (u32, u32) = (row.get("width")?, row.get("height")?);
    if width == 0 || height == 0 {
        return Err(rows::damaged(format!("its size is {width} x {height} pixels")));
    }
    Ok(())
}

/// The numbering of writes, on which every derived index and every other process relies.
fn writes(moment: &Transaction<'_>, found: &mut Vec<Problem>) -> rusqlite::Result<()> {
    let (last, greatest, returned): (i64, i64, i64) = moment.query_row(
        "SELECT (SELECT seq FROM catalog), \
         max((SELECT coalesce(max(seq), 0) FROM product), (SELECT coalesce(max(seq), 0) FROM image), \
             (SELECT coalesce(max(seq), 0) FROM removed)), \
         (SELECT count(*) FROM removed JOIN image ON image.key = removed.image)",
        (),
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    if greatest > last {
        problem(
            found,
            "writes".into(),
            format!("a row is of write {greatest} and the last was {last}"),
            RESTORE,
        );
    }
    if returned > 0 {
        problem(found, "writes".into(), format!("{returned} removed images are still there"), RESTORE);
    }
    Ok(())
}

/// The full-text index against one made anew from the fields, term by term.
fn words(moment: &Transaction<'_>, found: &mut Vec<Problem>) -> rusqlite::Result<()> {
    moment.execute_batch(
        "CREATE VIRTUAL TABLE temp.expected_text USING fts5 (
             text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');
         CREATE VIRTUAL TABLE temp.expected_words USING fts5vocab (temp, expected_text, instance);
         CREATE VIRTUAL TABLE temp.stored_words USING fts5vocab (main, product_text, instance);",
    )?;
    let mut products = moment.prepare("SELECT row, fields FROM product ORDER BY row")?;
    let mut insert = moment.prepare("INSERT INTO temp.expected_text (rowid, text) VALUES (?1, ?2)")?;
    let mut all = products.query(())?;
    while let Some(row) = all.next()? {
        // Fields that cannot be read are reported with their product.
        if let Ok(fields) = rows::fields(row.get_ref(1)?.as_str()?) {
            insert.execute((row.get::<_, i64>(0)?, text::searchable_text(&fields).unwrap_or_default()))?;
        }
    }
    let words = |table| moment.prepare(&format!("SELECT term, doc, offset FROM temp.{table}"));
    let (mut expected, mut stored) = (words("expected_words")?, words("stored_words")?);
    let (mut expected, mut stored) = (expected.query(())?, stored.query(())?);
    loop {
        let (expected, stored) =
            (expected.next()?.map(word).transpose()?, stored.next()?.map(word).transpose()?);
        match (expected, stored) {
            (None, None) => return Ok(()),
            (expected, stored) if expected == stored => {}
            (expected, stored) => {
                let show = |word: Option<(String, i64, i64)>| {
                    word.map_or_else(
                        || "the end".to_owned(),
                        |(term, row, _)| format!("{term:?} in product row {row}"),
                    )
                };
                let reason = format!("the index has {} where {} is due", show(stored), show(expected));
                problem(found, "words".into(), reason, RESTORE);
                return Ok(());
            }
        }
    }
}

fn word(row: &Row<'_>) -> rusqlite::Result<(String, i64, i64)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

/// What was wrong with a value, without SQLite's words around it.
fn inner(error: rusqlite::Error) -> String {
    match error {
        rusqlite::Error::FromSqlConversionFailure(_, _, reason) => reason.to_string(),
        error => error.to_string(),
    }
}
