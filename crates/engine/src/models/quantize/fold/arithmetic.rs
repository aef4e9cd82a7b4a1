//! Sums and products of two constants, broadcast as ONNX does.

use super::super::QuantizeError;
use crate::models::onnx::{TensorProto, data_type};

/// A result larger than this is left to the runtime: a small file must not fold into a vast one.
const MOST_ELEMENTS: usize = 1 << 28;

/// Two constants of floats joined by an operator; anything else is left to the runtime.
pub(super) fn apply(
    operator: &str,
    left: &TensorProto,
    right: &TensorProto,
) -> Result<Option<TensorProto>, QuantizeError> {
    let floats = |tensor: &TensorProto| tensor.data_type == Some(data_type::FLOAT);
    if !floats(left) || !floats(right) {
        return Ok(None);
    }
    let joined: fn(f32, f32) -> f32 = match operator {
        "Mul" => |a, b| a * b,
        "Add" => |a, b| a + b,
        "Sub" => |a, b| a - b,
        "Div" => |a, b| a / b,
        _ => return Ok(None),
    };
    let (left_shape, right_shape) = (left.shape()?, right.shape()?);
    let Some(shape) = broadcast(&left_shape, &right_shape) else { return Ok(None) };
    let (Some(left), Some(right)) = (left.to_f32()?, right.to_f32()?) else { return Ok(None) };
    let left = Stretched::new(&left, &left_shape, &shape);
    let right = Stretched::new(&right, &right_shape, &shape);
    let values: Vec<f32> = left.zip(right).map(|(a, b)| joined(a, b)).collect();
    let dims: Vec<i64> = shape.iter().map(|&length| length as i64).collect();
    Ok(Some(TensorProto::floats("", &dims, &values)))
}

/// The shape that both fit, where there is one and it is not too large.
fn broadcast(left: &[usize], right: &[usize]) -> Option<Vec<usize>> {
    let axes = left.len().max(right.len());
    let from_the_end = |shape: &[usize], place: usize| match shape.len().checked_sub(place) {
        Some(at) => shape.get(at).copied().unwrap_or(1),
        None => 1,
    };
    let mut shape = Vec::with_capacity(axes);
    for place in (1..=axes).rev() {
        shape.push(match (from_the_end(left, place), from_the_end(right, place)) {
            (a, b) if a == b => a,
            (1, b) => b,
            (a, 1) => a,
            _ => return None,
        });
    }
    let elements = shape.iter().try_fold(1_usize, |whole, &length| whole.checked_mul(length))?;
    (elements <= MOST_ELEMENTS).then_some(shape)
}

/// The elements of a tensor as it looks when stretched to a larger shape.
struct Stretched<'a> {
    values: &'a [f32],
    /// For each axis of the larger shape: length, and how far one step goes in `values`.
    axes: Vec<(usize, usize)>,
    place: Vec<usize>,
    at: usize,
    left: usize,
}

impl<'a> Stretched<'a> {
    fn new(values: &'a [f32], own: &[usize], shape: &[usize]) -> Self {
        let mut axes = Vec::with_capacity(shape.len());
        let mut step = 1;
        let mut own = own.iter().rev();
        for &length in shape.iter().rev() {
            let own_length = own.next().copied().unwrap_or(1);
            axes.push((length, if own_length == 1 { 0 } else { step }));
            step *= own_length;
        }
        let left = shape.iter().product();
        Self { values, place: vec![0; axes.len()], axes, at: 0, left }
    }
}

impl Iterator for Stretched<'_> {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        self.left = self.left.checked_sub(1)?;
        let value = self.values.get(self.at).copied();
        // The last axis comes first in `axes` and varies fastest.
        for (place, &(length, step)) in self.place.iter_mut().zip(&self.axes) {
            *place += 1;
            self.at += step;
            if *place < length {
                break;
            }
            self.at -= *place * step;
            *place = 0;
        }
        value
    }
}
