//! What ONNX lets a file leave unsaid, said: rten takes some of it for missing, and some for something else.
//!
//! - `Conv` and `ConvTranspose` may leave out `kernel_shape`, which follows from the weights; rten then expects no axes.
//! - `MaxPool` and `AveragePool` may leave out `strides`, which are 1; rten then expects no axes.
//! - `auto_pad` of `SAME_LOWER` is what rten takes for `SAME_UPPER`. Where both pad alike, it is called that; where not,
//!   rten is not given the file (`vision::neural::session` sees to that).
//! - `Softmax` and `LogSoftmax` before operator set 13 sum over all axes from theirs on, which is 1 where it is not said.
//! - `Dropout` passes its input on outside of training; rten has it only with random numbers.
//!
//! Only the bytes handed to rten are changed; files stay as they are, and so do their digests. Graphs within graphs are
//! left alone.
//!
//! Source: <https://github.com/onnx/onnx/blob/main/docs/Operators.md> and, for old operator sets, Changelog.md beside it.

use super::fields::Fields;
use super::onnx::graph::attribute_type;
use super::onnx::{self, AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// How many nodes lie between a convolution and its weights at most, such as those that make floats of int8.
const FARTHEST: usize = 8;
/// The first operator set whose softmax works on one axis.
const SOFTMAX_BY_AXIS: i64 = 13;
/// The first operator set whose dropout does nothing unless told that this is training.
const DROPOUT_BY_MODE: i64 = 7;

/// The network with what rten needs said; as it is where nothing is missing.
pub(super) fn spelled_out(model: &[u8]) -> Cow<'_, [u8]> {
    let said = || {
        let mut read = onnx::read(model).ok()?;
        spell_out(&mut read).then(|| onnx::write(&read).ok()).flatten()
    };
    // Reading all of it costs a copy of the weights.
    if may_lack(model) { said().map_or(Cow::Borrowed(model), Cow::Owned) } else { Cow::Borrowed(model) }
}

/// Whether a look at the nodes' operators and attributes finds one that may have to be changed. `ModelProto.graph` is 7,
/// `GraphProto.node` 1, `NodeProto.op_type` 4 and `.attribute` 5, `AttributeProto.name` 1 and `.s` 4.
fn may_lack(model: &[u8]) -> bool {
    let mut nodes = Fields(model).messages(7).flat_map(|graph| Fields(graph).messages(1));
    nodes.any(|node| {
        let attributes = || Fields(node).messages(5);
        let says = |name: &str| attributes().any(|attribute| Fields(attribute).hold(1, name));
        let lower = || attributes().any(|attribute| Fields(attribute).hold(4, SAME_LOWER));
        match Fields(node).messages(4).next() {
            Some(b"Conv" | b"ConvTranspose") => !says("kernel_shape") || lower(),
            Some(b"MaxPool" | b"AveragePool") => !says("strides") || lower(),
            Some(b"Softmax" | b"LogSoftmax" | b"Dropout") => true,
            _ => false,
        }
    })
}

/// Whether anything was changed.
fn spell_out(model: &mut ModelProto) -> bool {
    let version = operator_set(model);
    let Some(graph) = &mut model.graph else { return false };
    let known = Known::of(graph);
    let mut changed = false;
    let mut nodes = Vec::with_capacity(graph.node.len());
    for mut node in std::mem::take(&mut graph.node) {
        let operator = if in_onnx(&node) { node.op_type.clone().unwrap_or_default() } else { String::new() };
        match operator.as_str() {
            "Conv" | "ConvTranspose" => {
                changed |= say_kernel(&mut node, &known) | upper_where_same(&mut node);
            }
            "MaxPool" | "AveragePool" => changed |= say_strides(&mut node) | upper_where_same(&mut node),
            "Dropout" if known.passes_on(&node, version) => {
                node.op_type = Some("Identity".to_owned());
                node.input.truncate(1);
                node.output.truncate(1);
                node.attribute.clear();
                changed = true;
            }
            "Softmax" | "LogSoftmax" if version < SOFTMAX_BY_AXIS && axis(&node) != -1 => {
                nodes.extend(over_all_axes(node));
                changed = true;
                continue;
            }
            _ => {}
        }
        nodes.push(node);
    }
    graph.node = nodes;
    changed
}

/// The version of ONNX's own operator set.
fn operator_set(model: &ModelProto) -> i64 {
    let own = |domain: Option<&str>| matches!(domain, None | Some("" | "ai.onnx"));
    let mut sets = model.opset_import.iter().filter(|set| own(set.domain.as_deref()));
    sets.next().and_then(|set| set.version).unwrap_or(1)
}

fn in_onnx(node: &NodeProto) -> bool {
    matches!(node.domain.as_deref(), None | Some("" | "ai.onnx"))
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
}

fn integers(name: &str, ints: Vec<i64>) -> AttributeProto {
    let kind = Some(attribute_type::INTS);
    AttributeProto { name: Some(name.to_owned()), ints, r#type: kind, ..AttributeProto::default() }
}

/// Writes out the extents of a convolution's weights, which lie after the two axes of channels.
fn say_kernel(node: &mut NodeProto, known: &Known) -> bool {
    if attribute(node, "kernel_shape").is_some() {
        return false;
    }
    let weights = node.input.get(1).and_then(|name| known.shape(name, FARTHEST));
    let Some(extents) = weights.as_ref().and_then(|shape| shape.get(2..)) else { return false };
    node.attribute.push(integers("kernel_shape", extents.to_vec()));
    true
}

fn say_strides(node: &mut NodeProto) -> bool {
    let axes = attribute(node, "kernel_shape").map(|kernel| kernel.ints.len());
    match axes {
        Some(axes) if attribute(node, "strides").is_none() => {
            node.attribute.push(integers("strides", vec![1; axes]));
            true
        }
        _ => false,
    }
}

const SAME_LOWER: &str = "SAME_LOWER";

/// Without strides, a window of an odd length needs as much before as behind, whatever the length of what it moves over.
fn upper_where_same(node: &mut NodeProto) -> bool {
    let ints = |name| attribute(node, name).map_or(&[][..], |attribute| attribute.ints.as_slice());
    let (kernel, dilations) = (ints("kernel_shape"), ints("dilations"));
    let odd = |(axis, extent): (usize, &i64)| {
        extent.wrapping_sub(1).wrapping_mul(dilations.get(axis).copied().unwrap_or(1)) % 2 == 0
    };
    let alike = ints("strides").iter().all(|stride| *stride == 1)
        && !kernel.is_empty()
        && kernel.iter().enumerate().all(odd);
    let lower = node.attribute.iter_mut().find(|attribute| {
        attribute.name.as_deref() == Some("auto_pad") && attribute.s.as_deref() == Some(SAME_LOWER.as_bytes())
    });
    match lower {
        Some(attribute) if alike => {
            attribute.s = Some(b"SAME_UPPER".to_vec());
            true
        }
        _ => false,
    }
}

fn axis(node: &NodeProto) -> i64 {
    attribute(node, "axis").and_then(|axis| axis.i).unwrap_or(1)
}

/// A softmax over all axes from its own on: flattened, over the last, and back in shape.
fn over_all_axes(mut node: NodeProto) -> Vec<NodeProto> {
    let (Some(input), Some(output)) = (node.input.first().cloned(), node.output.first().cloned()) else {
        return vec![node];
    };
    let inner = |what: &str| format!("{output}/{what}");
    let (shape, flat, summed) = (inner("shape"), inner("flat"), inner("summed"));
    let made = |operator: &str, input: &[&String], output: &String| NodeProto {
        op_type: Some(operator.to_owned()),
        name: Some(format!("{output}/{operator}")),
        input: input.iter().map(|&name| name.clone()).collect(),
        output: vec![output.clone()],
        ..NodeProto::default()
    };
    let integer = |value| AttributeProto {
        name: Some("axis".to_owned()),
        i: Some(value),
        r#type: Some(attribute_type::INT),
        ..AttributeProto::default()
    };
    let mut flatten = made("Flatten", &[&input], &flat);
    flatten.attribute.push(integer(axis(&node)));
    let shapes = made("Shape", &[&input], &shape);
    let back = made("Reshape", &[&summed, &shape], &output);
    node.input = vec![flat];
    node.output = vec![summed];
    node.attribute = vec![integer(-1)];
    vec![shapes, flatten, node, back]
}

/// What a graph says of its values before it is run.
struct Known {
    /// Shapes of constants.
    shapes: HashMap<String, Vec<i64>>,
    /// Truth values among them, of one element.
    truths: HashMap<String, bool>,
    /// Which operator makes a value of which.
    made: HashMap<String, (String, Vec<String>)>,
    /// Values that are read or given out.
    used: HashSet<String>,
}

impl Known {
    fn of(graph: &GraphProto) -> Self {
        let mut known = Self {
            shapes: HashMap::new(),
            truths: HashMap::new(),
            made: HashMap::new(),
            used: HashSet::new(),
        };
        for tensor in &graph.initializer {
            known.constant(tensor.name.clone().unwrap_or_default(), tensor);
        }
        known.used.extend(graph.output.iter().filter_map(|value| value.name.clone()));
        for node in &graph.node {
            known.used.extend(node.input.iter().cloned());
            known.used.extend(node.attribute.iter().flat_map(AttributeProto::graphs).flat_map(read_within));
            let Some(output) = node.output.first() else { continue };
            match attribute(node, "value").and_then(|value| value.t.as_deref()) {
                Some(tensor) if node.op_type.as_deref() == Some("Constant") => {
                    known.constant(output.clone(), tensor);
                }
                _ => {
                    let operator = node.op_type.clone().unwrap_or_default();
                    known.made.insert(output.clone(), (operator, node.input.clone()));
                }
            }
        }
        known
    }

    fn constant(&mut self, name: String, tensor: &TensorProto) {
        let first = tensor.raw_data.as_ref().and_then(|bytes| bytes.first()).map(|byte| *byte != 0);
        let first = first.or(tensor.int32_data.first().map(|value| *value != 0));
        if let (Some(truth), Some(onnx::data_type::BOOL)) = (first, tensor.data_type) {
            self.truths.insert(name.clone(), truth);
        }
        self.shapes.insert(name, tensor.dims.clone());
    }

    /// The shape of a constant, or of what is made of constants element by element.
    fn shape(&self, name: &str, farthest: usize) -> Option<Vec<i64>> {
        if let Some(shape) = self.shapes.get(name) {
            return Some(shape.clone());
        }
        let (operator, from) = self.made.get(name)?;
        let of = |n: usize| self.shape(from.get(n)?, farthest.checked_sub(1)?);
        match operator.as_str() {
            "Cast" | "Identity" | "QuantizeLinear" | "DequantizeLinear" => of(0),
            "Mul" | "Div" | "Add" | "Sub" => {
                let (one, other) = (of(0)?, of(1)?);
                let (mut long, short) = if one.len() < other.len() { (other, one) } else { (one, other) };
                for (long, short) in long.iter_mut().rev().zip(short.iter().rev()) {
                    *long = (*long).max(*short);
                }
                Some(long)
            }
            _ => None,
        }
    }

    /// Whether a dropout is known to do nothing.
    fn passes_on(&self, node: &NodeProto, version: i64) -> bool {
        let given = |name: &&String| !name.is_empty();
        let mask_read = node.output.get(1).filter(given).is_some_and(|mask| self.used.contains(mask));
        let idle = if version < DROPOUT_BY_MODE {
            attribute(node, "is_test").and_then(|is_test| is_test.i).is_some_and(|is_test| is_test != 0)
        } else {
            let mode = node.input.get(2).filter(given);
            mode.is_none_or(|mode| self.truths.get(mode) == Some(&false))
        };
        !mask_read && idle
    }
}

/// Names read in a graph within a node, or in those within it.
fn read_within(graph: &GraphProto) -> Vec<String> {
    let mut names: Vec<String> = graph.output.iter().filter_map(|value| value.name.clone()).collect();
    for node in &graph.node {
        names.extend(node.input.iter().cloned());
        names.extend(node.attribute.iter().flat_map(AttributeProto::graphs).flat_map(read_within));
    }
    names
}

#[cfg(test)]
mod tests;
