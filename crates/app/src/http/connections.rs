//! Connections: accepted, bounded, driven, and brought to an end.
//!
//! They are driven by hyper directly, because a server that anybody may reach needs what `axum::serve` does not offer: a
//! deadline for request heads and a bound on open connections. Stopping loses nothing that was accepted: first the server
//! may go on for a while and say that it is not ready, so that balancers notice; then it takes what already waits at the
//! door, listens no more, and gives requests under way some time.

use super::auth::gate::Peer;
use super::state::AppState;
use super::tls;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::{Extension, Router, middleware};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

/// Open connections at once; more wait to be accepted.
const MOST_CONNECTIONS: usize = 1024;
/// For a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How to come to an end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stopping {
    /// How long to go on after being told to stop, no longer ready for more.
    pub(super) drain: Duration,
    /// How long requests under way may take then.
    pub(super) patience: Duration,
}

/// What every connection is given.
struct House {
    router: Router,
    state: AppState,
    tls: Option<TlsAcceptor>,
    /// For a request's head to arrive, and for the next request on a connection that is kept open.
    head_timeout: Duration,
    places: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

/// Answers whoever connects until `stop` is done, and then as `stopping` says.
pub(super) async fn answer(
    listener: TcpListener,
    router: Router,
    state: AppState,
    tls: Option<TlsAcceptor>,
    head_timeout: Duration,
    stopping: Stopping,
    stop: impl Future<Output = ()>,
) {
    let router = if tls.is_some() { router.layer(middleware::map_request(over_tls)) } else { router };
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let house = House { router, state, tls, head_timeout, places, graceful: GracefulShutdown::new() };
    house.accept_until(&listener, stop).await;
    house.state.stop_soon();
    if !stopping.drain.is_zero() {
        tracing::info!(seconds = stopping.drain.as_secs(), "no longer ready; answering still");
        house.accept_until(&listener, tokio::time::sleep(stopping.drain)).await;
    }
    if let Err(error) = house.accept_those_who_wait(listener) {
        tracing::warn!(%error, "cannot accept those who wait");
    }
    if tokio::time::timeout(stopping.patience, house.graceful.shutdown()).await.is_err() {
        tracing::warn!("cutting requests that are still under way");
    }
}

impl House {
    async fn accept_until(&self, listener: &TcpListener, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        loop {
            let accepted = async {
                // Closed only when dropped, which it is not while this waits.
                let place = Arc::clone(&self.places).acquire_owned().await;
                (place, listener.accept().await)
            };
            tokio::select! {
                () = &mut end => return,
                (place, accepted) = accepted => match accepted {
                    Ok((socket, peer)) => self.take_in(socket, peer, place.ok()),
                    Err(error) => {
                        // Out of file descriptors, mostly: connections that end free some.
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
    }

    /// Takes in whom the system has connected already, as far as there are places, and listens no more.
    fn accept_those_who_wait(&self, listener: TcpListener) -> io::Result<()> {
        let listener = listener.into_std()?;
        while let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            match listener.accept() {
                Ok((socket, peer)) => {
                    socket.set_nonblocking(true)?;
                    self.take_in(TcpStream::from_std(socket)?, peer, Some(place));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn take_in(&self, socket: TcpStream, peer: SocketAddr, place: Option<OwnedSemaphorePermit>) {
        // Answers are small and written at once; waiting to fill packets only delays them.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let router = self.router.clone().layer(Extension(Peer(peer)));
        let (tls, watcher, head_timeout) = (self.tls.clone(), self.graceful.watcher(), self.head_timeout);
        let open = self.state.metrics().connection();
        tokio::spawn(async move {
            let _held = (place, open);
            let done = match tls {
                None => drive(socket, router, head_timeout, watcher).await,
                Some(tls) => match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(socket)).await {
                    Ok(Ok(stream)) => drive(stream, router, head_timeout, watcher).await,
                    Ok(Err(error)) => Err(error.into()),
                    Err(_) => Err(tls::took_too_long().into()),
                },
            };
            if let Err(error) = done {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
        });
    }
}

/// One HTTP/1.1 connection, to its end.
async fn drive(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    head_timeout: Duration,
    watcher: Watcher,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    Ok(watcher.watch(connection).await?)
}

/// What a proxy that ends TLS would say: addresses in answers begin with https.
async fn over_tls(mut request: Request) -> Request {
    request.headers_mut().entry("x-forwarded-proto").or_insert(HeaderValue::from_static("https"));
    request
}
