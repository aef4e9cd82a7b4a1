//! Goes through a folder and everything in it, in one order, always the same.
//!
//! Folders are listed one at a time and sorted by the bytes of their names, so memory is that of the widest folder
//! on the way down, not of the tree. This only tells pictures from the rest by name; what a product is, `folder`
//! decides. Links to folders inside the root are not followed (what they show is walked anyway); links that lead
//! outside are followed, each target once, so that no ring of links can hold the walk.

use super::RowFailure;
use super::shown::path_line;
use crate::catalog::Location;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What the walk comes upon.
pub(super) enum Found {
    /// A folder is entered; everything up to the next folder of the same depth is in it.
    Folder(PathBuf),
    /// A file that may be a picture.
    Picture {
        /// For reading it.
        location: Location,
        /// Below the root.
        relative: PathBuf,
    },
    /// Left out on purpose.
    Ignored(Ignored),
    /// Something that ought to have been readable.
    Fault {
        /// Below the root.
        relative: PathBuf,
        /// What to tell.
        failure: RowFailure,
    },
}

/// Why a file is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ignored {
    /// Its name starts with a dot.
    Hidden,
    /// Its extension, lower case, is one that no picture has.
    NotAPicture(String),
    /// A link to a folder that is walked under its own name.
    InnerLink,
    /// A catalog of ours that lies inside the source.
    Catalog,
}

/// Extensions of what lies beside product photos without being one. Everything else is given to the decoder, which
/// looks at the content.
const NOT_PICTURES: &[&str] = &[
    "7z", "avi", "bak", "bz2", "css", "csv", "db", "doc", "docx", "eml", "gz", "htm", "html", "ini", "js",
    "json", "jsonl", "lnk", "log", "m4a", "m4v", "md", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "ndjson",
    "ods", "odt", "parquet", "pdf", "ppt", "pptx", "py", "rar", "rst", "rtf", "sh", "sql", "sqlite", "tar",
    "tgz", "toml", "tsv", "txt", "wav", "webm", "xls", "xlsx", "xml", "xmp", "yaml", "yml", "zip",
];

/// Extensions pictures have: a folder with such a name that holds nothing is worth telling.
const PICTURES: &[&str] = &[
    "avif", "bmp", "gif", "heic", "heif", "jfif", "jpe", "jpeg", "jpg", "jxl", "png", "svg", "tif", "tiff",
    "webp",
];

struct Level {
    items: std::vec::IntoIter<Item>,
    relative: PathBuf,
    path: PathBuf,
    /// Reached through a link that leads out of the root.
    outside: bool,
}

struct Item {
    name: OsString,
    kind: Kind,
}

enum Kind {
    Folder,
    Link,
    File,
    Unreadable(io::Error),
}

/// The walk; an iterator over what is found.
pub(super) struct Walk {
    /// Canonical.
    root: PathBuf,
    levels: Vec<Level>,
    followed: HashSet<PathBuf>,
}

impl Walk {
    /// Starts at `root`, which must be canonical.
    ///
    /// # Errors
    /// When the root itself cannot be listed.
    pub(super) fn new(root: &Path) -> io::Result<Self> {
        let items = list(root)?.into_iter();
        let level = Level { items, relative: PathBuf::new(), path: root.to_owned(), outside: false };
        Ok(Self { root: root.to_owned(), levels: vec![level], followed: HashSet::new() })
    }

    fn enter(&mut self, path: PathBuf, relative: PathBuf, outside: bool) -> Found {
        // A walk that was led outside may come back to the root from above.
        if outside && path == self.root {
            return Found::Ignored(Ignored::InnerLink);
        }
        if extension(path.as_os_str()).as_deref() == Some("lookalike") {
            return Found::Ignored(Ignored::Catalog);
        }
        match list(&path) {
            Err(error) => fault(relative, &self.root, format!("the folder cannot be listed: {error}")),
            Ok(items) if items.is_empty() && has_extension(relative.as_os_str(), PICTURES) => fault(
                relative,
                &self.root,
                "is an empty folder with a picture's name: remove it, or put the picture in its place".into(),
            ),
            Ok(items) => {
                self.levels.push(Level {
                    items: items.into_iter(),
                    relative: relative.clone(),
                    path,
                    outside,
                });
                Found::Folder(relative)
            }
        }
    }

    fn follow(&mut self, path: PathBuf, relative: PathBuf, outside: bool) -> Found {
        let is_folder = fs::metadata(&path).is_ok_and(|found| found.is_dir());
        if !is_folder {
            // A link to a file is that file; one to nothing is reported by whoever reads it.
            return Found::Picture { location: Location::File(path), relative };
        }
        match fs::canonicalize(&path) {
            Err(error) => fault(relative, &self.root, format!("the link cannot be followed: {error}")),
            Ok(target) if target.starts_with(&self.root) || !self.followed.insert(target.clone()) => {
                Found::Ignored(Ignored::InnerLink)
            }
            Ok(target) if outside && self.levels.iter().any(|level| level.path == target) => {
                Found::Ignored(Ignored::InnerLink)
            }
            Ok(target) => self.enter(target, relative, true),
        }
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let level = self.levels.last_mut()?;
            let Some(Item { name, kind }) = level.items.next() else {
                self.levels.pop();
                continue;
            };
            let (path, relative, outside) =
                (level.path.join(&name), level.relative.join(&name), level.outside);
            if name.as_encoded_bytes().starts_with(b".") {
                return Some(Found::Ignored(Ignored::Hidden));
            }
            return Some(match kind {
                Kind::Folder => self.enter(path, relative, outside),
                Kind::Unreadable(error) => fault(relative, &self.root, format!("cannot be read: {error}")),
                Kind::Link | Kind::File => match judge_name(&name) {
                    Some(reason) => Found::Ignored(reason),
                    None if matches!(kind, Kind::Link) => self.follow(path, relative, outside),
                    None => Found::Picture { location: Location::File(path), relative },
                },
            });
        }
    }
}

fn fault(relative: PathBuf, root: &Path, reason: String) -> Found {
    let place = path_line(&root.join(&relative));
    Found::Fault { relative, failure: RowFailure { place, reason } }
}

fn list(folder: &Path) -> io::Result<Vec<Item>> {
    let mut items = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_dir() => Kind::Folder,
            Ok(kind) if kind.is_symlink() => Kind::Link,
            Ok(_) => Kind::File,
            Err(error) => Kind::Unreadable(error),
        };
        items.push(Item { name: entry.file_name(), kind });
    }
    items.sort_unstable_by(|a, b| a.name.as_encoded_bytes().cmp(b.name.as_encoded_bytes()));
    Ok(items)
}

/// Why a file of that name is left out unread, if it is.
pub(super) fn judge_name(name: &OsStr) -> Option<Ignored> {
    extension(name).filter(|found| NOT_PICTURES.contains(&found.as_str())).map(Ignored::NotAPicture)
}

/// True for a name that a picture would have.
pub(super) fn is_picture_name(name: &OsStr) -> bool {
    has_extension(name, PICTURES)
}

fn extension(name: &OsStr) -> Option<String> {
    Path::new(name).extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase)
}

fn has_extension(name: &OsStr, among: &[&str]) -> bool {
    extension(name).is_some_and(|found| among.contains(&found.as_str()))
}
