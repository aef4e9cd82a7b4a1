//! What one connection does: a mixture of requests, and what it then knows of the products it stores.
//!
//! Each connection writes products of its own, one request at a time, so what must be there at the end is known without
//! asking anybody.

use crate::connection::Connection;
use crate::photos::{Photos, Sent, form, hostile, product, stored};
use crate::tally::{Kind, Tally};
use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Products that one connection writes.
const PRODUCTS: u64 = 8;
/// Longest pause for a server that asks for one.
const LONGEST_PAUSE_S: u64 = 2;

/// Of a hundred requests, how many are of a kind: see [`Worker::kind`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) hostile: u32,
    pub(crate) writes: bool,
}

/// What a product may be: the last version that was acknowledged (none where it was deleted), and what was asked since
/// without an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expected {
    acknowledged: Option<u64>,
    unanswered: Vec<Option<u64>>,
}

impl Expected {
    pub(crate) fn allows(&self, found: Option<u64>) -> bool {
        found == self.acknowledged || self.unanswered.contains(&found)
    }
}

/// One connection's work.
pub(crate) struct Worker {
    number: usize,
    connection: Connection,
    photos: Arc<Photos>,
    stored: Arc<Vec<String>>,
    mix: Mix,
    dice: u64,
    version: u64,
    tally: Tally,
    products: BTreeMap<String, Expected>,
}

impl Worker {
    pub(crate) fn new(
        number: usize,
        address: SocketAddr,
        photos: Arc<Photos>,
        stored: Arc<Vec<String>>,
        mix: Mix,
    ) -> Self {
        let (tally, products) = (Tally::default(), BTreeMap::new());
        let connection = Connection::to(address);
        let dice = number as u64 * 7919 + 1;
        Self { number, connection, photos, stored, mix, dice, version: 0, tally, products }
    }

    /// Works, and gives what was counted and what must be there now.
    pub(crate) async fn work_until(mut self, end: Instant) -> (Tally, BTreeMap<String, Expected>) {
        while Instant::now() < end {
            self.once().await;
        }
        (self.tally, self.products)
    }

    /// SplitMix64 (Steele, Lea, Flood, 2014): the same requests in every run.
    fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Of what is left beside hostile requests: 45 % search by a stored image, 15 % by a photo, 20 % check a photo, 15 %
    /// store a product, 5 % delete one.
    fn kind(&mut self) -> Kind {
        if self.roll() % 100 < u64::from(self.mix.hostile) {
            return Kind::Hostile;
        }
        match self.roll() % 100 {
            0..45 => Kind::SearchStored,
            45..60 => Kind::SearchPhoto,
            60..80 => Kind::CheckPhoto,
            80..95 if self.mix.writes => Kind::Store,
            95.. if self.mix.writes => Kind::Delete,
            _ => Kind::SearchStored,
        }
    }

    async fn once(&mut self) {
        let kind = self.kind();
        let (number, which) = (self.roll(), self.roll());
        let photo = self.photos.one(number);
        let id = format!("load-{}-{}", self.number, which % PRODUCTS);
        let product_path = format!("/v1/products/{id}");
        let (method, path, body): (_, _, Option<Sent>) = match kind {
            Kind::SearchStored => {
                let at = which as usize % self.stored.len();
                let image = self.stored.get(at).map(String::as_str).unwrap_or_default();
                ("POST", "/v1/search", Some(stored(image)))
            }
            Kind::SearchPhoto => ("POST", "/v1/search", Some(form(&photo))),
            Kind::CheckPhoto => ("POST", "/v1/check", Some(form(&photo))),
            Kind::Hostile => (
                "POST",
                if which % 2 == 0 { "/v1/search" } else { "/v1/check" },
                Some(hostile(number, &photo)),
            ),
            Kind::Store => {
                self.version += 1;
                ("PUT", &*product_path, Some(product(self.version, &photo)))
            }
            Kind::Delete => ("DELETE", &*product_path, None),
        };
        let wanted = (kind == Kind::Store).then_some(self.version);
        let is_write = matches!(kind, Kind::Store | Kind::Delete);
        let (content_type, bytes) = body.map_or((None, Bytes::new()), |(kind, bytes)| (Some(kind), bytes));

        let begun = Instant::now();
        let answer = self.connection.send(method, path, content_type, bytes).await;
        match answer {
            Ok(answer) => {
                // Deleting what is not there is answered with 404, and it is not there.
                let status = if kind == Kind::Delete && answer.status == 404 { 204 } else { answer.status };
                self.tally.answered(kind, status, begun.elapsed());
                if is_write {
                    let expected = self.products.entry(id).or_default();
                    match status {
                        200..300 => *expected = Expected { acknowledged: wanted, unanswered: Vec::new() },
                        // Refused before anything was done.
                        400..500 | 503 => {}
                        _ => expected.unanswered.push(wanted),
                    }
                }
                if matches!(status, 429 | 503) {
                    let pause = answer.retry_after_s.unwrap_or(1).min(LONGEST_PAUSE_S) * 1000;
                    let jitter = self.roll() % 500;
                    tokio::time::sleep(Duration::from_millis(pause / 2 + jitter)).await;
                }
            }
            Err(what) => {
                self.tally.broke(kind, &what);
                if is_write {
                    self.products.entry(id).or_default().unanswered.push(wanted);
                }
            }
        }
    }
}
