//! Why a network could not be quantised.

use crate::models::onnx::OnnxError;
use lookalike_vision::neural::session::SessionError;

/// No int8 copy was made.
#[derive(Debug, thiserror::Error)]
pub enum QuantizeError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The network cannot be run.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// It is int8, at least in part.
    #[error(
        "the model is quantised already (it has {0} nodes); it can be used as it is, or quantise the float model"
    )]
    Already(String),
    /// No product with constant float weights.
    #[error(
        "the model has nothing to quantise: no Conv, Gemm or MatMul with constant 32-bit float weights (a 16-bit float model \
         must be exported as 32-bit first)"
    )]
    Nothing,
    /// An operator set too old for scales per channel, with operators that cannot be raised.
    #[error(
        "the model uses operator set {version}, whose {operator} changed before 13; export it with opset 13 or later"
    )]
    OperatorSet {
        /// The operator set's version.
        version: i64,
        /// The first operator that cannot be raised.
        operator: String,
    },
    /// Nothing to calibrate on.
    #[error("there are no pictures to calibrate on; give at least one, better 100 or more")]
    NoPictures,
    /// A tensor of another length.
    #[error("a picture has {given} values where its shape {shape:?} has another number")]
    Shape {
        /// What was said.
        shape: Vec<usize>,
        /// What was given.
        given: usize,
    },
    /// More or fewer inputs than one.
    #[error("the model has {0} inputs; only models that take one picture can be quantised")]
    Inputs(usize),
    /// An input of integers.
    #[error("the model's input `{0}` does not take 32-bit floats; only models of pictures can be quantised")]
    NoFloatInput(String),
    /// Pictures of another size than the network takes.
    #[error(
        "the model's input `{input}` does not take pictures of shape {shape:?}; check the description's size and layout"
    )]
    Unfit {
        /// The input.
        input: String,
        /// Shape of the pictures.
        shape: Vec<usize>,
    },
    /// No such output.
    #[error("the model has no output `{wanted}`; it has {there}")]
    Output {
        /// What was asked for.
        wanted: String,
        /// What there is.
        there: String,
    },
    /// An output that is not a vector for each picture.
    #[error("the output `{0}` is not a vector for each picture")]
    NoVector(String),
    /// The network's own values are not finite.
    #[error(
        "the float model's value `{0}` became infinite or not a number on these pictures; such a model cannot be quantised"
    )]
    NotFinite(String),
    /// Stopped on request.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Whoever watched asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped before the int8 model was complete; nothing was kept")]
pub struct Stopped;
