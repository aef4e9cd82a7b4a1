//! Puts products together again out of images that become ready in any order, and keeps the books.
//!
//! One thread, the only one that counts and the only one that writes. A product is written when its last image is
//! settled; when too many images are ready and wait for their products, the product with the most of them is
//! written as far as it is, so one product with very many images needs no more memory than many with few, and a
//! run that is stopped in the midst of it resumes there.

use super::event::Event;
use super::plan::{Message, Outcome};
use super::product::{InHand, Ready, State};
use super::report::Counts;
use super::stop::Stop;
use super::write::{Batch, Counted, Entry};
use crate::store::{Found, StoreError};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Time between two progress events.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// The collector.
pub(super) struct Collector<'a> {
    batch: Batch<'a>,
    most_ready: usize,
    stop: &'a Stop<'a>,
    events: Sender<Event>,
    in_hand: HashMap<u64, InHand>,
    ready: usize,
    counts: Counts,
    broken: Option<StoreError>,
    told: Instant,
}

/// How it ended.
pub(super) struct Collected {
    pub(super) counts: Counts,
    /// Why the store could not be used any more.
    pub(super) broken: Option<StoreError>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        batch: Batch<'a>,
        most_ready: usize,
        stop: &'a Stop<'a>,
        events: Sender<Event>,
    ) -> Self {
        let (in_hand, counts, told) = (HashMap::new(), Counts::default(), Instant::now());
        Self { batch, most_ready, stop, events, in_hand, ready: 0, counts, broken: None, told }
    }

    /// Takes messages until nobody is left to send any, then closes the books.
    pub(super) fn run(mut self, messages: &Receiver<Message>) -> Collected {
        loop {
            let next = match self.batch.due() {
                Some(due) => messages.recv_deadline(due),
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.batch.is_due() {
                self.write();
            }
            if self.told.elapsed() >= PROGRESS_EVERY {
                self.told = Instant::now();
                self.tell(Event::Progress(self.counts));
            }
        }
        let mut left: Vec<_> = self.in_hand.drain().collect();
        left.sort_unstable_by_key(|(number, _)| *number);
        for (number, mut product) in left {
            self.counts.not_reached += product.give_up_waiting() as u64;
            self.conclude(number, product);
        }
        self.write();
        self.tell(Event::Progress(self.counts));
        Collected { counts: self.counts, broken: self.broken.or(self.batch.broken) }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Row(failure) => {
                self.counts.seen += 1;
                self.counts.failed += 1;
                self.tell(Event::Failed(failure));
            }
            Message::Product { number, in_hand, failures } => {
                let without_slot =
                    failures.len() - in_hand.slots.iter().filter(|slot| slot.is_failed()).count();
                let images = (in_hand.slots.len() + without_slot) as u64;
                self.counts.seen += images;
                self.counts.products.seen += 1;
                self.counts.without_image += u64::from(images == 0);
                self.counts.failed += failures.len() as u64;
                self.counts.unchanged +=
                    in_hand.slots.iter().filter(|slot| slot.is_unchanged()).count() as u64;
                self.tell(Event::Planned { product: in_hand.id.clone(), images });
                failures.into_iter().for_each(|failure| self.tell(Event::Failed(failure)));
                if in_hand.waiting() == 0 {
                    self.conclude(number, *in_hand);
                } else {
                    self.in_hand.insert(number, *in_hand);
                }
            }
            Message::LeftOut { images, named } => {
                self.counts.seen += images;
                self.counts.not_reached += images;
                self.counts.products.seen += 1;
                self.counts.products.not_reached += 1;
                named.into_iter().for_each(|named| self.tell(Event::NotReached(named)));
            }
            Message::Image { product, slot, bytes, outcome } => {
                self.counts.bytes += bytes;
                self.settle(product, slot, outcome);
            }
            Message::Broken(error) => {
                self.broken.get_or_insert(error);
                self.stop.now();
            }
        }
    }

    fn settle(&mut self, number: u64, slot: usize, outcome: Outcome) {
        let Some(product) = self.in_hand.get_mut(&number) else { return };
        let ready = product.ready();
        let (state, found, told) = match outcome {
            Outcome::Ready { image, validators } => {
                (State::Ready(image), Found { place: None, validators }, None)
            }
            // None comes where whole images are asked for.
            Outcome::Encoded(_) => return,
            Outcome::Same(same) => (State::Unchanged(same.modified_ns), same.found, None),
            Outcome::Failed(failure) => (State::Failed, Found::default(), Some(Event::Failed(failure))),
            Outcome::NotReached(named) => (State::NotReached, Found::default(), named.map(Event::NotReached)),
        };
        let counter = match &state {
            State::Unchanged(_) => Some(&mut self.counts.unchanged),
            State::Failed => Some(&mut self.counts.failed),
            State::NotReached => Some(&mut self.counts.not_reached),
            // Counted when it is written.
            _ => None,
        };
        if !product.settle(slot, state) {
            return;
        }
        product.note(slot, found);
        if let Some(counter) = counter {
            *counter += 1;
        }
        self.ready += product.ready() - ready;
        let is_done = product.waiting() == 0;
        if let Some(event) = told {
            self.tell(event);
        }
        if is_done {
            if let Some(product) = self.in_hand.remove(&number) {
                self.ready -= product.ready();
                self.conclude(number, product);
            }
        } else if self.ready > self.most_ready {
            self.write_part();
        }
    }

    /// Every image of the product is settled.
    fn conclude(&mut self, number: u64, mut product: InHand) {
        let products = &mut self.counts.products;
        let reached = product.is_reached();
        if !reached && product.ready() == 0 {
            products.not_reached += 1;
        } else if product.is_lost() {
            products.failed += 1;
        } else if reached && product.is_as_before() {
            let images = product.slots.len() as u64;
            let mut notes = product.notes().into_iter();
            let Some(first) = notes.next() else {
                products.unchanged += 1;
                self.tell(Event::Unchanged { product: product.id, images });
                return;
            };
            self.batch.push(number, first, entry(&product, Counted::Unchanged));
            notes.for_each(|note| self.batch.push(number, note, entry(&product, Counted::Later)));
        } else {
            let counted = match (reached, &product.before) {
                (false, _) => Counted::NotReached,
                (true, _) if product.is_as_before_but_for_times() => Counted::Unchanged,
                (true, None) => Counted::New,
                (true, Some(_)) => Counted::Changed,
            };
            let removed = product.count_dropped();
            let Ready { write, changed, .. } = product.write();
            self.batch.push(number, write, Entry { changed, removed, ..entry(&product, counted) });
            let notes = product.notes();
            notes.into_iter().for_each(|note| self.batch.push(number, note, entry(&product, Counted::Later)));
        }
    }

    /// Writes what is ready of the product that has the most of it.
    fn write_part(&mut self) {
        self.write();
        let Some((&number, _)) = self.in_hand.iter().max_by_key(|(_, product)| product.ready()) else {
            return;
        };
        let Some(mut product) = self.in_hand.remove(&number) else { return };
        self.ready -= product.ready();
        let Ready { write, slots, changed } = product.write();
        self.batch.push(number, write, Entry { changed, ..entry(&product, Counted::Later) });
        if !self.write() {
            product.refuse(&slots);
        }
        self.in_hand.insert(number, product);
    }

    fn write(&mut self) -> bool {
        let Self { batch, counts, events, stop, .. } = self;
        let taken = batch.write(counts, &mut |event| send(events, stop, event));
        if self.batch.broken.is_some() {
            self.stop.now();
        }
        taken
    }

    fn tell(&self, event: Event) {
        send(&self.events, self.stop, event);
    }
}

/// What a product counts as, where no image of it changed or went.
fn entry(product: &InHand, counted: Counted) -> Entry {
    let images = product.slots.len() as u64;
    Entry { product: product.id.clone(), images, changed: 0, removed: 0, counted }
}

/// Nobody listens any more when the caller's own function panicked: then there is no point in going on.
fn send(events: &Sender<Event>, stop: &Stop<'_>, event: Event) {
    if events.send(event).is_err() {
        stop.now();
    }
}
