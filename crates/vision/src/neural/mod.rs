//! Encoders that are neural networks in ONNX files: what a picture must become, what runs the network, and what its
//! outputs mean.
//!
//! A [`Description`] says in data how one network is fed and read; [`session`] runs model bytes in one of two engines.
//! Nothing here reads a file or knows where weights come from: bytes are handed in by `lookalike-engine`'s `models`.

pub mod description;
pub mod session;
pub mod tensor;
pub mod tokenizer;

pub use description::Description;
