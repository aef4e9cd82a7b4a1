//! Photo bytes from disk and from the web; the only room that opens sockets to addresses others name.
//!
//! A URL out of a catalog or a caller's request is hostile until shown otherwise: [`Guard`] says which addresses may be
//! contacted, [`Fetcher`] asks it before every hop and inside the resolver, and reads no more bytes and no longer
//! than its [`FetchOptions`] allow. What the bytes are is `lookalike-vision`'s business; nothing is decompressed here.

mod address;
mod blocking;
mod cache;
mod client;
pub mod dynamodb;
mod error;
mod guard;
pub mod listing;
pub mod local;
pub mod object;
pub mod photo;
mod resolver;
pub mod spool;
#[cfg(test)]
mod tests;
mod web;

pub use address::{Reach, reach};
pub use blocking::BlockingFetcher;
pub use cache::{CachingReader, PhotoCache};
pub use client::{FetchOptions, Fetched, Fetcher};
pub use error::{FetchError, redacted};
pub use guard::{Guard, Refusal};
pub use web::AnyReader;
