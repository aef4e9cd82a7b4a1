//! An encoder that many callers share: so many runs at a time, and those who wait are run together.
//!
//! A caller who finds fewer runs under way runs at once, alone, and waits for nobody. Whoever comes beyond that waits; when a
//! run ends, the one who has waited longest runs its own request and, up to the largest batch, those of the others
//! behind it. There is no clock that a single request would have to wait for.
//!
//! Runs share the encoder's threads: one alone has them all, and of as many runs as there are threads each has its caller's.
//! A network that is divided among threads waits at every layer for the slowest of them, so runs side by side cost less.
//!
//! With one run at a time, of 8 callers with ResNet-50 in ONNX Runtime on 2 quiet cores the median waited 306 ms with one request a run, 295 with up
//! to two, 288 with up to four and 295 with up to eight, and 284 without a queue and one thread each, which one caller
//! alone would pay with 77 instead of 43 ms (48 calls each; `examples/bench_batching.rs`). Four it is; with the cores taken by
//! others too, runs of one were better.
//!
//! What a request does wrong costs only itself: a batch that fails is run again request by request. Neighbours: `Searcher`
//! asks for a query's vector; the ingest makes batches of its own and needs none of this.

#[cfg(test)]
mod tests;

use lookalike_vision::Picture;
use lookalike_vision::contained::contained;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId, TextEncoder, TextVector};
use std::collections::VecDeque;
use std::mem;
use std::num::NonZero;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Pictures or texts that one run takes together, where nothing else is said.
pub const LARGEST_BATCH: NonZero<usize> = NonZero::<usize>::MIN.saturating_add(3);

/// What one caller asks for.
#[derive(Debug)]
enum Asked {
    Pictures(Vec<Picture>),
    Texts(Vec<String>),
}

impl Asked {
    fn len(&self) -> usize {
        match self {
            Self::Pictures(pictures) => pictures.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        mem::discriminant(self) == mem::discriminant(other)
    }
}

/// What one caller is given; texts are not truncated where they are pictures.
type Given = Result<Vec<TextVector>, EncodeError>;

/// Somebody who waits.
struct Waiting {
    asked: Asked,
    told: Arc<Told>,
}

/// What somebody who waits is told.
#[derive(Default)]
struct Told {
    word: Mutex<Option<Word>>,
    changed: Condvar,
}

enum Word {
    /// The run has ended; the next one is yours to lead, with these requests, the first of them your own.
    Lead(Vec<Waiting>),
    /// Somebody ran it for you.
    Done(Given),
}

impl Told {
    fn tell(&self, word: Word) {
        *locked(&self.word) = Some(word);
        self.changed.notify_one();
    }

    fn wait(&self) -> Word {
        let mut word = locked(&self.word);
        loop {
            match word.take() {
                Some(word) => return word,
                None => word = self.changed.wait(word).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

#[derive(Default)]
struct Queue {
    running: usize,
    waiting: VecDeque<Waiting>,
}

/// An encoder shared by many callers.
pub struct Batching {
    encoder: Arc<dyn Encoder>,
    largest_batch: usize,
    runs_at_once: usize,
    queue: Mutex<Queue>,
}

impl Batching {
    /// Shares `encoder`, with up to `runs_at_once` runs under way and at most `largest_batch` pictures or texts of several
    /// callers in one. A single caller's request is never divided here.
    pub fn new(
        encoder: Arc<dyn Encoder>,
        largest_batch: NonZero<usize>,
        runs_at_once: NonZero<usize>,
    ) -> Self {
        let (largest_batch, runs_at_once) = (largest_batch.get(), runs_at_once.get());
        Self { encoder, largest_batch, runs_at_once, queue: Mutex::default() }
    }

    /// Runs at once where fewer do than may, else waits in the queue; `own` is only made in the latter case.
    fn run(&self, at_once: impl FnOnce() -> Given, own: impl FnOnce() -> Asked) -> Given {
        if let Some(mut turn) = self.turn_at_once() {
            return turn.run(at_once);
        }
        // Made without the lock, because pictures are copied.
        let told = Arc::new(Told::default());
        let waiting = Waiting { asked: own(), told: Arc::clone(&told) };
        {
            let mut queue = locked(&self.queue);
            if queue.running >= self.runs_at_once {
                queue.waiting.push_back(waiting);
            } else {
                queue.running += 1;
                drop(queue);
                return Turn(self).run(|| self.encode_alone(&waiting.asked));
            }
        }
        match told.wait() {
            Word::Done(given) => given,
            Word::Lead(batch) => Turn(self).lead(batch),
        }
    }

    fn turn_at_once(&self) -> Option<Turn<'_>> {
        let mut queue = locked(&self.queue);
        // A turn that is dropped passes on, so none must be made in vain.
        let is_free = queue.running < self.runs_at_once;
        queue.running += usize::from(is_free);
        is_free.then(|| Turn(self))
    }

    /// Ends a run: the one who has waited longest leads the next.
    fn pass_on(&self) {
        let mut queue = locked(&self.queue);
        let Some(first) = queue.waiting.pop_front() else {
            queue.running = queue.running.saturating_sub(1);
            return;
        };
        let mut size = first.asked.len();
        let leader = Arc::clone(&first.told);
        let mut batch = vec![first];
        let mut others = VecDeque::new();
        for waiting in mem::take(&mut queue.waiting) {
            let fits = size + waiting.asked.len() <= self.largest_batch;
            let alike = batch.first().is_some_and(|first| first.asked.is_like(&waiting.asked));
            if fits && alike {
                size += waiting.asked.len();
                batch.push(waiting);
            } else {
                others.push_back(waiting);
            }
        }
        queue.waiting = others;
        drop(queue);
        leader.tell(Word::Lead(batch));
    }

    fn encode_alone(&self, asked: &Asked) -> Given {
        match asked {
            Asked::Pictures(pictures) => self.encode_pictures(&pictures.iter().collect::<Vec<_>>()),
            Asked::Texts(texts) => self.encode_texts(&texts.iter().map(String::as_str).collect::<Vec<_>>()),
        }
    }

    fn encode_pictures(&self, pictures: &[&Picture]) -> Given {
        let vectors = self.encoder.encode(pictures)?;
        Ok(vectors.into_iter().map(|vector| TextVector { vector, truncated: false }).collect())
    }

    fn encode_texts(&self, texts: &[&str]) -> Given {
        match self.encoder.text() {
            Some(encoder) => encoder.encode_text(texts),
            None => Err(self.failed("it reads no text")),
        }
    }

    /// Runs the requests of a batch in one go. `None` when that failed, or gave another number of vectors.
    fn encode_together(&self, batch: &[Waiting]) -> Option<Vec<TextVector>> {
        let count: usize = batch.iter().map(|waiting| waiting.asked.len()).sum();
        let together = || match batch.first().map(|first| &first.asked) {
            Some(Asked::Pictures(_)) => {
                let pictures = batch.iter().flat_map(|waiting| match &waiting.asked {
                    Asked::Pictures(pictures) => pictures.as_slice(),
                    Asked::Texts(_) => &[],
                });
                self.encode_pictures(&pictures.collect::<Vec<_>>())
            }
            _ => {
                let texts = batch.iter().flat_map(|waiting| match &waiting.asked {
                    Asked::Texts(texts) => texts.as_slice(),
                    Asked::Pictures(_) => &[],
                });
                self.encode_texts(&texts.map(String::as_str).collect::<Vec<_>>())
            }
        };
        contained(together).ok()?.ok().filter(|vectors| vectors.len() == count)
    }

    fn failed(&self, reason: &str) -> EncodeError {
        EncodeError { encoder: self.encoder.id().name.clone(), reason: reason.to_owned() }
    }
}

/// The right to run; passed on when dropped.
struct Turn<'a>(&'a Batching);

impl Turn<'_> {
    fn run(&mut self, work: impl FnOnce() -> Given) -> Given {
        contained(work).unwrap_or_else(|_| Err(self.0.failed("it panicked")))
    }

    /// Runs a batch, tells the others what they are given, and gives the first what is its own.
    fn lead(mut self, mut batch: Vec<Waiting>) -> Given {
        let shared = self.0;
        let together = if batch.len() > 1 { shared.encode_together(&batch) } else { None };
        let mut vectors = together.map(Vec::into_iter);
        let mut given = |waiting: &Waiting| match &mut vectors {
            Some(vectors) => Ok(vectors.take(waiting.asked.len()).collect()),
            None => self.run(|| shared.encode_alone(&waiting.asked)),
        };
        let others = batch.split_off(1.min(batch.len()));
        let own = batch.first().map_or_else(|| Ok(Vec::new()), &mut given);
        for waiting in others {
            let given = given(&waiting);
            waiting.told.tell(Word::Done(given));
        }
        own
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic is done under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Encoder for Batching {
    fn id(&self) -> &EncoderId {
        self.encoder.id()
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let own = || Asked::Pictures(pictures.iter().map(|&picture| picture.clone()).collect());
        let given = self.run(|| self.encode_pictures(pictures), own)?;
        Ok(given.into_iter().map(|given| given.vector).collect())
    }

    fn text(&self) -> Option<&dyn TextEncoder> {
        self.encoder.text().map(|_| self as &dyn TextEncoder)
    }
}

impl TextEncoder for Batching {
    fn encode_text(&self, texts: &[&str]) -> Result<Vec<TextVector>, EncodeError> {
        let own = || Asked::Texts(texts.iter().map(|&text| text.to_owned()).collect());
        self.run(|| self.encode_texts(texts), own)
    }
}
