//! Constants made by nodes: `Constant` itself, casts to floats, and weights kept as integers with a scale.

use super::super::QuantizeError;
use super::super::network::NodeParts;
use crate::models::onnx::{NodeProto, TensorProto, data_type};

/// The value of a `Constant` node, where it is numeric.
pub(super) fn of(node: &NodeProto) -> Option<TensorProto> {
    let attribute = node.attribute.first()?;
    match attribute.name.as_deref()? {
        "value" => attribute.t.as_deref().cloned(),
        "value_float" => Some(TensorProto::floats("", &[], &[attribute.f?])),
        "value_floats" => Some(TensorProto::floats("", &[attribute.floats.len() as i64], &attribute.floats)),
        "value_int" => Some(TensorProto::int64("", &[], &[attribute.i?])),
        "value_ints" => Some(TensorProto::int64("", &[attribute.ints.len() as i64], &attribute.ints)),
        _ => None,
    }
}

/// A cast to 32-bit floats; others are left to the runtime.
pub(super) fn cast(node: &NodeProto, tensor: &TensorProto) -> Result<Option<TensorProto>, QuantizeError> {
    if node.integer("to") != Some(i64::from(data_type::FLOAT)) {
        return Ok(None);
    }
    Ok(tensor.to_f32()?.map(|values| TensorProto::floats("", &tensor.dims, &values)))
}

/// `(x - zero point) * scale`, whole or along an axis; not in blocks.
pub(super) fn dequantise(
    node: &NodeProto,
    tensor: &TensorProto,
    scale: &TensorProto,
    zero_point: Option<&TensorProto>,
) -> Result<Option<TensorProto>, QuantizeError> {
    let floats = scale.data_type == Some(data_type::FLOAT) && node.integer("block_size").unwrap_or(0) == 0;
    let (Some(integers), Some(scales), true) = (tensor.to_i64()?, scale.to_f32()?, floats) else {
        return Ok(None);
    };
    let zero_points = match zero_point {
        None => vec![0; scales.len()],
        Some(zero_point) => match zero_point.to_i64()? {
            Some(values) if values.len() == scales.len() => values,
            _ => return Ok(None),
        },
    };
    let shape = tensor.shape()?;
    // How many elements in a row have one scale.
    let run = match scale.shape()?.as_slice() {
        [] => integers.len(),
        _ => {
            let axis = node.integer("axis").unwrap_or(1);
            let axis = if axis < 0 { axis + shape.len() as i64 } else { axis };
            let Some((&length, after)) = usize::try_from(axis)
                .ok()
                .and_then(|axis| shape.get(axis..))
                .and_then(<[usize]>::split_first)
            else {
                return Ok(None);
            };
            if length != scales.len() {
                return Ok(None);
            }
            after.iter().product()
        }
    };
    let parameters = || scales.iter().zip(&zero_points);
    let values: Vec<f32> = integers
        .chunks(run.max(1))
        .zip(parameters().cycle())
        .flat_map(|(chunk, (&scale, &zero))| chunk.iter().map(move |&value| (value - zero) as f32 * scale))
        .collect();
    Ok(Some(TensorProto::floats("", &tensor.dims, &values)))
}
