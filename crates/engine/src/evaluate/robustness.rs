//! What every evaluation needs of a catalog: all its images, its photos again, and whether each finds itself.

use crate::catalog::ImageId;
use crate::fetch::photo::{PhotoReader, ReadError};
use crate::search::{Mode, Request, SearchError, Searcher};
use crate::store::{StoreError, StoredImage};
use lookalike_vision::Picture;
use lookalike_vision::decode::{DecodeError, Limits, decode};
use lookalike_vision::picture::SizeMismatch;
use std::io;

/// Images read from the store at a time.
const PAGE: usize = 512;

/// How stored photos did when asked for themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfFigures {
    /// Stored images asked for.
    pub trials: usize,
    /// Those that came first, or behind a stored photo of the very same bytes.
    pub first: usize,
    /// Those that did not.
    pub misses: Vec<ImageId>,
}

/// An evaluation could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// The search failed.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or folder cannot be read.
    #[error("cannot read {place}")]
    Read {
        /// The file.
        place: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A photo of the catalog cannot be brought any more.
    #[error("{place}, which the catalog was made from, {source}")]
    Photo {
        /// Where it was.
        place: String,
        /// What the reader says.
        source: ReadError,
    },
    /// A photo cannot be decoded any more.
    #[error("{place} {source}")]
    Decode {
        /// The file.
        place: String,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// An edit gave no picture.
    #[error("cannot edit {place}")]
    Edit {
        /// The photo.
        place: String,
        /// What was wrong with what it gave.
        source: SizeMismatch,
    },
    /// Too few photos for collages.
    #[error("{place} holds {found} photos; a collage needs at least 3 that are not in the catalog")]
    Tiles {
        /// The folder or archive.
        place: String,
        /// Photos found in it.
        found: usize,
    },
    /// The labels cannot be used.
    #[error("{0}")]
    Labels(String),
}

/// Every stored image, by its product and then by its id: what is drawn of them by a seed is the same in every catalog of the
/// same photos, in whatever order they were stored.
///
/// # Errors
/// When the store fails.
pub fn all_images(searcher: &Searcher) -> Result<Vec<StoredImage>, StoreError> {
    let mut images: Vec<StoredImage> = Vec::new();
    loop {
        let page = searcher.store().scan(images.last().map(|image| image.key), PAGE)?;
        if page.is_empty() {
            break;
        }
        images.extend(page);
    }
    images.sort_by(|a, b| (&a.product, &a.id).cmp(&(&b.product, &b.id)));
    Ok(images)
}

/// Reads and decodes the photo that an image was made from.
pub(super) fn picture_of(image: &StoredImage, reader: &dyn PhotoReader) -> Result<Picture, EvaluateError> {
    let place = || image.location.to_string();
    let photo = reader
        .read(&image.location, &Limits::default())
        .map_err(|source| EvaluateError::Photo { place: place(), source })?;
    decode(&photo.bytes, &Limits::default())
        .map_err(|source| EvaluateError::Decode { place: place(), source })
}

/// Asks for every stored image by its own signatures, in each mode that must find it.
///
/// # Errors
/// When a search fails.
pub fn find_themselves(searcher: &Searcher, images: &[StoredImage]) -> Result<SelfFigures, EvaluateError> {
    let mut misses = Vec::new();
    for image in images {
        let probe = searcher.probe_stored(image.key, None)?;
        let mut always_first = true;
        for mode in [Mode::Auto, Mode::Duplicate, Mode::Similar] {
            let request = Request { mode, top: 1, ..Request::default() };
            let found = searcher.search(&probe, &request)?.pop();
            always_first &= found.is_some_and(|found| found.evidence.same_bytes);
        }
        if !always_first {
            misses.push(image.id.clone());
        }
    }
    Ok(SelfFigures { trials: images.len(), first: images.len() - misses.len(), misses })
}
