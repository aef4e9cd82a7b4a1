//! Networks run by rten: pure Rust, always there, no library to install.
//!
//! rten works on thread pools of its own. With one thread per run, each run borrows a pool of one thread that no other
//! run has, so callers run side by side; with more, all runs share one pool of that many, so that together they
//! never take more.
//!
//! Quantised models: `QuantizeLinear` and `DequantizeLinear` around a convolution (QDQ) are run as they are written, in
//! floats, and give what the float model gives: right, but no faster. `ConvInteger` gives wrong numbers in 0.27 (a padded
//! 3x3 over a batch of two was off by twice the largest value), so files with it are refused. `QLinearConv` is not known to
//! it. The tests beside this show all three.

use super::{Element, Engine, Input, Output, Port, Session, SessionError, SessionOptions};
use crate::contained::contained;
use rten::{
    DataType, Dimension, LoadError, LoadErrorKind, Model, ModelOptions, NodeId, RunOptions, ThreadPool,
    Value, ValueOrView, ValueType,
};
use rten_tensor::Layout;
use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

/// Operators that rten has and gets wrong.
pub(super) const REFUSED: &[&str] = &["ConvInteger"];

/// Weights of models of at most so many bytes are laid out for the processor when they are loaded, which takes as much memory
/// again. It saves matrix products of few rows, such as `look-1`'s, a third of their time, and convolutions nothing.
const LAID_OUT_BYTES: usize = 32 << 20;

/// A network in rten.
pub(super) struct RtenSession {
    model: Model,
    threads: usize,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl RtenSession {
    pub(super) fn open(model: &[u8], options: &SessionOptions) -> Result<Self, SessionError> {
        let failed = |reason: String| SessionError::Load { engine: Engine::Rten, reason };
        let is_small = model.len() <= LAID_OUT_BYTES;
        let loaded =
            contained(|| ModelOptions::with_all_ops().prepack_weights(is_small).load(model.to_vec()));
        let model =
            loaded.map_err(|panic| failed(said(&*panic)))?.map_err(|error| failed(with_cure(error)))?;
        let ports = |ids: &[NodeId]| ids.iter().filter_map(|&id| port(&model, id)).collect();
        let (inputs, outputs) = (ports(model.input_ids()), ports(model.output_ids()));
        Ok(Self { model, threads: options.threads.get(), inputs, outputs })
    }
}

impl Session for RtenSession {
    fn engine(&self) -> Engine {
        Engine::Rten
    }

    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn run(&self, inputs: &[(&str, Input<'_>)], output: &str) -> Result<Output, SessionError> {
        super::only(Engine::Rten, self.run_many(inputs, &[output])?)
    }

    fn run_many(&self, inputs: &[(&str, Input<'_>)], outputs: &[&str]) -> Result<Vec<Output>, SessionError> {
        let failed = |reason: String| SessionError::Run { engine: Engine::Rten, reason };
        let mut wanted = Vec::with_capacity(outputs.len());
        for output in outputs {
            super::port(&self.outputs, Some(output), "output").map_err(|error| failed(error.to_string()))?;
            wanted.push(self.model.node_id(output).map_err(|error| failed(error.to_string()))?);
        }
        let mut values = Vec::with_capacity(inputs.len());
        for (name, input) in inputs {
            super::port(&self.inputs, Some(name), "input").map_err(|error| failed(error.to_string()))?;
            let id = self.model.node_id(name).map_err(|error| failed(error.to_string()))?;
            values.push((id, value(input).map_err(failed)?));
        }
        let lent = Lent::take(self.threads);
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(lent.pool())));
        // Contained on the pool's thread, where a panic begins, so that the program's hook knows it for what it is.
        let ran = lent.pool().run(|| contained(|| self.model.run(values, &wanted, Some(options))));
        let given = ran.map_err(|panic| failed(said(&*panic)))?.map_err(|error| failed(error.to_string()))?;
        let read = |(value, output): (Value, &&str)| match value {
            Value::FloatTensor(tensor) => {
                Ok(Output { shape: tensor.shape().to_vec(), values: tensor.into_data() })
            }
            _ => Err(failed(format!("its output `{output}` does not hold 32-bit floats"))),
        };
        given.into_iter().zip(outputs).map(read).collect()
    }
}

fn port(model: &Model, id: NodeId) -> Option<Port> {
    let info = model.node_info(id)?;
    let element = match info.dtype() {
        Some(ValueType::Tensor(DataType::Float)) => Element::F32,
        // rten makes 32-bit integers of 64-bit ones.
        Some(ValueType::Tensor(DataType::Int32)) => Element::I32,
        _ => Element::Other,
    };
    let length = |axis: Dimension| match axis {
        Dimension::Fixed(length) => Some(length),
        Dimension::Symbolic(_) => None,
    };
    let shape = info.shape().map(|axes| axes.into_iter().map(length).collect());
    Some(Port { name: info.name()?.to_owned(), element, shape })
}

fn value<'a>(input: &Input<'a>) -> Result<ValueOrView<'a>, String> {
    match *input {
        Input::F32(shape, values) => {
            let view = rten::ValueView::from_shape(shape, values).map_err(|error| error.to_string())?;
            Ok(view.into())
        }
        Input::I64(shape, values) => {
            let narrow: Result<Vec<i32>, _> = values.iter().map(|&value| i32::try_from(value)).collect();
            let narrow = narrow.map_err(|_| "an integer does not fit into 32 bits".to_owned())?;
            let value = Value::from_shape(shape, narrow).map_err(|error| error.to_string())?;
            Ok(value.into())
        }
    }
}

/// Says what to do about operators that it lacks, and about all else.
fn with_cure(error: LoadError) -> String {
    let cure = match error.kind() {
        LoadErrorKind::OperatorInvalid => {
            "use ONNX Runtime, which knows more operators (`lookalike runtime install`)"
        }
        _ => "compare the file with its source, or export it again",
    };
    format!("{error}: {cure}")
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", words.unwrap_or("without a word"))
}

/// Pools of one thread that no run has at the moment. There are never more than runs were under way at once.
static IDLE: Mutex<Vec<Arc<ThreadPool>>> = Mutex::new(Vec::new());

/// Pools of several threads, one for each number of threads.
static SHARED: Mutex<Vec<(usize, Arc<ThreadPool>)>> = Mutex::new(Vec::new());

/// A pool lent to one run.
struct Lent {
    pool: Arc<ThreadPool>,
    threads: usize,
}

impl Lent {
    fn take(threads: usize) -> Self {
        let new = || Arc::new(ThreadPool::with_num_threads(threads));
        let pool = if threads == 1 {
            let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
            idle.unwrap_or_else(new)
        } else {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            let found = shared.iter().find(|(size, _)| *size == threads).map(|(_, pool)| Arc::clone(pool));
            found.unwrap_or_else(|| {
                let pool = new();
                shared.push((threads, Arc::clone(&pool)));
                pool
            })
        };
        Self { pool, threads }
    }

    fn pool(&self) -> &Arc<ThreadPool> {
        &self.pool
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.threads == 1 {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&self.pool));
        }
    }
}
