//! Bytes to pixels to signatures.
//!
//! This crate is pure: it opens no file and no socket and reads no clock; whoever calls it hands in bytes
//! and takes away pictures, hashes and vectors. A photo enters at [`decode`], becomes a [`Picture`], and leaves
//! as [`hash::Hashes`] or, through an [`encoder::Encoder`], as a vector.
//!
//! Neighbours: `lookalike-engine` stores and searches what is made here.

pub mod contained;
pub mod decode;
pub mod encoder;
pub mod hash;
pub mod look;
pub mod neural;
pub mod picture;
pub mod pixels;

pub use picture::Picture;
