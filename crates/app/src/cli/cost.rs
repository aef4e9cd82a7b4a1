//! What a run may cost: threads, time, bytes kept, and what is asked of other people's servers.

use super::open::PhotoLimits;
use lookalike_engine::fetch::{AnyReader, BlockingFetcher, FetchOptions, PhotoCache};
use lookalike_engine::ingest::Ingest;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a run may cost.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cost")]
pub(super) struct Cost {
    /// Fetch addresses that are stored already again, to see whether their photos changed; servers are asked to send only
    /// what did
    #[arg(long)]
    recheck_urls: bool,
    /// Threads that decode and encode [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// End the run after this time, such as `90s`, `30m` or `2h`; what is not reached then is named in the failures file.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    deadline: Option<Duration>,
    #[command(flatten)]
    fetching: Fetching,
    #[command(flatten)]
    pub(super) cache: CacheSize,
    #[command(flatten)]
    photos: PhotoLimits,
}

/// How the web is asked.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Fetching {
    /// Photos that are fetched from the web at a time.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    fetches: u16,
    /// Of these, how many from one host.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    per_host: u16,
    /// How often a photo is asked for again where that may help: timeouts, lost connections, 429 and 5xx.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=100))]
    retries: u32,
    /// Give up a photo after this time, all tries and the pauses between them included.
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration)]
    photo_timeout: Duration,
    /// Fetch through this proxy, such as `http://proxy:3128`. It looks names up by itself, so it must refuse addresses that
    /// are not to be reached. Proxies in the environment are not used for photos.
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
}

impl Default for Fetching {
    fn default() -> Self {
        let usual = FetchOptions::patient();
        Self {
            fetches: 64,
            per_host: 16,
            retries: usual.retries,
            photo_timeout: usual.total_timeout,
            proxy: None,
        }
    }
}

impl Fetching {
    /// Brings photos from disk and from the web, until `stop` is set or the deadline of `ingest` has passed.
    pub(super) fn reader(
        &self,
        allow_private: bool,
        ingest: &Ingest,
        stop: Option<&Arc<AtomicBool>>,
    ) -> anyhow::Result<AnyReader> {
        let usual = FetchOptions::patient();
        let options = FetchOptions {
            allow_private,
            max_bytes: ingest.limits.max_bytes,
            per_host: usize::from(self.per_host),
            retries: self.retries,
            try_timeout: usual.try_timeout.min(self.photo_timeout),
            total_timeout: self.photo_timeout,
            proxy: self.proxy.clone(),
            ..usual
        };
        let (stop, deadline) = (stop.map(Arc::clone), ingest.deadline);
        let is_over = move || {
            stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
                || deadline.is_some_and(|deadline| Instant::now() >= deadline)
        };
        Ok(AnyReader::new(BlockingFetcher::new(options)?.until(is_over)))
    }
}

impl Cost {
    /// An ingest of these bounds, whose time begins now.
    pub(super) fn ingest(&self) -> Ingest {
        let usual = Ingest::default();
        Ingest {
            limits: self.photos.limits(),
            workers: self.workers.map_or(usual.workers, usize::from),
            fetches: usize::from(self.fetching.fetches),
            per_host: usize::from(self.fetching.per_host),
            recheck_urls: self.recheck_urls,
            // One that is beyond what the clock can tell is none.
            deadline: self.deadline.and_then(|time| Instant::now().checked_add(time)),
            ..usual
        }
    }

    /// How the web is asked.
    pub(super) fn fetching(&self) -> &Fetching {
        &self.fetching
    }
}

/// How much of the web is kept.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct CacheSize {
    /// Keep up to this much of the photos from the web in the catalog, such as `500MB` or `2GB`; 0 keeps none. The
    /// oldest go first.
    #[arg(long, value_name = "SIZE", default_value = CacheSize::USUAL, value_parser = bytes)]
    photo_cache: u64,
    /// Keep no photo from the web and use none that is kept; those of earlier runs stay.
    #[arg(long, conflicts_with = "photo_cache")]
    no_cache: bool,
}

impl CacheSize {
    const USUAL: &str = "10GB";

    /// The cache of a catalog.
    pub(super) fn of(&self, catalog: &Path) -> PhotoCache {
        let cache = PhotoCache::new(catalog, self.photo_cache);
        if self.no_cache { cache.turned_off() } else { cache }
    }
}

impl Default for CacheSize {
    fn default() -> Self {
        Self { photo_cache: bytes(Self::USUAL).unwrap_or_default(), no_cache: false }
    }
}

/// A number and its unit.
fn split(text: &str) -> (&str, String) {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    (digits, text.get(digits.len()..).unwrap_or_default().trim().to_ascii_lowercase())
}

/// A number of bytes, as a person writes it.
fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || "must be a size such as 0, 500MB or 2GB".to_owned();
    let (digits, unit) = split(text);
    let unit = match &*unit {
        "" | "b" => 1,
        "kb" | "k" => 1_000,
        "mb" | "m" => 1_000_000,
        "gb" | "g" => 1_000_000_000,
        "tb" | "t" => 1_000_000_000_000,
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    count.checked_mul(unit).ok_or_else(wrong)
}

/// A time, as a person writes it; more than none.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a time such as 90s, 30m or 2h".to_owned();
    let (digits, unit) = split(text);
    let unit_ms: u64 = match &*unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    let time_ms = count.checked_mul(unit_ms).filter(|time| *time > 0).ok_or_else(wrong)?;
    Ok(Duration::from_millis(time_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, seconds) in
            [("90", 90.0), ("90s", 90.0), ("30 m", 1800.0), ("2h", 7200.0), ("250ms", 0.25)]
        {
            assert_eq!(duration(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        for wrong in ["", "0", "0h", "soon", "-1s", "1.5h", "9999999999999999999d", "2 weeks"] {
            assert_eq!(duration(wrong).unwrap_err(), "must be a time such as 90s, 30m or 2h", "{wrong}");
        }
    }
}
