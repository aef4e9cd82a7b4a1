//! int8 copies of networks: static quantisation after training, calibrated on the user's own pictures.
//!
//! [`quantize`] reads an ONNX file, brings it into a plain form (`fold`), decides what runs in int8 (`plan`), watches the
//! values inside on pictures (`calibrate`), and writes a new file (`rewrite`) in the form that ONNX Runtime's own tool
//! gives: `QuantizeLinear` and `DequantizeLinear` around what is to run in int8 (QDQ), weights signed with a scale for each
//! channel, values unsigned with one scale. Of several ways to choose ranges the one whose vectors come nearest
//! to the float network's, on pictures that were not calibrated on, is taken.
//!
//! The float file is never changed, and nothing here opens files or knows where models live. What runs networks
//! is handed in, as a function that makes a session of a file's bytes.

mod calibrate;
#[cfg(test)]
mod drawn;
mod error;
mod fold;
mod histogram;
mod measure;
mod network;
mod pictures;
mod plan;
mod prepare;
mod product;
mod rewrite;
mod run;
#[cfg(test)]
mod tests;
mod weights;

pub use error::{QuantizeError, Stopped};
pub use histogram::RangeRule;
pub use measure::{Agreement, NEIGHBOURS, agreement};
pub use pictures::Pictures;
pub use run::{Event, Opener, Options, Quantised, Report, Trial, Watch, quantize};
