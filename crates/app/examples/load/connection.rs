//! One connection that is kept, and made again when the server has closed it.

use axum::body::{Body, Bytes};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// A server that takes longer does not answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A connection to the server.
pub(crate) struct Connection {
    address: SocketAddr,
    open: Option<SendRequest<Body>>,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after_s: Option<u64>,
    pub(crate) body: Bytes,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { address, open: None }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Answer, String> {
        self.send("GET", path, None, Bytes::new()).await
    }

    /// Sends one request and waits for its answer. After an error nobody knows whether the server did what was asked.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: Bytes,
    ) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let request = request.body(Body::from(body)).map_err(|error| error.to_string())?;
        let answered = tokio::time::timeout(TIMEOUT, self.answered(request)).await;
        let answered = answered.unwrap_or_else(|_| Err("no answer within a minute".to_owned()));
        if answered.is_err() {
            self.open = None;
        }
        answered
    }

    async fn answered(&mut self, request: Request<Body>) -> Result<Answer, String> {
        let mut sender = match self.open.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        if sender.ready().await.is_err() {
            // Closed between two requests, as a server may.
            sender = self.connect().await?;
        }
        let response = sender.send_request(request).await.map_err(|error| format!("{error:?}"))?;
        let status = response.status().as_u16();
        let retry = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after_s = retry.and_then(|text| text.parse().ok());
        let body = axum::body::to_bytes(Body::new(response.into_body()), usize::MAX);
        let body = body.await.map_err(|error| format!("{error:?}"))?;
        self.open = Some(sender);
        Ok(Answer { status, retry_after_s, body })
    }

    async fn connect(&self) -> Result<SendRequest<Body>, String> {
        let socket = TcpStream::connect(self.address).await.map_err(|error| error.to_string())?;
        socket.set_nodelay(true).map_err(|error| error.to_string())?;
        let (sender, driver) = handshake(TokioIo::new(socket)).await.map_err(|error| error.to_string())?;
        tokio::spawn(driver);
        Ok(sender)
    }
}
