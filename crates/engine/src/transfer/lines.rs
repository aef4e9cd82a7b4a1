//! Lines of what may be a pipe, with their numbers, none of them longer than is sensible.

use std::io::{self, BufRead};

/// Longest line in bytes: far more than the fields of a product or the vectors of an image take.
const MAX_LINE_BYTES: usize = 16 << 20;

/// An input, line by line.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    number: u64,
}

/// A line.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Without its line break; of one that is too long, its front.
    pub(super) bytes: Vec<u8>,
    /// It is longer than [`MAX_LINE_BYTES`] and was passed over.
    pub(super) is_too_long: bool,
    /// It has no line break: the input ends with it.
    pub(super) is_open: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    /// The number of the line that was read last; the first is 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line that is not blank into `found`; false at the end.
    pub(super) fn read(&mut self, found: &mut Found) -> io::Result<bool> {
        while self.read_any(found)? {
            if found.is_too_long || !found.bytes.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_any(&mut self, found: &mut Found) -> io::Result<bool> {
        found.bytes.clear();
        (found.is_too_long, found.is_open) = (false, true);
        let mut has_begun = false;
        while found.is_open {
            let buffered = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                buffered => buffered?,
            };
            if buffered.is_empty() {
                break;
            }
            has_begun = true;
            let end = buffered.iter().position(|&byte| byte == b'\n');
            found.is_open = end.is_none();
            let text = buffered.get(..end.unwrap_or(buffered.len())).unwrap_or_default();
            let room = MAX_LINE_BYTES - found.bytes.len();
            found.is_too_long |= text.len() > room;
            found.bytes.extend(text.iter().take(room));
            let length = text.len() + usize::from(end.is_some());
            self.input.consume(length);
        }
        self.number += u64::from(has_begun);
        Ok(has_begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_count_and_long_ones_are_passed_over() {
        let long = "x".repeat(MAX_LINE_BYTES + 1);
        let text = format!("one\n\n  \r\n{long}\ntwo\r\nthree");
        let mut lines = Lines::new(text.as_bytes());
        let mut found = Found::default();
        let mut seen = Vec::new();
        while lines.read(&mut found).unwrap() {
            assert!(found.bytes.len() <= MAX_LINE_BYTES);
            let front = String::from_utf8(found.bytes[..3].to_vec()).unwrap();
            seen.push((lines.number(), front, found.is_too_long, found.is_open));
        }
        let line =
            |number, front: &str, is_too_long, is_open| (number, front.to_owned(), is_too_long, is_open);
        let expected = [
            line(1, "one", false, false),
            line(4, "xxx", true, false),
            line(5, "two", false, false),
            line(6, "thr", false, true),
        ];
        assert_eq!(seen, expected);
    }
}
