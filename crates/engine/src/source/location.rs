//! From a cell that names a photo to where its bytes are.
//!
//! Catalog files name photos by a path beside the file, a path below some folder, or an address on the web. Nothing
//! is opened here. A path may be absolute or climb with `..`: the file is the operator's own, and so is the choice.

use super::SourceError;
use std::path::{Path, PathBuf};

use crate::catalog::Location;
use crate::fetch::object::is_object_address;

/// What photo names that are no full address are relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageBase {
    /// A folder.
    Folder(PathBuf),
    /// The front part of an address, such as `https://cdn.example.com/media/`.
    Url(String),
    /// The front part of an object's address, such as `s3://bucket/photos/`.
    Object(String),
}

impl ImageBase {
    /// An `http://` or `https://` address, one in an object store, or else a folder.
    pub fn parse(text: &str) -> Self {
        if is_web(text) {
            Self::Url(text.to_owned())
        } else if is_object_address(text) {
            Self::Object(text.to_owned())
        } else {
            Self::Folder(PathBuf::from(text))
        }
    }

    /// The same, a folder by its full path, so that a photo's location does not depend on where the program was started.
    ///
    /// # Errors
    /// When there is no such folder.
    pub(super) fn canonical(self) -> Result<Self, SourceError> {
        match self {
            Self::Url(_) | Self::Object(_) => Ok(self),
            Self::Folder(folder) => {
                Ok(Self::Folder(std::fs::canonicalize(&folder).map_err(SourceError::io(&folder))?))
            }
        }
    }
}

/// How one cell names several photos. Without one, a cell is one name, whatever is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSeparator {
    /// This text stands between the names.
    Text(String),
    /// The cell is a JSON array of strings.
    JsonArray,
}

impl ImageSeparator {
    /// `json` for JSON arrays, anything else stands for itself; an empty text is none.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" => None,
            "json" => Some(Self::JsonArray),
            other => Some(Self::Text(other.to_owned())),
        }
    }

    /// The names in `cell`, blanks around them removed and empty ones left out.
    ///
    /// # Errors
    /// When a JSON array was announced and the cell is not one of strings.
    pub(super) fn split(separator: Option<&Self>, cell: &str) -> Result<Vec<String>, String> {
        let kept = |name: &str| Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        match separator {
            None => Ok(kept(cell).into_iter().collect()),
            Some(Self::Text(text)) => Ok(cell.split(text.as_str()).filter_map(kept).collect()),
            Some(Self::JsonArray) if cell.trim().is_empty() => Ok(Vec::new()),
            Some(Self::JsonArray) => serde_json::from_str::<Vec<String>>(cell)
                .map(|names| names.iter().filter_map(|name| kept(name)).collect())
                .map_err(|error| format!("the image cell is not a JSON array of strings ({error})")),
        }
    }
}

/// Where the photo called `name` is.
///
/// # Errors
/// For an address of a kind that is not read.
pub(super) fn resolve(name: &str, base: &ImageBase) -> Result<Location, String> {
    if is_web(name) {
        return Ok(Location::Url(name.to_owned()));
    }
    if is_object_address(name) {
        return Ok(Location::Object(name.to_owned()));
    }
    if let Some((scheme, _)) = name.split_once("://") {
        if scheme.eq_ignore_ascii_case("file") {
            return url::Url::parse(name)
                .ok()
                .and_then(|address| address.to_file_path().ok())
                .map(Location::File)
                .ok_or_else(|| format!("{name} is no address of a file on this machine"));
        }
        if scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
            return Err(format!(
                "{name}: addresses with {scheme}:// are not read, only http, https, file, s3, gs and az"
            ));
        }
    }
    let joined = |front: &str| format!("{}/{}", front.trim_end_matches('/'), name.trim_start_matches('/'));
    match base {
        ImageBase::Url(front) => Ok(Location::Url(joined(front))),
        ImageBase::Object(front) => Ok(Location::Object(joined(front))),
        ImageBase::Folder(folder) => Ok(Location::File(folder.join(Path::new(name)))),
    }
}

/// Where the photo called `name` is, in a file that can only name what is on the web.
///
/// # Errors
/// When `name` is no address.
pub(super) fn resolve_web(name: &str) -> Result<Location, String> {
    match is_web(name) {
        true => Ok(Location::Url(name.to_owned())),
        false => {
            Err(format!("{name} is no http or https address: say what it is relative to with `--image-base`"))
        }
    }
}

fn is_web(text: &str) -> bool {
    let starts = |front: &str| text.get(..front.len()).is_some_and(|start| start.eq_ignore_ascii_case(front));
    starts("http://") || starts("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved_against_a_folder_or_an_address() {
        let folder = ImageBase::parse("/shop");
        let web = ImageBase::parse("https://cdn.example.com/media/");
        let at = |name: &str, base: &ImageBase| resolve(name, base).unwrap().to_string();
        assert_eq!(at("a/b c.jpg", &folder), "/shop/a/b c.jpg");
        assert_eq!(at("/else/b.jpg", &folder), "/else/b.jpg");
        assert_eq!(at("HTTPS://x.example/y.jpg", &folder), "HTTPS://x.example/y.jpg");
        assert_eq!(at("/a/b.jpg", &web), "https://cdn.example.com/media/a/b.jpg");
        assert_eq!(resolve("s3://b/key.jpg", &folder).unwrap(), Location::Object("s3://b/key.jpg".into()));
        let bucket = ImageBase::parse("s3://bucket/media");
        assert_eq!(
            resolve("/a/b c.jpg", &bucket).unwrap(),
            Location::Object("s3://bucket/media/a/b c.jpg".into())
        );
        assert!(resolve("ftp://host/key.jpg", &folder).unwrap_err().contains("ftp://"));
        #[cfg(unix)]
        assert_eq!(at("file:///else/b%20c.jpg", &web), "/else/b c.jpg");
    }

    #[test]
    fn a_cell_is_split_only_when_asked() {
        let split =
            |separator: &str, cell| ImageSeparator::split(ImageSeparator::parse(separator).as_ref(), cell);
        assert_eq!(split("", "a|b").unwrap(), ["a|b"]);
        assert_eq!(split("|", "a| b ||").unwrap(), ["a", "b"]);
        assert_eq!(split("json", r#"["a","b"]"#).unwrap(), ["a", "b"]);
        assert!(split("json", "").unwrap().is_empty());
        assert!(split("json", "a.jpg").unwrap_err().contains("JSON array"));
    }
}
