//! The folder that models lie in, one folder each.
//!
//! ```text
//! models/
//!   clip-vit-b32/        a model: complete, or not there at all
//!     model.toml         how it is fed and read; its files with their digests
//!     image.onnx  text.onnx  tokenizer.json
//!   .NAME.partial/       a pull under way or broken off; goes on where it was
//!   .NAME.adding/        an addition under way; worthless once its process has ended
//!   .NAME.removed/       a removal under way
//!   .NAME.lock           held by the process that changes the model
//! ```
//!
//! A model is built beside its place and renamed into it, so that whoever reads sees all of it or nothing. What goes
//! into it is `add`'s and `pull`'s, reading it `load`'s.

use super::error::ModelsError;
use super::identity;
use super::lock::ModelLock;
use super::page::ModelPage;
use super::registry::{self, RegistryEntry};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::look;
use std::env;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Names that no model can have: the built-in encoder's, and that of the descriptor it took the place of.
const BUILT_IN: [&str; 2] = [look::NAME, "look-0"];
const PAGE: &str = "model.toml";
/// Longest page that is read.
const PAGE_BYTES: u64 = 1 << 20;

/// The models of this machine and the ones it could fetch.
#[derive(Debug, Clone)]
pub struct Models {
    root: PathBuf,
}

/// A model that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelEntry {
    /// Its folder.
    pub folder: PathBuf,
    /// How it is fed and read, and its files.
    pub page: ModelPage,
}

impl ModelEntry {
    /// Where the network for pictures lies.
    pub fn image(&self) -> PathBuf {
        self.folder.join(&self.page.files.image.name)
    }

    /// Where the network for words lies.
    pub fn text(&self) -> Option<PathBuf> {
        self.page.files.text.as_ref().map(|file| self.folder.join(&file.name))
    }

    /// Where the tokenizer lies.
    pub fn tokenizer(&self) -> Option<PathBuf> {
        self.page.files.tokenizer.as_ref().map(|file| self.folder.join(&file.name))
    }

    /// What its vectors carry.
    pub fn id(&self) -> EncoderId {
        identity::id(&self.page)
    }
}

/// One line of the list.
#[derive(Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// In the folder, and in what state; absent where it is not.
    pub here: Option<Result<ModelEntry, ModelsError>>,
    /// In the registry.
    pub known: Option<RegistryEntry>,
    /// Whether a pull of it was broken off.
    pub begun: bool,
}

/// Whether a model can have this name.
///
/// # Errors
/// Says what names are like.
pub(super) fn check_name(name: &str) -> Result<(), ModelsError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if BUILT_IN.contains(&name) {
        return Err(ModelsError::Reserved(name.to_owned()));
    }
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(allowed) {
        return Err(ModelsError::Name(crate::source::shown::one_line(name)));
    }
    Ok(())
}

impl Models {
    /// The models in `folder`, which need not exist yet.
    pub fn at(folder: &Path) -> Self {
        Self { root: folder.to_path_buf() }
    }

    /// `LOOKALIKE_MODELS`, else `$XDG_DATA_HOME/lookalike/models`, else `~/.local/share/lookalike/models`.
    ///
    /// # Errors
    /// When none of them is set.
    pub fn default_folder() -> Result<PathBuf, ModelsError> {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(folder) = set("LOOKALIKE_MODELS") {
            return Ok(folder);
        }
        // The XDG specification: paths that are not absolute are to be ignored.
        let data = set("XDG_DATA_HOME").filter(|folder| folder.is_absolute());
        let data = data.or_else(|| set("HOME").map(|home| home.join(".local/share")));
        data.map(|folder| folder.join("lookalike/models")).ok_or(ModelsError::NoFolder)
    }

    /// Where they lie.
    pub fn folder(&self) -> &Path {
        &self.root
    }

    /// A model that is there.
    ///
    /// # Errors
    /// When it is not, or its page cannot be read.
    pub fn entry(&self, name: &str) -> Result<ModelEntry, ModelsError> {
        check_name(name)?;
        let folder = self.place(name);
        if !exists(&folder)? {
            return Err(self.absent(name));
        }
        read_entry(&folder, name)
    }

    /// What the vectors of a model that is there carry.
    ///
    /// # Errors
    /// As [`Self::entry`].
    pub fn id(&self, name: &str) -> Result<EncoderId, ModelsError> {
        Ok(self.entry(name)?.id())
    }

    /// What is there and what is known, by name.
    ///
    /// # Errors
    /// When the folder cannot be read. A model that cannot be used is listed with the reason.
    pub fn list(&self) -> Result<Vec<Listed>, ModelsError> {
        let mut listed: Vec<Listed> = registry::entries()
            .into_iter()
            .map(|entry| {
                let name = entry.description.name.clone();
                let begun = self.partial(&name).is_dir();
                Listed { name, here: None, known: Some(entry), begun }
            })
            .collect();
        let known = listed.len();
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(listed),
            Err(error) => return Err(ModelsError::io("read", &self.root)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(ModelsError::io("read", &self.root))?;
            // A folder that no model can be called is none of ours.
            let Ok(name) = entry.file_name().into_string() else { continue };
            if check_name(&name).is_err() || !entry.path().is_dir() {
                continue;
            }
            let here = Some(read_entry(&entry.path(), &name));
            match listed.iter_mut().find(|listed| listed.name == name) {
                Some(listed) => listed.here = here,
                None => listed.push(Listed { name, here, known: None, begun: false }),
            }
        }
        if let Some(own) = listed.get_mut(known..) {
            own.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Ok(listed)
    }

    /// Deletes a model, and what a broken-off pull of it left.
    ///
    /// # Errors
    /// When there is neither, or they cannot be deleted.
    pub fn remove(&self, name: &str) -> Result<(), ModelsError> {
        check_name(name)?;
        if !exists(&self.place(name))? && !exists(&self.partial(name))? {
            return Err(self.absent(name));
        }
        let _lock = self.lock(name)?;
        let place = self.place(name);
        if exists(&place)? {
            // Whoever points LOOKALIKE_MODELS at a folder of other things must not lose them here.
            if !exists(&place.join(PAGE))? {
                return Err(ModelsError::Foreign {
                    path: place,
                    reason: "it holds no model.toml".to_owned(),
                });
            }
            let removed = self.beside(name, "removed");
            delete(&removed)?;
            fs::rename(&place, &removed).map_err(ModelsError::io("remove", &place))?;
            delete(&removed)?;
        }
        delete(&self.partial(name))
    }

    /// The error for a model that is not there.
    fn absent(&self, name: &str) -> ModelsError {
        if registry::find(name).is_some() {
            return ModelsError::NotPulled { name: name.to_owned() };
        }
        let listed = self.list().unwrap_or_default();
        let known: Vec<String> = listed.into_iter().map(|listed| listed.name).collect();
        ModelsError::Unknown { name: name.to_owned(), known: known.join(", ") }
    }

    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(super) fn partial(&self, name: &str) -> PathBuf {
        self.beside(name, "partial")
    }

    pub(super) fn beside(&self, name: &str, what: &str) -> PathBuf {
        self.root.join(format!(".{name}.{what}"))
    }

    /// Makes the folder where there is none and takes the right to change one model in it.
    pub(super) fn lock(&self, name: &str) -> Result<ModelLock, ModelsError> {
        fs::create_dir_all(&self.root).map_err(ModelsError::io("make the folder", &self.root))?;
        ModelLock::take(&self.root, name)
    }

    /// Completes a model that was built in `from`: writes its page and gives the folder its name, durably.
    pub(super) fn accept(&self, from: &Path, page: &ModelPage) -> Result<ModelEntry, ModelsError> {
        write_page(from, page)?;
        sync_folder(from)?;
        let place = self.place(&page.description.name);
        fs::rename(from, &place).map_err(ModelsError::io("make", &place))?;
        sync_folder(&self.root)?;
        Ok(ModelEntry { folder: place, page: page.clone() })
    }
}

/// Whether there is anything at a path.
pub(super) fn exists(path: &Path) -> Result<bool, ModelsError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ModelsError::io("look at", path)(error)),
    }
}

/// Deletes a folder, where there is one.
pub(super) fn delete(folder: &Path) -> Result<(), ModelsError> {
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ModelsError::io("remove", folder)(error)),
    }
}

fn read_entry(folder: &Path, name: &str) -> Result<ModelEntry, ModelsError> {
    let path = folder.join(PAGE);
    let mut text = String::new();
    match File::open(&path).and_then(|file| file.take(PAGE_BYTES).read_to_string(&mut text)) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let reason = "it holds no model.toml".to_owned();
            return Err(ModelsError::Foreign { path: folder.to_path_buf(), reason });
        }
        Err(error) => return Err(ModelsError::io("read", &path)(error)),
    }
    let page = ModelPage::parse(&text).map_err(ModelsError::page(&path))?;
    if page.description.name != name {
        let reason = format!("its model.toml is that of `{}`", page.description.name);
        return Err(ModelsError::Foreign { path: folder.to_path_buf(), reason });
    }
    Ok(ModelEntry { folder: folder.to_path_buf(), page })
}

/// Replaces the page of a folder, whole or not at all.
pub(super) fn write_page(folder: &Path, page: &ModelPage) -> Result<(), ModelsError> {
    let path = folder.join(PAGE);
    let text = page.to_toml().map_err(ModelsError::page(&path))?;
    let begun = folder.join(".model.toml.new");
    let written = File::create(&begun).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&begun, &path)).map_err(ModelsError::io("write", &path))
}

fn sync_folder(folder: &Path) -> Result<(), ModelsError> {
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(ModelsError::io("sync", folder))?;
    Ok(())
}
