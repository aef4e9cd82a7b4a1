//! Small networks for tests, with weights out of a fixed sequence.

use super::Pictures;
use crate::models::onnx::graph::attribute_type;
use crate::models::onnx::types::{Dimension, DimensionLength, TensorShapeProto, TypeKind};
use crate::models::onnx::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, ValueInfoProto,
    data_type, write,
};
use lookalike_vision::neural::session::{
    Engine, Input, Output, Session, SessionError, SessionOptions, onnxruntime, open,
};
use std::num::NonZero;
use std::path::Path;

/// A network in the making; every method adds a node and names what it makes.
pub(super) struct Drawing {
    pub(super) graph: GraphProto,
    seed: u32,
}

impl Drawing {
    /// One input named `input`, of the given shape behind a batch axis of any length.
    pub(super) fn new(shape: &[i64]) -> Self {
        let mut graph = GraphProto { name: Some("drawn".to_owned()), ..GraphProto::default() };
        graph.input.push(value("input", shape));
        Self { graph, seed: 1 }
    }

    /// Numbers between -1 and 1, more of them near 0.
    pub(super) fn numbers(&mut self, count: usize) -> Vec<f32> {
        (0..count)
            .map(|_| {
                let mut draw = || {
                    self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (self.seed >> 8) as f32 / (1 << 24) as f32 * 2.0 - 1.0
                };
                draw() * draw().abs()
            })
            .collect()
    }

    pub(super) fn constant(&mut self, name: &str, shape: &[i64], values: &[f32]) -> String {
        self.graph.initializer.push(TensorProto::floats(name, shape, values));
        name.to_owned()
    }

    pub(super) fn drawn(&mut self, name: &str, shape: &[i64]) -> String {
        let values = self.numbers(shape.iter().product::<i64>() as usize);
        self.constant(name, shape, &values)
    }

    pub(super) fn node(&mut self, operator: &str, inputs: &[&str], attributes: &[AttributeProto]) -> String {
        let made = format!("{}_{}", operator.to_lowercase(), self.graph.node.len());
        let mut attributes = attributes.to_vec();
        // The defaults by the specification, which rten does not know.
        for (name, values) in [("strides", &[1, 1][..]), ("dilations", &[1, 1]), ("pads", &[0; 4])] {
            if operator == "Conv"
                && !attributes.iter().any(|attribute| attribute.name.as_deref() == Some(name))
            {
                attributes.push(integers(name, values));
            }
        }
        self.graph.node.push(NodeProto {
            op_type: Some(operator.to_owned()),
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![made.clone()],
            attribute: attributes,
            ..NodeProto::default()
        });
        made
    }

    /// A convolution with drawn weights `[out, inner, side, side]` that keeps the picture's size.
    pub(super) fn conv(&mut self, input: &str, out: i64, inner: i64, side: i64, groups: i64) -> String {
        let number = self.graph.node.len();
        let weights = self.drawn(&format!("conv_{number}_w"), &[out, inner, side, side]);
        let bias = self.drawn(&format!("conv_{number}_b"), &[out]);
        let pads = integers("pads", &[side / 2; 4]);
        self.node("Conv", &[input, &weights, &bias], &[pads, integer("group", groups)])
    }

    pub(super) fn relu(&mut self, input: &str) -> String {
        self.node("Relu", &[input], &[])
    }

    /// The mean over the picture as a vector for each, then a fully connected layer to `out` numbers.
    pub(super) fn head(&mut self, input: &str, channels: i64, out: i64) -> String {
        let pooled = self.node("GlobalAveragePool", &[input], &[]);
        let flat = self.node("Flatten", &[&pooled], &[integer("axis", 1)]);
        let weights = self.drawn("fc_w", &[out, channels]);
        let bias = self.drawn("fc_b", &[out]);
        self.node("Gemm", &[&flat, &weights, &bias], &[integer("transB", 1)])
    }

    /// The whole with `values` as outputs, the first renamed `embedding`.
    pub(super) fn finish(mut self, values: &[&str], operators: i64) -> ModelProto {
        for (place, name) in values.iter().enumerate() {
            let name = if place == 0 { "embedding" } else { name };
            self.graph.output.push(ValueInfoProto::tensor(name, data_type::FLOAT));
        }
        let first = values[0];
        for node in &mut self.graph.node {
            for name in node.input.iter_mut().chain(&mut node.output).filter(|name| *name == first) {
                *name = "embedding".to_owned();
            }
        }
        ModelProto {
            ir_version: Some(if operators < 13 { 4 } else { 8 }),
            opset_import: vec![OperatorSetIdProto { domain: None, version: Some(operators) }],
            graph: Some(self.graph),
            ..ModelProto::default()
        }
    }
}

/// A value of floats with a batch axis of any length.
pub(super) fn value(name: &str, shape: &[i64]) -> ValueInfoProto {
    let axis = |length| Dimension { value: Some(length), denotation: None };
    let mut dim = vec![axis(DimensionLength::Param("N".to_owned()))];
    dim.extend(shape.iter().map(|&length| axis(DimensionLength::Value(length))));
    let mut value = ValueInfoProto::tensor(name, data_type::FLOAT);
    if let Some(TypeKind::Tensor(tensor)) = value.r#type.as_mut().and_then(|kind| kind.value.as_mut()) {
        tensor.shape = Some(TensorShapeProto { dim });
    }
    value
}

pub(super) fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        i: Some(value),
        r#type: Some(attribute_type::INT),
        ..AttributeProto::default()
    }
}

pub(super) fn integers(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        ints: values.to_vec(),
        r#type: Some(attribute_type::INTS),
        ..AttributeProto::default()
    }
}

pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        f: Some(value),
        r#type: Some(attribute_type::FLOAT),
        ..AttributeProto::default()
    }
}

/// `count` pictures of noise.
pub(super) fn pictures(shape: &[usize], count: usize) -> Pictures {
    let mut drawing = Drawing::new(&[]);
    drawing.seed = 77;
    let length = shape.iter().product();
    Pictures::new(shape, (0..count).map(|_| drawing.numbers(length)).collect()).unwrap()
}

/// rten, which is always there, and ONNX Runtime where `ORT_DYLIB_PATH` names its library.
pub(super) fn engines() -> Vec<Engine> {
    let mut engines = vec![Engine::Rten];
    match std::env::var_os("ORT_DYLIB_PATH") {
        Some(library) => {
            onnxruntime::load(Path::new(&library)).unwrap();
            engines.push(Engine::OnnxRuntime);
        }
        None => eprintln!("skipped for ONNX Runtime: ORT_DYLIB_PATH names no library"),
    }
    engines
}

pub(super) fn opened(engine: Engine, bytes: &[u8]) -> Result<Box<dyn Session>, SessionError> {
    open(engine, bytes, &SessionOptions { threads: NonZero::<usize>::MIN })
}

/// What a model gives for a batch of noise.
pub(super) fn run(engine: Engine, model: &ModelProto, shape: &[usize], output: &str) -> Output {
    let session = opened(engine, &write(model).unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let input = Drawing::new(&[]).numbers(shape.iter().product());
    session.run(&[("input", Input::F32(shape, &input))], output).unwrap_or_else(|error| panic!("{error}"))
}

/// The largest difference between two outputs of one shape.
pub(super) fn apart(a: &Output, b: &Output) -> f32 {
    assert_eq!(a.shape, b.shape);
    a.values.iter().zip(&b.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
