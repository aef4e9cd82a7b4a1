//! Photos in a bucket, or below a folder of one, as a catalog.
//!
//! As with a folder on disk: every object with a picture's name is an image whose id is its name below the folder; its
//! product is named by its stem or path, or by the first folder on the way. Objects are listed page by page in the order
//! of their names, so nothing is sorted or held. Two photos of one stem are two products of one id, of which the ingest
//! refuses the second.

use super::walk::is_picture_name;
use super::{ProductIdRule, Products, RowFailure, Source, SourceError, SourceFormat, SourceOptions};
use crate::catalog::{Fields, ImageId, ImageRef, Location, Product, ProductId};
use crate::fetch::object::{Listing, ObjectAddress, ObjectInfo, Objects};
use crate::source::shown::one_line;
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Photos below an address.
#[derive(Debug)]
pub struct ObjectFolder {
    address: ObjectAddress,
    objects: Arc<Objects>,
    product_per_folder: bool,
    product_id: ProductIdRule,
    /// The last listing broke off.
    broke: AtomicBool,
}

impl ObjectFolder {
    /// Makes sure that there is a photo.
    ///
    /// # Errors
    /// When the bucket cannot be listed, has no picture there, or an option is for files.
    pub fn open(
        address: &ObjectAddress,
        options: &SourceOptions,
        objects: Arc<Objects>,
    ) -> Result<Self, SourceError> {
        let malformed = |reason: String| SourceError::malformed(address.to_string(), reason);
        let misplaced = [
            (options.format.is_some_and(|format| format != SourceFormat::Folder), "--format"),
            (options.map != super::Mapping::default(), "--map"),
            (options.image_base.is_some(), "--image-base"),
            (options.image_separator.is_some(), "--image-separator"),
        ];
        if let Some((_, option)) = misplaced.into_iter().find(|(given, _)| *given) {
            return Err(malformed(format!("is a folder, to which `{option}` does not apply")));
        }
        let folder = Self {
            address: ObjectAddress { key: address.key.trim_end_matches('/').to_owned(), ..address.clone() },
            objects,
            product_per_folder: options.product_per_folder,
            product_id: options.product_id,
            broke: AtomicBool::new(false),
        };
        let mut seen = 0_u64;
        for found in folder.objects.list(&folder.address).map_err(|error| malformed(error.to_string()))? {
            let found = found.map_err(|error| malformed(error.to_string()))?;
            if is_picture(&found) {
                return Ok(folder);
            }
            seen += 1;
        }
        Err(malformed(match seen {
            0 => "has nothing in it: is the address right, to the letter?".to_owned(),
            _ => format!("has nothing with the name of a picture among its objects ({seen})"),
        }))
    }

    /// What is below the folder, of an object's name.
    fn below<'a>(&self, object: &'a ObjectInfo) -> &'a str {
        let rest = object.key.strip_prefix(&self.address.key).unwrap_or(&object.key);
        rest.trim_start_matches('/')
    }

    fn product_name(&self, below: &str) -> String {
        if let (true, Some((folder, _))) = (self.product_per_folder, below.split_once('/')) {
            return folder.to_owned();
        }
        let path = Path::new(below);
        match self.product_id {
            ProductIdRule::Path => path.with_extension("").to_string_lossy().into_owned(),
            ProductIdRule::Stem => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }
}

fn is_picture(object: &ObjectInfo) -> bool {
    is_picture_name(OsStr::new(object.key.rsplit('/').next().unwrap_or_default()))
}

impl Source for ObjectFolder {
    fn describe(&self) -> String {
        format!("photos in {}", self.address)
    }

    fn images_expected(&self) -> Option<u64> {
        None
    }

    fn ended_early(&self) -> bool {
        self.broke.load(Ordering::Relaxed)
    }

    fn products(&self) -> Result<Products<'_>, SourceError> {
        self.broke.store(false, Ordering::Relaxed);
        let failed = |error: crate::fetch::object::ObjectError| {
            SourceError::malformed(self.address.to_string(), error.to_string())
        };
        let listing = self.objects.list(&self.address).map_err(failed)?;
        Ok(Box::new(Run { folder: self, listing, next: None, ready: VecDeque::new(), is_over: false }))
    }
}

/// A pass over the listing.
struct Run<'a> {
    folder: &'a ObjectFolder,
    listing: Listing<'a>,
    /// A photo that was listed after the last product's own.
    next: Option<ObjectInfo>,
    ready: VecDeque<Result<Product, RowFailure>>,
    is_over: bool,
}

impl Run<'_> {
    /// The next photo, if there is one; what ends the listing otherwise is made ready.
    fn photo(&mut self) -> Option<ObjectInfo> {
        if let Some(found) = self.next.take() {
            return Some(found);
        }
        while !self.is_over {
            match self.listing.next() {
                Some(Ok(found)) if is_picture(&found) => return Some(found),
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    self.is_over = true;
                    self.folder.broke.store(true, Ordering::Relaxed);
                    let reason =
                        format!("cannot be listed further, so what comes after is not seen: {error}");
                    self.fail(&self.folder.address.to_string(), &reason);
                }
                None => self.is_over = true,
            }
        }
        None
    }

    fn fail(&mut self, place: &str, reason: &str) {
        self.ready.push_back(Err(RowFailure { place: one_line(place), reason: one_line(reason) }));
    }

    /// Adds the image of an object to `images`, or says why it is none.
    fn image(&mut self, object: &ObjectInfo, images: &mut Vec<ImageRef>) {
        let address = self.listing.address_of(object).to_string();
        match ImageId::new(self.folder.below(object)) {
            Ok(id) => {
                self.listing.remember(object);
                images.push(ImageRef { id, location: Location::Object(address) });
            }
            Err(error) => self.fail(&address, &format!("has a name that is no id: {error}")),
        }
    }

    /// Makes the product ready that begins with `first`.
    fn gather(&mut self, first: &ObjectInfo) {
        let below = self.folder.below(first).to_owned();
        let id = ProductId::new(self.folder.product_name(&below));
        let mut images = Vec::new();
        self.image(first, &mut images);
        // What is in one folder stands together in the listing.
        let shared = below.split_once('/').filter(|_| self.folder.product_per_folder);
        if let Some((front, _)) = shared {
            let front = format!("{front}/");
            while let Some(found) = self.photo() {
                if !self.folder.below(&found).starts_with(&front) {
                    self.next = Some(found);
                    break;
                }
                self.image(&found, &mut images);
            }
        }
        match id {
            Ok(_) if images.is_empty() => {}
            Ok(id) => self.ready.push_back(Ok(Product { id, fields: Fields::new(), images })),
            Err(error) => {
                let place = self.listing.address_of(first).to_string();
                self.fail(&place, &format!("has a name that is no product id: {error}"));
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
            match self.photo() {
                Some(first) => self.gather(&first),
                // What ended the listing may have been made ready.
                None => return self.ready.pop_front(),
            }
        }
    }
}
