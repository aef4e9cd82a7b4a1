//! Networks run by ONNX Runtime, from a shared library that is loaded when the program runs.
//!
//! [`load`] is called once, with a path that somebody else found (`lookalike-engine`'s `models::runtime`); until then
//! every session is [`SessionError::Absent`]. Only the CPU provider is used, without telemetry, and nothing of the
//! library's own log reaches standard error: what goes wrong comes back as an error.
//!
//! Memory: the library's arena keeps the largest run's buffers for the next; without its memory patterns, which are
//! kept for every shape seen, that is all, so changing batch sizes cost no more than the largest.

mod raw;
mod session;

pub(super) use session::OrtSession;

use super::SessionError;
use crate::contained::contained;
use ort::environment::Environment;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The version of an ONNX Runtime, as far as it tells itself apart: 1.`minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    minor: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

/// The library, once it is loaded; never unloaded.
struct Loaded {
    environment: Environment,
    version: Version,
}

static LOADED: OnceLock<Loaded> = OnceLock::new();

/// Loads the library at `path` for the rest of the process; a bare file name is looked up as the system's loader does.
/// Where one is loaded already, nothing happens and its version is given.
///
/// A library runs code as soon as it is loaded: `path` must be one that the operator trusts.
///
/// # Errors
/// When it is no ONNX Runtime of at least version 1.22, or was made for another machine. Another path can then be tried.
pub fn load(path: &Path) -> Result<Version, SessionError> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = LOADED.get() {
        return Ok(loaded.version);
    }
    let absent = |reason: String| SessionError::Absent(format!("{}: {reason}", path.display()));
    let build = || -> Result<Loaded, String> {
        let builder = ort::init_from(path).map_err(|error| error.to_string())?;
        let silent = |_, _: &str, _: &str, _: &str, _: &str| {};
        let environment = builder
            .with_name("lookalike")
            .with_telemetry(false)
            .with_logger(Arc::new(silent))
            .build()
            .map_err(|error| error.to_string())?;
        let minor = ort::util::probe(path).ok_or("it tells no version")?;
        Ok(Loaded { environment, version: Version { minor } })
    };
    // The wrapper asserts what it expects of a library.
    let loaded =
        contained(build).map_err(|_| absent("it is not an ONNX Runtime that can be used".to_owned()))?;
    let loaded = loaded.map_err(absent)?;
    Ok(LOADED.get_or_init(|| loaded).version)
}

/// Whether [`load`] has succeeded.
pub fn loaded() -> bool {
    LOADED.get().is_some()
}

/// The version that is loaded.
pub fn version() -> Option<Version> {
    LOADED.get().map(|loaded| loaded.version)
}

fn environment() -> Result<&'static Environment, SessionError> {
    let absent = || {
        SessionError::Absent(
            "install it with `lookalike runtime install`, or use the engine `rten`".to_owned(),
        )
    };
    LOADED.get().map(|loaded| &loaded.environment).ok_or_else(absent)
}
