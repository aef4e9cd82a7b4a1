//! What a run would do, without doing it.
//!
//! The source is gone through and compared with the store as in a run. Nothing is read, fetched, decoded or written, so of
//! an image whose time or place is new nobody knows yet whether its bytes are: it counts as changed, and a run may find
//! it to be the same.

use super::event::Event;
use super::missing::{Missing, Removing};
use super::plan::{Message, Planner};
use super::product::{InHand, State};
use super::report::{Counts, Report};
use super::run::{Ingest, IngestError};
use super::stop::Stop;
use crate::fetch::photo::PhotoReader;
use crate::source::Source;
use crate::store::Store;
use crossbeam_channel::bounded;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Instant;

impl Ingest {
    /// Counts what [`Ingest::run`] would do; `store` is `None` where there is no catalog yet. Events come on the calling
    /// thread: what failed already, and with [`Ingest::missing`] what would be removed.
    ///
    /// # Errors
    /// When the source or the store cannot be read at all.
    pub fn preview(
        &self,
        source: &dyn Source,
        store: Option<&dyn Store>,
        reader: &dyn PhotoReader,
        on_event: &mut dyn FnMut(Event),
        cancel: &AtomicBool,
    ) -> Result<Report, IngestError> {
        let began = Instant::now();
        source.notices().into_iter().for_each(|notice| on_event(Event::Notice(notice)));
        let products = source.products()?;
        let stop = Stop::new(cancel, self.deadline);
        let mut counts = Counts::default();
        let mut broken = None;
        let gone = thread::scope(|scope| {
            let (messages, received) = bounded(256);
            let (stop, recheck_urls) = (&stop, self.recheck_urls);
            let planner = Planner { store, reader, recheck_urls, stop, tasks: None, messages };
            let planner = scope.spawn(move || planner.run(products));
            for message in received {
                if let Message::Broken(error) = message {
                    broken.get_or_insert(error);
                } else {
                    count(message, &mut counts, on_event);
                }
            }
            planner.join()
        });
        let gone = gone.map_err(|_| IngestError::Died("planner"))?;
        if let Some(source) = broken {
            return Err(IngestError::Store { counts: Box::new(counts), source });
        }
        let not_removed = match store {
            Some(store) if self.missing != Missing::Keep => {
                let before = self.stored(store)?;
                let removing =
                    Removing { store, missing: self.missing, before, is_preview: true, stop: &stop };
                removing
                    .run(&gone, source.ended_early(), &mut counts, on_event)
                    .map_err(|source| IngestError::Store { counts: Box::new(counts), source })?
            }
            _ => None,
        };
        let (cancelled, seconds) = (!gone.is_whole, began.elapsed().as_secs_f64());
        Ok(Report { counts, cancelled, seconds, peak_bytes: 0, not_removed })
    }
}

fn count(message: Message, counts: &mut Counts, tell: &mut dyn FnMut(Event)) {
    match message {
        Message::Row(failure) => {
            counts.seen += 1;
            counts.failed += 1;
            tell(Event::Failed(failure));
        }
        Message::LeftOut { images, named } => {
            counts.seen += images;
            counts.not_reached += images;
            counts.products.seen += 1;
            counts.products.not_reached += 1;
            named.into_iter().for_each(|named| tell(Event::NotReached(named)));
        }
        Message::Product { in_hand, failures, .. } => {
            count_product(&in_hand, failures.len() as u64, counts);
            failures.into_iter().for_each(|failure| tell(Event::Failed(failure)));
            tell(Event::Progress(*counts));
        }
        // Nothing is read, so nothing comes of it.
        Message::Image { .. } | Message::Broken(_) => {}
    }
}

fn count_product(product: &InHand, failed: u64, counts: &mut Counts) {
    let slots = || product.slots.iter();
    let repeated = failed - slots().filter(|slot| slot.is_failed()).count() as u64;
    let images = product.slots.len() as u64 + repeated;
    let to_read = || slots().filter(|slot| matches!(slot.state, State::Waiting));
    counts.seen += images;
    counts.failed += failed;
    counts.without_image += u64::from(images == 0);
    counts.unchanged += slots().filter(|slot| slot.is_unchanged()).count() as u64;
    counts.stored += to_read().count() as u64;
    counts.changed += to_read().filter(|slot| slot.stored).count() as u64;
    counts.removed += product.count_dropped();
    let products = &mut counts.products;
    products.seen += 1;
    match (&product.before, product.waiting()) {
        (None, 0) if product.is_lost() => products.failed += 1,
        (None, _) => products.stored += 1,
        (Some(_), 0) if product.is_as_before() => products.unchanged += 1,
        (Some(_), _) => {
            products.stored += 1;
            products.changed += 1;
        }
    }
}
