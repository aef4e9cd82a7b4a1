//! Files from the Hugging Face hub, or from a mirror that the operator names: resumed, checked, and never half there.
//!
//! The hub's address is the operator's (`HF_ENDPOINT`), and so is where it redirects to; proxies of the environment are
//! used. Addresses that came out of a catalog or from a caller are never fetched here: that is `fetch`'s, with its guard.
//! Neighbours: `pull` says which files and where they go.

mod attempt;
mod client;
mod error;
mod partial;

pub use client::{Hub, HubOptions, Received, Wanted};
pub use error::HubError;
