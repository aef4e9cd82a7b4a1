//! The encoders of one open catalog: found by name, loaded when first needed, and what their cosines mean.
//!
//! Models take long to load and much memory, so each is loaded once and shared; who needs one that is being loaded
//! waits for it. Where models come from is not known here: an [`EncoderSource`] brings them.

use super::scale::{SAMPLE, Scale};
use super::{SearchError, calibrate, error::names};
use crate::store::{SampledVector, Store, StoreError};
use lookalike_vision::encoder::{Encoder, EncoderId};
use std::sync::{Arc, Mutex, PoisonError};

/// A sample of fewer vectors is taken again at the next question: the catalog may be growing.
const SETTLED: usize = 64;

/// Brings encoders by name.
pub trait EncoderSource: Send + Sync {
    /// Makes the encoder ready; may take seconds.
    ///
    /// # Errors
    /// When its model is not at hand or cannot be used.
    fn load(&self, name: &str) -> Result<Arc<dyn Encoder>, EncoderUnavailable>;

    /// Whether it reads words, as far as is known without loading it.
    fn reads_text(&self, name: &str) -> bool;
}

/// An encoder cannot be had; the words name it and the cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EncoderUnavailable(pub String);

/// A source of one encoder that is there already.
pub(super) struct AtHand(pub(super) Arc<dyn Encoder>);

impl EncoderSource for AtHand {
    fn load(&self, name: &str) -> Result<Arc<dyn Encoder>, EncoderUnavailable> {
        let had = &self.0.id().name;
        if had == name {
            return Ok(Arc::clone(&self.0));
        }
        Err(EncoderUnavailable(format!("the encoder {name} is not at hand, only {had} is")))
    }

    fn reads_text(&self, name: &str) -> bool {
        self.0.id().name == name && self.0.text().is_some()
    }
}

/// The encoders of one catalog, in its order.
pub(super) struct Encoders {
    source: Arc<dyn EncoderSource>,
    slots: Vec<Slot>,
}

struct Slot {
    id: EncoderId,
    loaded: Mutex<Option<Arc<dyn Encoder>>>,
    learned: Mutex<Option<Learned>>,
}

/// What a sample of the catalog says of one encoder.
#[derive(Clone)]
pub(super) struct Learned {
    pub(super) sample: Arc<Vec<SampledVector>>,
    pub(super) scale: Scale,
}

impl Encoders {
    pub(super) fn new(ids: &[EncoderId], source: Arc<dyn EncoderSource>) -> Self {
        let slot =
            |id: &EncoderId| Slot { id: id.clone(), loaded: Mutex::default(), learned: Mutex::default() };
        Self { source, slots: ids.iter().map(slot).collect() }
    }

    /// Those of `ids` from the same source; what is loaded of them stays loaded.
    pub(super) fn over(&self, ids: &[EncoderId]) -> Self {
        let fresh = Self::new(ids, Arc::clone(&self.source));
        for slot in &fresh.slots {
            if let Some(had) = self.slots.iter().find(|had| had.id == slot.id) {
                let loaded = had.loaded.lock().unwrap_or_else(PoisonError::into_inner).clone();
                *slot.loaded.lock().unwrap_or_else(PoisonError::into_inner) = loaded;
            }
        }
        fresh
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &EncoderId> {
        self.slots.iter().map(|slot| &slot.id)
    }

    /// Where the encoder stands in the catalog's list.
    pub(super) fn find(&self, name: &str) -> Result<usize, SearchError> {
        self.slots
            .iter()
            .position(|slot| slot.id.name == name)
            .ok_or_else(|| SearchError::UnknownEncoder { asked: name.to_owned(), known: names(self.ids()) })
    }

    pub(super) fn reads_text(&self, slot: usize) -> bool {
        self.slots.get(slot).is_some_and(|slot| self.source.reads_text(&slot.id.name))
    }

    /// The encoder, which is that of the catalog's vectors to the digest.
    pub(super) fn load(&self, slot: usize) -> Result<Arc<dyn Encoder>, SearchError> {
        let slot = self.slot(slot)?;
        let mut loaded = slot.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(encoder) = &*loaded {
            return Ok(Arc::clone(encoder));
        }
        let encoder = self.source.load(&slot.id.name)?;
        if *encoder.id() != slot.id {
            let (stored, offered) = (slot.id.clone().into(), encoder.id().clone().into());
            return Err(SearchError::EncoderDiffers { stored, offered });
        }
        Ok(Arc::clone(loaded.insert(encoder)))
    }

    /// What the catalog says of the encoder; asked once, and again while it holds little.
    pub(super) fn learned(&self, store: &dyn Store, at: usize) -> Result<Learned, SearchError> {
        let slot = self.slot(at)?;
        let mut kept = slot.learned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(learned) = &*kept {
            return Ok(learned.clone());
        }
        let mut sample = store.sample_vectors(at, SAMPLE)?;
        // Photos that could not be encoded have vectors of zeros.
        sample.retain(|one| one.vector.iter().any(|number| *number != 0.0));
        let sample = Arc::new(sample);
        let usual = calibrate::usual_unrelated(&slot.id.name);
        let learned = Learned { scale: Scale::measured(&sample, usual), sample };
        if learned.sample.len() >= SETTLED {
            *kept = Some(learned.clone());
        }
        Ok(learned)
    }

    pub(super) fn id(&self, slot: usize) -> Result<&EncoderId, SearchError> {
        Ok(&self.slot(slot)?.id)
    }

    fn slot(&self, slot: usize) -> Result<&Slot, SearchError> {
        // Numbers come from `find`.
        self.slots.get(slot).ok_or_else(|| SearchError::UnknownEncoder {
            asked: format!("number {slot}"),
            known: names(self.ids()),
        })
    }
}

impl From<StoreError> for SearchError {
    fn from(error: StoreError) -> Self {
        match error.removed_encoder() {
            Some(name) => Self::EncoderGone(name.to_owned()),
            None => Self::Store(error),
        }
    }
}
