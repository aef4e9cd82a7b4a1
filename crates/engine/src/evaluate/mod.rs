//! How well a catalog answers, measured on the catalog itself.
//!
//! [`suite`] edits stored photos ([`edits`]), puts them to every answerer and asks who finds the original ([`figures`]);
//! [`evidence`] writes down what speaks for and against each candidate, for `check`'s weights to be fitted on;
//! [`robustness`] asks whether stored photos find themselves; [`labelled`] takes a table that says which photos show one
//! product or one class and asks how encoders rank them. All are seeded and say nothing of speed.

pub mod edits;
pub mod evidence;
pub mod figures;
mod glyphs;
pub mod labelled;
pub mod robustness;
mod seeded;
pub mod suite;
pub mod tiles;

pub use robustness::EvaluateError;
