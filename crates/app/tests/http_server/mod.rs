//! A server over a small catalog of drawn pictures, on a real socket, and the barest of clients.
//!
//! The client writes requests byte by byte, so that malformed ones can be sent too.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

pub(crate) mod stock;

use stock::stocked;

use lookalike::http::{AppState, ListingFields, ServeLimits, ServeOptions, serve};
use lookalike_engine::fetch::{FetchOptions, Fetcher, PhotoCache};
use lookalike_engine::search::{EncoderSource, EncoderUnavailable, Searcher};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::look::Look;
use serde_json::{Value, json};
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// A part of a form: its name, its file name if it is a file, its content.
pub(crate) type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

/// The ids of the catalog's images, in the order they were stored; each shows a product of its own, `p0` to `p5`.
pub(crate) const IMAGES: [&str; 6] = [
    "shirts/red 1.jpg",
    "shirts/blue?.png",
    "süß/100%.jpg",
    "shoes/a.png",
    "../up.jpg",
    "https://shop.example/x.jpg",
];

/// A running server; dropped with its folder.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) folder: Folder,
    known: Vec<Arc<dyn Encoder>>,
    settings: Settings,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// How a server is started.
#[derive(Clone)]
struct Settings {
    limits: ServeLimits,
    allow_private: bool,
    options: ServeOptions,
    listing: ListingFields,
}

/// The folder of a server, which the next may take over.
pub(crate) struct Folder(Option<TempDir>);

impl Folder {
    fn take(&mut self) -> Option<TempDir> {
        self.0.take()
    }
}

impl std::ops::Deref for Folder {
    type Target = TempDir;

    fn deref(&self) -> &TempDir {
        self.0.as_ref().unwrap()
    }
}

impl Server {
    /// Serves the catalog, fetching from this machine when callers ask.
    pub(crate) fn start() -> Self {
        Self::with(ServeLimits { body_bytes: 1 << 20, ..ServeLimits::default() }, true, IMAGES.len())
    }

    /// Serves a catalog of the first `count` images.
    pub(crate) fn with(limits: ServeLimits, allow_private: bool, count: usize) -> Self {
        Self::of(&[Arc::new(Look::default())], limits, allow_private, count)
    }

    /// Serves a catalog of all images with vectors of each of `encoders`, the first being the primary.
    pub(crate) fn with_encoders(encoders: &[Arc<dyn Encoder>]) -> Self {
        Self::of(encoders, ServeLimits::default(), true, IMAGES.len())
    }

    /// Serves the catalog as these options say; it is reached on this machine wherever it listens.
    pub(crate) fn serving(options: ServeOptions) -> Self {
        let encoders: [Arc<dyn Encoder>; 1] = [Arc::new(Look::default())];
        Self::as_told(
            &encoders,
            ServeLimits::default(),
            true,
            IMAGES.len(),
            options,
            ListingFields::default(),
        )
    }

    /// Serves the catalog, and older clients from these fields.
    pub(crate) fn listing(fields: ListingFields) -> Self {
        let encoders: [Arc<dyn Encoder>; 1] = [Arc::new(Look::default())];
        let options = ServeOptions::on("127.0.0.1:0");
        Self::as_told(&encoders, ServeLimits::default(), true, IMAGES.len(), options, fields)
    }

    /// Serves a catalog with vectors of `encoders`; those in `later` are at hand, should the catalog come to have them.
    pub(crate) fn knowing(encoders: &[Arc<dyn Encoder>], later: &[Arc<dyn Encoder>]) -> Self {
        let folder = stocked(encoders, IMAGES.len());
        let known = encoders.iter().chain(later).cloned().collect();
        let options = ServeOptions::on("127.0.0.1:0");
        Self::over(
            folder,
            known,
            Settings {
                limits: ServeLimits::default(),
                allow_private: true,
                options,
                listing: ListingFields::default(),
            },
        )
    }

    fn of(encoders: &[Arc<dyn Encoder>], limits: ServeLimits, allow_private: bool, count: usize) -> Self {
        let options = ServeOptions::on("127.0.0.1:0");
        Self::as_told(encoders, limits, allow_private, count, options, ListingFields::default())
    }

    fn as_told(
        encoders: &[Arc<dyn Encoder>],
        limits: ServeLimits,
        allow_private: bool,
        count: usize,
        options: ServeOptions,
        listing: ListingFields,
    ) -> Self {
        let folder = stocked(encoders, count);
        Self::over(folder, encoders.to_vec(), Settings { limits, allow_private, options, listing })
    }

    /// The same catalog, served anew; the server has to be stopped.
    pub(crate) fn again(mut self) -> Self {
        self.stop();
        let folder = self.folder.take().unwrap();
        Self::over(folder, self.known.clone(), self.settings.clone())
    }

    /// Serves the catalog as a server does that is started over it.
    fn over(folder: TempDir, known: Vec<Arc<dyn Encoder>>, settings: Settings) -> Self {
        let Settings { limits, allow_private, options, listing } = settings.clone();
        // Opened so that a scenario can write.
        let place = folder.path().join("shop.lookalike");
        let store = EmbeddedStore::open(&place, Access::Sharing).unwrap();
        let searcher = Searcher::with_encoders(Arc::new(store), Arc::new(AtHand(known.clone())));
        let fetcher = Fetcher::new(FetchOptions {
            allow_private,
            max_bytes: 1 << 20,
            total_timeout: Duration::from_secs(5),
            ..FetchOptions::default()
        });
        let photos = PhotoCache::new(&place, 0);
        let state = AppState::new(searcher, fetcher.unwrap(), limits).unwrap();
        let state = state.with_photos(photos).with_listing(listing);
        let state = state.with_catalog(&place).unwrap().with_imports(&place, allow_private).unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (ready, address) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let stop = async move {
                let _ = stopped.await;
            };
            runtime.block_on(serve(state, &options, |address| ready.send(address).unwrap(), stop)).unwrap();
        });
        let address = SocketAddr::from(([127, 0, 0, 1], address.recv().unwrap().port()));
        let folder = Some(folder);
        Self { address, folder: Folder(folder), known, settings, stop: Some(stop), thread: Some(thread) }
    }

    /// Tells the server to stop.
    pub(crate) fn tell_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Tells the server to stop and waits until it has.
    pub(crate) fn stop(&mut self) {
        self.tell_to_stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        self.request("GET", target, &[], b"")
    }

    pub(crate) fn post_json(&self, target: &str, body: &Value) -> Reply {
        self.request("POST", target, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    pub(crate) fn send_json(&self, method: &str, target: &str, body: &Value) -> Reply {
        self.request(method, target, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    /// Sends a form; a part with a file name is a file.
    pub(crate) fn post_form(&self, target: &str, parts: &[Part<'_>]) -> Reply {
        self.send_form("POST", target, parts)
    }

    pub(crate) fn send_form(&self, method: &str, target: &str, parts: &[Part<'_>]) -> Reply {
        let mut body = Vec::new();
        for (name, file, content) in parts {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            let head = format!("--XYZ\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--XYZ--\r\n");
        self.request(method, target, &[("content-type", "multipart/form-data; boundary=XYZ")], &body)
    }

    pub(crate) fn request(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut head = format!("{method} {target} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            head.push_str(&format!("host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method != "GET" || !body.is_empty() {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.raw(&[head.as_bytes(), body].concat())
    }

    /// Sends bytes as they are and reads whatever comes until the connection ends.
    pub(crate) fn raw(&self, request: &[u8]) -> Reply {
        Self::raw_at(self.address, request)
    }

    /// Asks whatever listens there.
    pub(crate) fn get_at(address: SocketAddr, target: &str) -> Reply {
        let head = format!("GET {target} HTTP/1.1\r\nconnection: close\r\nhost: {address}\r\n\r\n");
        Self::raw_at(address, head.as_bytes())
    }

    fn raw_at(address: SocketAddr, request: &[u8]) -> Reply {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        socket.write_all(request).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        Reply::parse(&answer)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Joined only by `stop`: a scenario that failed has more to tell than a thread that did not end.
        self.stop.take();
    }
}

/// Why a server does not start with these options.
pub(crate) fn refusal(options: &ServeOptions) -> String {
    let folder = tempfile::tempdir().unwrap();
    let encoder: Arc<dyn Encoder> = Arc::new(Look::default());
    let store =
        EmbeddedStore::create(&folder.path().join("shop.lookalike"), &[encoder.id().clone()]).unwrap();
    let searcher = Searcher::new(Arc::new(store), encoder).unwrap();
    let fetcher = Fetcher::new(FetchOptions::default()).unwrap();
    let state = AppState::new(searcher, fetcher, ServeLimits::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    format!("{:#}", runtime.block_on(serve(state, options, |_| {}, async {})).unwrap_err())
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an HTTP answer");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut body = bytes[end + 4..].to_vec();
        if head.to_lowercase().contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        Self { status, head, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The JSON of a success.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}\n{}", self.head, String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// Asserts a problem of this status and gives its code and detail.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> (String, String) {
        assert_eq!(self.status, status, "{}\n{}", self.head, String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let body = self.json();
        assert_eq!((&body["type"], &body["status"]), (&json!("about:blank"), &json!(status)));
        let text =
            |name: &str| body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned();
        assert!(!text("title").is_empty());
        (text("code"), text("detail"))
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        out.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
    }
    out
}

/// Encoders that need no loading.
struct AtHand(Vec<Arc<dyn Encoder>>);

impl EncoderSource for AtHand {
    fn load(&self, name: &str) -> Result<Arc<dyn Encoder>, EncoderUnavailable> {
        let found = self.0.iter().find(|encoder| encoder.id().name == name);
        found.cloned().ok_or_else(|| EncoderUnavailable(format!("no encoder {name}")))
    }

    fn reads_text(&self, name: &str) -> bool {
        self.0.iter().any(|encoder| encoder.id().name == name && encoder.text().is_some())
    }
}
