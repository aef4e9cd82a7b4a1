//! Photo bytes from disk and from the web; the only room that opens sockets to addresses others name.
//!
//! A URL out of a catalog or a caller's request is hostile until shown otherwise: [`Guard`] says which addresses may be
//! contacted, [`Fetcher`] asks it before every hop and inside the resolver, and reads no more bytes and no longer
//! than its [`FetchOptions`] allow. It is polite: `hosts` bounds what one host is asked at a time and keeps the pauses it
//! asks for, `retry` says what is tried again and when, `validators` what need not be sent twice. What the bytes are is `lookalike-vision`'s business; nothing is decompressed here.

mod address;
mod blocking;
mod body;
mod cache;
mod client;
pub mod dynamodb;
mod error;
mod explain;
mod guard;
mod hosts;
pub mod listing;
pub mod local;
mod member;
pub mod object;
mod options;
pub mod photo;
mod resolver;
mod retry;
pub mod spool;
#[cfg(test)]
mod tests;
pub mod uploads;
mod validators;
mod web;

pub use address::{Reach, reach};
pub use blocking::BlockingFetcher;
pub use cache::{CachingReader, PhotoCache};
pub use client::{Fetched, Fetcher};
pub use error::{FetchError, redacted};
pub use guard::{Guard, Refusal};
pub use options::FetchOptions;
pub use validators::Validators;
pub use web::AnyReader;
