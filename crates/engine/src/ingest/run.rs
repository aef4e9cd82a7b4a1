//! Wires the stages of a run together and waits for them.

use super::budget::Budget;
use super::collect::{Collected, Collector};
use super::encode::{Decoder, Worker};
use super::event::Event;
use super::load::Loader;
use super::missing::{Missing, Removing};
use super::plan::{Planner, Purpose};
use super::queue::{Queue, Reading};
use super::report::{Counts, Report};
use super::stop::Stop;
use super::write::Batch;
use crate::fetch::photo::PhotoReader;
use crate::source::{Source, SourceError};
use crate::store::{Store, StoreError};
use crossbeam_channel::bounded;
use lookalike_vision::decode::Limits;
use lookalike_vision::encoder::{Encoder, EncoderId};
use std::num::NonZero;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

/// How a run goes about its work. The default suits photos on disk and one encoder without weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingest {
    /// Threads that decode and encode; as many as there are cores.
    pub workers: usize,
    /// Threads that wait for this machine's disks.
    pub readers: usize,
    /// Threads that wait for servers: photos that are fetched at a time.
    pub fetches: usize,
    /// Of these, how many for one host, at most.
    pub per_host: usize,
    /// Pictures handed to an encoder at a time, at most; otherwise as many as the encoder says.
    pub encode_batch: Option<usize>,
    /// Products written in one transaction, at most.
    pub write_batch: usize,
    /// How long something ready waits for a transaction to fill, at most.
    pub write_every: Duration,
    /// What a photo may cost.
    pub limits: Limits,
    /// Bytes of photos in memory at one time. One photo alone may exceed it.
    pub photo_bytes: u64,
    /// Bytes of pictures in memory at one time: 8 per pixel while one is decoded, 3 or 4 while it waits to be encoded. One
    /// picture alone may exceed it.
    pub pixel_bytes: u64,
    /// Images that are ready and wait for the rest of their product, at most.
    pub ready_images: usize,
    /// Fetch addresses on the web again that are stored already, to see whether their bytes changed. Otherwise an
    /// address stands for what it held when it was stored.
    pub recheck_urls: bool,
    /// What becomes of products that the source does not name.
    pub missing: Missing,
    /// When the run ends, whatever is left to do: it is then named. A reader that fetches should be told of it as well
    /// ([`BlockingFetcher::until`](crate::fetch::BlockingFetcher::until)), or what it has under way is waited for.
    pub deadline: Option<Instant>,
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            workers: thread::available_parallelism().map_or(1, NonZero::get),
            readers: 4,
            fetches: 64,
            per_host: 16,
            encode_batch: None,
            write_batch: 64,
            write_every: Duration::from_millis(500),
            limits: Limits::default(),
            photo_bytes: 128 << 20,
            pixel_bytes: 256 << 20,
            ready_images: 512,
            recheck_urls: false,
            missing: Missing::Keep,
            deadline: None,
        }
    }
}

/// A run could not be made or had to be given up. What was told as stored stays stored.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The source cannot be read at all.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store cannot be read, or takes nothing any more.
    #[error(
        "the catalog could not be used any more after {counts}: free what it lacks and run again to resume"
    )]
    Store {
        /// What was done until then.
        counts: Box<Counts>,
        /// The store's reason.
        source: StoreError,
    },
    /// An encoder cannot be added.
    #[error(transparent)]
    Encoder(StoreError),
    /// The encoders handed in are not those the catalog was made with.
    #[error(
        "the catalog was made with {stored}, but this run has {given}: vectors of different encoders are never mixed"
    )]
    Encoders {
        /// The catalog's.
        stored: String,
        /// The run's.
        given: String,
    },
    /// The numbers do not add up: a fault of this program.
    #[error("the numbers of this run do not add up ({0:?}): please report this")]
    DoesNotAddUp(Box<Counts>),
    /// A thread panicked outside the guarded work: a fault of this program or of the source.
    #[error("the {0} failed unexpectedly: please report this")]
    Died(&'static str),
}

impl Ingest {
    /// Brings `store` in line with `source`, product by product; what becomes of products the source does not name,
    /// [`Ingest::missing`] says. Events come on the calling thread. Once `cancel` is set, nothing new is begun, what is ready is
    /// written, and the same run later goes on from there.
    ///
    /// # Errors
    /// When the source or the store cannot be used at all. What is wrong with one item is an event.
    pub fn run(
        &self,
        source: &dyn Source,
        store: &dyn Store,
        encoders: &[&dyn Encoder],
        reader: &dyn PhotoReader,
        on_event: &mut dyn FnMut(Event),
        cancel: &AtomicBool,
    ) -> Result<Report, IngestError> {
        self.run_with(Decoder::default(), source, store, encoders, reader, on_event, cancel)
    }

    #[expect(clippy::too_many_arguments, reason = "the public run's, and the decoder, which tests replace")]
    pub(super) fn run_with(
        &self,
        decoder: Decoder,
        source: &dyn Source,
        store: &dyn Store,
        encoders: &[&dyn Encoder],
        reader: &dyn PhotoReader,
        on_event: &mut dyn FnMut(Event),
        cancel: &AtomicBool,
    ) -> Result<Report, IngestError> {
        let began = Instant::now();
        check_encoders(store, encoders)?;
        source.notices().into_iter().for_each(|notice| on_event(Event::Notice(notice)));
        let before = match self.missing {
            Missing::Keep => 0,
            _ => self.stored(store)?,
        };
        let products = source.products()?;
        let stop = Stop::new(cancel, self.deadline);
        let (photo_budget, pixel_budget) = (Budget::new(self.photo_bytes), Budget::new(self.pixel_bytes));
        let (workers, queue) = (self.workers.max(1), self.queue());

        let ended = thread::scope(|scope| {
            let stop = &stop;
            let readings = self.readings(&queue);
            let (loaded_sender, loaded) = bounded(2 * workers);
            let (message_sender, messages) = bounded(256);
            let (event_sender, events) = bounded(256);

            let batch = Batch::new(store, self.write_batch, self.write_every);
            let collector = Collector::new(batch, self.ready_images, stop, event_sender);
            let collector = scope.spawn(move || collector.run(&messages));
            let messages = message_sender;
            let mut stages = Vec::new();
            for _ in 0..workers {
                let worker = Worker {
                    decoder,
                    purpose: Purpose::Images,
                    encoders,
                    limits: self.limits,
                    batch: self.batch_for(encoders),
                    pixels: &pixel_budget,
                    reader,
                    stop,
                    loaded: loaded.clone(),
                    messages: messages.clone(),
                };
                stages.push(scope.spawn(move || worker.run()));
            }
            for tasks in readings {
                let loader = Loader {
                    reader,
                    purpose: Purpose::Images,
                    limits: self.limits,
                    budget: &photo_budget,
                    stop,
                    tasks,
                    loaded: loaded_sender.clone(),
                    messages: messages.clone(),
                };
                stages.push(scope.spawn(move || loader.run()));
            }
            let planner = Planner {
                store: Some(store),
                reader,
                recheck_urls: self.recheck_urls,
                stop,
                tasks: Some(queue.planning()),
                messages,
            };
            let planner = scope.spawn(move || planner.run(products));
            // The stages hold their own ends; with these gone, each stops when the one before it has.
            drop((loaded, loaded_sender));

            events.into_iter().for_each(&mut *on_event);
            // All are waited for before the first that died is looked at.
            let stages: Vec<_> = stages.into_iter().map(|stage| stage.join()).collect();
            (planner.join(), stages.into_iter().all(|stage| stage.is_ok()), collector.join())
        });
        let (gone, collected) = match ended {
            (Err(_), _, _) => return Err(IngestError::Died("planner")),
            (_, false, _) => return Err(IngestError::Died("reader or worker")),
            (_, _, Err(_)) => return Err(IngestError::Died("collector")),
            (Ok(gone), true, Ok(collected)) => (gone, collected),
        };
        let Collected { mut counts, broken } = collected;
        if !counts.add_up()
            || (gone.is_whole && broken.is_none() && counts.not_reached > 0 && !stop.requested())
        {
            return Err(IngestError::DoesNotAddUp(Box::new(counts)));
        }
        if let Some(source) = broken {
            return Err(IngestError::Store { counts: Box::new(counts), source });
        }
        let cancelled = !gone.is_whole || counts.not_reached > 0;
        let removing = Removing { store, missing: self.missing, before, is_preview: false, stop: &stop };
        let not_removed = match removing.run(&gone, source.ended_early(), &mut counts, on_event) {
            Ok(not_removed) => not_removed,
            Err(source) => return Err(IngestError::Store { counts: Box::new(counts), source }),
        };
        let peak_bytes = photo_budget.peak() + pixel_budget.peak();
        let seconds = began.elapsed().as_secs_f64();
        Ok(Report { counts, cancelled, seconds, peak_bytes, not_removed })
    }
}

impl Ingest {
    /// Products in the store.
    pub(super) fn stored(&self, store: &dyn Store) -> Result<u64, IngestError> {
        let given_up = |source| IngestError::Store { counts: Box::default(), source };
        Ok(store.summary().map_err(given_up)?.products)
    }

    pub(super) fn queue(&self) -> Queue {
        Queue::new(self.per_host, self.readers)
    }

    /// An end of the queue for each reader.
    pub(super) fn readings<'q>(&self, queue: &'q Queue) -> Vec<Reading<'q>> {
        (0..self.readers.max(1) + self.fetches.max(1)).map(|_| queue.reading()).collect()
    }

    /// Pictures that are collected before they are encoded: as many as the encoder wants that wants the most.
    pub(super) fn batch_for(&self, encoders: &[&dyn Encoder]) -> usize {
        let wanted = || encoders.iter().map(|encoder| encoder.batch()).max();
        self.encode_batch.or_else(wanted).unwrap_or(1).max(1)
    }
}

fn check_encoders(store: &dyn Store, encoders: &[&dyn Encoder]) -> Result<(), IngestError> {
    let given: Vec<&EncoderId> = encoders.iter().map(|encoder| encoder.id()).collect();
    if given.iter().copied().eq(store.encoders()) {
        return Ok(());
    }
    let list = |ids: &[&EncoderId]| match ids {
        [] => "no encoder".to_owned(),
        _ => ids.iter().map(|id| id.to_string()).collect::<Vec<_>>().join(", "),
    };
    let stored: Vec<&EncoderId> = store.encoders().iter().collect();
    Err(IngestError::Encoders { stored: list(&stored), given: list(&given) })
}
