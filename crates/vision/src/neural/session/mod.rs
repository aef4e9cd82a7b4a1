//! What runs a network: one small trait, one file per engine.
//!
//! A session is an ONNX file made ready. Running one takes `&self`, from any thread: with one thread in
//! [`SessionOptions`], as many calls as there are callers run side by side, each on its caller's core.
//!
//! What a file must be for either engine to be given it at all is in `onnx_file`.

mod onnx_file;
pub mod onnxruntime;
mod rten;
#[cfg(test)]
mod tests;

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

/// What runs a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Pure Rust, always there.
    Rten,
    /// Microsoft's, loaded from a shared library when the program runs.
    OnnxRuntime,
}

impl Engine {
    /// The faster of those that can be used now: ONNX Runtime where it is loaded.
    pub fn best() -> Self {
        if onnxruntime::loaded() { Self::OnnxRuntime } else { Self::Rten }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rten => "rten",
            Self::OnnxRuntime => "onnxruntime",
        })
    }
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        [Self::Rten, Self::OnnxRuntime]
            .into_iter()
            .find(|engine| engine.to_string() == name)
            .ok_or_else(|| UnknownEngine(name.to_owned()))
    }
}

/// No engine has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no engine is called {0:?}: there are `rten` and `onnxruntime`")]
pub struct UnknownEngine(String);

/// Makes a network ready from the bytes of its ONNX file, weights included.
///
/// # Errors
/// When the bytes are no network, or not one that this engine can run; [`SessionError::Absent`] when ONNX Runtime is
/// asked for and not loaded.
pub fn open(
    engine: Engine,
    model: &[u8],
    options: &SessionOptions,
) -> Result<Box<dyn Session>, SessionError> {
    onnx_file::Contents::of(model)
        .and_then(|contents| contents.check(engine))
        .map_err(|reason| SessionError::Load { engine, reason })?;
    match engine {
        Engine::Rten => Ok(Box::new(rten::RtenSession::open(model, options)?)),
        Engine::OnnxRuntime => Ok(Box::new(onnxruntime::OrtSession::open(model, options)?)),
    }
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
    #[error("{engine} cannot load the model: {reason}")]
    Load {
        /// Which engine.
        engine: Engine,
        /// In its words, with the cure where we know one.
        reason: String,
    },
    /// A run failed.
    #[error("{engine} cannot run the model: {reason}")]
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

/// The output of a run for one.
fn only(engine: Engine, outputs: Vec<Output>) -> Result<Output, SessionError> {
    let none = || SessionError::Run { engine, reason: "the run gave nothing".to_owned() };
    outputs.into_iter().next().ok_or_else(none)
}

/// Finds a port by name; without a name, the only one there is.
///
/// # Errors
/// Lists the names there are.
pub fn port<'a>(ports: &'a [Port], name: Option<&str>, kind: &'static str) -> Result<&'a Port, PortError> {
    let found = match (name, ports) {
        (None, [only]) => Some(only),
        (None, _) => None,
        (Some(name), _) => ports.iter().find(|port| port.name == name),
    };
    found.ok_or_else(|| PortError {
        kind,
        wanted: name.map(str::to_owned),
        there: ports.iter().map(|port| port.name.clone()).collect(),
    })
}

/// A graph has no such input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortError {
    kind: &'static str,
    wanted: Option<String>,
    there: Vec<String>,
}

impl std::error::Error for PortError {}

impl fmt::Display for PortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, wanted, there } = self;
        match wanted {
            Some(wanted) => write!(f, "the model has no {kind} `{wanted}`")?,
            None if there.is_empty() => return write!(f, "the model has no {kind}"),
            None => write!(f, "the model has several {kind}s, so the description must name one")?,
        }
        let there: Vec<String> = there.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "; there is {}", if there.is_empty() { "none".to_owned() } else { there.join(", ") })
    }
}
