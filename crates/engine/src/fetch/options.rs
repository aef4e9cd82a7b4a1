//! What fetching may cost and whom it may contact.

use std::time::Duration;

/// Bounds on fetching. The default suits one photo that somebody waits for, [`FetchOptions::patient`] a whole catalog.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Whether addresses of the operator's own networks may be contacted.
    pub allow_private: bool,
    /// The ports that may be contacted; `None` for any (see [`Guard::new`](super::Guard::new)).
    pub ports: Option<Vec<u16>>,
    /// Longest body.
    pub max_bytes: u64,
    /// Bytes of long bodies (beyond 1 MiB) in memory at one time; one alone may exceed it.
    pub body_bytes: u64,
    /// Give up a body at its first kilobyte when it cannot be a picture, whatever the server calls it.
    pub pictures_only: bool,
    /// For one connection, its name's lookup and TLS included.
    pub connect_timeout: Duration,
    /// For one try, redirects included.
    pub try_timeout: Duration,
    /// For everything: all tries, the pauses between them, waiting for a turn.
    pub total_timeout: Duration,
    /// How often what can succeed later (timeouts, lost connections, 429, 5xx) is tried again.
    pub retries: u32,
    /// The pause before the first of these; each further one is twice as long. Up to half of it is left out by chance.
    pub first_pause: Duration,
    /// Requests under way to one host at a time.
    pub per_host: usize,
    /// How many redirects are followed.
    pub max_redirects: usize,
    /// How this program names itself to servers: its name, and where its people can be found.
    pub user_agent: String,
    /// Sends every request through this proxy (`http://host:port`), which the operator trusts. It looks names up by
    /// itself, so the guard then checks what an address says (scheme, credentials, port, literal addresses, redirects) and
    /// not what a name leads to: the proxy must refuse inner addresses. Proxies in the environment are never used here.
    pub proxy: Option<String>,
}

impl Default for FetchOptions {
    /// Public addresses, 64 MiB, 10 s to connect, 30 s in all, one try, 5 redirects, 16 requests per host.
    fn default() -> Self {
        Self {
            allow_private: false,
            ports: None,
            max_bytes: 64 << 20,
            body_bytes: 128 << 20,
            pictures_only: false,
            connect_timeout: Duration::from_secs(10),
            try_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(30),
            retries: 0,
            first_pause: Duration::from_millis(500),
            per_host: 16,
            max_redirects: 5,
            user_agent: concat!(
                "lookalike/",
                env!("CARGO_PKG_VERSION"),
                " (+",
                env!("CARGO_PKG_REPOSITORY"),
                ")"
            )
            .to_owned(),
            proxy: None,
        }
    }
}

impl FetchOptions {
    /// For the photos of a catalog: pictures only, tried up to five times within two minutes.
    pub fn patient() -> Self {
        Self { pictures_only: true, retries: 4, total_timeout: Duration::from_secs(120), ..Self::default() }
    }
}
