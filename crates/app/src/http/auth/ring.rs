//! The file of keys as a running server knows it: read again when it changes, so that a key which is added or revoked
//! counts without a restart.

use super::keys::{Entry, Keys, KeysError};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How long a server goes without looking whether the file changed: how long a revoked key may still count.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Keys out of a file that may change.
#[derive(Debug)]
pub struct KeyRing {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    keys: Keys,
    /// When the file was changed and how long it was; none while there is none.
    version: Option<(Option<SystemTime>, u64)>,
    looked: Instant,
}

impl KeyRing {
    /// The keys in `path`; a file that is not there yet may come later.
    ///
    /// # Errors
    /// When it cannot be read, or is no file of keys.
    pub fn open(path: PathBuf) -> Result<Self, KeysError> {
        let version = version(&path);
        let known = Known { keys: Keys::read(&path)?, version, looked: Instant::now() };
        Ok(Self { path, known: Mutex::new(known) })
    }

    /// How many keys there are.
    pub fn count(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).keys.entries().len()
    }

    /// The key that somebody shows, if it is one.
    pub(super) fn recognise(&self, shown: &str) -> Option<Entry> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.looked.elapsed() >= LOOK_EVERY {
            known.looked = Instant::now();
            let version = version(&self.path);
            if version != known.version {
                match Keys::read(&self.path) {
                    Ok(keys) => {
                        tracing::info!(keys = keys.entries().len(), "the keys have changed");
                        known.keys = keys;
                        known.version = version;
                    }
                    // Nobody is locked out by a slip of an editor: the file is read again at the next look.
                    Err(error) => {
                        tracing::error!(%error, "the keys cannot be read; those known before still count")
                    }
                }
            }
        }
        known.keys.recognise(shown).cloned()
    }
}

fn version(path: &std::path::Path) -> Option<(Option<SystemTime>, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok(), metadata.len()))
}
