//! A folder of photos, or an archive of them, as a catalog: a file, or a first-level folder, is a product.
//!
//! The folder is gone through twice: once when it is opened, to count and to see which names clash, and once for
//! each run. The first pass costs 8 bytes per file while it lasts; what stays is the clashes alone. Files are
//! judged by name only, and only roughly; whether one is a picture, its content decides when it is decoded.

use super::shown::{name_text, path_line, relative_text};
use super::walk::{Found, Ignored, Walk};
use super::{Products, RowFailure, Source, SourceError, archive};
use crate::archive::Archive;
use crate::catalog::{Fields, ImageId, ImageRef, Location, Product, ProductId};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What names a product that is one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProductIdRule {
    /// The file's name without its extension. Of two files with the same one, the later is a failure.
    #[default]
    Stem,
    /// The path below the folder without the extension; with it where several files differ in that alone.
    Path,
}

/// How a folder is read as a catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FolderOptions {
    /// Each first-level folder is a product and all files in it, at any depth, are its images. Files that lie
    /// directly in the source are products by themselves all the same.
    pub product_per_folder: bool,
    /// What names the products that are one file.
    pub product_id: ProductIdRule,
}

/// A folder or an archive of photos.
#[derive(Debug)]
pub struct FolderSource {
    /// As the person wrote it.
    named: PathBuf,
    /// Canonical, so that a photo's location does not depend on where the program was started.
    root: PathBuf,
    /// What is at `root`, where that is no folder.
    archive: Option<Arc<Archive>>,
    options: FolderOptions,
    survey: Survey,
    /// The last pass came upon a place it could not look into.
    broke: AtomicBool,
}

/// What a pass comes upon.
type Finds<'a> = Box<dyn Iterator<Item = Found> + Send + 'a>;

/// What the first pass found.
#[derive(Debug, Default)]
struct Survey {
    items: u64,
    hidden: u64,
    inner_links: u64,
    catalogs: u64,
    not_pictures: BTreeMap<String, u64>,
    hasher: RandomState,
    /// Hashes of product ids and image ids that occur more than once.
    clashing: HashSet<u64>,
}

impl FolderSource {
    /// Goes through the folder at `path` once.
    ///
    /// # Errors
    /// When it is missing, no folder, not readable, or has nothing in it that could be a picture.
    pub fn open(path: &Path, options: FolderOptions) -> Result<Self, SourceError> {
        let found = fs::metadata(path).map_err(SourceError::io(path))?;
        if !found.is_dir() {
            return Err(SourceError::malformed(path, "is a file where a folder of pictures was expected"));
        }
        Self::look_into(path, options, None)
    }

    /// Goes through the archive at `path` once.
    ///
    /// # Errors
    /// When it cannot be read, or has nothing in it that could be a picture.
    pub(super) fn open_archive(path: &Path, options: FolderOptions) -> Result<Self, SourceError> {
        let root = fs::canonicalize(path).map_err(SourceError::io(path))?;
        let archive = crate::archive::shared(&root).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => {
                SourceError::malformed(path, format!("cannot be read as an archive: {error}"))
            }
            _ => SourceError::io(path)(error),
        })?;
        Self::look_into(path, options, Some(archive))
    }

    fn look_into(
        path: &Path,
        options: FolderOptions,
        archive: Option<Arc<Archive>>,
    ) -> Result<Self, SourceError> {
        let root = fs::canonicalize(path).map_err(SourceError::io(path))?;
        let (named, survey, broke) = (path.to_owned(), Survey::default(), AtomicBool::new(false));
        let mut source = Self { named, root, archive, options, survey, broke };
        source.survey = source.look_through()?;
        if source.survey.items == 0 {
            let ignored = source.notices().join("; ");
            let ignored = if ignored.is_empty() { "it is empty".to_owned() } else { ignored };
            let reason = format!(
                "no picture in this {} ({ignored}): expected JPEG, PNG, WebP, GIF, BMP or TIFF files",
                if source.archive.is_some() { "archive" } else { "folder" }
            );
            return Err(SourceError::malformed(path, reason));
        }
        Ok(source)
    }

    fn look_through(&self) -> Result<Survey, SourceError> {
        let mut survey = Survey::default();
        let mut seen = Vec::new();
        for found in self.walk()? {
            match found {
                Found::Folder(relative) if self.is_product(&relative) => {
                    seen.push(survey.hash("product", &relative_text(&relative)));
                }
                Found::Folder(_) => {}
                Found::Picture { relative, .. } => {
                    survey.items += 1;
                    if self.is_alone(&relative) {
                        seen.push(survey.hash("product", &self.plain_id(&relative)));
                    }
                    let image = relative_text(&relative);
                    if image.contains("\\x") {
                        seen.push(survey.hash("image", &image));
                    }
                }
                Found::Fault { .. } => survey.items += 1,
                Found::Ignored(Ignored::Hidden) => survey.hidden += 1,
                Found::Ignored(Ignored::InnerLink) => survey.inner_links += 1,
                Found::Ignored(Ignored::Catalog) => survey.catalogs += 1,
                Found::Ignored(Ignored::NotAPicture(extension)) => {
                    *survey.not_pictures.entry(extension).or_default() += 1;
                }
            }
        }
        seen.sort_unstable();
        survey.clashing =
            seen.windows(2).filter(|pair| pair.first() == pair.last()).flatten().copied().collect();
        Ok(survey)
    }

    fn walk(&self) -> Result<Finds<'_>, SourceError> {
        Ok(match &self.archive {
            Some(found) => Box::new(archive::walk(found, &self.root)),
            None => Box::new(Walk::new(&self.root).map_err(SourceError::io(&self.named))?),
        })
    }

    fn is_product(&self, folder: &Path) -> bool {
        self.options.product_per_folder && folder.components().count() == 1
    }

    fn is_alone(&self, file: &Path) -> bool {
        !self.options.product_per_folder || file.components().count() == 1
    }

    /// The id of a product that is one file, as long as no other clashes with it.
    fn plain_id(&self, relative: &Path) -> String {
        let stem = relative.file_stem().map(name_text).unwrap_or_default();
        match (self.options.product_id, relative.parent()) {
            (ProductIdRule::Path, Some(folder)) if folder != Path::new("") => {
                format!("{}/{stem}", relative_text(folder))
            }
            _ => stem,
        }
    }

    fn place(&self, relative: &Path) -> String {
        path_line(&self.named.join(relative))
    }
}

impl Survey {
    fn hash(&self, kind: &str, id: &str) -> u64 {
        self.hasher.hash_one((kind, id))
    }

    fn clashes(&self, kind: &str, id: &str) -> bool {
        !self.clashing.is_empty() && self.clashing.contains(&self.hash(kind, id))
    }
}

impl Source for FolderSource {
    fn describe(&self) -> String {
        let kind = self.archive.as_ref().map_or("folder", |archive| archive.kind().name());
        format!("{kind} {}", path_line(&self.named))
    }

    fn images_expected(&self) -> Option<u64> {
        Some(self.survey.items)
    }

    fn notices(&self) -> Vec<String> {
        let Survey { hidden, inner_links, catalogs, not_pictures, .. } = &self.survey;
        let mut notices = self.archive.as_deref().map(archive::notices).unwrap_or_default();
        let others: u64 = not_pictures.values().sum();
        if others > 0 {
            let kinds: Vec<_> = not_pictures.iter().map(|(name, count)| format!(".{name} {count}")).collect();
            notices
                .push(format!("ignored {others} files that are no pictures by name ({})", kinds.join(", ")));
        }
        if *hidden > 0 {
            notices.push(format!("ignored {hidden} hidden files or folders (names with a dot in front)"));
        }
        if *inner_links > 0 {
            notices.push(format!("ignored {inner_links} links to folders that are read under another name"));
        }
        if *catalogs > 0 {
            notices
                .push(format!("ignored {catalogs} folders that are catalogs (names ending in .lookalike)"));
        }
        notices
    }

    fn ended_early(&self) -> bool {
        self.broke.load(Ordering::Relaxed)
    }

    fn products(&self) -> Result<Products<'_>, SourceError> {
        let is_damaged = self.archive.as_ref().is_some_and(|archive| archive.damage().is_some());
        self.broke.store(is_damaged, Ordering::Relaxed);
        let walk = self.walk()?;
        Ok(Box::new(Run { source: self, walk, ready: VecDeque::new(), group: None, first: HashMap::new() }))
    }
}

/// One pass over the folder.
struct Run<'a> {
    source: &'a FolderSource,
    walk: Finds<'a>,
    ready: VecDeque<Result<Product, RowFailure>>,
    group: Option<Group>,
    /// Where an id that clashes was first met.
    first: HashMap<(&'static str, String), String>,
}

/// A folder that is a product, while its files are gathered.
struct Group {
    id: Option<ProductId>,
    place: String,
    images: Vec<ImageRef>,
    faults: usize,
}

impl Run<'_> {
    fn take(&mut self, found: Found) {
        match found {
            Found::Folder(relative) if self.source.is_product(&relative) => {
                self.close_group();
                let name = relative_text(&relative);
                let place = self.source.place(&relative);
                let id =
                    self.claim("product", name, &place).and_then(|id| make_id(&id, &place, ProductId::new));
                let (id, faults) = match id {
                    Ok(id) => (Some(id), 0),
                    Err(failure) => {
                        self.ready.push_back(Err(failure));
                        (None, 1)
                    }
                };
                self.group = Some(Group { id, place, images: Vec::new(), faults });
            }
            Found::Folder(_) | Found::Ignored(_) => {}
            Found::Picture { location, relative } => {
                if self.source.is_alone(&relative) {
                    self.close_group();
                }
                match self.picture(location, &relative) {
                    Ok(Some(product)) => self.ready.push_back(Ok(product)),
                    Ok(None) => {}
                    Err(failure) => self.fail(failure),
                }
            }
            Found::Fault { relative, failure } => {
                // What an archive refuses is told; what is in a folder that cannot be listed is not known.
                if self.source.archive.is_none() {
                    self.source.broke.store(true, Ordering::Relaxed);
                }
                if relative.components().count() == 1 {
                    self.close_group();
                }
                self.fail(failure);
            }
        }
    }

    /// A product of its own, or another image of the folder at hand.
    fn picture(&mut self, location: Location, relative: &Path) -> Result<Option<Product>, RowFailure> {
        let place = self.source.place(relative);
        let text = relative_text(relative);
        let id = if text.contains("\\x") { self.claim("image", text, &place)? } else { text };
        let image = ImageRef { id: make_id(&id, &place, ImageId::new)?, location };
        if let (false, Some(group)) = (self.source.is_alone(relative), &mut self.group) {
            if group.id.is_some() {
                group.images.push(image);
                return Ok(None);
            }
            let reason = format!("belongs to {}, which is not taken as a product", group.place);
            return Err(RowFailure { place, reason });
        }
        let plain = self.source.plain_id(relative);
        let by_path = self.source.options.product_id == ProductIdRule::Path;
        let id = match self.source.survey.clashes("product", &plain) {
            true if by_path => id,
            true => self.claim("product", plain, &place)?,
            false => plain,
        };
        let id = make_id(&id, &place, ProductId::new)?;
        Ok(Some(Product { id, fields: Fields::new(), images: vec![image] }))
    }

    /// Lets the first of several have the id.
    fn claim(&mut self, kind: &'static str, id: String, place: &str) -> Result<String, RowFailure> {
        if !self.source.survey.clashes(kind, &id) {
            return Ok(id);
        }
        let Some(first) = self.first.get(&(kind, id.clone())) else {
            self.first.insert((kind, id.clone()), place.to_owned());
            return Ok(id);
        };
        let reason = match kind {
            "image" => format!("is shown by the same name as {first}: rename one of them"),
            _ if self.source.options.product_id == ProductIdRule::Path => {
                format!("would be the same product as {first}: rename one of them")
            }
            _ => format!(
                "would be the same product as {first}: use `--product-id path`, or rename one of them"
            ),
        };
        Err(RowFailure { place: place.to_owned(), reason })
    }

    fn fail(&mut self, failure: RowFailure) {
        if let Some(group) = &mut self.group {
            group.faults += 1;
        }
        self.ready.push_back(Err(failure));
    }

    fn close_group(&mut self) {
        let Some(Group { id, place, images, faults }) = self.group.take() else { return };
        match id {
            Some(id) if !images.is_empty() => {
                self.ready.push_back(Ok(Product { id, fields: Fields::new(), images }));
            }
            // What was in it has been reported, or there was nothing.
            _ if faults > 0 => {}
            _ => {
                let reason = "has no picture in it: a product was expected in each folder".to_owned();
                self.ready.push_back(Err(RowFailure { place, reason }));
            }
        }
    }
}

impl Iterator for Run<'_> {
    type Item = Result<Product, RowFailure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            match self.walk.next() {
                Some(found) => self.take(found),
                None => {
                    self.close_group();
                    return self.ready.pop_front();
                }
            }
        }
    }
}

fn make_id<T>(
    text: &str,
    place: &str,
    new: impl FnOnce(String) -> Result<T, crate::catalog::InvalidId>,
) -> Result<T, RowFailure> {
    new(text.to_owned()).map_err(|error| RowFailure {
        place: place.to_owned(),
        reason: format!("cannot be named: {error}; rename the file"),
    })
}
