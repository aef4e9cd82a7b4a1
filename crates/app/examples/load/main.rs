//! Load on a server: many connections that search, check, store, delete and misbehave, each as fast as it is answered.
//!
//! `load run` asks for a while, prints what came of it, and writes down what the server acknowledged; `load verify` asks a
//! server, perhaps one that was killed and started again since, whether all of that is still so. `benches/load.py` does
//! both and watches memory. `load ask` asks one kind of question of an earlier system's, for `benches/side_by_side.py`. `work` is what one connection does, `connection` sends, `photos` is what is sent, `tally` counts.

#![expect(clippy::print_stdout, reason = "a program of the benches, which prints its figures")]

mod ask;
mod connection;
mod photos;
mod tally;
mod work;

use anyhow::{Context, bail};
use clap::Parser;
use connection::Connection;
use photos::Photos;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tally::Tally;
use work::{Expected, Mix, Worker};

#[derive(Debug, Parser)]
enum Load {
    /// Ask for a while.
    Run {
        /// Where the server listens.
        address: SocketAddr,
        /// Connections, each with one request at a time.
        #[arg(long, default_value_t = 32)]
        connections: usize,
        /// How long.
        #[arg(long, default_value_t = 180)]
        seconds: u64,
        /// A folder of photos to ask with and to store.
        #[arg(long)]
        photos: PathBuf,
        /// Search and check only.
        #[arg(long)]
        read_only: bool,
        /// Of a hundred requests, how many are broken or hostile.
        #[arg(long, default_value_t = 5)]
        hostile: u32,
        /// Where to write what the server acknowledged, as JSON.
        #[arg(long)]
        acknowledged: PathBuf,
    },
    /// Ask one kind of question, and print how many a second are answered.
    Ask {
        /// Where the server listens.
        address: SocketAddr,
        /// The question.
        #[arg(long)]
        route: ask::Route,
        /// A folder of photos to ask with.
        #[arg(long)]
        photos: PathBuf,
        /// Connections, each with one request at a time.
        #[arg(long, default_value_t = 8)]
        connections: usize,
        /// How long.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// Ask whether what was acknowledged is so.
    Verify {
        /// Where the server listens.
        address: SocketAddr,
        /// What `run` wrote.
        acknowledged: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match Load::parse() {
        Load::Run { address, connections, seconds, photos, read_only, hostile, acknowledged } => {
            let photos = Arc::new(Photos::read(&photos)?);
            let mix = Mix { hostile, writes: !read_only };
            let run = run(address, connections, Duration::from_secs(seconds), photos, mix);
            let (tally, expected) = runtime.block_on(run)?;
            std::fs::write(&acknowledged, serde_json::to_string(&expected)?)
                .with_context(|| format!("cannot write {}", acknowledged.display()))?;
            println!("{}", tally.json(Duration::from_secs(seconds)));
            Ok(())
        }
        Load::Ask { address, route, photos, connections, seconds } => {
            let photos = Arc::new(Photos::read(&photos)?);
            let asked = ask::ask(address, route, photos, connections, Duration::from_secs(seconds));
            println!("{}", runtime.block_on(asked)?);
            Ok(())
        }
        Load::Verify { address, acknowledged } => {
            let text = std::fs::read_to_string(&acknowledged)?;
            let expected: BTreeMap<String, Expected> = serde_json::from_str(&text)?;
            runtime.block_on(verify(address, &expected))
        }
    }
}

async fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    photos: Arc<Photos>,
    mix: Mix,
) -> anyhow::Result<(Tally, BTreeMap<String, Expected>)> {
    let stored = Arc::new(stored_images(address).await?);
    let end = Instant::now() + time;
    let workers: Vec<_> = (0..connections)
        .map(|number| {
            let worker = Worker::new(number, address, Arc::clone(&photos), Arc::clone(&stored), mix);
            tokio::spawn(worker.work_until(end))
        })
        .collect();
    let (mut tally, mut expected) = (Tally::default(), BTreeMap::new());
    for worker in workers {
        let (counted, knows) = worker.await?;
        tally.add(counted);
        expected.extend(knows);
    }
    Ok((tally, expected))
}

/// Images of the catalog to ask with.
async fn stored_images(address: SocketAddr) -> anyhow::Result<Vec<String>> {
    let mut connection = Connection::to(address);
    let answer = connection.get("/v1/catalog?samples=24").await.map_err(anyhow::Error::msg)?;
    let catalog: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let samples = catalog.get("samples").and_then(serde_json::Value::as_array).into_iter().flatten();
    let ids = samples.filter_map(|sample| Some(sample.get("image_id")?.as_str()?.to_owned()));
    let ids: Vec<String> = ids.collect();
    if ids.is_empty() {
        bail!("the catalog at {address} has no images: {catalog}");
    }
    Ok(ids)
}

async fn verify(address: SocketAddr, expected: &BTreeMap<String, Expected>) -> anyhow::Result<()> {
    let mut connection = Connection::to(address);
    let (mut lost, mut there, mut gone) = (Vec::new(), 0, 0);
    for (id, expected) in expected {
        let answer = connection.get(&format!("/v1/products/{id}")).await.map_err(anyhow::Error::msg)?;
        let found = match answer.status {
            200 => {
                let product: serde_json::Value = serde_json::from_slice(&answer.body)?;
                if product.pointer("/images/0").is_none() {
                    lost.push(format!("{id}: it has lost its photo"));
                }
                let version = product.pointer("/fields/version").and_then(serde_json::Value::as_u64);
                Some(version.context("a product has no version")?)
            }
            404 => None,
            other => bail!("{id}: the server answers {other}"),
        };
        if !expected.allows(found) {
            lost.push(format!("{id}: {found:?} where {expected:?} was acknowledged"));
        }
        if found.is_some() { there += 1 } else { gone += 1 }
    }
    println!("{}", serde_json::json!({"there": there, "gone": gone, "lost": lost}));
    if lost.is_empty() { Ok(()) } else { bail!("{} acknowledged writes are lost", lost.len()) }
}
