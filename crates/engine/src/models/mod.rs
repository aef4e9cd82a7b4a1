//! Neural encoders as files: which there are, where they lie, how they come there and how they are loaded.
//!
//! ```text
//!  registry/*.toml ── pull ──► a folder per model ── load ──► an Encoder
//!  your own files ─── add ───►  (model.toml, *.onnx)
//! ```
//!
//! [`onnx`] reads and writes the files' own format, [`quantize`] makes int8 copies.
//!
//! What runs a network and what its outputs mean is `lookalike-vision`'s; here are its files and their digests. A model
//! is complete or not there, and a file that is not the one that was accepted is never used.

mod add;
mod damage;
mod digest;
mod error;
mod exposed;
mod fields;
mod folder;
pub mod hub;
mod identity;
mod load;
mod lock;
pub mod onnx;
mod opening;
mod page;
mod preset;
mod pull;
pub mod quantize;
pub mod registry;
pub mod runtime;
mod spelled_out;

pub use add::{Addition, Recipe};
pub use digest::{Digest, NotADigest};
pub use error::ModelsError;
pub use folder::{Listed, ModelEntry, Models};
pub use load::Load;
pub use page::{CameFrom, Files, KeptFile, ModelPage, PageError, Pin};
pub use preset::Preset;
pub use pull::{PullProgress, Pulled};
