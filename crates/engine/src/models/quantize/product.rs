//! Which nodes are products of a value with constant weights, in a form that has an int8 kernel.

use super::QuantizeError;
use super::network::NodeParts;
use crate::models::onnx::{NodeProto, TensorProto, data_type};
use std::collections::HashMap;

/// Kinds of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `Conv` over two axes; its result must be quantised for the int8 kernel to be used.
    Convolution,
    /// `Gemm`: a fully connected layer.
    Gemm,
    /// `MatMul` by a constant matrix.
    MatMul,
}

/// A product with constant weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Product {
    pub(super) kind: Kind,
    /// Name of the weights.
    pub(super) weights: String,
    /// Name of what is added, where something is.
    pub(super) bias: Option<String>,
    /// Axis of the weights along which results differ: each has a scale of its own.
    pub(super) axis: usize,
    /// Convolutions: how many separate groups of channels.
    pub(super) groups: usize,
}

/// The product that a node is, where it is one.
///
/// # Errors
/// When a weight cannot be read.
pub(super) fn product(
    node: &NodeProto,
    constants: &HashMap<&str, &TensorProto>,
) -> Result<Option<Product>, QuantizeError> {
    let floats = |name: &str| constants.get(name).filter(|tensor| tensor.data_type == Some(data_type::FLOAT));
    let Some(weights) = floats(node.reads(1)) else { return Ok(None) };
    // What is read must be computed: a constant times a constant is no layer.
    if node.reads(0).is_empty() || constants.contains_key(node.reads(0)) {
        return Ok(None);
    }
    let shape = weights.shape()?;
    let (kind, axis, groups) = match (node.operator(), shape.as_slice()) {
        ("Conv", [_, _, _, _]) => {
            let groups = node.integer("group").unwrap_or(1);
            (Kind::Convolution, 0, usize::try_from(groups).unwrap_or(0))
        }
        ("Gemm", [_, _]) => {
            let plain = node.integer("transA").unwrap_or(0) == 0
                && node.float("alpha").unwrap_or(1.0) == 1.0
                && node.float("beta").unwrap_or(1.0) == 1.0;
            if !plain {
                return Ok(None);
            }
            (Kind::Gemm, if node.integer("transB").unwrap_or(0) == 0 { 1 } else { 0 }, 1)
        }
        ("MatMul", [_, _]) => (Kind::MatMul, 1, 1),
        _ => return Ok(None),
    };
    let results = shape.get(axis).copied().unwrap_or(0);
    if shape.contains(&0) || groups == 0 || !results.is_multiple_of(groups) {
        return Ok(None);
    }
    let bias = match node.reads(2) {
        _ if kind == Kind::MatMul => None,
        "" => None,
        name => match floats(name) {
            Some(bias) if bias.shape()? == [results] => Some(name.to_owned()),
            _ => return Ok(None),
        },
    };
    let finite = |name: &str| -> Result<bool, QuantizeError> {
        let values = floats(name).map(|tensor| tensor.to_f32()).transpose()?.flatten();
        Ok(values.is_none_or(|values| values.iter().all(|value| value.is_finite())))
    };
    if !finite(node.reads(1))? || !bias.as_deref().map_or(Ok(true), finite)? {
        return Ok(None);
    }
    Ok(Some(Product { kind, weights: node.reads(1).to_owned(), bias, axis, groups }))
}
