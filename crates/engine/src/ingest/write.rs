//! Writes products in batches and tells what became of them.
//!
//! A batch is written in the source's order, whichever of its products was ready first, so that a catalog of one batch is
//! the same however its threads ran.
//!
//! When a batch is refused, its products are tried one by one, so that one the store cannot take costs only itself.
//! When nothing is taken any more (a full disk) the run is stopped: going on would spoil hours of work in order to
//! report every product as failed.

use super::event::{Event, Failure, Stage, whole};
use super::report::Counts;
use crate::catalog::{Location, ProductId};
use crate::store::{ImageWrite, Store, StoreError, Write};
use std::time::{Duration, Instant};

/// So many products refused one after another mean that the store takes nothing any more.
const REFUSED_IN_A_ROW: u32 = 8;

/// Images in one batch at most, beside the bound on products.
const IMAGES_PER_BATCH: usize = 512;

/// What a product counts as once its write is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// As new.
    New,
    /// As changed.
    Changed,
    /// As unchanged: only modification times were new.
    Unchanged,
    /// As not finished: the run was stopped.
    NotReached,
    /// As nothing yet: more of it follows.
    Later,
}

/// What a write means for the books.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) product: ProductId,
    /// Images it has as the source names them.
    pub(super) images: u64,
    /// Of those that are put, how many take the place of a stored one.
    pub(super) changed: u64,
    /// Images that are gone with it.
    pub(super) removed: u64,
    pub(super) counted: Counted,
}

/// The batch at hand.
pub(super) struct Batch<'a> {
    store: &'a dyn Store,
    most: usize,
    every: Duration,
    /// Each with its product's number in the source.
    writes: Vec<(u64, Write, Entry)>,
    images: usize,
    since: Option<Instant>,
    refused: u32,
    /// Why the store takes nothing any more.
    pub(super) broken: Option<StoreError>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(store: &'a dyn Store, most: usize, every: Duration) -> Self {
        Self { store, most, every, writes: Vec::new(), images: 0, since: None, refused: 0, broken: None }
    }

    /// When the batch is to be written even if it is not full.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + self.every)
    }

    pub(super) fn is_due(&self) -> bool {
        self.writes.len() >= self.most.max(1)
            || self.images >= IMAGES_PER_BATCH
            || self.since.is_some_and(|since| since.elapsed() >= self.every)
    }

    pub(super) fn push(&mut self, number: u64, write: Write, entry: Entry) {
        self.images += new_images(&write).count();
        self.writes.push((number, write, entry));
        self.since.get_or_insert_with(Instant::now);
    }

    /// Writes the batch. Gives whether all of it was taken.
    pub(super) fn write(&mut self, counts: &mut Counts, tell: &mut impl FnMut(Event)) -> bool {
        let mut batch = std::mem::take(&mut self.writes);
        (self.images, self.since) = (0, None);
        if batch.is_empty() {
            return true;
        }
        // A product may have several writes; those keep their order.
        batch.sort_by_key(|(number, ..)| *number);
        let with_new = |(_, write, entry): (u64, Write, Entry)| {
            let new = new_images(&write).count() as u64;
            (write, (entry, new))
        };
        // An entry goes with the number of images its write puts.
        let (writes, entries): (Vec<Write>, Vec<(Entry, u64)>) = batch.into_iter().map(with_new).unzip();
        if self.broken.is_none() {
            match self.store.apply(&writes) {
                Ok(()) => {
                    self.refused = 0;
                    entries.iter().for_each(|(entry, new)| entry.count(*new, counts, tell));
                    return true;
                }
                Err(error) if writes.len() == 1 => {
                    self.refuse(&writes, &entries, error, counts, tell);
                    return false;
                }
                Err(error) => tracing::warn!(error = whole(&error), "batch refused; trying one by one"),
            }
        }
        let mut all = true;
        for (write, entry) in writes.chunks(1).zip(entries.chunks(1)) {
            if self.broken.is_some() {
                entry.iter().for_each(|(entry, new)| entry.count_as_not_reached(*new, counts));
                all = false;
                continue;
            }
            match self.store.apply(write) {
                Ok(()) => {
                    self.refused = 0;
                    entry.iter().for_each(|(entry, new)| entry.count(*new, counts, tell));
                }
                Err(error) => {
                    self.refuse(write, entry, error, counts, tell);
                    all = false;
                }
            }
        }
        all
    }

    fn refuse(
        &mut self,
        writes: &[Write],
        entries: &[(Entry, u64)],
        error: StoreError,
        counts: &mut Counts,
        tell: &mut impl FnMut(Event),
    ) {
        let reason = whole(&error);
        for (write, (entry, new)) in writes.iter().zip(entries) {
            for location in new_images(write) {
                counts.failed += 1;
                tell(Event::Failed(Failure::new(location, Stage::Store, &reason)));
            }
            if *new == 0 {
                tell(Event::Failed(Failure::of_product(&entry.product, Stage::Store, &reason)));
            }
            counts.products.failed += u64::from(entry.counted != Counted::Later);
        }
        self.refused += 1;
        if self.refused >= REFUSED_IN_A_ROW {
            self.broken = Some(error);
        }
    }
}

impl Entry {
    fn count(&self, new_images: u64, counts: &mut Counts, tell: &mut impl FnMut(Event)) {
        counts.stored += new_images;
        counts.changed += self.changed;
        counts.removed += self.removed;
        let (product, products) = (self.product.clone(), &mut counts.products);
        match self.counted {
            Counted::New => products.stored += 1,
            Counted::Changed => {
                products.stored += 1;
                products.changed += 1;
            }
            Counted::Unchanged => products.unchanged += 1,
            Counted::NotReached => products.not_reached += 1,
            Counted::Later if new_images == 0 => return,
            Counted::Later => {}
        }
        tell(match self.counted {
            Counted::Unchanged => Event::Unchanged { product, images: self.images },
            _ => Event::Stored { product, images: new_images },
        });
    }

    fn count_as_not_reached(&self, new_images: u64, counts: &mut Counts) {
        counts.not_reached += new_images;
        counts.products.not_reached += u64::from(self.counted != Counted::Later);
    }
}

/// Where the images are that a write puts.
fn new_images(write: &Write) -> impl Iterator<Item = &Location> {
    let images = match write {
        Write::Product { images, .. } => images.as_slice(),
        Write::Delete(_) | Write::Found { .. } => &[],
    };
    images.iter().filter_map(|image| match image {
        ImageWrite::Put(new) => Some(&new.location),
        ImageWrite::Keep { .. } => None,
    })
}
