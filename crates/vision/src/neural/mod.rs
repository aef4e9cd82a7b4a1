//! Encoders that are neural networks in ONNX files: what a picture must become, what runs the network, and what its
//! outputs mean.
//!
//! A [`Description`] says in data how one network is fed and read; [`session`] runs model bytes in one of two engines;
//! [`encoder`] puts both together, with [`tensor`] and [`tokenizer`] before the network; [`validate()`] tries a model.
//! [`identity`] says which vectors can be compared. Nothing here reads a file or knows where weights come from: bytes are handed in by `lookalike-engine`'s `models`.

pub mod description;
pub mod encoder;
pub mod identity;
pub mod session;
pub mod tensor;
#[cfg(test)]
pub(crate) mod tests;
pub mod tokenizer;
pub mod validate;

pub use description::Description;
pub use encoder::{ModelBytes, NeuralEncoder, NeuralError};
pub use validate::{Agreement, Validated, agreement, validate};
