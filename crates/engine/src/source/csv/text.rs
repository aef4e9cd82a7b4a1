//! From a record's bytes to its cells' text.

use crate::source::text::windows_1252;
use std::borrow::Cow;

/// The cells of one record, and whether it was not UTF-8 and was read as Windows-1252.
pub(super) fn cells(record: &[u8], delimiter: u8) -> Result<(Vec<String>, bool), String> {
    let text = match std::str::from_utf8(record) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(record.iter().map(|&byte| windows_1252(byte)).collect()),
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(text.len() + 1)
        .from_reader(text.as_bytes());
    let mut cells = csv::StringRecord::new();
    let mut more = csv::StringRecord::new();
    let mut read = |into: &mut csv::StringRecord| reader.read_record(into);
    match (read(&mut cells), read(&mut more)) {
        (Ok(true), Ok(false)) => {}
        (Ok(_), Ok(_)) => return Err("has a carriage return that does not end its line".to_owned()),
        (Err(error), _) | (_, Err(error)) => return Err(format!("cannot be read as CSV ({error})")),
    }
    Ok((cells.iter().map(str::to_owned).collect(), matches!(text, Cow::Owned(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_are_read_as_windows_1252() {
        let (read, not_utf8) = cells(b"1,caf\xe9 \x80 \x93x\x94,\"a \"\"b\"\"\"\r\n", b',').unwrap();
        assert_eq!((read, not_utf8), (vec!["1".into(), "café € “x”".into(), "a \"b\"".into()], true));
        assert!(!cells("1,café\n".as_bytes(), b',').unwrap().1);
    }

    #[test]
    fn a_stray_carriage_return_is_not_taken_for_a_row() {
        assert!(cells(b"1,a\rb,c\n", b',').unwrap_err().contains("carriage return"));
    }
}
