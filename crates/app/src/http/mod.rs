//! The HTTP server: the only room that knows status codes.
//!
//! `router` is the whole API on one page; each resource has a file that holds its parameters, its answer and
//! its handler together. `question` and `answer` are the shapes that search and check share, `subject` makes a probe of
//! what a question is about, `problem` is how every error leaves, `auth` is the gate that requests pass, `state` bounds what
//! all of it may cost, `metrics` counts it, `serve` and `connections` own the sockets, `tls` their certificates. Searching itself is
//! `lookalike_engine::search`, fetching is `lookalike_engine::fetch`; neither knows of HTTP.

mod answer;
pub mod auth;
mod body;
mod catalog;
mod check;
mod compat;
mod connections;
mod cores;
mod cors;
mod crop;
mod docs;
mod facets;
mod fields;
mod health;
mod image_url;
mod images;
mod jobs;
pub mod metrics;
mod openapi;
mod page;
mod problem;
mod products;
mod question;
mod request_id;
mod router;
mod search;
mod serve;
mod serving;
mod state;
mod subject;
mod timings;
mod tls;

pub use compat::ListingFields;
pub use cors::Origin;
pub(crate) use image_url::path as image_path;
pub use openapi::{described, document};
pub use router::router;
pub use serve::{STOP_TIMEOUT, ServeOptions, serve};
pub use state::{AppState, ServeLimits};
pub use tls::Tls;
