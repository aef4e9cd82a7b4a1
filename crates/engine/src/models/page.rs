//! `model.toml`: how a model is fed and read, and which files it consists of.
//!
//! ```toml
//! name = "clip-vit-b32"            # the description, as in `vision::neural::Description`
//! # ...
//! [origin]                         # only for a model of the registry
//! repository = "Xenova/clip-vit-base-patch32"
//! revision = "4c1807b705b1d015fb032789cc4d221b23025a6f"
//!
//! [files.image]                    # also `text` and `tokenizer`, where there is a text tower
//! name = "image.onnx"
//! bytes = 351685709
//! sha256 = "fd6e..."
//! modified_ns = 1763743712000000000
//! pinned = "registry"
//! ```
//!
//! Nothing here touches the files that a page names; that is `folder`'s and `load`'s.

use super::digest::Digest;
use lookalike_vision::neural::Description;
use lookalike_vision::neural::description::DescriptionError;
use serde::{Deserialize, Serialize};
use toml::Table;

/// All that is known of a model whose files are there.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelPage {
    /// How it is fed and read.
    pub description: Description,
    /// Where it came from, unless it is the user's own.
    pub origin: Option<CameFrom>,
    /// Its files.
    pub files: Files,
}

/// A place on the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameFrom {
    /// Owner and name.
    pub repository: String,
    /// Commit; absent where the hub did not say which it served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// The files of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The network for pictures.
    pub image: KeptFile,
    /// The network for words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<KeptFile>,
    /// What cuts words into tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<KeptFile>,
}

/// A file in a model's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptFile {
    /// Its name in the folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its digest when it was accepted.
    pub sha256: Digest,
    /// When it was last written, in nanoseconds since 1970, as the file system says. While length and time are these,
    /// the digest is not computed again.
    pub modified_ns: i64,
    /// Who says that this is the right digest.
    pub pinned: Pin,
}

/// Who says that a digest is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pin {
    /// The registry that comes with this program: the file is what the hub's pages stated when the entry was written.
    Registry,
    /// Nobody: it is what came when the model was pulled, and what is expected since.
    FirstUse,
    /// The user, who added the file.
    Own,
}

impl Pin {
    /// The word used in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::FirstUse => "first-use",
            Self::Own => "own",
        }
    }
}

impl Files {
    /// Those that are there, image first.
    pub fn iter(&self) -> impl Iterator<Item = &KeptFile> {
        [Some(&self.image), self.text.as_ref(), self.tokenizer.as_ref()].into_iter().flatten()
    }

    /// All lengths together.
    pub fn bytes(&self) -> u64 {
        self.iter().map(|file| file.bytes).fold(0, u64::saturating_add)
    }

    /// The weakest pin of all.
    pub fn pinned(&self) -> Pin {
        self.iter().map(|file| file.pinned).max().unwrap_or(Pin::Own)
    }
}

/// A page that says nothing usable.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Not TOML, or not what is expected there.
    #[error(transparent)]
    Syntax(#[from] toml::de::Error),
    /// Not expressible in TOML.
    #[error(transparent)]
    Unwritable(#[from] toml::ser::Error),
    /// The part that describes the network makes no sense.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// A file name that leads elsewhere.
    #[error("`{0}` is not the name of a file in the model's folder")]
    FileName(String),
    /// A tower without its file, or a file without its tower.
    #[error("`text` and the files `text` and `tokenizer` must be there together")]
    TextFiles,
}

/// The tables of a page that are not the description.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<CameFrom>,
    files: Files,
}

/// Reads the description out of a page with further tables, which are taken out of it first.
pub(super) fn split(page: &str, further: &[&str]) -> Result<(Description, Table), PageError> {
    let mut table: Table = page.parse()?;
    let mut rest = Table::new();
    for key in further {
        if let Some(value) = table.remove(*key) {
            rest.insert((*key).to_owned(), value);
        }
    }
    let description: Description = table.try_into()?;
    description.check()?;
    Ok((description, rest))
}

impl ModelPage {
    /// Reads a page and checks that its parts fit together.
    ///
    /// # Errors
    /// What does not fit.
    pub fn parse(page: &str) -> Result<Self, PageError> {
        let (description, rest) = split(page, &["origin", "files"])?;
        let Rest { origin, files } = rest.try_into()?;
        let page = Self { description, origin, files };
        page.check()?;
        Ok(page)
    }

    fn check(&self) -> Result<(), PageError> {
        for KeptFile { name, .. } in self.files.iter() {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(plain) {
                return Err(PageError::FileName(name.clone()));
            }
        }
        let text = self.description.text.is_some();
        if self.files.text.is_some() != text || self.files.tokenizer.is_some() != text {
            return Err(PageError::TextFiles);
        }
        Ok(())
    }

    /// The page as TOML.
    ///
    /// # Errors
    /// Never for a page that can be read.
    pub fn to_toml(&self) -> Result<String, PageError> {
        self.check()?;
        let rest = Rest { origin: self.origin.clone(), files: self.files.clone() };
        Ok(format!("{}\n{}", self.description.to_toml()?, toml::to_string(&rest)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"
        name = "tiny"
        dimensions = 8
        licence = "MIT"
        [image]
        resize = { rule = "squash", px = 32, filter = "bilinear" }
        mean = [0.48145466, 0.5, 0.5]
        std = [0.5, 0.5, 0.5]
        [origin]
        repository = "somebody/tiny"
        [files.image]
        name = "image.onnx"
        bytes = 3
        sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        modified_ns = 1763743712000000000
        pinned = "first-use"
    "#;

    #[test]
    fn a_page_survives_being_written_and_read() {
        let page = ModelPage::parse(PAGE).unwrap();
        assert_eq!((page.files.bytes(), page.files.pinned()), (3, Pin::FirstUse));
        assert_eq!(ModelPage::parse(&page.to_toml().unwrap()).unwrap(), page);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (from, to, named) in [
            ("image.onnx", "../image.onnx", "`../image.onnx` is not the name of a file"),
            ("image.onnx", ".hidden", "`.hidden` is not the name of a file"),
            ("ba7816bf", "", "a SHA-256 is 64 hexadecimal digits"),
            ("bytes = 3", "bytes = -3", "u64"),
            ("first-use", "never", "unknown variant `never`"),
            ("[files.image]", "[files.video]", "unknown field `video`"),
            ("\"tiny\"", "\"\"", "`name`"),
            ("[origin]", "[text]\ntokenizer = \"clip\"\ncontext = 77\n[origin]", "must be there together"),
        ] {
            let error = ModelPage::parse(&PAGE.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
