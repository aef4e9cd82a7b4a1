//! Goes through the source and decides, image by image, what there is to do.
//!
//! An image is unchanged, without being read, when the store has it from the same location with the same length and
//! modification time. Everything else becomes a [`Task`]; whether its bytes are in fact new, `load` finds out.
//! The planner is one thread and the only one that asks the source and [`Store::known`].

use super::event::{Failure, Stage};
use super::product::{Before, InHand, Slot, State};
use super::run::Stop;
use crate::catalog::{ImageRef, Location, Product, ProductId};
use crate::fetch::photo::{PhotoReader, Stat};
use crate::source::Products;
use crate::store::{Fingerprint, KnownImage, Store, StoreError};
use crossbeam_channel::Sender;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// What tasks are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Storing images: whole ones, where their bytes are new.
    Images,
    /// Adding an encoder to stored images: its vectors, where their bytes are still the same.
    AddVectors,
}

/// An image whose bytes are wanted.
#[derive(Debug)]
pub(super) struct Task {
    /// Counts the run's products; when vectors are added, the image's handle.
    pub(super) product: u64,
    /// Into [`InHand::slots`].
    pub(super) slot: usize,
    pub(super) image: ImageRef,
    /// What the store has from the same location.
    pub(super) before: Option<Fingerprint>,
    /// Length in bytes, where it is known.
    pub(super) bytes: Option<u64>,
}

/// What the collector learns.
pub(super) enum Message {
    /// An item that is no product.
    Row(Failure),
    /// A product was planned; tasks for its waiting slots follow.
    Product { number: u64, in_hand: Box<InHand>, failures: Vec<Failure> },
    /// An image was worked on.
    Image { product: u64, slot: usize, bytes: u64, outcome: Outcome },
    /// The store could not be asked.
    Broken(StoreError),
}

/// What became of a task.
pub(super) enum Outcome {
    /// Ready to be stored.
    Ready(Box<crate::store::NewImage>),
    /// The vector of an encoder that is being added.
    Encoded(Vec<f32>),
    /// The bytes are those that are stored; their modification time may be new.
    Same(Option<i64>),
    /// Told to the person.
    Failed(Failure),
    /// The run was stopped first.
    NotReached,
}

/// The planner.
pub(super) struct Planner<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) reader: &'a dyn PhotoReader,
    pub(super) recheck_urls: bool,
    pub(super) stop: &'a Stop<'a>,
    pub(super) tasks: Sender<Task>,
    pub(super) messages: Sender<Message>,
}

/// The collector or the readers are gone; the run is over.
struct Closed;

impl<T> From<crossbeam_channel::SendError<T>> for Closed {
    fn from(_: crossbeam_channel::SendError<T>) -> Self {
        Self
    }
}

impl Planner<'_> {
    /// Goes through `products` until their end or until the run is stopped; true when the end was reached.
    pub(super) fn run(self, products: Products<'_>) -> bool {
        // Keyed hashes of the ids instead of the ids: 16 bytes each, and no two alike are to be met.
        let keys = (RandomState::new(), RandomState::new());
        let mut seen = HashSet::new();
        let mut number = 0;
        for item in products {
            if self.stop.requested() {
                return false;
            }
            let passed_on = match item {
                Err(row) => self.messages.send(Message::Row(row.into())).map_err(Closed::from),
                Ok(product) if !seen.insert((keys.0.hash_one(&product.id), keys.1.hash_one(&product.id))) => {
                    self.refuse_second(&product)
                }
                Ok(product) => {
                    number += 1;
                    self.plan(number, product)
                }
            };
            if passed_on.is_err() {
                return false;
            }
        }
        true
    }

    /// A product that came before: which of the two is meant, only a person knows.
    fn refuse_second(&self, product: &Product) -> Result<(), Closed> {
        let reason = format!("product {} came before in this run; ids must be unique", product.id);
        let location = product.images.first().map(|image| &image.location);
        let nowhere = Location::Url(format!("product {}", product.id));
        let places = product.images.iter().map(|image| &image.location);
        for place in places.chain(location.is_none().then_some(&nowhere)) {
            self.messages.send(Message::Row(Failure::new(place, Stage::Source, &reason)))?;
        }
        Ok(())
    }

    fn plan(&self, number: u64, product: Product) -> Result<(), Closed> {
        let before = match self.store.known(&product.id) {
            Ok(before) => before,
            Err(error) => {
                self.messages.send(Message::Broken(error))?;
                return Err(Closed);
            }
        };
        let Product { id, fields, images } = product;
        let known: HashMap<_, _> =
            before.iter().flat_map(|p| &p.images).map(|image| (&image.id, image)).collect();
        let mut planned = Planned {
            number,
            slots: Vec::with_capacity(images.len()),
            tasks: Vec::new(),
            failures: Vec::new(),
        };
        let mut named = HashSet::with_capacity(images.len());
        for image in images {
            if named.insert(image.id.clone()) {
                let known = known.get(&image.id).copied();
                self.plan_image(&id, image, known, &mut planned);
            } else {
                let reason = format!("is named twice by product {id}");
                planned.failures.push(Failure::new(&image.location, Stage::Source, &reason));
            }
        }
        let before = before.as_ref().map(|before| Before {
            same_fields: before.fields == fields,
            images: before.images.iter().map(|image| image.id.clone()).collect(),
        });
        let Planned { slots, tasks, failures, .. } = planned;
        let in_hand = Box::new(InHand::new(id, fields, slots, before));
        self.messages.send(Message::Product { number, in_hand, failures })?;
        for task in tasks {
            // Once stopped, what was not handed on counts as not reached when the books are closed.
            if self.stop.requested() {
                break;
            }
            self.tasks.send(task)?;
        }
        Ok(())
    }

    fn plan_image(
        &self,
        product: &ProductId,
        image: ImageRef,
        known: Option<&KnownImage>,
        planned: &mut Planned,
    ) {
        let same_place = known.filter(|known| known.location == image.location);
        let stat = self.reader.stat(&image.location);
        let state = match (&stat, same_place) {
            (Err(error), _) => {
                let failure = Failure::new(&image.location, Stage::Fetch, &error.to_string());
                tracing::debug!(%product, %failure, "not readable");
                planned.failures.push(failure);
                State::Failed
            }
            (Ok(Some(stat)), Some(known)) if is_same(*stat, &known.fingerprint) => State::Unchanged(None),
            (Ok(None), Some(_)) if !self.recheck_urls => State::Unchanged(None),
            (Ok(_), _) => State::Waiting,
        };
        let slot = Slot { id: image.id.clone(), stored: known.is_some(), state };
        if let (State::Waiting, Ok(stat)) = (&slot.state, stat) {
            planned.tasks.push(Task {
                product: planned.number,
                slot: planned.slots.len(),
                image,
                before: same_place.map(|known| known.fingerprint),
                bytes: stat.map(|stat| stat.bytes),
            });
        }
        planned.slots.push(slot);
    }
}

/// What a product's plan is while it is made.
struct Planned {
    number: u64,
    slots: Vec<Slot>,
    tasks: Vec<Task>,
    failures: Vec<Failure>,
}

/// A location without a modification time cannot be trusted by its length alone.
fn is_same(stat: Stat, before: &Fingerprint) -> bool {
    stat.modified_ns.is_some() && stat.modified_ns == before.modified_ns && stat.bytes == before.bytes
}
