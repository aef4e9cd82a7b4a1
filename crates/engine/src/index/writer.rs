//! Writes a snapshot in one pass over the rows, with flat memory.
//!
//! Columns are written side by side, each through its own buffer, into a file beside the final one; the header comes
//! last, then the bytes are made durable and the file is renamed. A writer that is dropped unfinished, or a process
//! that is killed, leaves the snapshot that was there before.

use super::error::IndexError;
use super::layout::{Header, plan};
use super::quantize::{check_dimensions, quantize_row};
use super::segment::Row;
use lookalike_vision::encoder::EncoderId;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const BUFFER_BYTES: usize = 1 << 18;

/// Takes rows in ascending key order and becomes a snapshot when finished.
#[derive(Debug)]
pub struct SnapshotWriter {
    path: PathBuf,
    partial: PathBuf,
    header: Header,
    at_most_rows: u64,
    columns: Vec<Column>,
    last_key: Option<u64>,
    codes: Vec<u8>,
    is_finished: bool,
}

#[derive(Debug)]
struct Column {
    file: BufWriter<File>,
    crc: crc32fast::Hasher,
    bytes: u64,
}

impl Column {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

impl SnapshotWriter {
    /// Begins a snapshot that will be at `path` and hold up to `at_most_rows` rows of `encoder`, as the store had
    /// them at `sequence`. One writer per path at a time.
    ///
    /// # Errors
    /// When the file cannot be made, or the encoder's vectors cannot be indexed.
    pub fn create(
        path: &Path,
        encoder: &EncoderId,
        sequence: u64,
        at_most_rows: u64,
    ) -> Result<Self, IndexError> {
        check_dimensions(encoder.dimensions)?;
        if u32::try_from(at_most_rows).is_err() {
            return Err(IndexError::TooManyRows(u64::from(u32::MAX)));
        }
        let sections = plan(at_most_rows, encoder.dimensions)
            .ok_or(IndexError::UnsupportedDimensions(encoder.dimensions))?;
        let header =
            Header { encoder: encoder.clone(), rows: 0, sequence, file_bytes: 0, longest: 0.0, sections };
        header.encode()?;
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let mut writer = Self {
            path: path.into(),
            partial: name.into(),
            header,
            at_most_rows,
            columns: Vec::new(),
            last_key: None,
            codes: Vec::new(),
            is_finished: false,
        };
        writer.open_columns().map_err(|source| writer.failed("create", source))?;
        Ok(writer)
    }

    fn open_columns(&mut self) -> io::Result<()> {
        File::create(&self.partial)?;
        for section in self.header.sections {
            // Handles of their own, because clones of one would share their position.
            let mut file = OpenOptions::new().write(true).open(&self.partial)?;
            file.seek(SeekFrom::Start(section.offset))?;
            let file = BufWriter::with_capacity(BUFFER_BYTES, file);
            self.columns.push(Column { file, crc: crc32fast::Hasher::new(), bytes: 0 });
        }
        Ok(())
    }

    /// Adds a row. After an error the writer can only be dropped, unless the error is about `row` itself.
    ///
    /// # Errors
    /// When the key is not above the one before, the vector is not one, there are more rows than announced, or the
    /// disk is full.
    pub fn push(&mut self, row: &Row<'_>) -> Result<(), IndexError> {
        if let Some(previous) = self.last_key.filter(|&last| last >= row.key.0) {
            return Err(IndexError::KeyOrder { key: row.key.0, previous });
        }
        if self.header.rows == self.at_most_rows {
            return Err(IndexError::TooManyRows(self.at_most_rows));
        }
        self.codes.clear();
        let scale = quantize_row(row.vector, self.header.encoder.dimensions, &mut self.codes)?;
        self.last_key = Some(row.key.0);
        self.header.rows += 1;
        self.header.longest = self.header.longest.max(scale.norm);
        let cells: [&[u8]; 8] = [
            &row.key.0.to_le_bytes(),
            &row.product.to_le_bytes(),
            &row.phash.to_le_bytes(),
            bytemuck::cast_slice(&row.pdq),
            &scale.scale.to_le_bytes(),
            &scale.error.to_le_bytes(),
            &self.codes,
            bytemuck::cast_slice(row.vector),
        ];
        let written = self.columns.iter_mut().zip(cells).try_for_each(|(column, cell)| column.write(cell));
        written.map_err(|source| self.failed("write", source))
    }

    /// Makes the snapshot durable and puts it in the place of the one before.
    ///
    /// # Errors
    /// When the disk is full or fails; the snapshot that was there before is then still there.
    pub fn finish(mut self) -> Result<(), IndexError> {
        let columns = std::mem::take(&mut self.columns);
        for (section, mut column) in self.header.sections.iter_mut().zip(columns) {
            if let Err(source) = column.file.flush() {
                return Err(self.failed("write", source));
            }
            (section.bytes, section.crc) = (column.bytes, column.crc.finalize());
        }
        let end =
            |header: &Header| header.sections.iter().map(|section| section.offset + section.bytes).max();
        self.header.file_bytes = end(&self.header).unwrap_or(0);
        let header = self.header.encode()?;
        self.complete(&header).map_err(|source| self.failed("finish", source))?;
        self.is_finished = true;
        Ok(())
    }

    fn complete(&self, header: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(&self.partial)?;
        file.set_len(self.header.file_bytes)?;
        file.write_all(header)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&self.partial, &self.path)?;
        // The rename itself is durable once the folder is. Elsewhere folders cannot be opened as files.
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn failed(&self, action: &'static str, source: io::Error) -> IndexError {
        IndexError::Io { action, path: self.partial.clone(), source }
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        if !self.is_finished
            && let Err(error) = std::fs::remove_file(&self.partial)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.partial.display(), %error, "an unfinished index snapshot stays behind");
        }
    }
}
