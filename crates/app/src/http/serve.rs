//! Sockets: where the server listens, whom it lets in, and how it stops.
//!
//! Connections are driven by hyper directly, because a server that anybody may reach needs what `axum::serve` does
//! not offer: a deadline for request heads and a bound on open connections. Stopping is graceful: no new requests,
//! those under way get some seconds, then everything is cut.

use super::auth::gate::Peer;
use super::auth::{Access, Gate, Hosts, KeyRing, Rate, Role};
use super::jobs;
use super::router::router;
use super::serving;
use super::state::AppState;
use anyhow::{Context, bail};
use axum::{Extension, Router};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Open connections at once; more wait to be accepted.
const MOST_CONNECTIONS: usize = 1024;
/// For a request's head to arrive, and for the next request on a connection that is kept open.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// For requests under way when the server is told to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

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
        let mut gate = Gate::new(access);
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
/// anybody without one; when the keys cannot be read.
pub async fn serve(
    state: AppState,
    options: &ServeOptions,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let (listener, gate) = bind(options).await?;
    let address = listener.local_addr().context("cannot tell the address listened on")?;
    ready(address);
    tracing::info!(%address, "listening");
    let watching = tokio::spawn(serving::watch(state.clone()));
    let jobs = state.jobs().cloned();
    let working = jobs.as_ref().map(|jobs| jobs::start(&state, jobs)).transpose();
    let working = working.context("cannot start the thread that does jobs")?;
    let stop = async {
        stop.await;
        // Who follows a job would keep the server waiting.
        jobs.iter().for_each(|jobs| jobs.stop());
    };
    answer(listener, router(state, gate), stop).await;
    watching.abort();
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

async fn answer(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            // Closed only when dropped, which it is not while this waits.
            let place = Arc::clone(&connections).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => break,
            (place, accepted) = accepted => match accepted {
                Ok((socket, peer)) => {
                    let router = router.clone().layer(Extension(Peer(peer)));
                    let connection = graceful.watch(connection(socket, router));
                    tokio::spawn(async move {
                        let _place = place;
                        if let Err(error) = connection.await {
                            tracing::debug!(%error, "a connection ended early");
                        }
                    });
                }
                Err(error) => {
                    // Out of file descriptors, mostly: connections that end free some.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(STOP_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("cutting requests that are still under way");
    }
}

/// One HTTP/1.1 connection.
fn connection(
    socket: TcpStream,
    router: Router,
) -> hyper::server::conn::http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    // Answers are small and written at once; waiting to fill packets only delays them.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(router))
}
