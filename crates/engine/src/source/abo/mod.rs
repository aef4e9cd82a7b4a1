//! Amazon Berkeley Objects: 147,702 listings in JSON lines, and a table that says where their 398,212 images are.
//!
//! Listings are read from front to end, so memory is that of the table of images (`photos`) and one listing. What a
//! listing has in several languages is taken in one ([`Languages`]); `listing` says what becomes of each attribute. A
//! product is `ITEM@DOMAIN`, because the same item is listed in several marketplaces; its field `item_id` is what these
//! have in common. With `--map id=item_id` the item alone is the id, and its listings become one product (`fold`).
//!
//! The format: <https://amazon-berkeley-objects.s3.amazonaws.com/README.md>.

mod find;
mod fold;
mod input;
mod language;
mod listing;
mod photos;
mod value;

pub use language::{LanguageError, Languages};

use super::location::{ImageBase, resolve};
use super::mapping::Mapping;
use super::shown::{one_line, path_line};
use super::{Products, RowFailure, Source, SourceError};
use crate::catalog::{ImageId, ImageRef, Product, ProductId};
use fold::{Repeated, Waiting};
use listing::Listing;
use photos::Photos;
use std::collections::VecDeque;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Amazon Berkeley Objects as a source.
#[derive(Debug)]
pub(super) struct AboSource {
    named: PathBuf,
    listings: Vec<PathBuf>,
    photo_table: PathBuf,
    photos: Photos,
    base: ImageBase,
    languages: Languages,
    /// Where ids are items', without the marketplace: those with several listings.
    by_item: Option<Repeated>,
    /// The last pass could not read a file to its end.
    broke: AtomicBool,
}

impl AboSource {
    /// Reads the table of images; listings are opened when they are read. `path` is a file of listings or a folder with
    /// them.
    ///
    /// # Errors
    /// When a part is missing or the table cannot be read.
    pub(super) fn open(
        path: &Path,
        table: Option<&Path>,
        base: Option<ImageBase>,
        languages: Languages,
        map: &Mapping,
    ) -> Result<Self, SourceError> {
        let by_item = match map.id.as_deref() {
            None => false,
            Some("item_id") => true,
            Some(other) => {
                let reason =
                    format!("cannot be called by `{other}`: only `--map id=item_id` can be said of ABO");
                return Err(SourceError::malformed(path, reason));
            }
        };
        if !map.images.is_empty() {
            return Err(SourceError::malformed(
                path,
                "has its images where ABO has them: leave `image=` out of `--map`",
            ));
        }
        let find::Parts { listings, photo_table, photos: base } = find::parts(path, table, base)?;
        let photos = Photos::read(&photo_table)?;
        let named = path.to_owned();
        let broke = AtomicBool::new(false);
        let mut source = Self { named, listings, photo_table, photos, base, languages, by_item: None, broke };
        if by_item {
            let mut run = source.run();
            let items = std::iter::from_fn(|| {
                while run.advance() {
                    run.ready.clear();
                    if let Some(item) = run.item.take() {
                        return Some(item);
                    }
                }
                None
            });
            source.by_item = Some(Repeated::count(items));
        }
        Ok(source)
    }

    fn run(&self) -> Run<'_> {
        let (waiting, ready) = (Waiting::default(), VecDeque::new());
        Run { source: self, next: 0, input: None, line: Vec::new(), number: 0, item: None, waiting, ready }
    }

    fn product(&self, listing: Listing) -> (Option<Product>, Vec<String>) {
        let Listing { item, domain, fields, image_ids } = listing;
        let text =
            if self.by_item.is_some() || domain.is_empty() { item } else { format!("{item}@{domain}") };
        let id = match ProductId::new(text) {
            Ok(id) => id,
            Err(error) => return (None, vec![format!("the product's id is not one: {error}")]),
        };
        let mut faults = Vec::new();
        let mut images = Vec::with_capacity(image_ids.len());
        let named = image_ids.len();
        for image in image_ids {
            let found = self.photos.path(&image).ok_or_else(|| {
                format!("names image {image}, which is not in {}", path_line(&self.photo_table))
            });
            let found = found.and_then(|path| resolve(path, &self.base));
            let id = ImageId::new(image).map_err(|error| format!("the image's id is not one: {error}"));
            match found.and_then(|location| Ok(ImageRef { id: id?, location })) {
                Ok(image) => images.push(image),
                Err(fault) => faults.push(fault),
            }
        }
        // A product none of whose images can even be looked for has been reported, and is not one without images.
        let is_lost = images.is_empty() && named > 0;
        ((!is_lost).then_some(Product { id, fields, images }), faults)
    }
}

/// Whether a folder has files of listings where ABO has them.
pub(super) fn is_in_folder(folder: &Path) -> bool {
    !find::listings_in(folder).is_empty()
}

/// Whether the front of a file is one of listings.
pub(super) fn is_file(front: &[u8]) -> bool {
    let line = front.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
    line.is_some_and(value::is_listing)
}

impl Source for AboSource {
    fn describe(&self) -> String {
        let (files, images) = (self.listings.len(), self.photos.len());
        let files = if files == 1 { "one file".to_owned() } else { format!("{files} files") };
        format!("Amazon Berkeley Objects {} ({files} of listings, {images} images)", path_line(&self.named))
    }

    fn images_expected(&self) -> Option<u64> {
        // To know them, the listings would have to be read twice.
        None
    }

    fn notices(&self) -> Vec<String> {
        let id = if self.by_item.is_some() { "`item_id`" } else { "`item_id`@`domain_name`" };
        let base = match &self.base {
            ImageBase::Folder(folder) => path_line(folder),
            ImageBase::Url(front) | ImageBase::Object(front) => one_line(front),
        };
        vec![format!(
            "took {id} as the product's id, `main_image_id` and `other_image_id` as its photos: by {} below {base}",
            path_line(&self.photo_table)
        )]
    }

    fn ended_early(&self) -> bool {
        self.broke.load(Ordering::Relaxed)
    }

    fn products(&self) -> Result<Products<'_>, SourceError> {
        self.broke.store(false, Ordering::Relaxed);
        Ok(Box::new(self.run()))
    }
}

/// One pass over all listings.
struct Run<'a> {
    source: &'a AboSource,
    /// Into the files of listings.
    next: usize,
    input: Option<(String, Box<dyn BufRead + Send>)>,
    line: Vec<u8>,
    number: u64,
    /// Of the listing that was read last.
    item: Option<String>,
    waiting: Waiting,
    ready: VecDeque<Result<Product, RowFailure>>,
}

impl Run<'_> {
    /// Takes the next line; false when there is none.
    fn advance(&mut self) -> bool {
        let Some((place, input)) = &mut self.input else { return self.open_next() };
        self.number += 1;
        let place_of = |number: u64| format!("{place} line {number}");
        let fault = match input::read_line(input.as_mut(), &mut self.line) {
            Ok(Some(true)) if self.line.trim_ascii().is_empty() => return true,
            Ok(Some(true)) => match listing::read(&self.line, &self.source.languages) {
                Ok(listing) => {
                    let item = listing.item.clone();
                    let (product, faults) = self.source.product(listing);
                    let place = place_of(self.number);
                    let failures = faults
                        .into_iter()
                        .map(|reason| Err(RowFailure { place: place.clone(), reason: one_line(&reason) }));
                    self.ready.extend(failures);
                    let product = match &self.source.by_item {
                        Some(repeated) => self.waiting.take(&item, product, repeated),
                        None => product,
                    };
                    self.item = Some(item);
                    self.ready.extend(product.map(Ok));
                    return true;
                }
                Err(fault) => fault,
            },
            Ok(Some(false)) => "is longer than any listing".to_owned(),
            Ok(None) => {
                self.input = None;
                return true;
            }
            Err(error) => {
                let reason = format!("cannot be read, and neither can what follows it in this file: {error}");
                let place = place_of(self.number);
                self.input = None;
                self.source.broke.store(true, Ordering::Relaxed);
                self.ready.push_back(Err(RowFailure { place, reason: one_line(&reason) }));
                return true;
            }
        };
        self.ready.push_back(Err(RowFailure { place: place_of(self.number), reason: one_line(&fault) }));
        true
    }

    fn open_next(&mut self) -> bool {
        let Some(path) = self.source.listings.get(self.next) else { return false };
        self.next += 1;
        self.number = 0;
        let place = path_line(path);
        match input::open(path) {
            Ok(input) => self.input = Some((place, input)),
            Err(error) => {
                let reason = one_line(&format!("cannot be read: {error}"));
                self.source.broke.store(true, Ordering::Relaxed);
                self.ready.push_back(Err(RowFailure { place, reason }));
            }
        }
        true
    }
}

impl Iterator for Run<'_> {
    type Item = Result<Product, RowFailure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if !self.advance() {
                return None;
            }
        }
    }
}
