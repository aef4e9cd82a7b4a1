//! Parquet files, told by their first bytes.
//!
//! Rows become lines of JSON in a temporary file, a row group at a time, and are read as such: columns, nested ones
//! (`media.main.url`) and lists mean what they mean there. Times and decimals are written as text, binary as base64.
//! Needs the feature `parquet`; without it, a Parquet file is named as what it is.

use super::{Source, SourceError, SourceOptions};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The first and last four bytes of every Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";

/// Whether the file at `path` begins as Parquet does.
pub(super) fn is_at(path: &Path) -> Result<bool, SourceError> {
    let mut front = Vec::new();
    let file = File::open(path).map_err(SourceError::io(path))?;
    file.take(MAGIC.len() as u64).read_to_end(&mut front).map_err(SourceError::io(path))?;
    Ok(front == MAGIC)
}

/// Opens the Parquet file at `path`.
#[cfg(feature = "parquet")]
pub(super) fn open(path: &Path, options: &SourceOptions) -> Result<Box<dyn Source>, SourceError> {
    use super::copied::copied;
    use super::{ImageBase, SourceFormat};
    use crate::source::shown::path_line;
    let place = std::fs::canonicalize(path).map_err(SourceError::io(path))?;
    let base = || ImageBase::Folder(place.parent().unwrap_or(Path::new("/")).to_owned());
    let options = SourceOptions {
        format: Some(SourceFormat::JsonLines),
        image_base: Some(options.image_base.clone().unwrap_or_else(base)),
        ..options.clone()
    };
    let file = File::open(path).map_err(SourceError::io(path))?;
    copied((path_line(path), Some(("Parquet", "row"))), "rows.jsonl", &options, |out| {
        rows::write(file, out).map_err(|error| error.to_string())
    })
}

/// Says what the build lacks.
#[cfg(not(feature = "parquet"))]
pub(super) fn open(path: &Path, _: &SourceOptions) -> Result<Box<dyn Source>, SourceError> {
    let reason = "is a Parquet file, which this build does not read: build it with `cargo build --release --features \
                  parquet`, or save the table as CSV or JSON lines";
    Err(SourceError::malformed(path, reason))
}

#[cfg(feature = "parquet")]
mod rows {
    //! The file's rows as lines.

    use lookalike_vision::contained::contained;
    use parquet::errors::ParquetError;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use std::fs::File;
    use std::io::Write;

    /// Why rows cannot be read, in fragments that follow the file's name.
    #[derive(Debug, thiserror::Error)]
    pub(super) enum RowsError {
        #[error("is a damaged Parquet file: {0}")]
        Parquet(String),
        #[error("cannot be copied to this machine: {0}")]
        Write(#[from] std::io::Error),
        #[error("has no rows: one for each product or photo was expected")]
        Empty,
    }

    impl From<ParquetError> for RowsError {
        fn from(error: ParquetError) -> Self {
            Self::Parquet(error.to_string())
        }
    }

    /// Writes every row of `file` to `out`, a line each.
    pub(super) fn write(file: File, out: &mut dyn Write) -> Result<(), RowsError> {
        // The file may be anybody's, and its reader has not been made for such.
        let written = contained(|| {
            let reader = SerializedFileReader::new(file)?;
            let mut rows = 0_u64;
            for group in 0..reader.num_row_groups() {
                let group = reader.get_row_group(group)?;
                for row in group.get_row_iter(None)? {
                    serde_json::to_writer(&mut *out, &row?.to_json_value()).map_err(std::io::Error::from)?;
                    out.write_all(b"\n")?;
                    rows += 1;
                }
            }
            if rows == 0 { Err(RowsError::Empty) } else { Ok(()) }
        });
        written.unwrap_or_else(|_| Err(RowsError::Parquet("its reader failed on it".to_owned())))
    }
}
