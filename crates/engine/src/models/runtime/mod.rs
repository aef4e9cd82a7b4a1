//! ONNX Runtime on this machine: where its library lies, loading it, and installing it out of PyPI's wheel.
//!
//! Without it networks run in rten, more slowly, and int8 convolutions do not run; nothing else is lost. [`find_and_load`]
//! is asked once by whoever is about to load a model. [`Installer`] takes one file out of a wheel whose digest is pinned
//! in `release`; no Python is needed. What runs a network is `lookalike_vision::neural::session::onnxruntime`.

mod archive;
mod download;
mod error;
mod find;
mod index;
mod install;
mod release;

pub use error::RuntimeError;
pub use find::{Found, Tried, find_and_load, folder, places};
pub use install::{Installed, Installer};
pub use release::{LIBRARY, VERSION, Wheel};
