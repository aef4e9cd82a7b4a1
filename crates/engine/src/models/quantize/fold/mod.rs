//! Brings a graph into the plain form that quantisation works on: every weight a constant of floats, batch
//! normalisation inside the convolution before it, nothing that only hands values on.
//!
//! What the graph computes stays the same up to rounding. A folded graph has the same inputs and outputs by the same
//! names. Folding knows no shapes but those of constants, so it works for any size of batch.

mod arithmetic;
mod constant;
mod normalisation;
mod reshape;

use super::QuantizeError;
use super::network::{NodeParts, Uses, constants};
use crate::models::onnx::{GraphProto, NodeProto, TensorProto};
use std::collections::{HashMap, HashSet};

/// Folds everything there is to fold.
///
/// # Errors
/// When a constant cannot be read.
pub(super) fn fold(graph: &mut GraphProto) -> Result<(), QuantizeError> {
    constants_from_inputs(graph);
    fold_constants(graph)?;
    drop_handing_on(graph);
    normalisation::into_convolutions(graph)?;
    drop_unread_constants(graph);
    Ok(())
}

/// Until IR version 3 weights were inputs with a default. Here they are constants.
fn constants_from_inputs(graph: &mut GraphProto) {
    let names: HashSet<String> = constants(graph).into_keys().map(str::to_owned).collect();
    graph.input.retain(|input| input.name.as_ref().is_none_or(|name| !names.contains(name)));
}

/// Computes what depends on constants alone.
fn fold_constants(graph: &mut GraphProto) -> Result<(), QuantizeError> {
    let kept = Uses::of(graph).kept;
    let mut known: HashMap<String, TensorProto> =
        graph.initializer.drain(..).filter_map(|tensor| Some((tensor.name.clone()?, tensor))).collect();
    let mut order: Vec<String> = known.keys().cloned().collect();
    order.sort_unstable();
    let mut nodes = Vec::with_capacity(graph.node.len());
    for node in graph.node.drain(..) {
        // A constant that leaves the graph stays the work of a node: an output must be made by one.
        let folded = if kept.contains(node.makes()) { None } else { compute(&node, &known)? };
        match folded {
            Some(mut tensor) => {
                tensor.name = Some(node.makes().to_owned());
                order.push(node.makes().to_owned());
                known.insert(node.makes().to_owned(), tensor);
            }
            None => nodes.push(node),
        }
    }
    graph.node = nodes;
    graph.initializer = order.iter().filter_map(|name| known.remove(name)).collect();
    Ok(())
}

/// What a node makes, where that is known without running the graph and is one of the few kinds handled here.
fn compute(
    node: &NodeProto,
    known: &HashMap<String, TensorProto>,
) -> Result<Option<TensorProto>, QuantizeError> {
    if node.output.len() != 1 {
        return Ok(None);
    }
    if node.operator() == "Constant" {
        return Ok(constant::of(node));
    }
    let Some(inputs) = node
        .input
        .iter()
        .map(|name| if name.is_empty() { Some(None) } else { known.get(name).map(Some) })
        .collect::<Option<Vec<Option<&TensorProto>>>>()
    else {
        return Ok(None);
    };
    let input = |place: usize| inputs.get(place).copied().flatten();
    let Some(first) = input(0) else { return Ok(None) };
    match node.operator() {
        "Identity" => Ok(Some(first.clone())),
        "Cast" => constant::cast(node, first),
        "DequantizeLinear" => match input(1) {
            Some(scale) => constant::dequantise(node, first, scale, input(2)),
            None => Ok(None),
        },
        "Mul" | "Add" | "Sub" | "Div" => match input(1) {
            Some(second) => arithmetic::apply(node.operator(), first, second),
            None => Ok(None),
        },
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => reshape::apply(node, first, input(1)),
        "Transpose" => reshape::transpose(node, first),
        _ => Ok(None),
    }
}

/// Takes out nodes that hand on what they read: `Identity`, and `Dropout`, which does nothing outside training.
fn drop_handing_on(graph: &mut GraphProto) {
    let uses = Uses::of(graph);
    let mut instead: HashMap<String, String> = HashMap::new();
    graph.node.retain_mut(|node| {
        for input in &mut node.input {
            if let Some(earlier) = instead.get(input) {
                input.clone_from(earlier);
            }
        }
        let idle = match node.operator() {
            "Identity" => true,
            // A mask that somebody reads, or a training mode that is switched on, is left alone.
            "Dropout" => {
                let mask = node.output.get(1).is_some_and(|mask| {
                    uses.kept.contains(mask)
                        || uses.readers.get(mask).is_some_and(|readers| !readers.is_empty())
                });
                !mask && node.reads(2).is_empty()
            }
            _ => false,
        };
        let drop = idle && !uses.kept.contains(node.makes()) && !node.reads(0).is_empty();
        if drop {
            instead.insert(node.makes().to_owned(), node.reads(0).to_owned());
        }
        !drop
    });
}

/// Removes constants that nothing reads any more.
fn drop_unread_constants(graph: &mut GraphProto) {
    let uses = Uses::of(graph);
    graph.initializer.retain(|tensor| {
        let name = tensor.name.as_deref().unwrap_or_default();
        uses.readers.contains_key(name) || uses.kept.contains(name)
    });
}

#[cfg(test)]
mod tests;
