//! The HTTP server: the only room that knows status codes.
//!
//! `router` is the whole API on one page; each resource has a file that holds its parameters, its answer and
//! its handler together. `question` and `answer` are the shapes that search and check share, `subject` makes a probe of
//! what a question is about, `problem` is how every error leaves, `auth` is the gate that requests pass, `state` bounds what all of it may cost, `serve` owns the sockets. Searching itself is
//! `lookalike_engine::search`, fetching is `lookalike_engine::fetch`; neither knows of HTTP.

mod answer;
pub mod auth;
mod body;
mod catalog;
mod check;
mod compat;
mod crop;
mod facets;
mod fields;
mod health;
mod image_url;
mod images;
mod jobs;
mod openapi;
mod page;
mod problem;
mod products;
mod question;
mod router;
mod search;
mod serve;
mod serving;
mod state;
mod subject;
mod timings;

pub(crate) use image_url::path as image_path;
pub use openapi::document;
pub use router::router;
pub use serve::{ServeOptions, serve};
pub use state::{AppState, ServeLimits};
