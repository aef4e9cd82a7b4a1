//! Goes through the source and decides, image by image, what there is to do.
//!
//! An image is unchanged, without being read, when the store has it from the same location with the same length and
//! modification time. Everything else becomes a [`Task`]; whether its bytes are in fact new, `load` finds out.
//! The planner is one thread and the only one that asks the source and [`Store::known`]. Once the deadline has passed it
//! goes through the rest of the source only to name what was not reached.

use super::event::{Failure, Stage};
use super::missing::{Gone, Seen};
use super::product::{Before, InHand, Slot, State};
use super::queue::{Abandoned, Planning};
use super::stop::Stop;
use crate::catalog::{ImageId, ImageRef, Location, Product, ProductId};
use crate::fetch::Validators;
use crate::fetch::photo::{PhotoReader, Stat};
use crate::source::Products;
use crate::store::{Fingerprint, Found, KnownImage, KnownProduct, NewImage, Store, StoreError};
use crossbeam_channel::Sender;
use std::collections::{HashMap, HashSet};

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
    /// What the store has under that name.
    pub(super) before: Option<Fingerprint>,
    /// The store has it from another location.
    pub(super) moved: bool,
    /// What its server said of what the store has.
    pub(super) validators: Option<Validators>,
    /// Length in bytes, where it is known.
    pub(super) bytes: Option<u64>,
}

/// What the collector learns.
pub(super) enum Message {
    /// An item that is no product.
    Row(Failure),
    /// A product was planned; tasks for its waiting slots follow.
    Product { number: u64, in_hand: Box<InHand>, failures: Vec<Failure> },
    /// A product that the deadline left out, each of its images named; itself where it has none.
    LeftOut { images: u64, named: Vec<Failure> },
    /// An image was worked on.
    Image { product: u64, slot: usize, bytes: u64, outcome: Outcome },
    /// The store could not be asked.
    Broken(StoreError),
}

/// What became of a task.
pub(super) enum Outcome {
    /// Ready to be stored, and what its server says of it.
    Ready { image: Box<NewImage>, validators: Option<Validators> },
    /// The vector of an encoder that is being added.
    Encoded(Vec<f32>),
    /// The bytes are those that are stored.
    Same(Box<Same>),
    /// Told to the person.
    Failed(Failure),
    /// The run was stopped first; named when that was for its deadline.
    NotReached(Option<Failure>),
}

/// What is new about an image whose bytes are not.
#[derive(Debug, Default)]
pub(super) struct Same {
    /// Its modification time, at the same location.
    pub(super) modified_ns: Option<i64>,
    pub(super) found: Found,
}

/// The planner.
pub(super) struct Planner<'a> {
    /// None when there is no catalog yet, as a preview may find.
    pub(super) store: Option<&'a dyn Store>,
    pub(super) reader: &'a dyn PhotoReader,
    pub(super) recheck_urls: bool,
    pub(super) stop: &'a Stop<'a>,
    /// None when nothing is to be read, as in a preview.
    pub(super) tasks: Option<Planning<'a>>,
    pub(super) messages: Sender<Message>,
}

/// The collector or the readers are gone; the run is over.
struct Closed;

impl<T> From<crossbeam_channel::SendError<T>> for Closed {
    fn from(_: crossbeam_channel::SendError<T>) -> Self {
        Self
    }
}

impl From<Abandoned> for Closed {
    fn from(_: Abandoned) -> Self {
        Self
    }
}

impl Planner<'_> {
    /// Goes through `products` until their end or until the run is stopped.
    pub(super) fn run(self, products: Products<'_>) -> Gone {
        let mut gone = Gone { seen: Seen::new(), is_whole: false, failed_rows: 0 };
        let mut number = 0;
        for item in products {
            let is_late = self.stop.is_late_only();
            if self.stop.requested() && !is_late {
                return gone;
            }
            let passed_on = match item {
                Err(row) => {
                    gone.failed_rows += 1;
                    self.messages.send(Message::Row(row.into())).map_err(Closed::from)
                }
                Ok(product) if !gone.seen.insert(&product.id) => self.refuse_second(&product),
                Ok(product) if is_late => self.leave_out(&product),
                Ok(product) => {
                    number += 1;
                    self.plan(number, product)
                }
            };
            if passed_on.is_err() {
                return gone;
            }
        }
        gone.is_whole = !self.stop.requested();
        gone
    }

    /// Names a product that there is no time for.
    fn leave_out(&self, product: &Product) -> Result<(), Closed> {
        let mut named: Vec<_> =
            product.images.iter().filter_map(|image| self.stop.left_out(&image.location)).collect();
        if product.images.is_empty() {
            named.extend(self.stop.left_out(&Location::Url(format!("product {}", product.id))));
        }
        Ok(self.messages.send(Message::LeftOut { images: product.images.len() as u64, named })?)
    }

    /// A product that came before: which of the two is meant, only a person knows.
    fn refuse_second(&self, product: &Product) -> Result<(), Closed> {
        let reason = format!("product {} came before in this run; ids must be unique", product.id);
        for image in &product.images {
            self.messages.send(Message::Row(Failure::new(&image.location, Stage::Source, &reason)))?;
        }
        if product.images.is_empty() {
            let failure = Failure::of_product(&product.id, Stage::Source, &reason);
            self.messages.send(Message::Row(failure))?;
        }
        Ok(())
    }

    fn plan(&self, number: u64, product: Product) -> Result<(), Closed> {
        let (before, validators) = match self.known(&product) {
            Ok(known) => known,
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
                let validators = validators.get(&image.id);
                self.plan_image(&id, image, (known, validators), &mut planned);
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
        let Some(queue) = &self.tasks else { return Ok(()) };
        for task in tasks {
            // Once stopped, the readers have nothing to do but to say so of each.
            queue.push(self.reader.host(&task.image.location), task)?;
        }
        Ok(())
    }

    /// What is stored of a product, and what servers said of its images where they are to be asked again.
    fn known(
        &self,
        product: &Product,
    ) -> Result<(Option<KnownProduct>, HashMap<ImageId, Validators>), StoreError> {
        let Some(store) = self.store else { return Ok((None, HashMap::new())) };
        let before = store.known(&product.id)?;
        let before = match before {
            Some(before) => Some(without_left_out(store, product, before)?),
            None => None,
        };
        let asks = self.recheck_urls
            && before.iter().flat_map(|p| &p.images).any(|image| matches!(image.location, Location::Url(_)));
        let validators = if asks { store.validators(&product.id)? } else { Vec::new() };
        Ok((before, validators.into_iter().collect()))
    }

    fn plan_image(
        &self,
        product: &ProductId,
        image: ImageRef,
        (known, validators): (Option<&KnownImage>, Option<&Validators>),
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
                before: known.map(|known| known.fingerprint),
                moved: known.is_some() && same_place.is_none(),
                // Of another address they say nothing.
                validators: same_place.and(validators).cloned(),
                bytes: stat.map(|stat| stat.bytes),
            });
        }
        planned.slots.push(slot);
    }
}

/// Photos that could not be read when an encoder was added have a vector that is like nothing. One that turns up at another
/// place is to get a vector of its own, so its digest is forgotten here: no bytes have all zeros.
fn without_left_out(
    store: &dyn Store,
    product: &Product,
    mut before: KnownProduct,
) -> Result<KnownProduct, StoreError> {
    let places: HashMap<_, _> = product.images.iter().map(|image| (&image.id, &image.location)).collect();
    let has_moved = |known: &KnownImage| places.get(&known.id).is_some_and(|place| **place != known.location);
    if !before.images.iter().any(has_moved) {
        return Ok(before);
    }
    let stored = store.products(std::slice::from_ref(&product.id))?;
    let keys: Vec<_> = stored.into_iter().flat_map(|product| product.image_keys).collect();
    let like_nothing: HashSet<ImageId> = store
        .images(&keys)?
        .into_iter()
        .filter(|image| image.vectors.iter().any(|vector| vector.iter().all(|number| *number == 0.0)))
        .map(|image| image.id)
        .collect();
    for known in before.images.iter_mut().filter(|known| like_nothing.contains(&known.id)) {
        known.fingerprint.sha256 = [0; 32];
    }
    Ok(before)
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
