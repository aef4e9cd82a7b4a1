//! Cuts a CSV file into records, each with its line, and finds out what stands between cells.

use super::{Frame, LineRead, Lines};
use std::io;

/// Longest record in bytes, and the most lines it may span. What is longer has a quote that was never closed.
const MAX_RECORD_BYTES: usize = 1 << 20;
const MAX_RECORD_LINES: u64 = 2_000;

/// Where in a record a byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    CellStart,
    Plain,
    Quoted,
    /// After a quote within a quoted cell: the end of it, or the first half of a doubled quote.
    Quote,
}

impl At {
    /// The state after `byte`, or none for something else than a delimiter after a closing quote.
    fn after(self, byte: u8, delimiter: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::CellStart, b'"') | (Self::Quote, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) => Self::Quoted,
            (_, _) if byte == delimiter => Self::CellStart,
            (Self::Quote, b'\r' | b'\n') => Self::Quote,
            (Self::Quote, _) => return None,
            _ => Self::Plain,
        })
    }
}

/// Cuts out the next record that is not blank; false at the end of the file. After a fault it goes on with the
/// line that follows the record's first.
pub(super) fn next(delimiter: u8, lines: &mut Lines, frame: &mut Frame) -> io::Result<bool> {
    frame.fault = None;
    loop {
        frame.bytes.clear();
        (frame.offset, frame.line) = lines.position();
        match lines.read(&mut frame.bytes, MAX_RECORD_BYTES)? {
            LineRead::End => return Ok(false),
            LineRead::TooLong => {
                frame.fault = Some(format!("is longer than {MAX_RECORD_BYTES} bytes"));
                return Ok(true);
            }
            LineRead::Line if frame.bytes.trim_ascii().is_empty() => {}
            LineRead::Line => break,
        }
    }
    let second_line = lines.position();
    let (mut at, mut seen) = (At::CellStart, 0);
    loop {
        for &byte in frame.bytes.get(seen..).unwrap_or_default() {
            match at.after(byte, delimiter) {
                Some(after) => at = after,
                None => {
                    frame.fault = Some("has a quoted cell with a quote in it that is not doubled".to_owned());
                    lines.seek(second_line.0, second_line.1)?;
                    return Ok(true);
                }
            }
        }
        if at != At::Quoted {
            return Ok(true);
        }
        seen = frame.bytes.len();
        let too_many = lines.position().1 - frame.line >= MAX_RECORD_LINES;
        if too_many || lines.read(&mut frame.bytes, MAX_RECORD_BYTES)? != LineRead::Line {
            frame.fault = Some("has a quote that is never closed".to_owned());
            lines.seek(second_line.0, second_line.1)?;
            return Ok(true);
        }
    }
}

/// The delimiter under which most of the sample's first lines have as many cells as the first one; of several such
/// the one with the most cells.
pub(super) fn sniff_delimiter(sample: &[u8]) -> u8 {
    let lines: Vec<&[u8]> = sample.split(|&byte| byte == b'\n').take(20).collect();
    let score = |delimiter: u8| {
        let mut counts =
            lines.iter().filter(|line| !line.trim_ascii().is_empty()).map(|line| cells(line, delimiter));
        let header = counts.next().unwrap_or(1);
        (header > 1).then(|| (counts.filter(|&count| count == header).count(), header))
    };
    // The last of equals wins, so the comma comes last.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|&delimiter| score(delimiter)).unwrap_or(b',')
}

fn cells(line: &[u8], delimiter: u8) -> usize {
    let mut at = At::CellStart;
    let mut count = 1;
    for &byte in line {
        let quoted = at == At::Quoted;
        count += usize::from(!quoted && byte == delimiter);
        at = at.after(byte, delimiter).unwrap_or(At::Plain);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_told_from_the_first_lines() {
        assert_eq!(sniff_delimiter(b"id;title, long;file\n1;a;b\n2;c, d;e\n"), b';');
        assert_eq!(sniff_delimiter(b"id\tfile\n1\ta.jpg\n"), b'\t');
        assert_eq!(sniff_delimiter(b"id|file\n1|a.jpg\n"), b'|');
        assert_eq!(sniff_delimiter(b"id,\"a;b;c;d\",file\n1,x;y,z\n"), b',');
        assert_eq!(sniff_delimiter(b"file\na.jpg\n"), b',');
    }
}
