//! The right to change one model, held by one process at a time.
//!
//! It is an advisory lock on `.NAME.lock` in the models' folder, which ends with the process that holds it. The file
//! stays: removing it would let two processes each lock a file of that name.

use super::error::ModelsError;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// The right to change one model; ends when dropped.
#[derive(Debug)]
pub(super) struct ModelLock {
    _file: File,
}

impl ModelLock {
    /// Takes it, without waiting.
    pub(super) fn take(root: &Path, name: &str) -> Result<Self, ModelsError> {
        let path = root.join(format!(".{name}.lock"));
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(ModelsError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Best effort: where the pid cannot be read, the message says so.
                let read = file.take(32).read_to_string(&mut text);
                let pid = read.ok().and_then(|_| text.trim().parse().ok());
                return Err(ModelsError::Busy { name: name.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(ModelsError::io("lock", &path)(error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(error) = written {
            // The lock holds without the pid; only another process' message is poorer.
            tracing::warn!(path = %path.display(), %error, "cannot write the pid into the lock file");
        }
        Ok(Self { _file: file })
    }
}
