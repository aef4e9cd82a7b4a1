//! Networks as files: ONNX graphs read and changed, and int8 copies made of them.
//!
//! [`onnx`] holds the file format, [`quantize`] makes the copies. Running networks is `lookalike_vision::neural`'s.

pub mod onnx;
pub mod quantize;
