//! Where the library may lie, and loading the first that can be.

use super::release::LIBRARY;
use lookalike_vision::neural::session::SessionError;
use lookalike_vision::neural::session::onnxruntime::{self, Version};
use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What came of the search.
#[derive(Debug, Clone)]
pub enum Found {
    /// It is loaded.
    Loaded {
        /// From where; a bare file name when the system's loader knew where.
        path: PathBuf,
        /// Which.
        version: Version,
    },
    /// It is not; networks run in rten.
    Absent {
        /// Libraries that are there and cannot be loaded.
        unusable: Vec<Tried>,
    },
}

/// A library that is there and cannot be loaded.
#[derive(Debug, Clone)]
pub struct Tried {
    /// Where.
    pub path: PathBuf,
    /// Why not.
    pub reason: String,
}

/// A place to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// Named by the operator: that one or none.
    Named(PathBuf),
    /// Looked at if a file is there.
    File(PathBuf),
    /// For the system's loader to find.
    System(PathBuf),
}

/// The folder of the user's that [`super::Installer`] fills: `$XDG_DATA_HOME/lookalike/runtime`, else
/// `~/.local/share/lookalike/runtime`. Absent where neither is set.
pub fn folder() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local").join("share")))?;
    Some(data.join("lookalike").join("runtime"))
}

fn all_places() -> Vec<Place> {
    if let Some(named) = env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        return vec![Place::Named(named.into())];
    }
    let beside = env::current_exe().ok().and_then(|program| Some(program.parent()?.join(LIBRARY)));
    let files = beside.into_iter().chain(folder().map(|folder| folder.join(LIBRARY)));
    let mut places: Vec<Place> = files.map(Place::File).collect();
    // The second is what distributions' packages without development files have.
    let system: &[&str] =
        if cfg!(target_os = "linux") { &[LIBRARY, "libonnxruntime.so.1"] } else { &[LIBRARY] };
    places.extend(system.iter().map(|name| Place::System(name.into())));
    places
}

/// The places that are looked in, in order: `ORT_DYLIB_PATH` alone when it is set; else beside the program, in
/// [`folder`], and where the system's loader looks.
pub fn places() -> Vec<PathBuf> {
    let path = |place| match place {
        Place::Named(path) | Place::File(path) | Place::System(path) => path,
    };
    all_places().into_iter().map(path).collect()
}

/// Loads the library, once for the process. When that cannot be done, one line of the log says what is lost and how to
/// come by it.
pub fn find_and_load() -> Found {
    static FOUND: OnceLock<Found> = OnceLock::new();
    let search = || {
        let found = search(&all_places(), onnxruntime::load);
        match &found {
            Found::Loaded { path, version } => {
                tracing::debug!("ONNX Runtime {version} loaded from {}", path.display());
            }
            Found::Absent { unusable } => {
                let why: String = unusable.iter().map(|tried| format!("; {}", tried.reason)).collect();
                tracing::warn!(
                    "ONNX Runtime is not there, so networks run in rten: 1.5 times as long, and int8 ones without gain; \
                     `lookalike runtime install` brings it{why}"
                );
            }
        }
        found
    };
    FOUND.get_or_init(search).clone()
}

fn search(places: &[Place], load: impl Fn(&Path) -> Result<Version, SessionError>) -> Found {
    let mut unusable = Vec::new();
    for place in places {
        let (path, is_told) = match place {
            Place::Named(path) => (path, true),
            Place::File(path) if path.is_file() => (path, true),
            Place::File(_) => continue,
            // That the system has none is no fault.
            Place::System(name) => (name, false),
        };
        match load(path) {
            Ok(version) => return Found::Loaded { path: path.clone(), version },
            Err(error) if is_told => {
                unusable.push(Tried { path: path.clone(), reason: error.to_string() });
            }
            Err(_) => {}
        }
    }
    Found::Absent { unusable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_cannot_be_loaded_is_told_and_the_next_is_tried() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there.so");
        std::fs::write(&there, "no library").unwrap();
        let asked = std::cell::RefCell::new(Vec::new());
        let load = |path: &Path| {
            asked.borrow_mut().push(path.to_path_buf());
            Err(SessionError::Absent("cannot".to_owned()))
        };
        let missing = folder.path().join("missing.so");
        let places =
            [Place::File(missing.clone()), Place::File(there.clone()), Place::System("system.so".into())];
        let Found::Absent { unusable } = search(&places, load) else { panic!("loaded") };
        assert_eq!(*asked.borrow(), [there.clone(), "system.so".into()]);
        assert_eq!(unusable.iter().map(|tried| &tried.path).collect::<Vec<_>>(), [&there]);
        // One that the operator names is told even when it is missing.
        let Found::Absent { unusable } = search(&[Place::Named(missing.clone())], load) else {
            panic!("loaded")
        };
        assert_eq!(unusable[0].path, missing);
    }
}
