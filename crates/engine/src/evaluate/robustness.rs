//! Does an edited copy of a stored photo find its original first?

use super::edits::Edit;
use crate::catalog::{ImageId, Location};
use crate::search::{Mode, Request, SearchError, Searcher};
use crate::store::{ImageKey, StoreError, StoredImage};
use lookalike_vision::decode::{DecodeError, Limits, decode};
use sha2::{Digest, Sha256};
use std::io;

/// Images read from the store at a time.
const PAGE: usize = 512;

/// How an edit did.
#[derive(Debug, Clone, PartialEq)]
pub struct EditFigures {
    /// What was done to the photos.
    pub edit: Edit,
    /// Queries asked.
    pub trials: usize,
    /// Queries whose first answer was the original, or a stored photo of the very same bytes.
    pub first: usize,
    /// The queries that failed: the image edited, and what came first instead.
    pub misses: Vec<(ImageId, Option<ImageId>)>,
}

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
    /// A photo cannot be read any more.
    #[error("cannot read {place}, which the catalog was made from")]
    Read {
        /// The file.
        place: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A photo cannot be decoded any more.
    #[error("{place} {source}")]
    Decode {
        /// The file.
        place: String,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// An edit failed.
    #[error("cannot edit {place}")]
    Edit {
        /// The file.
        place: String,
        /// The JPEG encoder's reason.
        source: image::ImageError,
    },
    /// The labels cannot be used.
    #[error("{0}")]
    Labels(String),
}

/// Every stored image, in the order of its handles.
///
/// # Errors
/// When the store fails.
pub fn all_images(searcher: &Searcher) -> Result<Vec<StoredImage>, StoreError> {
    let mut images: Vec<StoredImage> = Vec::new();
    loop {
        let page = searcher.store().scan(images.last().map(|image| image.key), PAGE)?;
        if page.is_empty() {
            return Ok(images);
        }
        images.extend(page);
    }
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
            let request = Request { mode, top: 1, min_percent: 0.0 };
            let found = searcher.search(&probe, &request)?.pop();
            always_first &= found.is_some_and(|found| found.evidence.same_bytes);
        }
        if !always_first {
            misses.push(image.id.clone());
        }
    }
    Ok(SelfFigures { trials: images.len(), first: images.len() - misses.len(), misses })
}

/// Edits `trials` stored photos, drawn by `seed`, and looks for them in duplicate mode.
///
/// # Errors
/// When a photo cannot be read or a search fails.
pub fn find_originals(
    searcher: &Searcher,
    images: &[StoredImage],
    edit: Edit,
    trials: usize,
    seed: u64,
) -> Result<EditFigures, EvaluateError> {
    let request = Request { mode: Mode::Duplicate, top: 1, min_percent: 0.0 };
    let mut misses = Vec::new();
    let drawn = draw(images, trials, seed);
    for original in &drawn {
        let edited = edited_copy(original, edit)?;
        let picture = decode(&edited, &Limits::default()).map_err(|source| EvaluateError::Decode {
            place: format!("edited copy of {}", original.id),
            source,
        })?;
        let probe = searcher.probe(&picture, Some(Sha256::digest(&edited).into()), None)?;
        let found = searcher.search(&probe, &request)?.pop();
        let hit = match &found {
            Some(found) if found.image == original.id => true,
            Some(found) => digest_of(searcher, &found.image)? == Some(original.fingerprint.sha256),
            None => false,
        };
        if !hit {
            misses.push((original.id.clone(), found.map(|found| found.image)));
        }
    }
    Ok(EditFigures { edit, trials: drawn.len(), first: drawn.len() - misses.len(), misses })
}

fn digest_of(searcher: &Searcher, id: &ImageId) -> Result<Option<[u8; 32]>, StoreError> {
    let keys: Vec<ImageKey> = searcher.store().find_image(id)?.into_iter().collect();
    Ok(searcher.store().images(&keys)?.pop().map(|image| image.fingerprint.sha256))
}

fn edited_copy(original: &StoredImage, edit: Edit) -> Result<Vec<u8>, EvaluateError> {
    let place = original.location.to_string();
    let bytes = match &original.location {
        Location::File(path) => {
            std::fs::read(path).map_err(|source| EvaluateError::Read { place: place.clone(), source })?
        }
        Location::Url(_) | Location::Object(_) => {
            let source =
                io::Error::other("photos on the web are not edited: evaluate a catalog of local files");
            return Err(EvaluateError::Read { place, source });
        }
    };
    let picture = decode(&bytes, &Limits::default())
        .map_err(|source| EvaluateError::Decode { place: place.clone(), source })?;
    edit.apply(&picture).map_err(|source| EvaluateError::Edit { place, source })
}

/// `count` images without repetition, drawn by `seed`: the head of a Fisher-Yates shuffle under SplitMix64.
fn draw(images: &[StoredImage], count: usize, seed: u64) -> Vec<&StoredImage> {
    let mut pool: Vec<&StoredImage> = images.iter().collect();
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let count = count.min(pool.len());
    for place in 0..count {
        let other = place + (next() % (pool.len() - place) as u64) as usize;
        pool.swap(place, other);
    }
    pool.truncate(count);
    pool
}
