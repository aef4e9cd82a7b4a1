//! All jobs of a catalog: those that wait, the one that is going on, and those that have ended.

use super::folder::JobFolder;
use super::record::{JobState, Record};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// How often a job is taken up, at most, when the server dies during it.
const MOST_ATTEMPTS: u32 = 3;
/// Jobs that wait, at most.
const MOST_WAITING: usize = 100;
/// Jobs that are remembered after they ended; the earliest go first.
const MOST_ENDED: usize = 200;

/// A job.
pub(in crate::http) struct Job {
    pub(super) folder: JobFolder,
    record: Mutex<Record>,
    /// Set to have it stop.
    pub(super) stop: Arc<AtomicBool>,
    /// Somebody asked for that, and it is not the server that ends.
    is_cancelled: AtomicBool,
    changed: watch::Sender<()>,
}

/// All of them.
pub(in crate::http) struct Jobs {
    catalog: PathBuf,
    jobs: Mutex<BTreeMap<String, Arc<Job>>>,
    added: Condvar,
    is_stopping: watch::Sender<bool>,
    /// Whether addresses of the operator's own networks may be fetched.
    pub(super) allow_private: bool,
}

/// What came of asking a job to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cancelling {
    /// It stays as it is.
    HadEnded,
    /// It was waiting, and will not be taken up.
    EndedAtOnce,
    /// It is going on, and will end.
    Asked,
}

impl Job {
    fn new(folder: JobFolder, record: Record) -> Arc<Self> {
        let (stop, is_cancelled) = (Arc::default(), AtomicBool::new(false));
        let (record, changed) = (Mutex::new(record), watch::Sender::new(()));
        Arc::new(Self { folder, record, stop, is_cancelled, changed })
    }

    /// As it is now.
    pub(super) fn record(&self) -> Record {
        self.locked().clone()
    }

    pub(super) fn state(&self) -> JobState {
        self.locked().state
    }

    fn locked(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known of it, and tells those who listen.
    pub(super) fn update(&self, change: impl FnOnce(&mut Record)) {
        change(&mut self.locked());
        self.changed.send_replace(());
    }

    /// The same, and durably.
    pub(super) fn update_and_save(&self, change: impl FnOnce(&mut Record)) -> io::Result<()> {
        let saved = {
            let mut record = self.locked();
            change(&mut record);
            self.folder.save(&record)
        };
        self.changed.send_replace(());
        saved
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::SeqCst)
    }

    /// Hears of every change from now on.
    pub(super) fn listen(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

impl Jobs {
    /// Those of the catalog in the folder `catalog`. What was waiting or going on waits again, unless the server died
    /// during it time and again.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub(in crate::http) fn open(catalog: &Path, allow_private: bool) -> io::Result<Self> {
        let mut jobs = BTreeMap::new();
        for (folder, mut record) in JobFolder::every(catalog)? {
            if record.state == JobState::Running && record.attempts >= MOST_ATTEMPTS {
                let message = format!(
                    "the server ended during it {MOST_ATTEMPTS} times, the last time before it was through: see the \
                     server's log for why, then ask for the import again; what it stored stays stored"
                );
                record.end(JobState::Interrupted, Some(message));
                folder.save(&record)?;
                folder.remove_source()?;
            } else if record.state == JobState::Running {
                record.state = JobState::Queued;
            }
            jobs.insert(record.job_id.clone(), Job::new(folder, record));
        }
        let (jobs, added) = (Mutex::new(jobs), Condvar::new());
        let is_stopping = watch::Sender::new(false);
        Ok(Self { catalog: catalog.to_path_buf(), jobs, added, is_stopping, allow_private })
    }

    pub(super) fn catalog(&self) -> &Path {
        &self.catalog
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a job; when this returns, it is durable. `None` when too many wait.
    pub(super) fn add(&self, folder: JobFolder, record: Record) -> io::Result<Option<Arc<Job>>> {
        let mut jobs = self.locked();
        if jobs.values().filter(|job| job.state() == JobState::Queued).count() >= MOST_WAITING {
            return Ok(None);
        }
        folder.save(&record)?;
        let job = Job::new(folder, record);
        jobs.insert(job.record().job_id, Arc::clone(&job));
        let ended: Vec<Arc<Job>> = jobs.values().filter(|job| job.state().has_ended()).cloned().collect();
        for old in ended.iter().take(ended.len().saturating_sub(MOST_ENDED)) {
            match old.folder.remove() {
                Ok(()) => drop(jobs.remove(&old.record().job_id)),
                Err(error) => tracing::warn!(%error, "an old job cannot be removed"),
            }
        }
        drop(jobs);
        self.added.notify_all();
        Ok(Some(job))
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Job>> {
        self.locked().get(id).cloned()
    }

    /// How many are in each state.
    pub(in crate::http) fn by_state(&self) -> [(JobState, u64); JobState::ALL.len()] {
        let jobs = self.locked();
        JobState::ALL.map(|state| (state, jobs.values().filter(|job| job.state() == state).count() as u64))
    }

    /// Up to `most`, the latest first, from before the job `before`.
    pub(super) fn list(&self, before: Option<&str>, most: usize) -> Vec<Record> {
        let jobs = self.locked();
        let earlier = jobs.iter().rev().filter(|(id, _)| before.is_none_or(|before| id.as_str() < before));
        earlier.take(most).map(|(_, job)| job.record()).collect()
    }

    /// Asks a job to stop.
    pub(super) fn cancel(&self, job: &Job) -> io::Result<Cancelling> {
        // Nobody takes it up meanwhile.
        let _jobs = self.locked();
        if job.state().has_ended() {
            return Ok(Cancelling::HadEnded);
        }
        job.is_cancelled.store(true, Ordering::SeqCst);
        job.stop.store(true, Ordering::SeqCst);
        if job.state() == JobState::Queued {
            job.update_and_save(|record| record.end(JobState::Cancelled, None))?;
            job.folder.remove_source()?;
            return Ok(Cancelling::EndedAtOnce);
        }
        Ok(Cancelling::Asked)
    }

    /// Waits for the next job and takes it up; `None` when the server ends.
    pub(super) fn next(&self) -> Option<Arc<Job>> {
        let mut jobs = self.locked();
        loop {
            if *self.is_stopping.borrow() {
                return None;
            }
            if let Some(job) = jobs.values().find(|job| job.state() == JobState::Queued) {
                let job = Arc::clone(job);
                if let Err(error) = job.update_and_save(Record::begin) {
                    // It is done all the same; should the server die, it is only not counted.
                    tracing::error!(%error, "a job's record cannot be written");
                }
                return Some(job);
            }
            jobs = self.added.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Has the job that is going on stop, takes up no other, and ends what listens. What has not ended is taken up by the
    /// next server.
    pub(in crate::http) fn stop(&self) {
        let jobs = self.locked();
        self.is_stopping.send_replace(true);
        for job in jobs.values() {
            job.stop.store(true, Ordering::SeqCst);
        }
        drop(jobs);
        self.added.notify_all();
    }

    /// Hears when the server ends.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.is_stopping.subscribe()
    }
}
