//! A user's own files become a model: copied, described, tried, and only then there.
//!
//! How a network is fed comes from one of three places: an entry or model it is like, a preset, or a page. What follows
//! from the files themselves (lengths of vectors, names of inputs) is asked of `opening`, which also tries them out.

use super::digest::{Digest, Hasher};
use super::error::ModelsError;
use super::folder::{ModelEntry, Models, check_name, delete, exists};
use super::load::{Mapped, kept, map, open_regular};
use super::opening::{self, Open, Parts};
use super::page::{CameFrom, Files, KeptFile, ModelPage, PageError, Pin, split};
use super::preset::Preset;
use super::pull::{MOST_BYTES, tokenizer_name};
use super::registry::{self, HubOrigin, Origin, OriginFile};
use lookalike_vision::neural::Description;
use lookalike_vision::neural::description::{TextTower, TokenizerKind};
use lookalike_vision::neural::session::Engine;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use toml::Table;

/// Longest page that is read.
const PAGE_BYTES: u64 = 1 << 20;

/// A model to be added.
#[derive(Debug, Clone)]
pub struct Addition {
    /// Its name.
    pub name: String,
    /// The network for pictures.
    pub image: PathBuf,
    /// The network for words.
    pub text: Option<PathBuf>,
    /// What cuts words into tokens.
    pub tokenizer: Option<PathBuf>,
    /// How it is fed.
    pub recipe: Recipe,
    /// The output that holds a picture's vector, where not the recipe's.
    pub output: Option<String>,
    /// The output that holds a text's vector, where not the recipe's.
    pub text_output: Option<String>,
    /// Length of its vectors, where not the recipe's.
    pub dimensions: Option<usize>,
    /// Its licence, where not the recipe's.
    pub licence: Option<String>,
    /// What tries it out; without one, ONNX Runtime where it is there.
    pub engine: Option<Engine>,
}

/// How a model to be added is fed.
#[derive(Debug, Clone)]
pub enum Recipe {
    /// As the entry of the registry that has its name.
    Named,
    /// As an entry of the registry or a model that is there.
    Like(String),
    /// As a page of TOML says.
    Page(PathBuf),
    /// As a family of networks is.
    Preset {
        /// Which.
        preset: Preset,
        /// To what size pictures are brought.
        size: Option<u32>,
        /// How much of them is cut out.
        crop: Option<u32>,
    },
}

impl Models {
    /// Copies a user's own files in, after they were tried out.
    ///
    /// # Errors
    /// Whatever is wrong with the name, the files or what is said of them. Nothing is then kept.
    pub fn add(&self, addition: &Addition) -> Result<ModelEntry, ModelsError> {
        let name = &addition.name;
        check_name(name)?;
        if exists(&self.place(name))? {
            return Err(ModelsError::Exists { name: name.clone() });
        }
        let drawn = self.draw_up(addition)?;
        // Files that cannot be are refused before any is copied.
        let sources = [Some(&addition.image), addition.text.as_ref(), addition.tokenizer.as_ref()];
        for path in sources.into_iter().flatten() {
            open_source(path)?;
        }
        let _lock = self.lock(name)?;
        if exists(&self.place(name))? {
            return Err(ModelsError::Exists { name: name.clone() });
        }
        let folder = self.beside(name, "adding");
        // What a killed process left.
        delete(&folder)?;
        fs::create_dir(&folder).map_err(ModelsError::io("make the folder", &folder))?;
        let added = take_in(addition, drawn, &folder).and_then(|page| self.accept(&folder, &page));
        match added {
            Ok(entry) => {
                // A broken-off pull of the same name has become pointless; that it cannot be deleted takes nothing away.
                if let Err(error) = delete(&self.partial(name)) {
                    tracing::warn!(%error, "what a pull left stays");
                }
                Ok(entry)
            }
            Err(error) => {
                delete(&folder)?;
                Err(error)
            }
        }
    }

    /// The description as far as it can be said without looking into the files.
    fn draw_up(&self, addition: &Addition) -> Result<Drawn, ModelsError> {
        let Addition { name, text, tokenizer, recipe, .. } = addition;
        let wrong = |reason: String| Err(ModelsError::Addition(reason));
        if text.is_some() != tokenizer.is_some() {
            return wrong("--text and --tokenizer go together: a network for words needs both".to_owned());
        }
        let mut drawn = match recipe {
            Recipe::Named => match registry::find(name) {
                Some(_) => self.like(name)?,
                None => {
                    return wrong(format!(
                        "nothing says how {name} is fed: give --like NAME, --preprocess imagenet|half|byte|unit|clip, or \
                         --describe FILE.toml"
                    ));
                }
            },
            Recipe::Like(like) => self.like(like)?,
            Recipe::Page(path) => {
                Drawn { description: read_description(path)?, origin: None, fit: false, infer: false }
            }
            Recipe::Preset { preset, size, crop } => {
                let words = (*preset == Preset::Clip && text.is_some()).then(clip_words);
                let image = preset.tower(*size, *crop);
                let licence = "unknown".to_owned();
                let description =
                    Description { name: name.clone(), dimensions: 1, licence, image, text: words };
                Drawn { description, origin: None, fit: true, infer: true }
            }
        };
        let description = &mut drawn.description;
        description.name.clone_from(name);
        match (&mut description.text, text) {
            (None, Some(_)) => {
                return wrong(format!(
                    "--text was given, and nothing says how {name} reads words: give --like NAME of a model with text, \
                     --preprocess clip, or --describe FILE.toml with a [text] table"
                ));
            }
            // Pictures alone are of use, too.
            (Some(_), None) => description.text = None,
            _ => {}
        }
        if let Some(output) = &addition.output {
            description.image.output = Some(output.clone());
        }
        if let (Some(output), Some(text)) = (&addition.text_output, &mut description.text) {
            text.output = Some(output.clone());
        }
        if let Some(licence) = &addition.licence {
            description.licence.clone_from(licence);
        }
        if let Some(dimensions) = addition.dimensions {
            description.dimensions = dimensions;
            drawn.infer = false;
        }
        drawn
            .description
            .check()
            .map_err(|error| ModelsError::Addition(format!("cannot add {name}: {error}")))?;
        Ok(drawn)
    }

    fn like(&self, like: &str) -> Result<Drawn, ModelsError> {
        if let Some(entry) = registry::find(like) {
            let origin = match entry.origin {
                Origin::Hub(origin) => Some(*origin),
                Origin::Unavailable(_) => None,
            };
            return Ok(Drawn { description: entry.description, origin, fit: true, infer: false });
        }
        let description = self.entry(like)?.page.description;
        Ok(Drawn { description, origin: None, fit: true, infer: false })
    }
}

/// A description that the files have yet to agree with.
struct Drawn {
    description: Description,
    /// Where the same files might have come from.
    origin: Option<HubOrigin>,
    /// Whether names of inputs and outputs are to follow the file: those of another export say nothing about it.
    fit: bool,
    /// Whether the length of vectors is to follow the file.
    infer: bool,
}

/// How OpenAI's CLIP reads words.
fn clip_words() -> TextTower {
    TextTower {
        input: None,
        mask: None,
        output: None,
        tokenizer: TokenizerKind::Clip,
        context: 77,
        pad: true,
        pad_id: 0,
        lowercase: false,
        template: "this is a {query}".to_owned(),
    }
}

fn read_description(path: &Path) -> Result<Description, ModelsError> {
    let mut page = String::new();
    let read = open_source(path)?.take(PAGE_BYTES).read_to_string(&mut page);
    read.map_err(|error| match error.kind() {
        ErrorKind::InvalidData => ModelsError::File {
            path: path.to_path_buf(),
            reason: "is no TOML page: it is not text".to_owned(),
        },
        _ => ModelsError::io("read", path)(error),
    })?;
    // A page to pull by says where the files are to be fetched from; here they are at hand.
    let parsed = if page.parse::<Table>().is_ok_and(|table| table.contains_key("origin")) {
        split(&page, &["origin"]).map(|(description, _)| description)
    } else {
        Description::parse(&page).map_err(PageError::from)
    };
    parsed.map_err(ModelsError::page(path))
}

/// Opens a file of the user's. Links are followed: what they lead to is copied.
fn open_source(path: &Path) -> Result<File, ModelsError> {
    let wrong = |reason: &str| Err(ModelsError::File { path: path.to_path_buf(), reason: reason.to_owned() });
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound && path.is_symlink() => {
            return wrong("is a symbolic link to a file that does not exist: give the file itself");
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return wrong("does not exist: check the path");
        }
        Err(error) => return Err(ModelsError::io("read", path)(error)),
    };
    if metadata.is_dir() {
        return wrong("is a folder: give the file in it");
    }
    // A pipe would block, a device never end.
    if !metadata.is_file() {
        return wrong("is not a regular file: copy it to one first");
    }
    if metadata.len() == 0 {
        return wrong("is empty (0 bytes): its download or copy was broken off");
    }
    if metadata.len() > MOST_BYTES {
        return wrong("is larger than the 2 GiB that an ONNX file can be");
    }
    File::open(path).map_err(ModelsError::io("read", path))
}

/// Copies the files and completes the description by them.
fn take_in(addition: &Addition, drawn: Drawn, folder: &Path) -> Result<ModelPage, ModelsError> {
    let Drawn { mut description, origin, fit, infer } = drawn;
    let unusable = |reason| ModelsError::Unusable { name: addition.name.clone(), reason };
    let origin_file = |of: fn(&HubOrigin) -> Option<&OriginFile>| origin.as_ref().and_then(of);
    let (image, image_bytes) =
        copy(&addition.image, folder, "image.onnx", origin_file(|hub| Some(&hub.image)))?;
    let text = addition.text.as_ref();
    let text =
        text.map(|path| copy(path, folder, "text.onnx", origin_file(|hub| hub.text.as_ref()))).transpose()?;
    let tokenizer = addition.tokenizer.as_ref();
    let tokenizer = tokenizer
        .map(|path| copy(path, folder, tokenizer_name(path), origin_file(|hub| hub.tokenizer.as_ref())));
    let tokenizer = tokenizer.transpose()?;
    let parts = Parts {
        image: &image_bytes,
        text: text.as_ref().map(|(_, bytes)| &**bytes),
        tokenizer: tokenizer.as_ref().map(|(_, bytes)| &**bytes),
    };
    let engine = opening::engine(addition.engine);
    let open = Open {
        names: fit,
        image_output: addition.output.is_none(),
        text_output: addition.text_output.is_none(),
        dimensions: infer,
    };
    opening::fit(&mut description, parts, engine, open).map_err(unusable)?;
    opening::validate(&description, parts, engine).map_err(unusable)?;
    let files = Files { image, text: text.map(|(file, _)| file), tokenizer: tokenizer.map(|(file, _)| file) };
    // Exactly what the hub offers, got by other means.
    let from_hub = files.iter().all(|file| file.pinned == Pin::Registry);
    let origin = origin.filter(|_| from_hub);
    let origin = origin.map(|hub| CameFrom { repository: hub.repository, revision: hub.revision });
    Ok(ModelPage { description, origin, files })
}

/// Copies a file into the folder and maps the copy.
fn copy(
    from: &Path,
    folder: &Path,
    name: &str,
    pinned: Option<&OriginFile>,
) -> Result<(KeptFile, Mapped), ModelsError> {
    let to = folder.join(name);
    let mut source = open_source(from)?.take(MOST_BYTES + 1);
    let mut copy = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&to)
        .map_err(ModelsError::io("write", &to))?;
    let mut hasher = Hasher::default();
    hasher.pass(&mut source, &mut copy).map_err(|error| ModelsError::Io {
        action: "copy",
        path: from.to_path_buf(),
        source: error,
    })?;
    copy.sync_all().map_err(ModelsError::io("write", &to))?;
    let sha256: Digest = hasher.finish();
    let known = pinned.and_then(|file| file.sha256).is_some_and(|pinned| pinned == sha256);
    let file = kept(folder, name, sha256, if known { Pin::Registry } else { Pin::Own })?;
    drop(copy);
    let (copied, _) = open_regular(&to)?;
    Ok((file, map(&copied, &to)?))
}
