//! A file of this process's own for what comes from elsewhere and has to be read more than once.
//!
//! It lies in a folder of its own in the system's place for temporary files (`TMPDIR`), readable by this user alone, and
//! is gone with the value that stands for it.

use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};

/// A temporary file.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    path: PathBuf,
}

impl Spool {
    /// Makes an empty file. `name` is what it is to be called, as far as a file may be called that.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn create(name: &str) -> io::Result<(Self, File)> {
        let front = std::env::temp_dir().join(format!("lookalike-{}-", std::process::id()));
        let name: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '/' | '\\')).collect();
        let name = if matches!(name.as_str(), "" | "." | "..") { "source".to_owned() } else { name };
        let mut tries = 0;
        let folder = loop {
            let chance = RandomState::new().hash_one(tries);
            let mut folder = front.clone().into_os_string();
            folder.push(format!("{chance:016x}"));
            match make_private(Path::new(&folder)) {
                Ok(()) => break PathBuf::from(folder),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < 16 => tries += 1,
                Err(error) => return Err(error),
            }
        };
        let spool = Self { path: folder.join(name), folder };
        let file = File::options().write(true).create_new(true).open(&spool.path)?;
        Ok((spool, file))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

impl Drop for Spool {
    fn drop(&mut self) {
        // What is left is the system's to clear away.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_for_as_long_as_it_is_held() {
        let (spool, _) = Spool::create("feed.csv").unwrap();
        let (other, _) = Spool::create("feed.csv").unwrap();
        assert!(spool.path().ends_with("feed.csv") && spool.path() != other.path());
        let path = spool.path().to_owned();
        drop(spool);
        assert!(!path.exists() && !path.parent().unwrap().exists() && other.path().exists());
        let (odd, _) = Spool::create("../..\n").unwrap();
        assert_eq!(odd.path().file_name().unwrap(), "....");
        assert!(Spool::create("..").unwrap().0.path().ends_with("source"));
    }
}
