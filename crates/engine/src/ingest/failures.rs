//! The failures file: what failed, where and why, for a person or the next tool.
//!
//! CSV by RFC 4180 with the columns `file`, `stage` and `reason`, one line per item (line breaks within names are
//! written `\n`). It grows beside its final name while the run goes on and takes that name at the end, so a file of
//! that name is always of a whole run. After a run without failures there is none.

use super::event::Failure;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The failures file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the failures file {path}")]
pub struct FailuresFileError {
    path: PathBuf,
    source: io::Error,
}

/// A failures file that is being written.
#[derive(Debug)]
pub struct FailuresFile {
    path: PathBuf,
    partial: PathBuf,
    rows: csv::Writer<File>,
    count: u64,
}

impl FailuresFile {
    /// Starts the file that will be called `path`; until the end it is `path` with `.partial` added.
    ///
    /// # Errors
    /// When it cannot be created; better known before the run than after.
    pub fn create(path: &Path) -> Result<Self, FailuresFileError> {
        let mut name: OsString = path.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        let file =
            File::create(&partial).map_err(|source| FailuresFileError { path: partial.clone(), source })?;
        let rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(file);
        let mut created = Self { path: path.to_owned(), partial, rows, count: 0 };
        created.line(["file", "stage", "reason"])?;
        Ok(created)
    }

    /// Adds a line; it is in the file when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(&mut self, failure: &Failure) -> Result<(), FailuresFileError> {
        self.count += 1;
        self.line([&failure.place, failure.stage.as_str(), &failure.reason])
    }

    /// Gives the file its name, in place of an earlier run's. Gives the path, or none when nothing failed and there
    /// is no file any more.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn finish(self) -> Result<Option<PathBuf>, FailuresFileError> {
        let Self { path, partial, rows, count } = self;
        let written = rows.into_inner().map_err(|error| io::Error::other(error.to_string()));
        let ended = written.and_then(|file| file.sync_all()).and_then(|()| {
            if count > 0 {
                return fs::rename(&partial, &path);
            }
            fs::remove_file(&partial)?;
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        });
        match ended {
            Ok(()) => Ok((count > 0).then_some(path)),
            Err(source) => Err(FailuresFileError { path, source }),
        }
    }

    fn line<T: AsRef<[u8]>>(&mut self, cells: [T; 3]) -> Result<(), FailuresFileError> {
        let written = self.rows.write_record(cells).map_err(io::Error::other);
        written
            .and_then(|()| self.rows.flush())
            .map_err(|source| FailuresFileError { path: self.partial.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Stage;

    fn failure(place: &str, reason: &str) -> Failure {
        Failure { place: place.into(), stage: Stage::Decode, reason: reason.into() }
    }

    #[test]
    fn lines_are_there_at_once_and_the_name_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failures.csv");
        fs::write(&path, "of an earlier run").unwrap();
        let mut file = FailuresFile::create(&path).unwrap();
        file.record(&failure("a, \"b\".jpg", "is empty (0 bytes)")).unwrap();
        let partial = fs::read_to_string(folder.path().join("failures.csv.partial")).unwrap();
        assert_eq!(partial, "file,stage,reason\r\n\"a, \"\"b\"\".jpg\",decode,is empty (0 bytes)\r\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "of an earlier run");
        assert_eq!(file.finish().unwrap(), Some(path.clone()));
        assert_eq!(fs::read_to_string(&path).unwrap(), partial);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_run_without_failures_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failures.csv");
        fs::write(&path, "of an earlier run").unwrap();
        assert_eq!(FailuresFile::create(&path).unwrap().finish().unwrap(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let error = FailuresFile::create(&folder.path().join("no/failures.csv")).unwrap_err();
        assert!(error.to_string().contains("no/failures.csv"), "{error}");
    }
}
