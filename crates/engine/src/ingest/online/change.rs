//! What is to become of a product, and the write that becomes of it, given what is stored.

use crate::catalog::{Fields, ImageId, Location, ProductId};
use crate::store::{ImageWrite, KnownImage, KnownProduct, NewImage, Store, StoreError, Write};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// Asked right before a change is stored, with nobody writing in between; `false` keeps it from being stored.
pub type Guard = Box<dyn FnOnce() -> bool + Send>;

/// What is to become of a product.
pub struct Change {
    /// Which.
    pub product: ProductId,
    /// What.
    pub kind: Kind,
    /// Has the last word.
    pub guard: Option<Guard>,
}

/// What is to become of it.
#[derive(Debug)]
pub enum Kind {
    /// It is to be just this, whether it was there or not.
    Put {
        /// All of its fields.
        fields: Fields,
        /// All of its images, the main one first.
        images: Vec<ImageChange>,
    },
    /// A part of it is to be other; it has to be there.
    Patch {
        /// Merged into its fields ([`merge_patch`]).
        fields: Fields,
        /// All of its images; those it has when nothing is said.
        images: Option<Vec<ImageChange>>,
    },
    /// It is to be gone; it has to be there.
    Delete,
}

/// An image of a product that is changed.
#[derive(Debug)]
pub enum ImageChange {
    /// The stored image of this id.
    Stored(ImageId),
    /// A new one, or another one in place of that of its id.
    New {
        /// Ready to be stored.
        image: Box<NewImage>,
        /// Its bytes, where the catalog is to keep them.
        bytes: Option<Bytes>,
        /// Its id is the caller's own choice, and may be another photo's.
        is_named: bool,
    },
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The product was not there before.
    pub created: bool,
    /// As it is stored now; `None` when it was deleted.
    pub product: Option<KnownProduct>,
}

/// Why nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ChangeError {
    /// To be patched or deleted, and not there.
    #[error("the catalog has no product {0:?}")]
    NoProduct(String),
    /// To be kept, and not there.
    #[error("the product has no image {0:?} that could stay: give its photo")]
    NoImage(String),
    /// Listed twice.
    #[error("the image {0:?} is listed twice: list each image once")]
    Repeated(String),
    /// Another product shows another photo under that id.
    #[error(
        "the image id {image:?} is another photo's, of the product {product:?}: give the image another id"
    )]
    Taken {
        /// The id.
        image: String,
        /// Who has it.
        product: String,
    },
    /// The guard said no.
    #[error("it was not to be stored")]
    Guarded,
    /// The store cannot take it.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
    /// A photo cannot be kept.
    #[error("the photo cannot be kept: {0}")]
    Uploads(String),
    /// The committer is gone.
    #[error("the catalog is being closed")]
    Closed,
}

impl From<StoreError> for ChangeError {
    fn from(error: StoreError) -> Self {
        if error.is_refusal() { Self::Refused(error.to_string()) } else { Self::Store(Arc::new(error)) }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("product", &self.product)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What a change comes to.
pub(super) struct Planned {
    pub(super) write: Write,
    pub(super) created: bool,
    /// Photos that have to be kept before it is written.
    pub(super) keeps: Vec<([u8; 32], Bytes)>,
    /// Photos that may be needed no more after it.
    pub(super) gone: Vec<[u8; 32]>,
}

impl Change {
    /// Ids of the images it brings.
    pub(super) fn new_images(&self) -> impl Iterator<Item = &ImageId> {
        self.brought().map(|image| &image.id)
    }

    fn brought(&self) -> impl Iterator<Item = &NewImage> {
        let images = match &self.kind {
            Kind::Put { images, .. } | Kind::Patch { images: Some(images), .. } => images.as_slice(),
            Kind::Patch { images: None, .. } | Kind::Delete => &[],
        };
        images.iter().filter_map(|image| match image {
            ImageChange::New { image, .. } => Some(image.as_ref()),
            ImageChange::Stored(_) => None,
        })
    }

    /// The digests of the photos it brings that the catalog is to keep.
    pub(super) fn uploads(&self) -> Vec<[u8; 32]> {
        let brought = self.brought().filter_map(|image| match image.location {
            Location::Uploaded(sha256) => Some(sha256),
            _ => None,
        });
        brought.collect()
    }

    /// The write that it is, as the store is now. Only to be asked while nobody writes.
    pub(super) fn plan(self, store: &dyn Store) -> Result<Planned, ChangeError> {
        let Self { product: id, kind, .. } = self;
        let known = store.known(&id)?;
        let missing = || ChangeError::NoProduct(id.to_string());
        let created = known.is_none();
        let (fields, images) = match kind {
            Kind::Put { fields, images } => (fields, Some(images)),
            Kind::Patch { fields: patch, images } => {
                let mut fields = known.as_ref().ok_or_else(missing)?.fields.clone();
                merge_patch(&mut fields, patch);
                (fields, images)
            }
            Kind::Delete => {
                let gone = uploads(&known.ok_or_else(missing)?.images).collect();
                return Ok(Planned { write: Write::Delete(id), created: false, keeps: Vec::new(), gone });
            }
        };
        let before = known.map(|known| known.images).unwrap_or_default();
        let stored = |id: &ImageId| before.iter().find(|image| image.id == *id);
        let Some(images) = images else {
            let images = before.iter().map(|image| keep(&image.id)).collect();
            let write = Write::Product { id, fields, images };
            return Ok(Planned { write, created, keeps: Vec::new(), gone: Vec::new() });
        };
        let (mut seen, mut keeps) = (HashSet::new(), Vec::new());
        let mut writes = Vec::with_capacity(images.len());
        for image in images {
            let image_id = match &image {
                ImageChange::Stored(id) => id.clone(),
                ImageChange::New { image, .. } => image.id.clone(),
            };
            if !seen.insert(image_id.clone()) {
                return Err(ChangeError::Repeated(image_id.to_string()));
            }
            writes.push(match image {
                ImageChange::Stored(id) if stored(&id).is_some() => keep(&id),
                ImageChange::Stored(id) => return Err(ChangeError::NoImage(id.to_string())),
                ImageChange::New { image, bytes, is_named } => {
                    if is_named {
                        expect_free(store, &id, &image)?;
                    }
                    if let (Location::Uploaded(sha256), Some(bytes)) = (&image.location, bytes) {
                        keeps.push((*sha256, bytes));
                    }
                    match stored(&image.id) {
                        Some(known) if is_same(known, &image) => keep(&image.id),
                        _ => ImageWrite::Put(image),
                    }
                }
            });
        }
        let gone = uploads(&before).collect();
        Ok(Planned { write: Write::Product { id, fields, images: writes }, created, keeps, gone })
    }
}

fn keep(id: &ImageId) -> ImageWrite {
    ImageWrite::Keep { id: id.clone(), modified_ns: None }
}

fn is_same(known: &KnownImage, image: &NewImage) -> bool {
    known.fingerprint.sha256 == image.fingerprint.sha256 && known.location == image.location
}

fn uploads(images: &[KnownImage]) -> impl Iterator<Item = [u8; 32]> {
    images.iter().filter_map(|image| match image.location {
        Location::Uploaded(sha256) => Some(sha256),
        _ => None,
    })
}

/// Fails when another product shows another photo under this id: images are shown by their ids.
fn expect_free(store: &dyn Store, id: &ProductId, image: &NewImage) -> Result<(), ChangeError> {
    let Some(key) = store.find_image(&image.id)? else { return Ok(()) };
    match store.images(&[key])?.pop() {
        Some(other) if other.product != *id && other.fingerprint.sha256 != image.fingerprint.sha256 => {
            Err(ChangeError::Taken { image: image.id.to_string(), product: other.product.to_string() })
        }
        _ => Ok(()),
    }
}

/// Merges `patch` into `fields` as RFC 7396 says: null removes, objects are merged, everything else replaces.
pub fn merge_patch(fields: &mut Fields, patch: Fields) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                // The others keep their order.
                fields.shift_remove(&name);
            }
            Value::Object(patch) => {
                let place = fields.entry(name).or_insert_with(|| Value::Object(Map::new()));
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                if let Value::Object(inner) = place {
                    merge_patch(inner, patch);
                }
            }
            other => {
                fields.insert(name, other);
            }
        }
    }
}
