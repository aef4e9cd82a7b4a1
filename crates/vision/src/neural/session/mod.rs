//! What runs a network: one small trait, one file per engine.
//!
//! A session is an ONNX file made ready. Running one takes `&self`, from any thread: with one thread in
//! [`SessionOptions`], as many calls as there are callers run side by side, each on its caller's core.

use std::num::NonZero;

/// What runs a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Pure Rust, always there.
    Rten,
    /// Microsoft's, loaded from a shared library when the program runs.
    OnnxRuntime,
}

/// How a session is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// Threads that one run takes.
    pub threads: NonZero<usize>,
}

/// Kind of a tensor's elements, as far as encoders meet them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// 32-bit floating point.
    F32,
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// Anything else.
    Other,
}

/// An input or output of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name in the graph.
    pub name: String,
    /// Kind of its elements.
    pub element: Element,
    /// Length of each axis, `None` where it may vary. Absent where the file does not say.
    pub shape: Option<Vec<Option<usize>>>,
}

/// What goes in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input<'a> {
    /// Floats with a shape, the last axis varying fastest.
    F32(&'a [usize], &'a [f32]),
    /// Integers with a shape. Given to the graph as 32 or 64 bits, whichever its input has.
    I64(&'a [usize], &'a [i64]),
}

/// What comes out.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Elements, the last axis varying fastest.
    pub values: Vec<f32>,
}

/// A network, ready to run.
pub trait Session: Send + Sync {
    /// What runs it.
    fn engine(&self) -> Engine;

    /// What it takes.
    fn inputs(&self) -> &[Port];

    /// What it gives.
    fn outputs(&self) -> &[Port];

    /// Runs it once for one output.
    ///
    /// # Errors
    /// When names or shapes do not fit, or the engine fails.
    fn run(&self, inputs: &[(&str, Input<'_>)], output: &str) -> Result<Output, SessionError>;

    /// Runs it once for several outputs, given in the order asked for. Engines that can do so in one run do.
    ///
    /// # Errors
    /// When names or shapes do not fit, or the engine fails.
    fn run_many(&self, inputs: &[(&str, Input<'_>)], outputs: &[&str]) -> Result<Vec<Output>, SessionError> {
        outputs.iter().map(|output| self.run(inputs, output)).collect()
    }
}

/// A network that cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The file is no network, or not one this engine can run.
    #[error("{engine:?} cannot load the model: {reason}")]
    Load {
        /// Which engine.
        engine: Engine,
        /// In its words, with the cure where we know one.
        reason: String,
    },
    /// A run failed.
    #[error("{engine:?} cannot run the model: {reason}")]
    Run {
        /// Which engine.
        engine: Engine,
        /// In its words.
        reason: String,
    },
    /// ONNX Runtime is not there.
    #[error("ONNX Runtime is not loaded: {0}")]
    Absent(String),
}
