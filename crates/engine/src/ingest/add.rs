//! Gives stored images the vectors of an encoder that is being added.
//!
//! ```text
//! store: what lacks a vector ─► load (readers) ─► encode (workers) ─► put vectors ─► store
//! ```
//!
//! The stages are those of a run from a source, without hashing. The bytes must be those that were stored: a file is read
//! where it was, a photo from the web comes from the cache or is fetched again, and what has another digest now is a
//! failure with its cure. Stopped or killed, the next run asks the store again what lacks.
//!
//! The encoder is finished when nothing lacks. A photo that cannot be read any more keeps it unfinished, unless the
//! caller says [`Unreadable::LeaveOut`]: it then gets a vector of zeros, which is like nothing, and is found by its
//! hashes alone. When its source brings it again, it is a new image with a vector of its own.

use super::budget::Budget;
use super::encode::{Decoder, Worker};
use super::event::{Event, Failure};
use super::load::Loader;
use super::plan::{Message, Outcome, Purpose, Task};
use super::queue::Planning;
use super::report::{Counts, Report};
use super::run::{Ingest, IngestError};
use super::stop::Stop;
use crate::catalog::ImageRef;
use crate::fetch::photo::PhotoReader;
use crate::store::{EncoderChanges, Fingerprint, ImageKey, LackingImage, StoreError};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use lookalike_vision::encoder::Encoder;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

/// Images asked of the store at a time.
const PAGE: usize = 512;
/// Vectors put in one transaction, at most.
const VECTORS_PER_BATCH: usize = 256;
/// Time between two progress events.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What becomes of photos that cannot be read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unreadable {
    /// They lack the vector, and the encoder stays unfinished.
    #[default]
    Wait,
    /// They get a vector that is like nothing.
    LeaveOut,
}

/// How adding an encoder ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AddReport {
    /// Photos as items; `products` says nothing here.
    pub report: Report,
    /// Every stored image has its vector now: the encoder is one of the catalog's.
    pub finished: bool,
}

impl Ingest {
    /// Adds `encoder` to the catalog, or goes on with adding it. Events come on the calling thread.
    ///
    /// # Errors
    /// When the catalog has it already or has other weights of that name, and when the store fails. What is wrong with
    /// one photo is an event.
    pub fn add_encoder(
        &self,
        store: &mut dyn EncoderChanges,
        encoder: &dyn Encoder,
        reader: &dyn PhotoReader,
        unreadable: Unreadable,
        on_event: &mut dyn FnMut(Event),
        cancel: &AtomicBool,
    ) -> Result<AddReport, IngestError> {
        let began = Instant::now();
        let given_up = |counts: Counts| move |source| IngestError::Store { counts: Box::new(counts), source };
        store.begin_encoder(encoder.id()).map_err(IngestError::Encoder)?;
        let stop = Stop::new(cancel, self.deadline);
        let (photo_budget, pixel_budget) = (Budget::new(self.photo_bytes), Budget::new(self.pixel_bytes));
        let (workers, queue) = (self.workers.max(1), self.queue());
        let encoders = [encoder];
        let name = encoder.id().name.as_str();
        let shared: &dyn EncoderChanges = store;

        let ended = thread::scope(|scope| {
            let stop = &stop;
            let readings = self.readings(&queue);
            let (loaded_sender, loaded) = bounded(2 * workers);
            let (message_sender, messages) = bounded(256);
            let (event_sender, events) = bounded(256);
            let writer = VectorWriter {
                store: shared,
                encoder,
                unreadable,
                every: self.write_every,
                stop,
                events: event_sender,
                vectors: Vec::new(),
                left_out: 0,
                since: None,
                counts: Counts::default(),
                broken: None,
            };
            let writer = scope.spawn(move || writer.run(&messages));
            let mut stages = Vec::new();
            for _ in 0..workers {
                let worker = Worker {
                    decoder: Decoder::default(),
                    purpose: Purpose::AddVectors,
                    encoders: &encoders,
                    limits: self.limits,
                    batch: self.batch_for(&encoders),
                    pixels: &pixel_budget,
                    reader,
                    stop,
                    loaded: loaded.clone(),
                    messages: message_sender.clone(),
                };
                stages.push(scope.spawn(move || worker.run()));
            }
            for tasks in readings {
                let loader = Loader {
                    reader,
                    purpose: Purpose::AddVectors,
                    limits: self.limits,
                    budget: &photo_budget,
                    stop,
                    tasks,
                    loaded: loaded_sender.clone(),
                    messages: message_sender.clone(),
                };
                stages.push(scope.spawn(move || loader.run()));
            }
            let tasks = queue.planning();
            let planner = scope.spawn(move || plan((shared, reader), name, stop, &tasks, &message_sender));
            drop((loaded, loaded_sender));
            events.into_iter().for_each(on_event);
            let stages: Vec<_> = stages.into_iter().map(|stage| stage.join()).collect();
            (planner.join(), stages.into_iter().all(|stage| stage.is_ok()), writer.join())
        });
        let (planned, written) = match ended {
            (Err(_), _, _) => return Err(IngestError::Died("planner")),
            (_, false, _) => return Err(IngestError::Died("reader or worker")),
            (_, _, Err(_)) => return Err(IngestError::Died("writer of vectors")),
            (Ok(planned), true, Ok(written)) => (planned, written),
        };
        let Written { mut counts, broken } = written;
        counts.seen = planned.count;
        counts.not_reached = planned.count.saturating_sub(counts.stored + counts.failed);
        if let Some(source) = broken {
            return Err(given_up(counts)(source));
        }
        let cancelled = !planned.is_whole || counts.not_reached > 0;
        let finished = !cancelled && (counts.failed == 0 || unreadable == Unreadable::LeaveOut);
        if finished {
            store.finish_encoder(name).map_err(given_up(counts))?;
        }
        let peak_bytes = photo_budget.peak() + pixel_budget.peak();
        let seconds = began.elapsed().as_secs_f64();
        let report = Report { counts, cancelled, seconds, peak_bytes, not_removed: None };
        Ok(AddReport { report, finished })
    }
}

/// How far the planner came.
struct Planned {
    count: u64,
    is_whole: bool,
}

/// Makes a task of every image that lacks the vector, until all are or the run is stopped.
fn plan(
    (store, reader): (&dyn EncoderChanges, &dyn PhotoReader),
    encoder: &str,
    stop: &Stop<'_>,
    tasks: &Planning<'_>,
    messages: &Sender<Message>,
) -> Planned {
    let (mut count, mut after) = (0, None);
    loop {
        let page = match store.lacking(encoder, after, PAGE) {
            Ok(page) => page,
            Err(error) => {
                // Without a writer the run is over, and it is told by other means.
                messages.send(Message::Broken(error)).ok();
                return Planned { count, is_whole: false };
            }
        };
        if page.is_empty() {
            return Planned { count, is_whole: true };
        }
        for LackingImage { key, id, location, bytes, sha256 } in page {
            after = Some(key);
            let task = Task {
                product: key.0,
                slot: 0,
                image: ImageRef { id, location },
                before: Some(Fingerprint { bytes, modified_ns: None, sha256 }),
                moved: false,
                validators: None,
                bytes: Some(bytes),
            };
            if stop.requested() || tasks.push(reader.host(&task.image.location), task).is_err() {
                return Planned { count, is_whole: false };
            }
            count += 1;
        }
    }
}

/// Puts vectors into the store and keeps the books.
struct VectorWriter<'a> {
    store: &'a dyn EncoderChanges,
    encoder: &'a dyn Encoder,
    unreadable: Unreadable,
    every: Duration,
    stop: &'a Stop<'a>,
    events: Sender<Event>,
    vectors: Vec<(ImageKey, Vec<f32>)>,
    /// How many of `vectors` are of photos that failed, and count as such.
    left_out: u64,
    /// When the first of `vectors` came.
    since: Option<Instant>,
    counts: Counts,
    broken: Option<StoreError>,
}

struct Written {
    counts: Counts,
    broken: Option<StoreError>,
}

impl VectorWriter<'_> {
    fn run(mut self, messages: &Receiver<Message>) -> Written {
        let mut told = Instant::now();
        loop {
            let next = match self.since {
                Some(since) => messages.recv_deadline(since + self.every),
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let is_due = self.since.is_some_and(|since| since.elapsed() >= self.every);
            if is_due || self.vectors.len() >= VECTORS_PER_BATCH {
                self.write();
            }
            if told.elapsed() >= PROGRESS_EVERY {
                told = Instant::now();
                self.tell(Event::Progress(self.counts));
            }
        }
        self.write();
        self.tell(Event::Progress(self.counts));
        Written { counts: self.counts, broken: self.broken }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Image { product, bytes, outcome, .. } => {
                self.counts.bytes += bytes;
                match outcome {
                    Outcome::Encoded(vector) => self.push(ImageKey(product), vector),
                    Outcome::Failed(failure) => self.fail(ImageKey(product), failure),
                    Outcome::NotReached(_) | Outcome::Ready { .. } | Outcome::Same(_) => {}
                }
            }
            Message::Broken(error) => self.give_up(error),
            Message::Row(_) | Message::Product { .. } | Message::LeftOut { .. } => {}
        }
    }

    fn push(&mut self, key: ImageKey, vector: Vec<f32>) {
        self.vectors.push((key, vector));
        self.since.get_or_insert_with(Instant::now);
    }

    fn fail(&mut self, key: ImageKey, failure: Failure) {
        self.counts.failed += 1;
        self.tell(Event::Failed(failure));
        if self.unreadable == Unreadable::LeaveOut {
            self.push(key, vec![0.0; self.encoder.id().dimensions]);
            self.left_out += 1;
        }
    }

    fn write(&mut self) {
        self.since = None;
        let vectors = std::mem::take(&mut self.vectors);
        let left_out = std::mem::take(&mut self.left_out);
        if vectors.is_empty() || self.broken.is_some() {
            return;
        }
        match self.store.put_vectors(&self.encoder.id().name, &vectors) {
            Ok(_) => self.counts.stored += vectors.len() as u64 - left_out,
            Err(error) => self.give_up(error),
        }
    }

    /// The store takes nothing any more: what follows would be lost.
    fn give_up(&mut self, error: StoreError) {
        self.broken.get_or_insert(error);
        self.stop.now();
    }

    fn tell(&self, event: Event) {
        // Nobody listens any more when the caller's own function panicked.
        if self.events.send(event).is_err() {
            self.stop.now();
        }
    }
}
