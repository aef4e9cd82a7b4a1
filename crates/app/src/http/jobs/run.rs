//! Doing the jobs, one after the other, on a thread of their own.
//!
//! An import shares the encoders with those who ask: it hands them a few pictures at a time, so that a question waits for
//! no more than these. It holds the right to write from its beginning to its end; single changes go in between.

use super::folder::FailureLine;
use super::queue::{Job, Jobs};
use super::record::JobState;
use super::request::ImportRequest;
use crate::http::state::AppState;
use anyhow::{Context as _, anyhow};
use lookalike_engine::fetch::listing::is_web_address;
use lookalike_engine::fetch::object::Objects;
use lookalike_engine::fetch::uploads::Uploads;
use lookalike_engine::fetch::{AnyReader, BlockingFetcher, CachingReader, FetchOptions, PhotoCache};
use lookalike_engine::ingest::{Event, Ingest, Report};
use lookalike_engine::source::{self, ImageBase, Source, SourceOptions};
use lookalike_engine::store::Store;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Pictures that an encoder is handed at a time.
const PICTURES_AT_A_TIME: usize = 4;
/// Photos from the web that are kept, as by `lookalike index`.
const CACHE_BYTES: u64 = 10_000_000_000;
/// Longest source from the web.
const MOST_SOURCE_BYTES: u64 = 256 << 20;
/// For a source from the web to arrive.
const SOURCE_TIMEOUT: Duration = Duration::from_secs(600);
/// Notices that are remembered.
const MOST_NOTICES: usize = 100;
/// How often it is asked whether another process still writes.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Begins to do the jobs of `jobs`; the thread ends after [`Jobs::stop`].
///
/// # Errors
/// When no thread can be started.
pub(in crate::http) fn start(state: &AppState, jobs: &Arc<Jobs>) -> io::Result<thread::JoinHandle<()>> {
    let (state, jobs) = (state.clone(), Arc::clone(jobs));
    thread::Builder::new().name("jobs".to_owned()).spawn(move || {
        while let Some(job) = jobs.next() {
            // Should it panic, that is the job's end and not the queue's.
            let ended = thread::scope(|scope| scope.spawn(|| import(&state, &jobs, &job)).join());
            let ended = ended.unwrap_or_else(|_| Err(anyhow!("it ended unexpectedly: please report this")));
            conclude(&state, &jobs, &job, ended);
        }
    })
}

/// Says how a job ended.
fn conclude(server: &AppState, jobs: &Jobs, job: &Job, ended: anyhow::Result<Report>) {
    let id = job.record().job_id;
    let (state, message) = match ended {
        Ok(report) if !report.cancelled => {
            let kept = report.not_removed.map(|reason| format!("no product was removed: {reason}"));
            (JobState::Done, kept)
        }
        _ if job.is_cancelled() => (JobState::Cancelled, None),
        // The server ends; the next goes on.
        _ if *jobs.stopping().borrow() => return,
        Ok(_) => (JobState::Failed, Some("it stopped before its end: ask for it again to go on".to_owned())),
        Err(error) => (JobState::Failed, Some(format!("{error:#}"))),
    };
    tracing::info!(job = id, ?state, message, "a job has ended");
    server.metrics().job_ended(state);
    let saved =
        job.update_and_save(|record| record.end(state, message)).and_then(|()| job.folder.remove_source());
    if let Err(error) = saved {
        tracing::error!(job = id, %error, "the end of a job cannot be written: it is done again after the next start");
    }
}

fn import(state: &AppState, jobs: &Jobs, job: &Job) -> anyhow::Result<Report> {
    let request = job.record().request;
    let opened = open(jobs, job, &request)?;
    let source = opened.as_ref();
    job.update(|record| record.images_expected = source.images_expected());
    let serving = loop {
        let serving = state.serving();
        if have_turn(serving.searcher.store(), job)? {
            break serving;
        }
        anyhow::ensure!(!job.stop.load(Ordering::Relaxed), "it was stopped");
        if !state.reload() {
            thread::sleep(ASK_EVERY);
        }
    };
    let committer = serving.committer.as_ref().context("this server only reads its catalog")?;
    let _held = committer.hold();
    let encoders = serving.searcher.all_encoders()?;
    let encoders: Vec<_> = encoders.iter().map(AsRef::as_ref).collect();
    let usual = Ingest::default();
    let ingest = Ingest {
        // The others are for those who ask.
        workers: (usual.workers / 2).max(1),
        encode_batch: Some(PICTURES_AT_A_TIME),
        limits: state.limits().picture,
        recheck_urls: request.recheck_urls,
        missing: request.missing(),
        ..usual
    };
    let web = FetchOptions {
        allow_private: jobs.allow_private,
        max_bytes: ingest.limits.max_bytes,
        ..FetchOptions::patient()
    };
    let named = source::remote::named_buckets(Path::new(&request.source), &options(&request)?)?;
    let reader = AnyReader::new(fetcher(web, &job.stop)?)
        .with_objects(Arc::new(Objects::new(named)?))
        .with_uploads(Uploads::new(jobs.catalog()));
    let reader = CachingReader::new(reader, PhotoCache::new(jobs.catalog(), CACHE_BYTES));
    let mut failures = job.folder.failures_begun().context("cannot write what fails")?;
    let own_folder = format!("{}/", job.folder.source().display());
    let mut unwritten = None;
    let mut on_event = |event| match event {
        Event::Notice(notice) => job.update(|record| {
            if record.notices.len() < MOST_NOTICES {
                record.notices.push(notice.replace(&own_folder, ""));
            }
        }),
        Event::Failed(failure) => {
            if let Err(error) = note(&mut failures, FailureLine::from(&failure).without(&own_folder)) {
                unwritten.get_or_insert(error);
            }
            job.update(|record| record.failures += 1);
        }
        Event::Progress(counts) => job.update(|record| record.count(&counts)),
        _ => {}
    };
    let report =
        ingest.run(source, serving.searcher.store(), &encoders, &reader, &mut on_event, &job.stop)?;
    job.update(|record| record.count(&report.counts));
    match unwritten {
        Some(error) => {
            Err(error).context("the products are in the catalog, but what failed cannot be written")
        }
        None => Ok(report),
    }
}

fn note(failures: &mut File, line: FailureLine) -> io::Result<()> {
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    failures.write_all(&text)
}

fn options(request: &ImportRequest) -> anyhow::Result<SourceOptions> {
    // They were looked at when the job was asked for.
    request.options().map_err(|problem| anyhow!("{}", problem.detail))
}

fn fetcher(options: FetchOptions, stop: &Arc<AtomicBool>) -> anyhow::Result<BlockingFetcher> {
    let stop = Arc::clone(stop);
    Ok(BlockingFetcher::new(options)?.until(move || stop.load(Ordering::Relaxed)))
}

/// Waits until no other process writes. Gives whether this one may; if not, the catalog is another one by now.
fn have_turn(store: &dyn Store, job: &Job) -> anyhow::Result<bool> {
    loop {
        match store.alone(&mut |_| Ok(())) {
            Ok(()) => {
                job.update(|record| record.message = None);
                return Ok(true);
            }
            Err(error) if error.is_stale() => return Ok(false),
            Err(error) if error.is_taken() => {
                anyhow::ensure!(!job.stop.load(Ordering::Relaxed), "it was stopped");
                let message = "waits for another process that is writing the catalog";
                job.update(|record| record.message = Some(message.to_owned()));
                thread::sleep(ASK_EVERY);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The source: what was sent, what is fetched now, or what is where the request says.
fn open(jobs: &Jobs, job: &Job, request: &ImportRequest) -> anyhow::Result<Box<dyn Source>> {
    let mut options = options(request)?;
    if let Some(path) = only_file(&job.folder.source())? {
        return opened(&path, &options, &job.folder.source());
    }
    if is_web_address(&request.source) {
        let web = FetchOptions {
            allow_private: jobs.allow_private,
            max_bytes: MOST_SOURCE_BYTES,
            try_timeout: SOURCE_TIMEOUT,
            total_timeout: SOURCE_TIMEOUT,
            retries: 2,
            ..FetchOptions::default()
        };
        let fetched = fetcher(web, &job.stop)?.get(&request.source)?;
        let address = request.source.split(['?', '#']).next().unwrap_or_default();
        let (front, name) = address.rsplit_once('/').unwrap_or((address, ""));
        // What is relative in it is so to where it lies.
        options.image_base.get_or_insert_with(|| ImageBase::Url(front.to_owned()));
        let begun = job.folder.source_begun();
        let kept = fs::write(&begun, &fetched.bytes).and_then(|()| job.folder.finish_source(name));
        let path = kept.context("cannot keep the source on this server's disk")?;
        return opened(&path, &options, &job.folder.source());
    }
    let place = Path::new(&request.source);
    let objects = Arc::new(Objects::new(source::remote::named_buckets(place, &options)?)?);
    let mut say = |line: &str| tracing::info!(job = job.record().job_id, "{line}");
    Ok(source::open_anywhere(place, &options, &objects, &mut say, &job.stop)?)
}

fn opened(path: &Path, options: &SourceOptions, folder: &Path) -> anyhow::Result<Box<dyn Source>> {
    let front = format!("{}/", folder.display());
    source::open(path, options).map_err(|error| {
        let told = format!("{:#}", anyhow::Error::new(error));
        anyhow!("{}", told.replace(&front, ""))
    })
}

/// The one file of a folder; a folder that is not there has none.
fn only_file(folder: &Path) -> io::Result<Option<PathBuf>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        entries => entries?.next().map(|entry| Ok(entry?.path())).transpose(),
    }
}
