//! The server as a whole: where it listens, whom it lets in, and when it stops. `connections` does the rest.

use super::auth::{Access, Gate, Hosts, KeyRing, Rate, Role};
use super::connections::{self, Stopping};
use super::cors::Origin;
use super::jobs;
use super::router::router;
use super::serving;
use super::state::AppState;
use super::tls::{Certificates, Tls};
use anyhow::{Context, bail};
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;

/// For requests under way when the server is told to stop, where nothing else is said.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// For a request's head to arrive, and for the next request on a connection that is kept open, where nothing is said.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Where and for whom to listen.
#[derive(Debug, Clone, Default)]
pub struct ServeOptions {
    /// `host:port`; port 0 takes any free one.
    pub listen: String,
    /// What anybody may do without a key. Where nothing is said: everything on this machine's own addresses, nothing on
    /// others.
    pub anonymous: Option<Role>,
    /// Names that a server on this machine's own addresses answers to, besides those.
    pub hosts: Vec<String>,
    /// The file of keys.
    pub keys: Option<PathBuf>,
    /// How often one caller may ask; without bound where nothing is said.
    pub rate: Option<Rate>,
    /// Proxies in front whose word about a caller's address is taken.
    pub trusted_hops: usize,
    /// The certificate to answer with; without TLS where there is none.
    pub tls: Option<Tls>,
    /// How long to go on answering after being told to stop, while `/readyz` says that the server is not ready.
    pub drain: Duration,
    /// How long requests under way may take after that; [`STOP_TIMEOUT`] where nothing is said.
    pub stop_timeout: Option<Duration>,
    /// Where the pages come from that may read answers, besides this server's own; none where nothing is said.
    pub origins: Vec<Origin>,
    /// How long a request's head may take to arrive; 30 s where nothing is said.
    pub head_timeout: Option<Duration>,
}

impl ServeOptions {
    /// On this address, and as usual in everything else.
    pub fn on(listen: impl Into<String>) -> Self {
        Self { listen: listen.into(), ..Self::default() }
    }

    /// Who is let in on these addresses.
    fn gate(&self, addresses: &[SocketAddr]) -> anyhow::Result<Gate> {
        let ring = self.keys.clone().map(KeyRing::open).transpose()?;
        let others_reach_it = addresses.iter().any(|address| !address.ip().is_loopback());
        let access = match self.anonymous {
            Some(role) => Access::Anonymous(role),
            None if !others_reach_it => {
                let also = self.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
                Access::Local(Hosts { also })
            }
            None if ring.as_ref().is_some_and(|ring| ring.count() > 0) => Access::Keys,
            None => bail!(
                "refusing to listen on {}: others could reach it and there are no keys; make one with `lookalike \
                 keys add`, listen on 127.0.0.1, or give --anonymous read to let anybody ask",
                self.listen
            ),
        };
        let mut gate = Gate::new(access).with_origins(self.origins.clone());
        if let Some(ring) = ring {
            gate = gate.with_keys(ring);
        }
        if let Some(rate) = self.rate {
            gate = gate.with_rate(rate, self.trusted_hops);
        }
        Ok(gate)
    }
}

/// Listens and answers until `stop` is done. `ready` is told the address that is listened on.
///
/// # Errors
/// When `listen` is not an address, is taken, or is one others can reach while there are no keys and nothing is said of
/// anybody without one; when the keys or the certificate cannot be read.
pub async fn serve(
    state: AppState,
    options: &ServeOptions,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let certificates = options.tls.clone().map(Certificates::open).transpose()?;
    let tls = certificates.as_ref().map(Certificates::acceptor).transpose()?;
    let (listener, gate) = bind(options).await?;
    let address = listener.local_addr().context("cannot tell the address listened on")?;
    ready(address);
    tracing::info!(%address, "listening");
    let watch = certificates.map(|certificates| tokio::spawn(certificates.watch()));
    let watching = tokio::spawn(serving::watch(state.clone()));
    let jobs = state.jobs().cloned();
    let working = jobs.as_ref().map(|jobs| jobs::start(&state, jobs)).transpose();
    let working = working.context("cannot start the thread that does jobs")?;
    let stop = async {
        stop.await;
        // Who follows a job would keep the server waiting.
        jobs.iter().for_each(|jobs| jobs.stop());
    };
    let patience = options.stop_timeout.unwrap_or(STOP_TIMEOUT);
    let stopping = Stopping { drain: options.drain, patience };
    let head_timeout = options.head_timeout.unwrap_or(HEAD_TIMEOUT);
    let router = router(state.clone(), gate);
    connections::answer(listener, router, state, tls, head_timeout, stopping, stop).await;
    watching.abort();
    if let Some(watch) = watch {
        watch.abort();
    }
    if let Some(working) = working {
        // What is ready is stored before the process ends.
        tokio::task::spawn_blocking(|| working.join()).await.ok();
    }
    tracing::info!("stopped");
    Ok(())
}

async fn bind(options: &ServeOptions) -> anyhow::Result<(TcpListener, Gate)> {
    let listen = &options.listen;
    let found = tokio::net::lookup_host(listen).await;
    let addresses: Vec<SocketAddr> = found
        .with_context(|| {
            format!("cannot listen on {listen:?}: write it as host:port, such as 127.0.0.1:8000")
        })?
        .collect();
    let gate = options.gate(&addresses)?;
    let bound = TcpListener::bind(addresses.as_slice()).await;
    let bound =
        bound.with_context(|| format!("cannot listen on {listen}: is another program using the port?"))?;
    Ok((bound, gate))
}
