//! Why an index could not be read, written or asked.

use std::path::PathBuf;

/// Why an index could not be read, written or asked. [`Self::is_rebuildable`] tells damage that a rebuild from the
/// store cures from trouble that it would meet again.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// There is no snapshot yet.
    #[error("there is no index snapshot at {}: it is written again from the store", .0.display())]
    Missing(PathBuf),
    /// Another kind of file.
    #[error("{} is not an index snapshot: it is written again from the store", .0.display())]
    NotASnapshot(PathBuf),
    /// Written by a program that lays it out differently.
    #[error("index snapshot {} has layout version {found}, this program reads {expected}: it is written again from the store", path.display())]
    OtherVersion {
        /// The snapshot.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The one this program reads and writes.
        expected: u32,
    },
    /// Of another length than its header says, normally shorter.
    #[error("index snapshot {} has {found} bytes instead of {expected}: it is written again from the store", path.display())]
    Truncated {
        /// The snapshot.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
        /// The length it should have.
        expected: u64,
    },
    /// Contradicts its own checksums or counts.
    #[error("index snapshot {} is damaged in its {part}: it is written again from the store", path.display())]
    Corrupt {
        /// The snapshot.
        path: PathBuf,
        /// Which part.
        part: &'static str,
    },
    /// Holds vectors that must not be compared with the caller's.
    #[error("index snapshot {} is of encoder {found}, not of {expected}: it is written again from the store", path.display())]
    OtherEncoder {
        /// The snapshot.
        path: PathBuf,
        /// What made its vectors.
        found: String,
        /// What was asked for.
        expected: String,
    },
    /// The disk, permissions.
    #[error("cannot {action} index snapshot {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// As the system reports it.
        source: std::io::Error,
    },
    /// A vector of another length.
    #[error("a vector has {found} dimensions, the index has {expected}: is it of the same encoder?")]
    Dimensions {
        /// Of the vector.
        found: usize,
        /// Of the index.
        expected: usize,
    },
    /// No vectors of that length can be indexed.
    #[error("vectors of {0} dimensions cannot be indexed: 1 to {max} can", max = super::quantize::MAX_DIMENSIONS)]
    UnsupportedDimensions(usize),
    /// NaN, infinity, or far from unit length.
    #[error(
        "a vector holds a value that is not a number, or is longer than a million: encoders give unit vectors"
    )]
    NotFinite,
    /// Rows were not given in the order a snapshot has.
    #[error("row {key} was given after row {previous}: a snapshot takes keys in ascending order, each once")]
    KeyOrder {
        /// The row that was given.
        key: u64,
        /// The one before it.
        previous: u64,
    },
    /// More rows than announced, or than an index can number.
    #[error("an index snapshot was announced to hold at most {0} rows and was given more")]
    TooManyRows(u64),
    /// The encoder's name or digest does not fit the header.
    #[error(
        "the name and digest of encoder {0} are too long for an index snapshot: 1,024 bytes each at most"
    )]
    EncoderName(String),
}

impl IndexError {
    /// Whether writing the snapshot again from the store is the cure.
    pub fn is_rebuildable(&self) -> bool {
        matches!(
            self,
            Self::Missing(_)
                | Self::NotASnapshot(_)
                | Self::OtherVersion { .. }
                | Self::Truncated { .. }
                | Self::Corrupt { .. }
                | Self::OtherEncoder { .. }
        )
    }
}
