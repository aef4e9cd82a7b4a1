//! Everything that can go wrong with a catalog folder, in words that name the folder and the cure.
//!
//! `EmbeddedError::sqlite` is the one place that reads SQLite's result codes: a full disk, a damaged file and a
//! missing permission are told apart there, because their cures differ.

use super::folder::Folder;
use super::write::InvalidWrite;
use crate::index::IndexError;
use lookalike_vision::encoder::EncoderId;
use rusqlite::ffi::ErrorCode;
use std::path::PathBuf;

/// Why a catalog folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Nothing at that path.
    #[error("{} does not exist: make a catalog with `lookalike index {} SOURCE`", .0.display(), .0.display())]
    Missing(PathBuf),
    /// A file, where a folder should be.
    #[error("{} is a file, and a catalog is a folder: give the folder's path", .0.display())]
    NotAFolder(PathBuf),
    /// A folder with something else in it.
    #[error("{} is not a catalog: {reason}", path.display())]
    NotACatalog {
        /// The folder.
        path: PathBuf,
        /// What is there instead, and the cure.
        reason: String,
    },
    /// A new catalog was to be made among other files.
    #[error("{} already holds other files ({example}): give a new or an empty folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// One of them.
        example: String,
    },
    /// A new catalog was to be made where there is one.
    #[error("{} already is a catalog: open it, or give another folder", .0.display())]
    AlreadyACatalog(PathBuf),
    /// Made by a later program.
    #[error(
        "{} has schema version {found} and this program knows versions up to {known}: use a newer lookalike",
        path.display()
    )]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// Made by an earlier program, and opened for reading only.
    #[error(
        "{} has schema version {found} and needs to be brought to {needed}: open it for writing once, \
         for instance with `lookalike index`",
        path.display()
    )]
    Older {
        /// The folder.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The version this program reads.
        needed: i64,
    },
    /// Another writer has it.
    #[error(
        "{} is open for writing by another process ({}): wait for it or stop it; reading is possible meanwhile",
        path.display(), pid.map_or_else(|| "pid unknown".to_owned(), |pid| format!("pid {pid}"))
    )]
    OpenElsewhere {
        /// The folder.
        path: PathBuf,
        /// The process that wrote its id into the lock file, where that could be read.
        pid: Option<u32>,
    },
    /// A write to a catalog that was opened for reading.
    #[error("{} was opened for reading only: open it for writing", .0.display())]
    OpenedForReading(PathBuf),
    /// A write to a catalog that is another one by now.
    #[error(
        "{} was replaced or has other encoders since it was opened: open it again (restart what has it open)",
        .0.display()
    )]
    Stale(PathBuf),
    /// Other encoders are asked for than made the catalog's vectors.
    #[error(
        "{} holds vectors of [{stored}] and [{asked}] was asked for: use the catalog's encoders, change them with \
         `lookalike encoders`, or index into a new folder",
        path.display()
    )]
    OtherEncoders {
        /// The folder.
        path: PathBuf,
        /// Its encoders.
        stored: String,
        /// Those asked for.
        asked: String,
    },
    /// Encoders no catalog can have.
    #[error("a catalog cannot be made for these encoders: {0}")]
    InvalidEncoders(String),
    /// An encoder by a name that the catalog does not have.
    #[error(
        "{} has no encoder {asked:?}, it has {known}: add it with `lookalike encoders add {} {asked}`",
        path.display(), path.display()
    )]
    UnknownEncoder {
        /// The folder.
        path: PathBuf,
        /// The name asked for.
        asked: String,
        /// The names it has.
        known: String,
    },
    /// An encoder is to be added that is there already.
    #[error("{} has every vector of {name} already: there is nothing to add", path.display())]
    EncoderIsThere {
        /// The folder.
        path: PathBuf,
        /// The encoder.
        name: String,
    },
    /// An encoder's name stands for other weights than those that made the catalog's vectors.
    #[error(
        "{} has vectors of {stored} and this is {asked}: get the model that made them, or remove them with `lookalike \
         encoders remove {} {}` and add it anew",
        path.display(), path.display(), stored.name
    )]
    EncoderDiffers {
        /// The folder.
        path: PathBuf,
        /// What made the catalog's vectors.
        stored: Box<EncoderId>,
        /// What is at hand.
        asked: Box<EncoderId>,
    },
    /// An encoder is to be used that lacks vectors.
    #[error(
        "{lacking} photos of {} have no vector of {name} yet: go on with `lookalike encoders add {} {name}`",
        path.display(), path.display()
    )]
    EncoderUnfinished {
        /// The folder.
        path: PathBuf,
        /// The encoder.
        name: String,
        /// Images without its vector.
        lacking: u64,
    },
    /// The only encoder is to be removed.
    #[error(
        "{name} is the only encoder of {}, which cannot be without: add another with `lookalike encoders add` first",
        path.display()
    )]
    LastEncoder {
        /// The folder.
        path: PathBuf,
        /// The encoder.
        name: String,
    },
    /// A question by an encoder that another process removed.
    #[error("{name} was removed from {} since it was opened: open it again (restart what serves it)", path.display())]
    EncoderRemoved {
        /// The folder.
        path: PathBuf,
        /// The encoder.
        name: String,
    },
    /// The folder or a file in it cannot be reached.
    #[error("cannot {action} {}{}", path.display(), cure_of(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The disk is full.
    #[error("the disk of {} is full: free some space and run the same command again (nothing stored is lost)", .0.display())]
    DiskFull(PathBuf),
    /// The system refused to read or write the database, by its own reason.
    #[error(
        "the system failed to read or write the catalog {} while {doing}: check the disk, its free space and its \
         limits, then run the same command again (nothing stored is lost)",
        path.display()
    )]
    DiskFailure {
        /// The folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// The database contradicts itself.
    #[error(
        "the catalog {} is damaged ({reason}): restore it from a backup, or index its source into a new folder",
        path.display()
    )]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// SQLite refused for a reason of its own.
    #[error("the catalog {} failed while {doing}", path.display())]
    Sqlite {
        /// The folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// A batch that must not be stored.
    #[error(transparent)]
    Rejected(#[from] InvalidWrite),
    /// The index could not be read, written or asked.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A query vector of another length than the encoder's.
    #[error(
        "the query vector has {found} numbers and {encoder} makes {expected}: query with the catalog's encoder"
    )]
    QueryLength {
        /// The encoder.
        encoder: String,
        /// Its vectors' length.
        expected: usize,
        /// The query's.
        found: usize,
    },
    /// A query vector with a NaN or an infinity.
    #[error("the query vector holds a number that is not finite: encode the picture again")]
    QueryNotFinite,
    /// A query by an encoder that the catalog does not have.
    #[error("{} has {count} encoders and number {asked} was asked for", path.display())]
    NoSuchEncoder {
        /// The folder.
        path: PathBuf,
        /// How many it has.
        count: usize,
        /// The one asked for, counted from 0.
        asked: usize,
    },
}

fn cure_of(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => " (give this user the right to read and write the folder)",
        std::io::ErrorKind::ReadOnlyFilesystem => " (the file system is mounted read-only: copy the catalog)",
        std::io::ErrorKind::StorageFull => " (free some space and run the same command again)",
        _ => "",
    }
}

impl EmbeddedError {
    /// What SQLite's refusal means for the person whose catalog it is.
    pub(super) fn sqlite(folder: &Folder, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = folder.root().to_path_buf();
        // SQLite does not say why it cannot open a file; the system does, unless it is the folder that is denied.
        let denied = |action| {
            let reason = std::fs::File::open(folder.database()).err();
            let source = reason.unwrap_or_else(|| std::io::ErrorKind::PermissionDenied.into());
            Self::Io { action, path: folder.database(), source }
        };
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull(path),
            Some(ErrorCode::NotADatabase) => Self::NotACatalog {
                path,
                reason: "its catalog.sqlite is not an SQLite database: is this the right folder?".into(),
            },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, reason: source.to_string() },
            Some(ErrorCode::SystemIoFailure) => Self::DiskFailure { path, doing, source },
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => denied("open"),
            Some(ErrorCode::ReadOnly) => denied("write"),
            Some(_) => Self::Sqlite { path, doing, source },
            None => match source {
                // A value of the wrong type or shape: the row was not written by this program.
                rusqlite::Error::FromSqlConversionFailure(_, _, reason) => {
                    Self::Damaged { path, reason: reason.to_string() }
                }
                rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::QueryReturnedNoRows => Self::Damaged { path, reason: source.to_string() },
                source => Self::Sqlite { path, doing, source },
            },
        }
    }

    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { action, path: path.into(), source }
    }
}
