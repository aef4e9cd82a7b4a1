//! A catalog in a folder: SQLite for what must not be lost, mapped matrices derived from it for speed.
//!
//! One process writes, any number read meanwhile, and each sees what was committed when it asks. Nothing outside
//! this folder of the source knows SQL. Files by what they hold:
//!
//! - `folder`, `schema`, `connection`: the folder, its tables, how they are opened;
//! - `rows`, `read`, `write`, `text`: values, questions, batches, words;
//! - `writing`: the right to write, taken for good or for a while;
//! - `encoders`, `changing`: the table of encoders, and how one is added or removed;
//! - `changes`, `snapshots`, `derived`, `renewal`: the index of `crate::index`, its files, and how it is kept equal
//!   to the tables;
//! - `selecting`, `columns`, `picking`: which products a filter lets through;
//! - `verify`: everything against everything else;
//! - `dump`: everything, for whoever takes it out;
//! - `catalog`: [`EmbeddedStore`], which puts them together.

mod catalog;
mod changes;
mod changing;
mod columns;
mod connection;
mod derived;
mod dump;
mod encoders;
mod error;
mod folder;
mod picking;
mod read;
mod renewal;
mod rows;
mod schema;
mod selecting;
#[cfg(test)]
mod selecting_tests;
mod snapshots;
#[cfg(test)]
mod tests;
mod text;
mod verify;
mod write;
mod writing;

pub use catalog::{Access, EmbeddedStore};
pub use error::EmbeddedError;
pub use write::InvalidWrite;
