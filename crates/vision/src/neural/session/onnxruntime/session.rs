//! One network in ONNX Runtime: how it is made ready, and how names and numbers pass in and out.

use super::raw;
use crate::contained::contained;
use crate::neural::session::{
    Element, Engine, Input, Output, Port, Session, SessionError, SessionOptions, only, port,
};
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{Outlet, Tensor, TensorElementType, TensorRef, ValueType};

/// A network in ONNX Runtime.
pub(in crate::neural::session) struct OrtSession {
    session: ort::session::Session,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl OrtSession {
    pub(in crate::neural::session) fn open(
        model: &[u8],
        options: &SessionOptions,
    ) -> Result<Self, SessionError> {
        let failed = |reason: String| SessionError::Load { engine: Engine::OnnxRuntime, reason };
        let environment = super::environment()?;
        let threads = options.threads.get();
        let build = || -> ort::Result<ort::session::Session> {
            ort::session::Session::builder(environment)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_threads(threads)?
                .with_inter_threads(1)?
                .with_parallel_execution(false)?
                .with_intra_op_spinning(false)?
                // A pattern would be kept for every batch size seen.
                .with_memory_pattern(false)?
                .commit_from_memory(model)
        };
        let built = contained(build).map_err(|_| failed("its wrapper panicked on the file".to_owned()))?;
        let session = built.map_err(|error| {
            failed(format!(
                "{}: compare the file with its source, or export it again",
                one_line(&error.to_string())
            ))
        })?;
        let ports = |outlets: &[Outlet]| outlets.iter().map(port_of).collect();
        let (inputs, outputs) = (ports(session.inputs()), ports(session.outputs()));
        Ok(Self { session, inputs, outputs })
    }
}

impl Session for OrtSession {
    fn engine(&self) -> Engine {
        Engine::OnnxRuntime
    }

    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn run(&self, inputs: &[(&str, Input<'_>)], output: &str) -> Result<Output, SessionError> {
        only(Engine::OnnxRuntime, self.run_many(inputs, &[output])?)
    }

    fn run_many(&self, inputs: &[(&str, Input<'_>)], outputs: &[&str]) -> Result<Vec<Output>, SessionError> {
        let failed = |reason: String| SessionError::Run { engine: Engine::OnnxRuntime, reason };
        for output in outputs {
            port(&self.outputs, Some(output), "output").map_err(|error| failed(error.to_string()))?;
        }
        let mut fed = Vec::with_capacity(inputs.len());
        for (name, input) in inputs {
            let port = port(&self.inputs, Some(name), "input").map_err(|error| failed(error.to_string()))?;
            fed.push((*name, Fed::new(input, port.element).map_err(failed)?));
        }
        let pointers: Vec<_> = fed.iter().map(|(name, value)| (*name, value.pointer())).collect();
        let ran = contained(|| raw::run(&self.session, &pointers, outputs));
        let ran = ran.map_err(|_| failed("its wrapper panicked".to_owned()))?;
        ran.map_err(|reason| failed(one_line(&reason)))
    }
}

/// The library's words, which come on several lines at times.
fn one_line(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.trim_end_matches('.').to_owned()
}

/// An input in the library's form; floats and 64-bit integers are lent, not copied.
enum Fed<'a> {
    F32(TensorRef<'a, f32>),
    I64(TensorRef<'a, i64>),
    I32(Tensor<i32>),
}

impl<'a> Fed<'a> {
    fn new(input: &Input<'a>, wanted: Element) -> Result<Self, String> {
        let said = |error: ort::Error| error.to_string();
        match *input {
            Input::F32(shape, values) => {
                Ok(Self::F32(TensorRef::from_array_view((shape, values)).map_err(said)?))
            }
            Input::I64(shape, values) if wanted == Element::I32 => {
                let narrow: Result<Vec<i32>, _> = values.iter().map(|&value| i32::try_from(value)).collect();
                let narrow = narrow.map_err(|_| "an integer does not fit into 32 bits".to_owned())?;
                Ok(Self::I32(Tensor::from_array((shape.to_vec(), narrow)).map_err(said)?))
            }
            Input::I64(shape, values) => {
                Ok(Self::I64(TensorRef::from_array_view((shape, values)).map_err(said)?))
            }
        }
    }

    fn pointer(&self) -> *const ort::sys::OrtValue {
        use ort::AsPointer;
        match self {
            Self::F32(value) => value.ptr(),
            Self::I64(value) => value.ptr(),
            Self::I32(value) => value.ptr(),
        }
    }
}

fn port_of(outlet: &Outlet) -> Port {
    let (element, shape) = match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => {
            let element = match ty {
                TensorElementType::Float32 => Element::F32,
                TensorElementType::Int32 => Element::I32,
                TensorElementType::Int64 => Element::I64,
                _ => Element::Other,
            };
            // Lengths that vary are -1.
            (element, Some(shape.iter().map(|&length| usize::try_from(length).ok()).collect()))
        }
        _ => (Element::Other, None),
    };
    Port { name: outlet.name().to_owned(), element, shape }
}
