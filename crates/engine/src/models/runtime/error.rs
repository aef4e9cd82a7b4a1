//! Why ONNX Runtime was not installed, in words that name the cure.

use super::release::{LIBRARY, VERSION};
use std::io;
use std::path::{Path, PathBuf};

/// ONNX Runtime was not installed.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// No home to put it into.
    #[error("no folder to install into: set XDG_DATA_HOME or HOME")]
    NoFolder,
    /// Nobody publishes it for this machine.
    #[error(
        "there is no wheel of ONNX Runtime {VERSION} for {machine}: build its library, or take your distribution's, and \
         name it in ORT_DYLIB_PATH or put it at {}", library.display()
    )]
    NoWheel {
        /// System and architecture.
        machine: String,
        /// Where the library would be found.
        library: PathBuf,
    },
    /// `PIP_INDEX_URL` is no web address.
    #[error(
        "PIP_INDEX_URL is `{0}`, which is no http or https address: write it as https://host/simple, or unset it"
    )]
    Index(String),
    /// The client could not be made.
    #[error("cannot set up fetching: {0}")]
    Setup(String),
    /// The index does not have the file.
    #[error("{index} does not list {file}: {}", by_hand(.file, .folder))]
    NotListed {
        /// The page that was asked.
        index: String,
        /// The file looked for.
        file: String,
        /// Where it would have been installed.
        folder: PathBuf,
    },
    /// The network, or the server, failed.
    #[error(
        "{url} {reason}: check the network (HTTPS_PROXY names a proxy, PIP_INDEX_URL a mirror) and try again; or {}",
        by_hand(.file, .folder)
    )]
    Unreachable {
        /// The address.
        url: String,
        /// What happened.
        reason: String,
        /// The file looked for.
        file: String,
        /// Where it would have been installed.
        folder: PathBuf,
    },
    /// Not the file that was pinned.
    #[error(
        "{url} has the SHA-256 {found} and should have {expected}: what came was deleted; it was altered at the index or on \
         the way, so check PIP_INDEX_URL and the proxy; or {}", by_hand(.file, .folder)
    )]
    Checksum {
        /// Where it came from.
        url: String,
        /// What was pinned.
        expected: String,
        /// What came.
        found: String,
        /// The file looked for.
        file: String,
        /// Where it would have been installed.
        folder: PathBuf,
    },
    /// The wheel cannot be used.
    #[error("{}: {reason}: give a wheel of onnxruntime {VERSION} for this machine, whole", wheel.display())]
    Wheel {
        /// The file.
        wheel: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The library in the wheel cannot be loaded here.
    #[error(
        "the library in {} cannot be loaded on this machine, so it was not installed: {reason}", wheel.display()
    )]
    Unusable {
        /// The wheel.
        wheel: PathBuf,
        /// The loader's reason.
        reason: String,
    },
    /// Somebody else is at it.
    #[error("another `lookalike runtime install` is at work in {}: wait until it has ended", .0.display())]
    Busy(PathBuf),
    /// The disk is full.
    #[error("the disk of {} is full: free some space and try again; what was fetched stays", .0.display())]
    DiskFull(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Stopped on request.
    #[error("stopped; what was fetched stays, and the next `lookalike runtime install` goes on from there")]
    Stopped,
}

/// What to do without this machine's network.
fn by_hand(file: &str, folder: &Path) -> String {
    format!(
        "fetch {file} from https://pypi.org/project/onnxruntime/{VERSION}/#files elsewhere and run `lookalike runtime \
         install --from {file}`, or put the {LIBRARY} in it into {}",
        folder.display()
    )
}

impl RuntimeError {
    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(path.clone()),
            _ => Self::Io { path: path.clone(), source },
        }
    }
}
