//! Why a model cannot be had, in words that name it and the cure.
//!
//! What the hub or the network did is `hub`'s own error; here it is joined with how to go on without them.

use super::digest::Digest;
use super::hub::HubError;
use super::page::PageError;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A model that cannot be had, added or removed.
#[derive(Debug, thiserror::Error)]
pub enum ModelsError {
    /// Not a name that models can have.
    #[error(
        "`{0}` is no name for a model: use 1 to 64 lower-case letters, digits, `-`, `_` or `.`, not beginning with `.`"
    )]
    Name(String),
    /// A built-in encoder's name.
    #[error(
        "`{0}` is the name of a built-in encoder, which has no files: it needs neither pulling nor adding, and its name is taken"
    )]
    Reserved(String),
    /// Neither in the folder nor in the registry.
    #[error(
        "there is no model `{name}`: there are {known} (`lookalike models list`), and `lookalike models add` takes your own"
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// Names that would do.
        known: String,
    },
    /// In the registry, not in the folder.
    #[error(
        "the model {name} is not on this machine: fetch it with `lookalike models pull {name}`, or add its files with `lookalike models add {name} --image FILE.onnx`"
    )]
    NotPulled {
        /// Its name.
        name: String,
    },
    /// In the registry, without a place to fetch it from.
    #[error(
        "{name} cannot be pulled: {reason}; add your own file with `lookalike models add {name} --image FILE.onnx`"
    )]
    NowhereToPull {
        /// Its name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Added or pulled already.
    #[error(
        "there is a model {name} already: remove it with `lookalike models remove {name}`, or choose another name"
    )]
    Exists {
        /// Its name.
        name: String,
    },
    /// Another process works on it.
    #[error("the model {name} is being pulled, added or removed by another process ({}): wait for it, or stop it", pid.map_or_else(|| "pid unknown".to_owned(), |pid| format!("pid {pid}")))]
    Busy {
        /// Its name.
        name: String,
        /// The other process, where it could be read.
        pid: Option<u32>,
    },
    /// A file that was to be added.
    #[error("{} {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the cure.
        reason: String,
    },
    /// What was said of a model that was to be added does not fit together.
    #[error("{0}")]
    Addition(String),
    /// A page of TOML.
    #[error("{}: {reason}", path.display())]
    Page {
        /// The page.
        path: PathBuf,
        /// What is wrong with it, on one line.
        reason: String,
    },
    /// The network does not do what its page says.
    #[error("the model {name} cannot be used: {reason}")]
    Unusable {
        /// Its name.
        name: String,
        /// What it does instead, and the cure where there is one.
        reason: String,
    },
    /// A file that is no longer the one that was accepted.
    #[error(
        "{} is not the file that was accepted for the model {name} (its SHA-256 is {found}, and {expected} was recorded): \
         put the right file back, or remove the model with `lookalike models remove {name}` and fetch it again",
        path.display()
    )]
    Changed {
        /// The model's name.
        name: String,
        /// The file.
        path: PathBuf,
        /// What was recorded.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// A folder that this program did not make.
    #[error("{} is no model's folder ({reason}): move it away, or name another folder with LOOKALIKE_MODELS", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// How that is told.
        reason: String,
    },
    /// No home to keep models in.
    #[error(
        "no folder for models: set LOOKALIKE_MODELS to one (neither it nor XDG_DATA_HOME nor HOME is set)"
    )]
    NoFolder,
    /// The hub did not give a file.
    #[error("cannot pull {name}: {cause}; {by_hand}")]
    Pull {
        /// The model's name.
        name: String,
        /// What the hub or the network did; told in full, and so no source.
        cause: Box<HubError>,
        /// How to go on without.
        by_hand: String,
    },
    /// Stopped on request.
    #[error("stopped: what was fetched of {name} stays, and the same command goes on from there")]
    Stopped {
        /// Its name.
        name: String,
    },
    /// The folder or a file in it cannot be read or written.
    #[error("cannot {action} {}{}", path.display(), cure_of(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

fn cure_of(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::PermissionDenied => {
            " (give this user the right to it, or name another folder with LOOKALIKE_MODELS)"
        }
        ErrorKind::ReadOnlyFilesystem => " (name another folder with LOOKALIKE_MODELS)",
        ErrorKind::StorageFull => " (free some space and run the same command again)",
        _ => "",
    }
}

impl ModelsError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    pub(super) fn page(path: &Path) -> impl FnOnce(PageError) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| {
            // A TOML error quotes the page between bars; where that is stands in its first line.
            let said = source.to_string();
            let words = said.lines().filter(|line| {
                !line
                    .trim_start()
                    .trim_start_matches(|c: char| c.is_ascii_digit())
                    .trim_start()
                    .starts_with('|')
            });
            let words: Vec<&str> = words.map(str::trim).filter(|line| !line.is_empty()).collect();
            Self::Page { path, reason: words.join(": ") }
        }
    }
}
