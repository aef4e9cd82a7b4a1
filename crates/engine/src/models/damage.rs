//! Weights that are no numbers: what damage to a file leaves behind, and what an engine may pass over in silence.
//!
//! Infinities are left alone: masks of attention are made of them. What comes out of a network is judged in
//! `vision::neural::validate`.

use super::fields::Fields;

/// `TensorProto.data_type` (2) of `FLOAT` (1), as it lies in a file.
const IS_FLOAT: [u8; 2] = [0x10, 1];
const MODEL_GRAPH: u64 = 7;
const GRAPH_INITIALIZER: u64 = 5;
const TENSOR_FLOATS: u64 = 4;
const TENSOR_NAME: u64 = 8;
const TENSOR_RAW: u64 = 9;

/// The name of the first constant of 32-bit floats that holds a NaN.
pub(super) fn damaged_weights(model: &[u8]) -> Option<String> {
    let mut tensors =
        Fields(model).messages(MODEL_GRAPH).flat_map(|graph| Fields(graph).messages(GRAPH_INITIALIZER));
    let damaged = tensors.find(|tensor| {
        let fields = Fields(tensor);
        let floats = fields.map_while(Result::ok).any(|field| field.whole == IS_FLOAT);
        let mut values = fields.messages(TENSOR_FLOATS).chain(fields.messages(TENSOR_RAW));
        floats && values.any(holds_nan)
    })?;
    let name = Fields(damaged).messages(TENSOR_NAME).next().unwrap_or_default();
    Some(String::from_utf8_lossy(name).into_owned())
}

fn holds_nan(values: &[u8]) -> bool {
    let (values, _) = values.as_chunks::<4>();
    values.iter().any(|value| f32::from_le_bytes(*value).is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::onnx::{self, GraphProto, ModelProto, TensorProto};

    fn model(tensors: Vec<TensorProto>) -> Vec<u8> {
        let graph = GraphProto { initializer: tensors, ..GraphProto::default() };
        onnx::write(&ModelProto { graph: Some(graph), ..ModelProto::default() }).unwrap()
    }

    #[test]
    fn only_floats_that_are_no_numbers_are_damage() {
        let sound = TensorProto::floats("mask", &[2], &[f32::NEG_INFINITY, 1.0]);
        // The bits of a NaN, in whole numbers.
        let whole = TensorProto::int32("whole", &[1], &[0x7fc0_0000]);
        assert_eq!(damaged_weights(&model(vec![sound.clone(), whole.clone()])), None);
        let raw = TensorProto::floats("w", &[2], &[0.5, f32::NAN]);
        assert_eq!(damaged_weights(&model(vec![sound.clone(), whole, raw])).as_deref(), Some("w"));
        let mut listed = TensorProto::floats("listed", &[2], &[]);
        (listed.raw_data, listed.float_data) = (None, vec![f32::NAN, 1.0]);
        assert_eq!(damaged_weights(&model(vec![sound, listed])).as_deref(), Some("listed"));
        assert_eq!(damaged_weights(b"no model at all"), None);
    }
}
