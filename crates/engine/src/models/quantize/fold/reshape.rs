//! Constants in another shape or order of axes.

use super::super::QuantizeError;
use super::super::network::NodeParts;
use crate::models::onnx::{NodeProto, TensorProto, data_type};

/// `Reshape`, `Flatten`, `Squeeze` or `Unsqueeze` of a constant: the same elements, other lengths.
pub(super) fn apply(
    node: &NodeProto,
    tensor: &TensorProto,
    second: Option<&TensorProto>,
) -> Result<Option<TensorProto>, QuantizeError> {
    let listed = match second {
        Some(list) => list.to_i64()?,
        None => node.integers("axes").map(<[i64]>::to_vec),
    };
    let shape = tensor.shape()?;
    let dims = match node.operator() {
        "Reshape" => listed.and_then(|wanted| {
            (node.integer("allowzero").unwrap_or(0) == 0).then(|| reshaped(&shape, &wanted)).flatten()
        }),
        "Flatten" => flattened(&shape, node.integer("axis").unwrap_or(1)),
        "Squeeze" => squeezed(&shape, listed.as_deref()),
        _ => listed.and_then(|axes| unsqueezed(&shape, &axes)),
    };
    Ok(dims.map(|dims| TensorProto { dims, name: None, ..tensor.clone() }))
}

fn reshaped(shape: &[usize], wanted: &[i64]) -> Option<Vec<i64>> {
    let mut dims = Vec::with_capacity(wanted.len());
    for (place, &length) in wanted.iter().enumerate() {
        dims.push(match length {
            0 => *shape.get(place)? as i64,
            length => length,
        });
    }
    let elements = shape.iter().product::<usize>() as i64;
    let known: i64 =
        dims.iter().filter(|&&length| length != -1).try_fold(1, |n: i64, &l| n.checked_mul(l))?;
    let mut open = dims.iter_mut().filter(|length| **length == -1);
    if let Some(length) = open.next() {
        *length = elements.checked_div(known)?;
    }
    if open.next().is_some() {
        return None;
    }
    fits(dims, elements)
}

fn flattened(shape: &[usize], axis: i64) -> Option<Vec<i64>> {
    let axis = if axis < 0 { axis + shape.len() as i64 } else { axis };
    let (before, after) = shape.split_at_checked(usize::try_from(axis).ok()?)?;
    Some(vec![before.iter().product::<usize>() as i64, after.iter().product::<usize>() as i64])
}

fn squeezed(shape: &[usize], axes: Option<&[i64]>) -> Option<Vec<i64>> {
    let gone = |place: usize| match axes {
        None => shape.get(place) == Some(&1),
        Some(axes) => {
            let place = place as i64;
            axes.iter().any(|&axis| axis == place || axis + shape.len() as i64 == place)
        }
    };
    let dims = shape.iter().enumerate().filter(|(place, _)| !gone(*place)).map(|(_, &length)| length as i64);
    fits(dims.collect(), shape.iter().product::<usize>() as i64)
}

fn unsqueezed(shape: &[usize], axes: &[i64]) -> Option<Vec<i64>> {
    let length = (shape.len() + axes.len()) as i64;
    let new: Vec<i64> = axes.iter().map(|&axis| if axis < 0 { axis + length } else { axis }).collect();
    let mut old = shape.iter();
    let mut dims = Vec::with_capacity(shape.len() + axes.len());
    for place in 0..length {
        dims.push(if new.contains(&place) { 1 } else { *old.next()? as i64 });
    }
    old.next().is_none().then_some(dims)
}

fn fits(dims: Vec<i64>, elements: i64) -> Option<Vec<i64>> {
    let product = dims.iter().try_fold(1_i64, |whole, &length| whole.checked_mul(length))?;
    (product == elements && dims.iter().all(|&length| length >= 0)).then_some(dims)
}

/// `Transpose` of a constant of floats.
pub(super) fn transpose(
    node: &NodeProto,
    tensor: &TensorProto,
) -> Result<Option<TensorProto>, QuantizeError> {
    let shape = tensor.shape()?;
    let (Some(data_type::FLOAT), Some(values)) = (tensor.data_type, tensor.to_f32()?) else {
        return Ok(None);
    };
    let order: Option<Vec<usize>> = match node.integers("perm") {
        None => Some((0..shape.len()).rev().collect()),
        Some(order) => order.iter().map(|&axis| usize::try_from(axis).ok()).collect(),
    };
    // The step of an axis is the product of the lengths after it.
    let step = |axis: usize| shape.get(axis + 1..).map(|after| after.iter().product::<usize>());
    let axes: Option<Vec<(usize, usize)>> = order.and_then(|order| {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let all = sorted.iter().copied().eq(0..shape.len());
        if !all {
            return None;
        }
        order.into_iter().map(|axis| Some((*shape.get(axis)?, step(axis)?))).collect()
    });
    let Some(axes) = axes else { return Ok(None) };
    let mut turned = Vec::with_capacity(values.len());
    gather(&values, &axes, 0, &mut turned);
    let dims: Vec<i64> = axes.iter().map(|&(length, _)| length as i64).collect();
    Ok(Some(TensorProto::floats("", &dims, &turned)))
}

fn gather(values: &[f32], axes: &[(usize, usize)], at: usize, into: &mut Vec<f32>) {
    match axes.split_first() {
        None => into.extend(values.get(at)),
        Some((&(length, step), rest)) => {
            for place in 0..length {
                gather(values, rest, at + place * step, into);
            }
        }
    }
}
