//! A model of the registry becomes one of this machine: fetched, checked, tried, and only then there.
//!
//! Files are collected in `.NAME.partial`, which survives interruptions. How one file is fetched is `hub`'s.

use super::digest::Digest;
use super::error::ModelsError;
use super::folder::{ModelEntry, Models, check_name, delete, exists};
use super::hub::{Hub, HubError, Wanted};
use super::load::{digest_of, kept, map, open_regular};
use super::opening::{self, Open, Parts};
use super::page::{CameFrom, Files, KeptFile, ModelPage, Pin};
use super::registry::{self, HubOrigin, Origin, OriginFile, RegistryEntry};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// An ONNX file is a protobuf message, which can be no longer.
pub(super) const MOST_BYTES: u64 = 2 << 30;
/// What `.NAME.partial` was begun for; files of another revision are of no use.
const BEGUN_FOR: &str = "origin";
/// The commit that the first file came from, where the entry names none; the others must be of the same.
const COMMIT: &str = "commit";

/// How far a pull has come.
#[derive(Debug, Clone, Copy)]
pub struct PullProgress<'a> {
    /// The file under way, as it is called in the repository.
    pub file: &'a str,
    /// Bytes of it that are there.
    pub done_bytes: u64,
    /// All of its bytes, where that is known.
    pub total_bytes: Option<u64>,
}

/// What a pull came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Pulled {
    /// The model is there now.
    Now(ModelEntry),
    /// It was there before.
    Already(ModelEntry),
}

impl Models {
    /// Fetches a model of the registry, going on where an earlier pull was interrupted.
    ///
    /// # Errors
    /// Whatever is in the way, with how to go on without the hub.
    pub fn pull(
        &self,
        name: &str,
        hub: &Hub,
        progress: &mut dyn FnMut(PullProgress<'_>),
        stop: &AtomicBool,
    ) -> Result<Pulled, ModelsError> {
        check_name(name)?;
        match registry::find(name) {
            Some(entry) => self.pull_entry(&entry, hub, progress, stop),
            None => match self.entry(name) {
                Ok(entry) => Ok(Pulled::Already(entry)),
                Err(error) => Err(error),
            },
        }
    }

    /// Fetches a model by a page like those of the registry.
    ///
    /// # Errors
    /// As [`Self::pull`].
    pub fn pull_entry(
        &self,
        entry: &RegistryEntry,
        hub: &Hub,
        progress: &mut dyn FnMut(PullProgress<'_>),
        stop: &AtomicBool,
    ) -> Result<Pulled, ModelsError> {
        let name = &entry.description.name;
        check_name(name)?;
        if exists(&self.place(name))? {
            return Ok(Pulled::Already(self.entry(name)?));
        }
        let origin = match &entry.origin {
            Origin::Hub(origin) => origin,
            Origin::Unavailable(reason) => {
                return Err(ModelsError::NowhereToPull { name: name.clone(), reason: reason.clone() });
            }
        };
        let _lock = self.lock(name)?;
        let folder = self.partial(name);
        let pulled = self.pull_from(entry, origin, &folder, hub, progress, stop);
        if pulled.is_err() {
            forget_nothing(&folder);
        }
        pulled
    }

    fn pull_from(
        &self,
        entry: &RegistryEntry,
        origin: &HubOrigin,
        folder: &Path,
        hub: &Hub,
        progress: &mut dyn FnMut(PullProgress<'_>),
        stop: &AtomicBool,
    ) -> Result<Pulled, ModelsError> {
        let name = &entry.description.name;
        // Another process may have completed it between the look and the lock.
        if exists(&self.place(name))? {
            return Ok(Pulled::Already(self.entry(name)?));
        }
        begin(folder, origin)?;
        let commit = || fs::read_to_string(folder.join(COMMIT)).ok();
        let revision = origin.revision.clone().or_else(commit);
        let mut pull = Pull { name, hub, origin, folder, revision, progress, stop };
        let image = pull.file(&origin.image, "image.onnx")?;
        let text = origin.text.as_ref().map(|file| pull.file(file, "text.onnx")).transpose()?;
        let tokenizer = origin.tokenizer.as_ref();
        let tokenizer =
            tokenizer.map(|file| pull.file(file, tokenizer_name(Path::new(&file.path)))).transpose()?;
        let came_from = CameFrom { repository: origin.repository.clone(), revision: pull.revision };
        let mut page = ModelPage {
            description: entry.description.clone(),
            origin: Some(came_from),
            files: Files { image, text, tokenizer },
        };
        try_out(folder, &mut page)?;
        for note in [BEGUN_FOR, COMMIT].map(|name| folder.join(name)) {
            match fs::remove_file(&note) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(ModelsError::io("remove", &note)(error));
                }
                _ => {}
            }
        }
        self.accept(folder, &page).map(Pulled::Now)
    }
}

/// What a tokenizer's file is called in a model's folder.
pub(super) fn tokenizer_name(from: &Path) -> &'static str {
    match from.extension().and_then(|extension| extension.to_str()) {
        Some("json") => "tokenizer.json",
        Some("gz") => "tokenizer.txt.gz",
        _ => "tokenizer.txt",
    }
}

/// Makes the folder, or takes up the one that is there if it was begun for the same revision.
fn begin(folder: &Path, origin: &HubOrigin) -> Result<(), ModelsError> {
    let begun_for = folder.join(BEGUN_FOR);
    let now = format!("{} {}\n", origin.repository, origin.revision.as_deref().unwrap_or("main"));
    if fs::read_to_string(&begun_for).is_ok_and(|text| text == now) {
        return Ok(());
    }
    delete(folder)?;
    fs::create_dir_all(folder).map_err(ModelsError::io("make the folder", folder))?;
    fs::write(&begun_for, now).map_err(ModelsError::io("write", &begun_for))
}

/// Deletes what a failed pull made, where nothing came of any file.
fn forget_nothing(folder: &Path) {
    let came = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        let note = entry.file_name() == BEGUN_FOR || entry.file_name() == COMMIT;
        io::Result::Ok(!note && entry.metadata()?.len() > 0)
    };
    // What cannot be looked at stays, and so does what cannot be deleted: the next pull takes it up.
    let Ok(mut entries) = fs::read_dir(folder) else { return };
    if !entries.any(|entry| came(entry).unwrap_or(true))
        && let Err(error) = delete(folder)
    {
        tracing::warn!(%error, "what a pull left stays");
    }
}

/// Completes the description by what came, and tries it before it is accepted.
fn try_out(folder: &Path, page: &mut ModelPage) -> Result<(), ModelsError> {
    let mut mapped = Vec::new();
    for file in page.files.iter() {
        let path = folder.join(&file.name);
        let (file, _) = open_regular(&path)?;
        mapped.push(map(&file, &path)?);
    }
    let mut mapped = mapped.iter().map(|mapped| &**mapped);
    let image = mapped.next().unwrap_or_default();
    let (text, tokenizer) = (mapped.next(), mapped.next());
    let (parts, engine) = (Parts { image, text, tokenizer }, opening::engine(None));
    let fitted = opening::fit(&mut page.description, parts, engine, Open::NOTHING);
    fitted.and_then(|()| opening::validate(&page.description, parts, engine)).map_err(|reason| {
        let (name, folder) = (&page.description.name, folder.display());
        let by_page = "`lookalike models add NAME --image FILE.onnx --describe FILE.toml` takes a better one";
        let reason = if page.files.pinned() == Pin::Registry {
            format!("{reason}; its files came as they should and stay in {folder}: its page may be wrong, and {by_page}")
        } else {
            format!(
                "{reason}; no checksum says what its files should be, and they stay in {folder}: where the hub or a proxy \
                 gave something else, `lookalike models remove {name}` deletes them and the next pull fetches them anew; \
                 where its page is wrong, {by_page}"
            )
        };
        ModelsError::Unusable { name: page.description.name.clone(), reason }
    })
}

/// A pull under way.
struct Pull<'a> {
    name: &'a str,
    hub: &'a Hub,
    origin: &'a HubOrigin,
    folder: &'a Path,
    /// The commit, once it is known.
    revision: Option<String>,
    progress: &'a mut dyn FnMut(PullProgress<'_>),
    stop: &'a AtomicBool,
}

impl Pull<'_> {
    /// Fetches one file, unless it is there from an earlier time.
    fn file(&mut self, file: &OriginFile, name: &str) -> Result<KeptFile, ModelsError> {
        let path = self.folder.join(name);
        let pinned = if file.sha256.is_some() { Pin::Registry } else { Pin::FirstUse };
        if let Some(there) = complete(&path, file)? {
            return kept(self.folder, name, there, pinned);
        }
        let (repository, revision) = self.place(file);
        let wanted = Wanted {
            repository: &repository,
            revision: &revision,
            path: &file.path,
            bytes: file.bytes,
            sha256: file.sha256,
            limit_bytes: file.bytes.unwrap_or(MOST_BYTES),
        };
        let progress = &mut self.progress;
        let mut tell = |done_bytes, total_bytes| {
            progress(PullProgress { file: &file.path, done_bytes, total_bytes });
        };
        match self.hub.fetch(&wanted, &path, &mut tell, self.stop) {
            Ok(received) => {
                if let (None, None, Some(commit)) = (&file.repository, &self.revision, received.revision) {
                    let note = self.folder.join(COMMIT);
                    fs::write(&note, &commit).map_err(ModelsError::io("write", &note))?;
                    self.revision = Some(commit);
                }
                kept(self.folder, name, received.sha256, pinned)
            }
            Err(HubError::Stopped) => Err(ModelsError::Stopped { name: self.name.to_owned() }),
            Err(cause) => {
                let (name, by_hand) = (self.name.to_owned(), self.by_hand());
                Err(ModelsError::Pull { name, cause: Box::new(cause), by_hand })
            }
        }
    }

    /// Repository and revision of a file.
    fn place(&self, file: &OriginFile) -> (String, String) {
        let (repository, revision) = match &file.repository {
            Some(repository) => (repository, file.revision.as_ref()),
            None => (&self.origin.repository, self.revision.as_ref()),
        };
        (repository.clone(), revision.map_or("main", String::as_str).to_owned())
    }

    /// How to go on without this program's fetching.
    fn by_hand(&self) -> String {
        let urls = self.origin.files().map(|file| {
            let (repository, revision) = self.place(file);
            self.hub.url(&repository, &revision, &file.path)
        });
        let urls: Vec<String> = urls.collect();
        let more = if urls.len() > 1 { " --text FILE --tokenizer FILE" } else { "" };
        let name = self.name;
        let page = if registry::find(name).is_some() { "" } else { " --describe PAGE.toml" };
        format!(
            "or fetch {} by other means and run `lookalike models add {name} --image FILE{more}{page}`",
            urls.join(" and ")
        )
    }
}

/// The digest of a file that an earlier pull completed; one that is not what is pinned is deleted.
fn complete(path: &Path, pinned: &OriginFile) -> Result<Option<Digest>, ModelsError> {
    if !exists(path)? {
        return Ok(None);
    }
    let (file, _) = open_regular(path)?;
    let found = digest_of(&file, path)?;
    if pinned.sha256.is_some_and(|expected| expected != found) {
        fs::remove_file(path).map_err(ModelsError::io("remove", path))?;
        return Ok(None);
    }
    Ok(Some(found))
}
