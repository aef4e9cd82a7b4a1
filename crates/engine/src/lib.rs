//! Everything durable: catalogs, where they come from, where they are kept, and how they are searched.
//!
//! Data flows one way: [`source`] names products, [`fetch`] brings their photos, `lookalike-vision` makes
//! signatures, [`ingest`] drives that and writes to a [`store`], an [`index`] is derived from the store, and
//! [`search`] answers from both. There is no HTTP server and no argument parsing here.

pub mod archive;
pub mod catalog;
pub mod evaluate;
pub mod fetch;
pub mod filter;
pub mod index;
pub mod ingest;
pub mod models;
pub mod search;
pub mod source;
pub mod store;
pub mod transfer;
