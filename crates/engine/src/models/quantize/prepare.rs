//! From a file's bytes to a graph that can be planned: refused where quantised already, raised to operator set 13, folded.

use super::QuantizeError;
use super::fold::fold;
use super::network::{FreshNames, NodeParts, constants};
use crate::models::onnx::{self, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto};

/// The first operator set whose `DequantizeLinear` has an axis.
const OPERATOR_SET: i64 = 13;
/// The version of the file format that came with it.
const FORMAT: i64 = 7;

/// Reads and prepares.
///
/// # Errors
/// When the bytes are no model, or one that is quantised already or too old.
pub(super) fn prepare(bytes: &[u8]) -> Result<ModelProto, QuantizeError> {
    let mut model = onnx::read(bytes)?;
    let graph = model.graph.get_or_insert_default();
    if let Some(node) = graph.node.iter().find(|node| is_quantised(node)) {
        return Err(QuantizeError::Already(node.op_type.clone().unwrap_or_default()));
    }
    let version = operator_set(&model.opset_import);
    let graph = model.graph.get_or_insert_default();
    if version < OPERATOR_SET {
        raise(graph, version)?;
        model.opset_import.retain(|set| !is_onnx(set));
        let raised = OperatorSetIdProto { domain: Some(String::new()), version: Some(OPERATOR_SET) };
        model.opset_import.push(raised);
    }
    model.ir_version = Some(model.ir_version.unwrap_or_default().max(FORMAT));
    fold(model.graph.get_or_insert_default())?;
    Ok(model)
}

fn is_quantised(node: &NodeProto) -> bool {
    let operator = node.op_type.as_deref().unwrap_or_default();
    operator.starts_with("QLinear")
        || matches!(
            operator,
            "QuantizeLinear"
                | "DynamicQuantizeLinear"
                | "ConvInteger"
                | "MatMulInteger"
                | "QGemm"
                | "QAttention"
                | "MatMulNBits"
                | "DynamicQuantizeMatMul"
                | "MatMulIntegerToFloat"
        )
}

fn is_onnx(set: &OperatorSetIdProto) -> bool {
    matches!(set.domain.as_deref(), None | Some("" | "ai.onnx"))
}

fn operator_set(sets: &[OperatorSetIdProto]) -> i64 {
    sets.iter().find(|set| is_onnx(set)).and_then(|set| set.version).unwrap_or(1)
}

/// Operators that are written and mean the same in operator set 13 as in 7 to 12, or can be made so below.
const UNCHANGED: &[&str] = &[
    "Abs",
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Clip",
    "Concat",
    "Constant",
    "Conv",
    "ConvTranspose",
    "Div",
    "Dropout",
    "Elu",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LRN",
    "LeakyRelu",
    "Log",
    "MatMul",
    "Max",
    "MaxPool",
    "Min",
    "Mul",
    "Neg",
    "PRelu",
    "Pow",
    "Reciprocal",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "Relu",
    "Reshape",
    "Shape",
    "Sigmoid",
    "Softplus",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
];

/// Raises a graph of operator set 7 to 12 to 13, as the ONNX operator changelog tells the differences.
fn raise(graph: &mut GraphProto, version: i64) -> Result<(), QuantizeError> {
    let refused = |operator: &str| QuantizeError::OperatorSet { version, operator: operator.to_owned() };
    // Batch normalisation before 9 and sums that broadcast before 7 are another matter.
    if version < 7 {
        return Err(refused("Add"));
    }
    let mut names = FreshNames::of(graph);
    let mut added = Vec::new();
    let last = |graph: &GraphProto, place: usize| {
        // Softmax flattened all axes from `axis` on; the same as the last alone where its input has two, as after a
        // fully connected layer.
        let node = graph.node.get(place)?;
        let flat = |maker: &NodeProto| {
            maker.output.iter().any(|output| output == node.reads(0))
                && matches!(maker.operator(), "Gemm" | "Flatten")
        };
        (node.integer("axis").unwrap_or(1) == 1 && graph.node.iter().any(flat)).then_some(())
    };
    for place in 0..graph.node.len() {
        let softmax = last(graph, place).is_some();
        let Some(node) = graph.node.get_mut(place) else { continue };
        let operator = node.operator().to_owned();
        match operator.as_str() {
            // Another domain's, or nested graphs: not ours to judge.
            "" => {}
            "Clip" if version < 11 => {
                for bound in ["min", "max"] {
                    let value = node.float(bound);
                    node.input.push(match value {
                        Some(value) => {
                            let name = names.take(node.makes(), &format!("_{bound}"));
                            added.push(TensorProto::floats(&name, &[], &[value]));
                            name
                        }
                        None => String::new(),
                    });
                }
                node.attribute.clear();
            }
            "Squeeze" | "Unsqueeze" => {
                if let Some(axes) = node.integers("axes").map(<[i64]>::to_vec) {
                    let name = names.take(node.makes(), "_axes");
                    added.push(TensorProto::int64(&name, &[axes.len() as i64], &axes));
                    node.input.push(name);
                    node.attribute.clear();
                }
            }
            "Dropout" => node.attribute.clear(),
            "BatchNormalization" => {
                if node.integer("spatial") == Some(0) || node.output.len() > 1 {
                    return Err(refused("BatchNormalization"));
                }
                node.attribute.retain(|attribute| attribute.name.as_deref() != Some("spatial"));
            }
            "Softmax" | "LogSoftmax" if softmax => {
                node.attribute.clear();
            }
            operator if UNCHANGED.contains(&operator) => {}
            operator => return Err(refused(operator)),
        }
    }
    graph.initializer.extend(added);
    debug_assert!(constants(graph).len() <= graph.initializer.len());
    Ok(())
}
