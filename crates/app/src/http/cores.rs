//! Threads that compute: as many as there are cores, each of which takes the next request the moment it is done with one.
//!
//! A runtime of tokio's is the pool, for its threads share a queue: first come, first served, and nobody has to be woken
//! between one request and the next. (With a semaphore before the server's own blocking threads, the core that became free
//! waited for an async thread to be woken, and that one for another blocking thread: a sixth of two cores lay idle.)

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;

/// The threads.
pub(super) struct Cores {
    /// Here until this is dropped.
    pool: Option<Runtime>,
    count: usize,
    taken: Arc<AtomicUsize>,
}

/// Why there is no outcome.
#[derive(Debug)]
pub(super) enum NotDone {
    /// No thread was free in time; nothing was begun.
    NotBegun,
    /// It panicked.
    Panicked(JoinError),
}

impl Cores {
    /// So many threads, at least one; they are started when they are first needed.
    ///
    /// # Errors
    /// When the system has no room for a runtime.
    pub(super) fn new(count: usize) -> std::io::Result<Self> {
        let count = count.max(1);
        let pool = Builder::new_current_thread().max_blocking_threads(count).thread_name("core").build()?;
        Ok(Self { pool: Some(pool), count, taken: Arc::default() })
    }

    /// How many threads compute, and how many there are.
    pub(super) fn occupied(&self) -> (usize, usize) {
        (self.taken.load(Ordering::Relaxed), self.count)
    }

    /// Runs `work` as soon as a thread is free, if one is within `patience`. What has begun is run to its end, even where
    /// nobody waits for it any more; what has not is dropped, with all it holds, as soon as nobody waits for it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let Some(pool) = &self.pool else { return Err(NotDone::NotBegun) };
        let waiting = Waiting(Arc::new(Mutex::new(Some(work))));
        let (queued, taken) = (Arc::clone(&waiting.0), Arc::clone(&self.taken));
        let mut task = pool.spawn_blocking(move || {
            let work = take(&queued)?;
            let _core = Taken::one(taken);
            Some(work())
        });
        let done = match tokio::time::timeout(patience, &mut task).await {
            Ok(done) => done,
            Err(_) if take(&waiting.0).is_some() => return Err(NotDone::NotBegun),
            Err(_) => task.await,
        };
        done.map_err(NotDone::Panicked)?.ok_or(NotDone::NotBegun)
    }
}

impl Drop for Cores {
    fn drop(&mut self) {
        // A runtime may not be dropped where async code runs, unless it waits for nothing.
        if let Some(pool) = self.pool.take() {
            pool.shutdown_background();
        }
    }
}

/// Somebody who waits for `F` to be run. Whoever takes it out runs it or gives it up.
struct Waiting<F>(Arc<Mutex<Option<F>>>);

impl<F> Drop for Waiting<F> {
    fn drop(&mut self) {
        take(&self.0);
    }
}

fn take<F>(work: &Mutex<Option<F>>) -> Option<F> {
    work.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A core that computes, while this is held.
struct Taken(Arc<AtomicUsize>);

impl Taken {
    fn one(count: Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::task::{Context, Waker};
    use tokio::sync::oneshot;

    const LONG: Duration = Duration::from_secs(60);

    /// One core, taken until the sender is used or dropped.
    async fn one_taken() -> (Arc<Cores>, mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
        let cores = Arc::new(Cores::new(1).unwrap());
        let (release, released) = mpsc::channel::<()>();
        let (begun, has_begun) = oneshot::channel();
        let first = tokio::spawn({
            let cores = Arc::clone(&cores);
            async move {
                let work = move || {
                    begun.send(()).unwrap();
                    released.recv().ok();
                };
                cores.run(LONG, work).await.unwrap();
            }
        });
        has_begun.await.unwrap();
        assert_eq!(cores.occupied(), (1, 1));
        (cores, release, first)
    }

    #[tokio::test]
    async fn those_who_wait_are_served_in_their_order() {
        let (cores, release, first) = one_taken().await;
        let served = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..5 {
            let (cores, served) = (Arc::clone(&cores), Arc::clone(&served));
            waiting.spawn(async move { cores.run(LONG, move || served.lock().unwrap().push(number)).await });
            tokio::task::yield_now().await;
        }
        release.send(()).unwrap();
        first.await.unwrap();
        waiting.join_all().await;
        assert_eq!(*served.lock().unwrap(), [0, 1, 2, 3, 4]);
        assert_eq!(cores.occupied(), (0, 1));
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_and_nothing_of_it_is_kept_or_run() {
        let (cores, release, first) = one_taken().await;
        let held = Arc::new(());
        let work = |held: Arc<()>| move || drop(held);
        let outcome = cores.run(Duration::from_millis(1), work(Arc::clone(&held))).await;
        assert!(matches!(outcome, Err(NotDone::NotBegun)));
        assert_eq!(Arc::strong_count(&held), 1);
        // And so for somebody who hangs up.
        let caller = tokio::spawn({
            let (cores, work) = (Arc::clone(&cores), work(Arc::clone(&held)));
            async move { cores.run(LONG, work).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(Arc::strong_count(&held), 2);
        caller.abort();
        caller.await.unwrap_err();
        assert_eq!(Arc::strong_count(&held), 1);
        drop(release);
        first.await.unwrap();
        assert_eq!(cores.run(LONG, || 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn what_has_begun_is_waited_for_however_long_it_takes() {
        let cores = Cores::new(1).unwrap();
        let ((begun, has_begun), (release, released)) = (mpsc::channel::<()>(), mpsc::channel::<()>());
        let patience = Duration::from_millis(5);
        let mut run = std::pin::pin!(cores.run(patience, move || {
            begun.send(()).unwrap();
            released.recv().unwrap();
            7
        }));
        let mut poll = || run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll().is_pending());
        has_begun.recv().unwrap();
        std::thread::sleep(2 * patience);
        assert!(poll().is_pending());
        release.send(()).unwrap();
        assert_eq!(run.await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_panic_is_its_own_requests_alone() {
        let cores = Cores::new(1).unwrap();
        let outcome = cores.run(LONG, || panic!("a test's")).await;
        let outcome: Result<(), NotDone> = outcome;
        assert!(matches!(outcome, Err(NotDone::Panicked(_))));
        assert_eq!(cores.run(LONG, || 7).await.unwrap(), 7);
        assert_eq!(cores.occupied(), (0, 1));
    }
}
