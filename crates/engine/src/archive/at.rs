//! A file that several readers read at once, each at its own place.
//!
//! Reading never moves the file's own position, so a place costs an offset and no second open file. Where `zip`, `tar`
//! or a table of rows wants something that reads and seeks, it gets one of these.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// A reader of a shared file.
#[derive(Debug, Clone)]
pub(crate) struct FileAt {
    file: Arc<File>,
    at: u64,
}

impl FileAt {
    /// At the file's front.
    pub(crate) fn new(file: Arc<File>) -> Self {
        Self { file, at: 0 }
    }
}

/// Reads at `offset` without moving the file's own position.
pub(crate) fn read_at(file: &File, into: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, into, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, into, offset);
}

impl Read for FileAt {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = read_at(&self.file, into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for FileAt {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        let before_front = || io::Error::new(io::ErrorKind::InvalidInput, "a place before the file's front");
        self.at = target.ok_or_else(before_front)?;
        Ok(self.at)
    }
}
