//! A product while its images are made ready, and the write that becomes of it.

use crate::catalog::{Fields, ImageId, ProductId};
use crate::store::{Found, ImageWrite, NewImage, Write};
use std::collections::HashSet;
use std::mem;

/// A product on its way, with a slot for each image.
#[derive(Debug)]
pub(super) struct InHand {
    pub(super) id: ProductId,
    pub(super) fields: Fields,
    pub(super) slots: Vec<Slot>,
    /// What is stored of it.
    pub(super) before: Option<Before>,
    /// What is to be noted of its images once they are stored.
    found: Vec<(ImageId, Found)>,
    waiting: usize,
    ready: usize,
}

/// What is to be written of a product.
pub(super) struct Ready {
    pub(super) write: Write,
    /// The slots of the images it puts.
    pub(super) slots: Vec<usize>,
    /// How many of these take the place of a stored one.
    pub(super) changed: u64,
}

/// What was stored of a product when it was planned.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) same_fields: bool,
    pub(super) images: Vec<ImageId>,
}

/// An image of a product on its way.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: ImageId,
    /// The store has an image of this id, and keeps it if nothing better comes.
    pub(super) stored: bool,
    pub(super) state: State,
}

/// How far an image is.
#[derive(Debug)]
pub(super) enum State {
    Waiting,
    /// As stored; with a modification time that is to be taken over.
    Unchanged(Option<i64>),
    Ready(Box<NewImage>),
    Written,
    Failed,
    NotReached,
}

impl InHand {
    pub(super) fn new(id: ProductId, fields: Fields, slots: Vec<Slot>, before: Option<Before>) -> Self {
        let waiting = slots.iter().filter(|slot| matches!(slot.state, State::Waiting)).count();
        Self { id, fields, slots, before, found: Vec::new(), waiting, ready: 0 }
    }

    /// Takes down what is to be noted of an image.
    pub(super) fn note(&mut self, slot: usize, found: Found) {
        if let Some(slot) = self.slots.get(slot).filter(|_| found != Found::default()) {
            self.found.push((slot.id.clone(), found));
        }
    }

    /// The notes on images that are stored by now, or by the write before these.
    pub(super) fn notes(&mut self) -> Vec<Write> {
        let product = &self.id;
        mem::take(&mut self.found)
            .into_iter()
            .map(|(image, at)| Write::Found { product: product.clone(), image, at })
            .collect()
    }

    /// How many stored images the source does not name any more.
    pub(super) fn count_dropped(&self) -> u64 {
        let named: HashSet<&ImageId> = self.slots.iter().map(|slot| &slot.id).collect();
        let before = self.before.iter().flat_map(|before| &before.images);
        before.filter(|id| !named.contains(id)).count() as u64
    }

    /// How many images wait for their bytes to be worked on.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many images are ready and not written yet.
    pub(super) fn ready(&self) -> usize {
        self.ready
    }

    /// Takes down what became of an image that was waiting; false when none was.
    pub(super) fn settle(&mut self, slot: usize, state: State) -> bool {
        let Some(slot) = self.slots.get_mut(slot).filter(|slot| matches!(slot.state, State::Waiting)) else {
            return false;
        };
        self.waiting -= 1;
        self.ready += usize::from(matches!(state, State::Ready(_)));
        slot.state = state;
        true
    }

    /// Takes down that no waiting image will be taken up any more; gives how many that are.
    pub(super) fn give_up_waiting(&mut self) -> usize {
        for slot in self.slots.iter_mut().filter(|slot| matches!(slot.state, State::Waiting)) {
            slot.state = State::NotReached;
        }
        std::mem::take(&mut self.waiting)
    }

    /// Takes back that images were written: the store refused them.
    pub(super) fn refuse(&mut self, slots: &[usize]) {
        for &index in slots {
            if let Some(slot) = self.slots.get_mut(index) {
                slot.state = State::Failed;
            }
        }
    }

    /// Whether every image was taken up.
    pub(super) fn is_reached(&self) -> bool {
        self.slots.iter().all(|slot| !matches!(slot.state, State::NotReached | State::Waiting))
    }

    /// No image of it can be stored, and none is.
    pub(super) fn is_lost(&self) -> bool {
        let nothing = self.slots.iter().all(|slot| !slot.is_listed());
        self.before.is_none() && !self.slots.is_empty() && nothing
    }

    /// The store has just this.
    pub(super) fn is_as_before(&self) -> bool {
        let Some(before) = &self.before else { return false };
        let listed = self.slots.iter().filter(|slot| slot.is_listed()).map(|slot| &slot.id);
        let nothing_new =
            |slot: &Slot| !matches!(slot.state, State::Ready(_) | State::Written | State::Unchanged(Some(_)));
        before.same_fields && self.slots.iter().all(nothing_new) && listed.eq(&before.images)
    }

    /// Nothing but modification times is new.
    pub(super) fn is_as_before_but_for_times(&self) -> bool {
        let Some(before) = &self.before else { return false };
        let listed = self.slots.iter().filter(|slot| slot.is_listed()).map(|slot| &slot.id);
        before.same_fields && self.ready == 0 && !self.has_written() && listed.eq(&before.images)
    }

    fn has_written(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot.state, State::Written))
    }

    /// Everything that is ready, with everything that is stored left as it is. What is not stored and not ready is left
    /// out, so this may be written at any time, again and again.
    pub(super) fn write(&mut self) -> Ready {
        self.ready = 0;
        let mut images = Vec::with_capacity(self.slots.len());
        let (mut new, mut changed) = (Vec::new(), 0);
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let keep = |modified_ns| ImageWrite::Keep { id: slot.id.clone(), modified_ns };
            match mem::replace(&mut slot.state, State::Written) {
                State::Ready(image) => {
                    images.push(ImageWrite::Put(image));
                    new.push(index);
                    changed += u64::from(slot.stored);
                }
                State::Unchanged(modified_ns) => {
                    images.push(keep(modified_ns));
                    slot.state = State::Unchanged(None);
                }
                State::Written => images.push(keep(None)),
                other => {
                    if slot.stored {
                        images.push(keep(None));
                    }
                    slot.state = other;
                }
            }
        }
        let write = Write::Product { id: self.id.clone(), fields: self.fields.clone(), images };
        Ready { write, slots: new, changed }
    }
}

impl Slot {
    pub(super) fn is_failed(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    pub(super) fn is_unchanged(&self) -> bool {
        matches!(self.state, State::Unchanged(_))
    }

    fn is_listed(&self) -> bool {
        self.stored || matches!(self.state, State::Ready(_) | State::Written | State::Unchanged(_))
    }
}
