//! A model's files become an encoder, once it is clear that they are the files that were accepted.
//!
//! Files are mapped, not read into memory. Their digests are computed only when length or time of writing are not those
//! of the last time; a file with another digest is an error, never used. How a network is opened is `opening`'s.

use super::digest::{Digest, Hasher};
use super::error::ModelsError;
use super::folder::{ModelEntry, Models, write_page};
use super::opening::{self, Parts};
use super::page::KeptFile;
use lookalike_vision::encoder::Encoder;
use lookalike_vision::neural::session::Engine;
use memmap2::Mmap;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// How a model is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// What runs it; without one, ONNX Runtime where it is there.
    pub engine: Option<Engine>,
    /// Threads that one run takes.
    pub threads: NonZero<usize>,
}

impl Default for Load {
    /// The best engine there is, one thread per run.
    fn default() -> Self {
        Self { engine: None, threads: NonZero::<usize>::MIN }
    }
}

impl Models {
    /// Loads a model that is there.
    ///
    /// # Errors
    /// When it is not there, when a file is not the one that was accepted, or when it cannot be run.
    pub fn load(&self, name: &str, load: &Load) -> Result<Arc<dyn Encoder>, ModelsError> {
        let mut entry = self.entry(name)?;
        let mut looked_at_all = true;
        let mut mapped = Vec::new();
        for file in entry.page.files.iter() {
            let (bytes, fresh) = map_accepted(&entry, file)?;
            looked_at_all &= fresh;
            mapped.push(bytes);
        }
        if !looked_at_all {
            self.remember_times(&mut entry);
        }
        let mut mapped = mapped.into_iter();
        let image = mapped.next().unwrap_or_default();
        let (text, tokenizer) = (mapped.next(), mapped.next());
        let parts = Parts { image: &image, text: text.as_deref(), tokenizer: tokenizer.as_deref() };
        opening::open(entry.id(), &entry.page.description, parts, opening::engine(load.engine), load.threads)
            .map_err(|reason| ModelsError::Unusable { name: name.to_owned(), reason })
    }

    /// Notes when the files were written, now that their digests were found right, so that the next load need not compute
    /// them. A folder that cannot be written to, or is being changed, is left as it is.
    fn remember_times(&self, entry: &mut ModelEntry) {
        let name = entry.page.description.name.clone();
        let Ok(_lock) = self.lock(&name) else { return };
        if self.entry(&name).ok().as_ref() != Some(entry) {
            return;
        }
        let folder = entry.folder.clone();
        let files = &mut entry.page.files;
        for file in
            [Some(&mut files.image), files.text.as_mut(), files.tokenizer.as_mut()].into_iter().flatten()
        {
            if let Ok(metadata) = folder.join(&file.name).symlink_metadata() {
                file.modified_ns = modified_ns(&metadata);
            }
        }
        if let Err(error) = write_page(&folder, &entry.page) {
            tracing::debug!(%error, "cannot note that the files were checked; they will be checked again");
        }
    }
}

/// A file's bytes without reading them.
#[derive(Default)]
pub(super) struct Mapped(Option<Mmap>);

impl std::ops::Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Maps a file of a model, and says whether it was known to be the right one without computing its digest.
fn map_accepted(entry: &ModelEntry, kept: &KeptFile) -> Result<(Mapped, bool), ModelsError> {
    let path = entry.folder.join(&kept.name);
    let name = &entry.page.description.name;
    let (file, metadata) = open_regular(&path).map_err(|error| match error {
        ModelsError::File { path, reason } => ModelsError::File {
            path,
            reason: format!(
                "{reason}: put the file of the model {name} back, or remove the model with `lookalike models remove \
                 {name}` and fetch it again"
            ),
        },
        error => error,
    })?;
    let fresh = metadata.len() == kept.bytes && modified_ns(&metadata) == kept.modified_ns;
    if !fresh {
        let found = digest_of(&file, &path)?;
        if found != kept.sha256 {
            return Err(ModelsError::Changed { name: name.clone(), path, expected: kept.sha256, found });
        }
    }
    Ok((map(&file, &path)?, fresh))
}

/// Opens a file that is one: neither a folder nor a link nor anything that would block.
pub(super) fn open_regular(path: &Path) -> Result<(File, Metadata), ModelsError> {
    let wrong = |reason: &str| ModelsError::File { path: path.to_path_buf(), reason: reason.to_owned() };
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(wrong("does not exist")),
        Err(error) => return Err(ModelsError::io("read", path)(error)),
    };
    if metadata.is_symlink() {
        return Err(wrong("is a symbolic link, whose target can change unseen"));
    }
    if metadata.is_dir() {
        return Err(wrong("is a folder, not a file"));
    }
    if !metadata.is_file() {
        return Err(wrong("is not a regular file"));
    }
    let file = File::open(path).map_err(ModelsError::io("read", path))?;
    Ok((file, metadata))
}

pub(super) fn digest_of(mut file: &File, path: &Path) -> Result<Digest, ModelsError> {
    let mut hasher = Hasher::default();
    hasher.pass(&mut file, &mut io::sink()).map_err(ModelsError::io("read", path))?;
    Ok(hasher.finish())
}

/// Maps a file of a model.
pub(super) fn map(file: &File, path: &Path) -> Result<Mapped, ModelsError> {
    let length = file.metadata().map_err(ModelsError::io("read", path))?.len();
    // An empty file cannot be mapped.
    if length == 0 {
        return Ok(Mapped(None));
    }
    // SAFETY: files of a model are written once, under another folder's name, and afterwards only unlinked, which leaves a
    // mapping as it is. Somebody who truncates one by other means while it is being loaded ends the process.
    let mapping = unsafe { Mmap::map(file) };
    Ok(Mapped(Some(mapping.map_err(ModelsError::io("map", path))?)))
}

/// When a file was last written, in nanoseconds since 1970; 0 where the system does not say.
pub(super) fn modified_ns(metadata: &Metadata) -> i64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

/// What is known of a file that was just put into a model's folder.
pub(super) fn kept(
    folder: &Path,
    name: &str,
    sha256: Digest,
    pinned: super::Pin,
) -> Result<KeptFile, ModelsError> {
    let path: PathBuf = folder.join(name);
    let metadata = path.symlink_metadata().map_err(ModelsError::io("read", &path))?;
    let (bytes, modified_ns) = (metadata.len(), modified_ns(&metadata));
    Ok(KeptFile { name: name.to_owned(), bytes, sha256, modified_ns, pinned })
}
