//! A product while its lines are read: what of it is in the catalog already, and the writes that become of it.

use crate::catalog::{Fields, ImageId, ProductId};
use crate::store::{ImageKey, ImageWrite, NewImage, Store, StoreError, StoredImage, StoredProduct, Write};
use std::collections::HashMap;

/// A product on its way into a catalog.
pub(super) struct Gathering {
    pub(super) id: ProductId,
    fields: Fields,
    /// How many images its line announced.
    announced: u64,
    /// What the catalog has of it.
    before: Option<StoredProduct>,
    stored: HashMap<ImageId, ImageKey>,
    listed: Vec<ImageWrite>,
    /// The line of each image.
    lines: HashMap<ImageId, u64>,
    puts: usize,
    /// Something of it is lost, so that what the catalog has beyond its lines must stay.
    pub(super) has_lost: bool,
    /// The catalog took no part of it.
    pub(super) is_refused: bool,
    /// A part of it is written, or is waiting to be.
    has_parts: bool,
}

/// A write, and what it stands for.
pub(super) struct Part {
    pub(super) write: Write,
    pub(super) stored: u64,
    pub(super) unchanged: u64,
}

impl Gathering {
    pub(super) fn new(
        store: &dyn Store,
        id: ProductId,
        fields: Fields,
        announced: u64,
    ) -> Result<Self, StoreError> {
        let before = store.products(std::slice::from_ref(&id))?.pop();
        let stored = before
            .iter()
            .flat_map(|before| before.images.iter().cloned().zip(before.image_keys.iter().copied()));
        let stored = stored.collect();
        Ok(Self {
            id,
            fields,
            announced,
            before,
            stored,
            listed: Vec::new(),
            lines: HashMap::new(),
            puts: 0,
            has_lost: false,
            is_refused: false,
            has_parts: false,
        })
    }

    /// How many images wait to be written.
    pub(super) fn puts(&self) -> usize {
        self.puts
    }

    /// The line on which the image was named before.
    pub(super) fn line_of(&self, image: &ImageId) -> Option<u64> {
        self.lines.get(image).copied()
    }

    /// Takes an image that was not named before.
    pub(super) fn take(&mut self, store: &dyn Store, image: NewImage, line: u64) -> Result<(), StoreError> {
        self.lines.insert(image.id.clone(), line);
        let stored = match self.stored.get(&image.id) {
            Some(key) => store.images(std::slice::from_ref(key))?.pop(),
            None => None,
        };
        if stored.is_some_and(|stored| is_same(&stored, &image)) {
            self.listed.push(ImageWrite::Keep { id: image.id, modified_ns: None });
        } else {
            self.puts += 1;
            self.listed.push(ImageWrite::Put(Box::new(image)));
        }
        Ok(())
    }

    /// What was gathered so far, of a product too large to be held whole. What the catalog has of it and was not named
    /// yet stays for now.
    pub(super) fn part(&mut self) -> Part {
        self.has_parts = true;
        let kept =
            self.listed.iter().map(|image| ImageWrite::Keep { id: id_of(image).clone(), modified_ns: None });
        let kept: Vec<_> = kept.collect();
        let mut images = std::mem::replace(&mut self.listed, kept);
        images.extend(self.unnamed());
        let stored = std::mem::take(&mut self.puts) as u64;
        Part { write: self.write(images), stored, unchanged: 0 }
    }

    /// The whole product and whether anything about it is new. `stored` and `unchanged` leave out what parts had.
    pub(super) fn finish(mut self) -> (Part, bool) {
        self.has_lost |= (self.lines.len() as u64) < self.announced;
        let mut images = std::mem::take(&mut self.listed);
        if self.has_lost {
            images.extend(self.unnamed());
        }
        let same_order = |before: &StoredProduct| images.iter().map(id_of).eq(&before.images);
        let as_before =
            self.before.as_ref().is_some_and(|before| before.fields == self.fields && same_order(before));
        let is_new = self.has_parts || self.puts > 0 || !as_before;
        let unchanged = match self.has_parts {
            true => 0,
            false => (self.lines.len() - self.puts) as u64,
        };
        (Part { stored: self.puts as u64, unchanged, write: self.write(images) }, is_new)
    }

    fn write(&self, images: Vec<ImageWrite>) -> Write {
        Write::Product { id: self.id.clone(), fields: self.fields.clone(), images }
    }

    /// What the catalog has and no line named.
    fn unnamed(&self) -> impl Iterator<Item = ImageWrite> {
        let stored = self.before.iter().flat_map(|before| &before.images);
        let unnamed = stored.filter(move |id| !self.lines.contains_key(*id));
        unnamed.map(|id| ImageWrite::Keep { id: id.clone(), modified_ns: None })
    }
}

fn id_of(image: &ImageWrite) -> &ImageId {
    match image {
        ImageWrite::Put(image) => &image.id,
        ImageWrite::Keep { id, .. } => id,
    }
}

/// Whether nothing would change if `image` took the place of `stored`.
fn is_same(stored: &StoredImage, image: &NewImage) -> bool {
    let bits = |vectors: &[Vec<f32>]| {
        vectors.iter().map(|vector| vector.iter().map(|x| x.to_bits()).collect()).collect::<Vec<Vec<u32>>>()
    };
    (&stored.location, stored.fingerprint, stored.width, stored.height)
        == (&image.location, image.fingerprint, image.width, image.height)
        && stored.media_type == image.media_type
        && stored.hashes == image.hashes
        && bits(&stored.vectors) == bits(&image.vectors)
}
