//! A file of ABO's, gzip or not, from front to end.

use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

/// Longest line in bytes.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// The unpacked content.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::with_capacity(256 << 10, File::open(path)?);
    let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    if is_gzip {
        return Ok(Box::new(BufReader::with_capacity(256 << 10, MultiGzDecoder::new(file))));
    }
    Ok(Box::new(file))
}

/// Reads the next line into `line`; false at the end. Of one that is too long nothing is left, and it is told.
pub(super) fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let read = input.take(MAX_LINE_BYTES + 1).read_until(b'\n', line)?;
    if read == 0 {
        return Ok(None);
    }
    let is_whole = read as u64 <= MAX_LINE_BYTES;
    if !is_whole {
        line.clear();
        input.skip_until(b'\n')?;
    }
    Ok(Some(is_whole))
}
