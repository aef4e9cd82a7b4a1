//! How well a catalog answers, measured on the catalog itself.
//!
//! [`robustness`] edits stored photos and asks whether the original comes back first; [`labelled`] takes a table
//! that says which photos show one product or one class and asks how the encoder ranks them. Both are seeded and
//! say nothing of speed.

pub mod edits;
pub mod labelled;
pub mod robustness;
