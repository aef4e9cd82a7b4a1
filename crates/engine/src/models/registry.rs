//! The models that this program knows by name: a TOML page each, with where its files are to be had.
//!
//! A page is a description as in `vision::neural::Description`, and a table `[origin]`:
//!
//! ```toml
//! [origin]
//! repository = "Xenova/clip-vit-base-patch32"
//! revision = "4c1807b705b1d015fb032789cc4d221b23025a6f"   # a commit; without one, what `main` is when pulled
//! verified = false                                        # whether this project has run it with its real weights
//!
//! [origin.image]                                          # also `text` and `tokenizer`
//! path = "onnx/vision_model.onnx"
//! bytes = 351685709                                       # where the hub's pages state it to the byte
//! sha256 = "fd6e..."                                      # as the hub's pages state it; else pinned on first use
//! repository = "..."                                      # where it is not the entry's, with its `revision`
//! ```
//!
//! A model that nobody is known to offer as ONNX has `unavailable = "why"` instead of a repository. Nothing here fetches:
//! that is `pull`'s.

use super::digest::Digest;
use super::error::ModelsError;
use super::page::{PageError, split};
use lookalike_vision::neural::Description;
use serde::Deserialize;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longest page that is read.
const PAGE_BYTES: u64 = 1 << 20;

const PAGES: [&str; 10] = [
    include_str!("registry/resnet50-v1.toml"),
    include_str!("registry/resnet50-v2.toml"),
    include_str!("registry/inception-v3.toml"),
    include_str!("registry/clip-rn50.toml"),
    include_str!("registry/clip-vit-b32.toml"),
    include_str!("registry/clip-vit-b32-laion2b.toml"),
    include_str!("registry/clip-vit-b32-datacomp.toml"),
    include_str!("registry/siglip2-b32-256.toml"),
    include_str!("registry/dinov2-small.toml"),
    include_str!("registry/marqo-fashion-siglip.toml"),
];

/// A model that is known by name.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryEntry {
    /// How it is fed and read.
    pub description: Description,
    /// Where it is to be had.
    pub origin: Origin,
    /// Whether this project has run it with its real weights.
    pub verified: bool,
    /// What else is to be known.
    pub note: Option<String>,
}

/// Where a model is to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the Hugging Face hub.
    Hub(Box<HubOrigin>),
    /// Nowhere that we know, for this reason.
    Unavailable(String),
}

/// A repository on the Hugging Face hub, and files in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubOrigin {
    /// Owner and name.
    pub repository: String,
    /// A commit; absent for whatever `main` is when it is pulled.
    pub revision: Option<String>,
    /// The network for pictures.
    pub image: OriginFile,
    /// The network for words.
    pub text: Option<OriginFile>,
    /// What cuts words into tokens.
    pub tokenizer: Option<OriginFile>,
}

/// A file in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginFile {
    /// Its path in the repository.
    pub path: String,
    /// Another repository than the entry's.
    pub repository: Option<String>,
    /// That repository's commit.
    pub revision: Option<String>,
    /// Its length, where the hub's pages state it to the byte.
    pub bytes: Option<u64>,
    /// Its digest as the hub's pages state it; without one, the first that comes is taken and kept.
    pub sha256: Option<Digest>,
}

impl HubOrigin {
    /// Its files, image first.
    pub fn files(&self) -> impl Iterator<Item = &OriginFile> {
        [Some(&self.image), self.text.as_ref(), self.tokenizer.as_ref()].into_iter().flatten()
    }

    /// All lengths together, where all are known.
    pub fn bytes(&self) -> Option<u64> {
        self.files().map(|file| file.bytes).sum()
    }

    /// Whether all digests are fixed.
    pub fn is_pinned(&self) -> bool {
        self.files().all(|file| file.sha256.is_some())
    }
}

/// `[origin]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OriginTable {
    unavailable: Option<String>,
    repository: Option<String>,
    revision: Option<String>,
    #[serde(default)]
    verified: bool,
    note: Option<String>,
    image: Option<OriginFile>,
    text: Option<OriginFile>,
    tokenizer: Option<OriginFile>,
}

#[derive(Deserialize)]
struct WithOrigin {
    origin: OriginTable,
}

impl RegistryEntry {
    /// Reads a page of the user's own.
    ///
    /// # Errors
    /// When it cannot be read or is not such a page.
    pub fn read(path: &Path) -> Result<Self, ModelsError> {
        let mut page = String::new();
        let read = File::open(path).and_then(|file| file.take(PAGE_BYTES).read_to_string(&mut page));
        read.map_err(ModelsError::io("read", path))?;
        Self::parse(&page).map_err(ModelsError::page(path))
    }

    /// Reads a page.
    ///
    /// # Errors
    /// When it is not such a page.
    fn parse(page: &str) -> Result<Self, PageError> {
        let (description, rest) = split(page, &["origin"])?;
        let WithOrigin { origin } = rest.try_into()?;
        let OriginTable { unavailable, repository, revision, verified, note, image, text, tokenizer } =
            origin;
        let origin = match (repository, image) {
            (Some(repository), Some(image)) => {
                if description.text.is_some() != (text.is_some() && tokenizer.is_some()) {
                    return Err(PageError::TextFiles);
                }
                Origin::Hub(Box::new(HubOrigin { repository, revision, image, text, tokenizer }))
            }
            _ => Origin::Unavailable(unavailable.unwrap_or_default()),
        };
        Ok(Self { description, origin, verified, note })
    }
}

/// All of them, in the order in which they are shown.
pub fn entries() -> Vec<RegistryEntry> {
    // The pages are part of this program, and a test reads each of them.
    PAGES.iter().filter_map(|page| RegistryEntry::parse(page).ok()).collect()
}

/// One by its name.
pub fn find(name: &str) -> Option<RegistryEntry> {
    entries().into_iter().find(|entry| entry.description.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::folder::check_name;

    #[test]
    fn every_page_is_whole() {
        for page in PAGES {
            let entry = RegistryEntry::parse(page).unwrap_or_else(|error| panic!("{error}: {page}"));
            let name = &entry.description.name;
            check_name(name).unwrap();
            assert!(!entry.verified, "{name}: no entry was run with real weights yet");
            match &entry.origin {
                Origin::Unavailable(why) => assert!(!why.is_empty(), "{name}: why is it not to be had?"),
                Origin::Hub(hub) => {
                    assert!(hub.repository.split('/').count() == 2, "{name}: {}", hub.repository);
                    let commit = |revision: &String| {
                        revision.len() == 40 && revision.chars().all(|c| c.is_ascii_hexdigit())
                    };
                    assert!(hub.revision.as_ref().is_none_or(commit), "{name}: {:?}", hub.revision);
                    for file in hub.files() {
                        assert_eq!(file.repository.is_some(), file.revision.is_some(), "{name}");
                        assert!(file.revision.as_ref().is_none_or(commit), "{name}: {:?}", file.revision);
                        assert!(
                            !file.path.starts_with('/') && !file.path.contains(".."),
                            "{name}: {}",
                            file.path
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn names_are_found_once() {
        let mut names: Vec<String> = entries().into_iter().map(|entry| entry.description.name).collect();
        assert_eq!(names.len(), PAGES.len());
        names.sort();
        names.dedup();
        assert_eq!(names.len(), PAGES.len());
        assert_eq!(find("clip-vit-b32").unwrap().description.dimensions, 512);
        assert!(find("look-1").is_none());
    }
}
