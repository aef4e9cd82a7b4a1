//! How much of what decoding and encoding can do is left when photos come from the web:
//! `bench_fetching FOLDER [COUNT] [LATENCY_MS] [FETCHES] [PER_HOST]`.
//!
//! Takes the photos of FOLDER again and again until there are COUNT (10,000), indexes them from disk and then from a server
//! in this process that answers each request LATENCY_MS (50) late, and prints both rates and their ratio. Everything comes
//! from one host, and the server's own work is on the same cores, so the ratio is a lower bound.

use lookalike_engine::catalog::{Fields, ImageId, ImageRef, Location, Product, ProductId};
use lookalike_engine::fetch::{AnyReader, BlockingFetcher, FetchOptions};
use lookalike_engine::ingest::{Ingest, Report};
use lookalike_engine::source::{Products, Source, SourceError};
use lookalike_engine::store::embedded::EmbeddedStore;
use lookalike_vision::encoder::Encoder;
use lookalike_vision::look::Look;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A product for each photo.
struct Listed(Vec<Location>);

impl Source for Listed {
    fn describe(&self) -> String {
        format!("{} photos", self.0.len())
    }

    fn images_expected(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }

    fn products(&self) -> Result<Products<'_>, SourceError> {
        // Numbers are ids.
        let product = |(n, location): (usize, &Location)| {
            let (id, image) = (ProductId::new(n.to_string()).ok()?, ImageId::new(n.to_string()).ok()?);
            let images = vec![ImageRef { id: image, location: location.clone() }];
            Some(Ok(Product { id, fields: Fields::new(), images }))
        };
        Ok(Box::new(self.0.iter().enumerate().filter_map(product)))
    }
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder =
        arguments.next().ok_or("usage: bench_fetching FOLDER [COUNT] [LATENCY_MS] [FETCHES] [PER_HOST]")?;
    let mut number = |usual: usize| arguments.next().map_or(Ok(usual), |text| text.parse::<usize>());
    let (count, latency_ms) = (number(10_000)?, number(50)?);
    let usual = Ingest::default();
    let ingest = Ingest { fetches: number(usual.fetches)?, per_host: number(usual.per_host)?, ..usual };

    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jpg" || extension == "png"));
    files.sort();
    if files.is_empty() {
        return Err(format!("{folder} has no .jpg and no .png").into());
    }
    let photos = files.iter().map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let bytes = photos.iter().map(Vec::len).sum::<usize>() / photos.len();
    let (runtime, port) = serve(photos, Duration::from_millis(latency_ms as u64))?;

    let mut out = std::io::stdout().lock();
    let (fetches, per_host) = (ingest.fetches, ingest.per_host);
    writeln!(
        out,
        "{count} photos of {bytes} bytes on average, {latency_ms} ms, {fetches} fetches, {per_host} per host"
    )?;
    let from_disk = files.iter().cycle().take(count).cloned().map(Location::File).collect();
    let disk = rate(&ingest, Listed(from_disk))?;
    writeln!(out, "from disk      {disk:8.1} photos/s")?;
    let number = |n: usize| Location::Url(format!("http://127.0.0.1:{port}/{}/{n}", n % files.len()));
    let web = rate(&ingest, Listed((0..count).map(number).collect()))?;
    writeln!(out, "from the web   {web:8.1} photos/s")?;
    writeln!(out, "ratio          {:8.2}", web / disk)?;
    runtime.shutdown_background();
    Ok(())
}

/// Indexes into a new catalog; gives photos per second.
fn rate(ingest: &Ingest, source: Listed) -> Outcome<f64> {
    let place = std::env::temp_dir().join(format!("bench_fetching-{}", std::process::id()));
    let look = Look::default();
    let report = index(ingest, &source, &place, &look);
    std::fs::remove_dir_all(&place)?;
    let Report { counts, seconds, .. } = report?;
    if counts.stored != source.0.len() as u64 {
        return Err(format!("not everything was stored: {counts}").into());
    }
    Ok(counts.stored as f64 / seconds)
}

fn index(ingest: &Ingest, source: &Listed, place: &Path, encoder: &dyn Encoder) -> Outcome<Report> {
    let store = EmbeddedStore::create(place, &[encoder.id().clone()])?;
    let per_host = ingest.per_host;
    let options = FetchOptions { allow_private: true, per_host, ..FetchOptions::patient() };
    let reader = AnyReader::new(BlockingFetcher::new(options)?);
    let never = AtomicBool::new(false);
    let report = ingest.run(source, &store, &[encoder], &reader, &mut |_| {}, &never)?;
    Ok(report)
}

/// Answers `GET /n/…` with photo `n`, so much later, on a thread of its own.
fn serve(photos: Vec<Vec<u8>>, latency: Duration) -> Outcome<(tokio::runtime::Runtime, u16)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let port = listener.local_addr()?.port();
    let photos = Arc::new(photos);
    runtime.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // Whoever hangs up has what it wanted.
            tokio::spawn(answer(socket, Arc::clone(&photos), latency));
        }
    });
    Ok((runtime, port))
}

async fn answer(mut socket: TcpStream, photos: Arc<Vec<Vec<u8>>>, latency: Duration) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let (mut head, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let length = socket.read(&mut part).await?;
        if length == 0 {
            return Ok(());
        }
        head.extend_from_slice(part.get(..length).unwrap_or_default());
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8_lossy(&head);
        let photo = text.split('/').nth(1).and_then(|n| photos.get(n.parse::<usize>().ok()?));
        tokio::time::sleep(latency).await;
        let answer = photo.map_or_else(
            || b"HTTP/1.1 404 None\r\ncontent-length: 0\r\n\r\n".to_vec(),
            |photo| {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", photo.len());
                [head.as_bytes(), photo].concat()
            },
        );
        socket.write_all(&answer).await?;
        head.clear();
    }
}
