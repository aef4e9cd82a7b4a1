//! The folder a catalog lives in: what belongs in it, how a new one is begun, and how another thing is told apart.
//!
//! ```text
//! shop.lookalike/
//!   catalog.sqlite (-wal, -shm)   everything that must not be lost
//!   writer.lock                   held by the one process that writes; holds its pid
//!   index/                        derived from catalog.sqlite, may be deleted at any time
//!   photos/                       photos from the web, kept by `fetch`, may be deleted at any time
//!   uploads/                      photos that callers handed in, which are nowhere else
//! ```
//!
//! Nothing here reads the database's content; that is `connection`'s.

use super::EmbeddedError;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

const DATABASE: &str = "catalog.sqlite";
const DATABASE_BEGUN: &str = "catalog.sqlite.new";
const LOCK: &str = "writer.lock";
const INDEX: &str = "index";

/// The first bytes of every SQLite 3 file: <https://www.sqlite.org/fileformat.html#magic_header_string>.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Paths within a catalog.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn database(&self) -> PathBuf {
        self.root.join(DATABASE)
    }

    /// The name a database has until it is complete; a leftover of a killed creation is no data.
    pub(super) fn database_begun(&self) -> PathBuf {
        self.root.join(DATABASE_BEGUN)
    }

    pub(super) fn index(&self) -> PathBuf {
        self.root.join(INDEX)
    }

    /// Which file the database is; `None` where there is none or the system does not tell.
    pub(super) fn identity(&self) -> Option<FileIdentity> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let found = fs::metadata(self.database()).ok()?;
            Some(FileIdentity { device: found.dev(), file: found.ino() })
        }
        #[cfg(not(unix))]
        None
    }

    /// Whether a catalog's database is here, whatever its state.
    pub(super) fn has_database(&self) -> bool {
        self.database().symlink_metadata().is_ok()
    }

    /// Fails unless this is a folder with a `catalog.sqlite` that starts like an SQLite file.
    pub(super) fn expect_catalog(&self) -> Result<(), EmbeddedError> {
        match fs::metadata(&self.root) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(EmbeddedError::NotAFolder(self.root.clone())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(EmbeddedError::Missing(self.root.clone()));
            }
            Err(error) => return Err(EmbeddedError::io("open", &self.root, error)),
        }
        let database = self.database();
        let mut magic = Vec::new();
        match File::open(&database).and_then(|file| file.take(16).read_to_end(&mut magic)) {
            Ok(_) if magic == SQLITE_MAGIC => Ok(()),
            Ok(0) => Err(self.not_a_catalog(
                "its catalog.sqlite is empty: restore it from a backup, or delete the folder and index again",
            )),
            Ok(_) => {
                Err(self
                    .not_a_catalog("its catalog.sqlite is not an SQLite database: is this the right folder?"))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(self.not_a_catalog("it holds no catalog.sqlite: make a catalog with `lookalike index`"))
            }
            Err(error) => Err(EmbeddedError::io("read", database, error)),
        }
    }

    fn not_a_catalog(&self, reason: &str) -> EmbeddedError {
        EmbeddedError::NotACatalog { path: self.root.clone(), reason: reason.into() }
    }

    /// Makes the folder where it does not exist, and fails where it holds anything but the remains of a creation
    /// that was killed.
    pub(super) fn begin(&self) -> Result<(), EmbeddedError> {
        match fs::create_dir_all(&self.root) {
            Ok(()) => {}
            Err(_) if self.root.is_file() => return Err(EmbeddedError::NotAFolder(self.root.clone())),
            Err(error) => return Err(EmbeddedError::io("make the folder", &self.root, error)),
        }
        if self.has_database() {
            return Err(EmbeddedError::AlreadyACatalog(self.root.clone()));
        }
        let entries = fs::read_dir(&self.root).map_err(|e| EmbeddedError::io("read", &self.root, e))?;
        for entry in entries {
            let name = entry.map_err(|e| EmbeddedError::io("read", &self.root, e))?.file_name();
            let name = name.to_string_lossy();
            if name != LOCK && !name.starts_with(DATABASE_BEGUN) {
                return Err(EmbeddedError::NotEmpty { path: self.root.clone(), example: name.into_owned() });
            }
        }
        Ok(())
    }

    /// Removes what a killed creation left. Only to be called by the holder of the writer lock.
    pub(super) fn remove_begun(&self) -> Result<(), EmbeddedError> {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let path = self.root.join(format!("{DATABASE_BEGUN}{suffix}"));
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(EmbeddedError::io("remove", path, error)),
            }
        }
        Ok(())
    }

    /// Gives the finished database its name, durably.
    pub(super) fn finish(&self) -> Result<(), EmbeddedError> {
        let (from, to) = (self.database_begun(), self.database());
        fs::rename(from, &to).map_err(|e| EmbeddedError::io("make", to, e))?;
        #[cfg(unix)]
        for folder in [Some(self.root.as_path()), self.root.parent()].into_iter().flatten() {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder)
                .and_then(|f| f.sync_all())
                .map_err(|e| EmbeddedError::io("sync", folder, e))?;
        }
        Ok(())
    }

    /// Takes the right to write, which ends when the returned lock is dropped or its process dies.
    pub(super) fn lock(&self) -> Result<WriterLock, EmbeddedError> {
        let path = self.root.join(LOCK);
        let failed = |e| EmbeddedError::io("open", &path, e);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Best effort: where the pid cannot be read, the message says so.
                let read = file.take(32).read_to_string(&mut text);
                let pid = read.ok().and_then(|_| text.trim().parse().ok());
                return Err(EmbeddedError::OpenElsewhere { path: self.root.clone(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(EmbeddedError::io("lock", &path, error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .and_then(|()| file.flush());
        if let Err(error) = written {
            // The lock holds without the pid (a full disk, for one); only another process' message is poorer.
            tracing::warn!(path = %path.display(), %error, "cannot write the pid into the lock file");
        }
        Ok(WriterLock { _file: file })
    }

    /// Bytes of all files in the folder, the index included, the kept photos not.
    pub(super) fn size_bytes(&self) -> Result<u64, EmbeddedError> {
        let mut total = 0;
        for folder in [self.root.clone(), self.index()] {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(EmbeddedError::io("read", folder, error)),
            };
            for entry in entries {
                // A file may go between being listed and being looked at.
                if let Ok(metadata) = entry.and_then(|e| e.metadata())
                    && metadata.is_file()
                {
                    total += metadata.len();
                }
            }
        }
        Ok(total)
    }
}

/// A file as the system knows it, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity {
    device: u64,
    file: u64,
}

/// The right to write a catalog, held as an advisory lock on `writer.lock`.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}
