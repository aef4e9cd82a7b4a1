//! Lines of a file with their numbers and offsets, none of them longer than is sensible.

use crate::archive::FileAt;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};

/// What came of reading a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum LineRead {
    /// The file ended before it.
    End,
    /// Here it is.
    Line,
    /// It is longer than allowed; it was passed over and only its front was given.
    TooLong,
}

/// A file, line by line.
pub(in crate::source) struct Lines {
    input: BufReader<FileAt>,
    offset: u64,
    line: u64,
}

impl Lines {
    /// From where `input` is, which is the file's front.
    pub(in crate::source) fn new(input: FileAt) -> Self {
        Self { input: BufReader::with_capacity(64 << 10, input), offset: 0, line: 1 }
    }

    /// Offset in bytes and number of the line that comes next.
    pub(in crate::source) fn position(&self) -> (u64, u64) {
        (self.offset, self.line)
    }

    /// Goes to where [`Lines::position`] said `offset` and `line`.
    pub(in crate::source) fn seek(&mut self, offset: u64, line: u64) -> io::Result<()> {
        if self.offset != offset {
            match i64::try_from(offset).ok().zip(i64::try_from(self.offset).ok()) {
                // Keeps what is buffered where the way is short.
                Some((to, from)) => self.input.seek_relative(to - from)?,
                None => self.input.seek(SeekFrom::Start(offset)).map(|_| ())?,
            }
        }
        (self.offset, self.line) = (offset, line);
        Ok(())
    }

    /// Appends the next line, with its line break, to `into`, as far as `into` stays within `limit` bytes.
    pub(in crate::source) fn read(&mut self, into: &mut Vec<u8>, limit: usize) -> io::Result<LineRead> {
        let mut outcome = LineRead::End;
        loop {
            let buffered = self.input.fill_buf()?;
            if buffered.is_empty() {
                break;
            }
            if outcome == LineRead::End {
                outcome = LineRead::Line;
            }
            let end = buffered.iter().position(|&byte| byte == b'\n');
            let length = end.map_or(buffered.len(), |end| end + 1);
            let room = limit.saturating_sub(into.len());
            if length > room {
                outcome = LineRead::TooLong;
            }
            into.extend(buffered.iter().take(length.min(room)));
            self.input.consume(length);
            self.offset += length as u64;
            if end.is_some() {
                break;
            }
        }
        if outcome != LineRead::End {
            self.line += 1;
        }
        Ok(outcome)
    }
}
