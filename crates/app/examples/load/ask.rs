//! One kind of question, as often as it is answered: for figures beside another service that answers the same.

use crate::connection::Connection;
use crate::photos::{Photos, file};
use anyhow::{Context, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header;
use axum::routing::get;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Which of the earlier systems' calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Route {
    /// `GET /find_similar/`: the photo is fetched from this program.
    FindSimilar,
    /// `POST /similarity-search`: the photo is uploaded.
    SimilaritySearch,
}

/// Asks for `time` on so many connections. Gives how many were answered, how long that took, and the first answer to each
/// photo.
pub(crate) async fn ask(
    address: SocketAddr,
    route: Route,
    photos: Arc<Photos>,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Value> {
    let host = serve(Arc::clone(&photos)).await?;
    let end = Instant::now() + time;
    let begun = Instant::now();
    let workers: Vec<_> = (0..connections)
        .map(|number| tokio::spawn(work(address, route, Arc::clone(&photos), host, number, connections, end)))
        .collect();
    let (mut took, mut answers) = (Vec::new(), vec![Value::Null; photos.count()]);
    for worker in workers {
        for (photo, ms, answer) in worker.await?? {
            took.push(ms);
            if let Some(slot) = answers.get_mut(photo).filter(|slot| slot.is_null()) {
                *slot = answer;
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took.get((took.len() as f64 * share) as usize).copied();
    Ok(json!({
        "per_second": took.len() as f64 / seconds, "count": took.len(), "p50": at(0.5), "p99": at(0.99),
        "answers": answers,
    }))
}

type Answered = Vec<(usize, f64, Value)>;

async fn work(
    address: SocketAddr,
    route: Route,
    photos: Arc<Photos>,
    host: SocketAddr,
    first: usize,
    step: usize,
    end: Instant,
) -> anyhow::Result<Answered> {
    let mut connection = Connection::to(address);
    let (mut answered, mut number) = (Vec::new(), first);
    while Instant::now() < end {
        let photo = number % photos.count();
        number += step;
        let begun = Instant::now();
        let answer = match route {
            Route::FindSimilar => {
                let url = format!("/find_similar/?top=10&image_url=http://{host}/{photo}");
                connection.get(&url).await
            }
            Route::SimilaritySearch => {
                let (content_type, body) = file(&photos.one(photo as u64));
                connection.send("POST", "/similarity-search?top=10", Some(content_type), body).await
            }
        };
        let answer = answer.map_err(anyhow::Error::msg)?;
        let ms = begun.elapsed().as_secs_f64() * 1000.0;
        if answer.status != 200 {
            bail!("{address} answers {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        answered.push((photo, ms, serde_json::from_slice(&answer.body)?));
    }
    Ok(answered)
}

/// Serves the photos from memory, by their numbers.
async fn serve(photos: Arc<Photos>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot serve the photos")?;
    let address = listener.local_addr()?;
    let photo = async |State(photos): State<Arc<Photos>>, Path(number): Path<u64>| -> ([_; 1], Bytes) {
        ([(header::CONTENT_TYPE, "image/jpeg")], photos.one(number))
    };
    let router = Router::new().route("/{number}", get(photo)).with_state(photos);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}
