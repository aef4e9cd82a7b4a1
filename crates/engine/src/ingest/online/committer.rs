//! The one thread that stores changes, each group of them in one transaction.
//!
//! Syncing a transaction to the disk takes longer than anything else here, so those who come while one is being written
//! share the next. Nobody is told before their change is durable. Photos that the catalog is to keep are on the disk
//! before the product that shows them, and are removed after the last that does, both while nobody else writes.

use super::change::{Change, ChangeError, Changed, Planned};
use crate::catalog::{ImageId, ProductId};
use crate::fetch::uploads::Uploads;
use crate::store::{Apply, Store, StoreError, Write};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use std::collections::HashSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Changes that wait, at most.
const MOST_WAITING: usize = 1024;
/// Changes in one transaction, at most.
const MOST_TOGETHER: usize = 64;
/// After so long without a change others may write.
const REST_AFTER: Duration = Duration::from_secs(1);
/// How long another process that is writing is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(50);

type Tell = Box<dyn FnOnce(Result<Changed, ChangeError>) + Send>;

/// Somebody who waits for a change.
struct Waiting {
    change: Change,
    tell: Tell,
}

/// Takes changes of one open catalog. Dropped, it stores those that wait and ends.
#[derive(Debug)]
pub struct Committer {
    queue: Sender<Waiting>,
    held: Arc<()>,
    uploads: Uploads,
}

/// Keeps the right to write with this process for as long as it lives, so that a run of many writes is not interrupted by
/// another process.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "counted")] Arc<()>);

/// More changes wait than there are places; come back later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many changes wait to be stored")]
pub struct Overfull;

impl Committer {
    /// Begins to take changes of `store`, whose photos are kept in `uploads`.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn new(store: Arc<dyn Store>, uploads: Uploads) -> io::Result<Self> {
        let (queue, waiting) = bounded(MOST_WAITING);
        let held = Arc::new(());
        let thread = Thread { store, uploads: uploads.clone(), held: Arc::clone(&held), waiting };
        thread::Builder::new().name("committer".to_owned()).spawn(move || thread.run())?;
        Ok(Self { queue, held, uploads })
    }

    /// Where photos are kept that are nowhere else.
    pub fn uploads(&self) -> &Uploads {
        &self.uploads
    }

    /// Has a change stored; `tell` hears on another thread what became of it.
    ///
    /// # Errors
    /// When too many wait already; `tell` then hears nothing.
    pub fn submit(
        &self,
        change: Change,
        tell: impl FnOnce(Result<Changed, ChangeError>) + Send + 'static,
    ) -> Result<(), Overfull> {
        match self.queue.try_send(Waiting { change, tell: Box::new(tell) }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Overfull),
            Err(TrySendError::Disconnected(waiting)) => {
                (waiting.tell)(Err(ChangeError::Closed));
                Ok(())
            }
        }
    }

    /// Keeps the right to write, once it is taken, with this process.
    pub fn hold(&self) -> Hold {
        Hold(Arc::clone(&self.held))
    }
}

struct Thread {
    store: Arc<dyn Store>,
    uploads: Uploads,
    held: Arc<()>,
    waiting: Receiver<Waiting>,
}

/// A planned change of the transaction at hand.
struct Ready {
    planned: Planned,
    product: ProductId,
    tell: Tell,
}

impl Thread {
    fn run(self) {
        self.sweep();
        loop {
            match self.waiting.recv_timeout(REST_AFTER) {
                Ok(first) => {
                    let others = self.waiting.try_iter().take(MOST_TOGETHER - 1);
                    let group = std::iter::once(first).chain(others).collect();
                    // Should it panic, those in the group hear that nobody will tell them, and the next are stored.
                    if catch_unwind(AssertUnwindSafe(|| self.commit(group))).is_err() {
                        tracing::error!("storing changes failed unexpectedly: please report this");
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    // This thread's own and the committer's.
                    if Arc::strong_count(&self.held) <= 2 {
                        self.store.rest();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.store.rest();
    }

    /// Stores a group and tells everybody in it.
    fn commit(&self, group: Vec<Waiting>) {
        let mut group = Some(group);
        let ended = self.alone(&mut |apply| {
            if let Some(group) = group.take() {
                self.commit_alone(group, apply);
            }
        });
        if let Err(error) = ended {
            let error = ChangeError::from(error);
            group.into_iter().flatten().for_each(|one| (one.tell)(Err(error.clone())));
        }
    }

    /// Does `work` while nobody else writes. Another process that is writing may be done in a moment: it is waited for.
    fn alone(&self, work: &mut dyn FnMut(&mut Apply<'_>)) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut is_begun = false;
        loop {
            let ended = self.store.alone(&mut |apply| {
                is_begun = true;
                work(apply);
                Ok(())
            });
            match ended {
                Err(error) if !is_begun && error.is_taken() && began.elapsed() < PATIENCE => {
                    thread::sleep(ASK_EVERY);
                }
                ended => return ended,
            }
        }
    }

    fn commit_alone(&self, group: Vec<Waiting>, apply: &mut Apply<'_>) {
        let mut ready: Vec<Ready> = Vec::new();
        let (mut products, mut images) = (HashSet::<ProductId>::new(), HashSet::<ImageId>::new());
        for Waiting { mut change, tell } in group {
            // Whatever looks at the store has to see what came before it.
            let looks = change.guard.is_some()
                || products.contains(&change.product)
                || change.new_images().any(|id| images.contains(id));
            if looks {
                self.flush(std::mem::take(&mut ready), apply);
                (products, images) = Default::default();
            }
            let brought = change.uploads();
            if change.guard.take().is_some_and(|guard| !guard()) {
                self.remove_unneeded(brought.iter());
                tell(Err(ChangeError::Guarded));
                continue;
            }
            let product = change.product.clone();
            images.extend(change.new_images().cloned());
            products.insert(product.clone());
            let planned = change.plan(self.store.as_ref());
            match planned.and_then(|planned| self.keep(planned)) {
                Ok(planned) => ready.push(Ready { planned, product, tell }),
                Err(error) => {
                    self.remove_unneeded(brought.iter());
                    tell(Err(error));
                }
            }
        }
        self.flush(ready, apply);
    }

    /// Has the photos on the disk that a change needs.
    fn keep(&self, planned: Planned) -> Result<Planned, ChangeError> {
        for (sha256, bytes) in &planned.keeps {
            self.uploads.keep(sha256, bytes).map_err(|error| ChangeError::Uploads(error.to_string()))?;
        }
        Ok(planned)
    }

    /// Writes what is ready in one transaction, or one by one where that is refused.
    fn flush(&self, ready: Vec<Ready>, apply: &mut Apply<'_>) {
        let writes: Vec<Write> = ready.iter().map(|one| one.planned.write.clone()).collect();
        if writes.is_empty() {
            return;
        }
        let together = apply(&writes);
        let alone = matches!(&together, Err(error) if error.is_refusal()) && writes.len() > 1;
        let together = together.map_err(ChangeError::from);
        for Ready { planned, product, tell } in ready {
            let stored = match alone {
                true => apply(std::slice::from_ref(&planned.write)).map_err(ChangeError::from),
                false => together.clone(),
            };
            let changed = stored.and_then(|()| {
                let product = self.store.known(&product)?;
                Ok(Changed { created: planned.created, product })
            });
            // Of a change that was not stored, what was kept for it.
            let kept = planned.keeps.iter().map(|(sha256, _)| sha256);
            self.remove_unneeded(planned.gone.iter().chain(kept));
            tell(changed);
        }
    }

    /// Removes those that no product shows. What cannot be removed now is found at the next start.
    fn remove_unneeded<'d>(&self, digests: impl Iterator<Item = &'d [u8; 32]>) {
        for sha256 in digests {
            match self.store.shows_upload(sha256) {
                Ok(true) => {}
                Ok(false) => {
                    if let Err(error) = self.uploads.remove(sha256) {
                        tracing::warn!(%error, "a photo that no product shows cannot be removed");
                    }
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "whether a photo is needed cannot be told: it stays");
                }
            }
        }
    }

    /// Removes what a process that was killed kept for changes that it did not come to.
    fn sweep(&self) {
        let kept = match self.uploads.digests() {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(%error, "the uploaded photos cannot be listed");
                return;
            }
        };
        let unneeded: Vec<_> =
            kept.into_iter().filter(|sha256| matches!(self.store.shows_upload(sha256), Ok(false))).collect();
        if unneeded.is_empty() {
            return;
        }
        // Looked at again while nobody writes.
        let swept = self.alone(&mut |_| self.remove_unneeded(unneeded.iter()));
        if let Err(error) = swept {
            tracing::info!(%error, "photos that no product shows stay until the next start");
        }
    }
}
