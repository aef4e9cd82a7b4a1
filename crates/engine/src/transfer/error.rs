//! What keeps a whole export or import from being done; what is wrong with one line is a
//! [`LineFailure`](super::LineFailure).

use crate::store::StoreError;
use std::io;

/// A catalog was not written out whole.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The catalog cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be written.
    #[error("cannot write what is exported{}", if source.kind() == io::ErrorKind::StorageFull { ": the disk is full" } else { "" })]
    Write {
        /// The system's reason.
        source: io::Error,
    },
    /// The matrix of an encoder that the catalog does not have.
    #[error("the catalog has no encoder {asked:?}, it has {known}")]
    UnknownEncoder {
        /// The name asked for.
        asked: String,
        /// The names it has.
        known: String,
    },
    /// Asked to stop.
    #[error("stopped before the end: nothing was written")]
    Stopped,
}

/// Lines that cannot be taken into a catalog at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("line {line} cannot be read, and neither can what comes after it")]
    Read {
        /// Where it ended; the first is 1.
        line: u64,
        /// The system's reason.
        source: io::Error,
    },
    /// The first line is not that of an export.
    #[error("line 1 {0}: what `lookalike export` writes was expected")]
    NotAnExport(String),
    /// Written by a later program.
    #[error(
        "the file has format version {found} and this program reads version {known}: use a newer lookalike"
    )]
    Newer {
        /// The file's.
        found: u64,
        /// This program's.
        known: u64,
    },
    /// The catalog's vectors are made by others.
    #[error(
        "the file has vectors of [{offered}] and the catalog of [{stored}]: import into a new folder, or bring the \
         catalog to the same encoders with `lookalike encoders` first"
    )]
    OtherEncoders {
        /// Of the file.
        offered: String,
        /// Of the catalog.
        stored: String,
    },
    /// The catalog cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}
