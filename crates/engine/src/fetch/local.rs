//! Photos on this machine, as files or inside archives (those are `member`'s).
//!
//! Only regular files are read: a pipe or a device would block or never end, so what a path is gets checked before
//! it is opened, and again after. A file that changes under the reader is read once more, and then refused. Which
//! paths may be named is not decided here; they come from the operator's own catalog.

use super::member;
use super::photo::{Photo, PhotoReader, ReadError, Stat};
use crate::catalog::Location;
use lookalike_vision::decode::Limits;
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::Read as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Reads [`Location::File`]s and [`Location::Member`]s.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalReader;

impl PhotoReader for LocalReader {
    fn stat(&self, location: &Location) -> Result<Option<Stat>, ReadError> {
        if let Location::Member { archive, name } = location {
            return member::stat(archive, name).map(Some);
        }
        let found = std::fs::metadata(path_of(location)?)?;
        check_kind(found.file_type())?;
        Ok(Some(stat_of(&found)))
    }

    fn read(&self, location: &Location, limits: &Limits) -> Result<Photo, ReadError> {
        if let Location::Member { archive, name } = location {
            return member::read(archive, name, limits);
        }
        let path = path_of(location)?;
        match read_once(path, limits) {
            Err(ReadError::Changed) => read_once(path, limits),
            outcome => outcome,
        }
    }
}

fn path_of(location: &Location) -> Result<&Path, ReadError> {
    match location {
        Location::File(path) => Ok(path),
        Location::Url(_) => {
            Err(ReadError::Unsupported("it is an address on the web, and only files are read"))
        }
        Location::Member { archive, .. } => Ok(archive),
        Location::Uploaded(_) => {
            Err(ReadError::Unsupported("it was uploaded, and is in the folder of its own catalog alone"))
        }
        Location::Object(_) => {
            Err(ReadError::Unsupported("it is in an object store, and only files are read"))
        }
    }
}

fn read_once(path: &Path, limits: &Limits) -> Result<Photo, ReadError> {
    check_kind(std::fs::metadata(path)?.file_type())?;
    let file = open(path)?;
    let before = file.metadata()?;
    check_kind(before.file_type())?;
    let Limits { max_bytes, .. } = *limits;
    if before.len() > max_bytes {
        return Err(ReadError::TooLarge { bytes: before.len(), max_bytes });
    }
    let expected = usize::try_from(before.len()).unwrap_or_default();
    let mut bytes = Vec::with_capacity(expected + 1);
    // One byte more than there should be, to see a file that grows.
    (&file).take(before.len() + 1).read_to_end(&mut bytes)?;
    if bytes.len() != expected || stat_of(&file.metadata()?) != stat_of(&before) {
        return Err(ReadError::Changed);
    }
    Ok(Photo { bytes: bytes.into(), modified_ns: stat_of(&before).modified_ns })
}

/// Opens without waiting for a writer, should the path have become a pipe since it was looked at.
fn open(path: &Path) -> Result<File, ReadError> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NONBLOCK);
    }
    Ok(options.open(path)?)
}

fn stat_of(found: &Metadata) -> Stat {
    let modified_ns = found.modified().ok().and_then(|time| match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).ok(),
        Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|ns| -ns),
    });
    Stat { bytes: found.len(), modified_ns }
}

fn check_kind(kind: FileType) -> Result<(), ReadError> {
    if kind.is_file() {
        return Ok(());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let special = [
            (kind.is_fifo(), "a pipe"),
            (kind.is_socket(), "a socket"),
            (kind.is_char_device() || kind.is_block_device(), "a device"),
        ];
        if let Some((_, name)) = special.into_iter().find(|(is, _)| *is) {
            return Err(ReadError::NotAFile(name));
        }
    }
    Err(ReadError::NotAFile(if kind.is_dir() { "a folder" } else { "something special" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path, max_bytes: u64) -> Result<Photo, ReadError> {
        LocalReader.read(&Location::File(path.to_owned()), &Limits { max_bytes, ..Limits::default() })
    }

    #[test]
    fn a_file_is_read_with_its_time_and_what_is_none_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jpg");
        std::fs::write(&file, [7; 100]).unwrap();
        let photo = read(&file, 100).unwrap();
        assert_eq!(photo.bytes, [7; 100].as_slice());
        let stat = LocalReader.stat(&Location::File(file.clone())).unwrap().unwrap();
        assert_eq!(stat, Stat { bytes: 100, modified_ns: photo.modified_ns });
        assert!(stat.modified_ns.unwrap() > 1_600_000_000_000_000_000);

        assert!(matches!(read(&file, 99), Err(ReadError::TooLarge { bytes: 100, max_bytes: 99 })));
        assert!(matches!(read(folder.path(), 99), Err(ReadError::NotAFile("a folder"))));
        assert!(matches!(read(&folder.path().join("none"), 99), Err(ReadError::Missing)));
        let web = Location::Url("https://shop.example/a.jpg".into());
        assert!(matches!(LocalReader.read(&web, &Limits::default()), Err(ReadError::Unsupported(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_a_device_and_a_ring_of_links_neither_block_nor_pass() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.jpg");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert!(matches!(read(&pipe, 99), Err(ReadError::NotAFile("a pipe"))));
        assert!(open(&pipe).is_ok(), "opening must not wait for a writer");
        assert!(matches!(read(Path::new("/dev/zero"), 99), Err(ReadError::NotAFile("a device"))));
        let ring = folder.path().join("ring.jpg");
        std::os::unix::fs::symlink(&ring, &ring).unwrap();
        assert!(matches!(read(&ring, 99), Err(ReadError::Failed(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_permission_is_refused_by_name() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jpg");
        std::fs::write(&file, b"x").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
        match File::open(&file) {
            Ok(_) => println!("skipped: this user may read everything"),
            Err(_) => assert!(matches!(read(&file, 99), Err(ReadError::Permission))),
        }
    }
}
