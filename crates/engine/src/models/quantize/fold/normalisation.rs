//! Batch normalisation that follows a convolution becomes part of its weights.
//!
//! Outside training `BatchNormalization` multiplies and shifts each channel by constants:
//! `y = (x - mean) / sqrt(variance + epsilon) * scale + shift` (ONNX operator specification).

use super::super::QuantizeError;
use super::super::network::{FreshNames, NodeParts, Uses, constants};
use crate::models::onnx::{GraphProto, NodeProto, TensorProto, data_type};

/// Folds every batch normalisation that alone reads what a convolution with constant weights makes.
///
/// # Errors
/// When a constant cannot be read.
pub(super) fn into_convolutions(graph: &mut GraphProto) -> Result<(), QuantizeError> {
    let uses = Uses::of(graph);
    let mut names = FreshNames::of(graph);
    let mut gone = Vec::new();
    for place in 0..graph.node.len() {
        let Some(convolution) = graph.node.get(place).filter(|node| node.operator() == "Conv") else {
            continue;
        };
        let Some(next) = uses.only_reader(convolution.makes()) else { continue };
        let Some(normalisation) = graph.node.get(next) else { continue };
        let Some(folded) = folded(graph, convolution, normalisation)? else { continue };
        let made = normalisation.makes().to_owned();
        let weights = names.take(convolution.reads(1), "_folded");
        let bias = names.take(&weights, "_bias");
        let channels = folded.bias.len() as i64;
        graph.initializer.push(TensorProto::floats(&weights, &folded.dims, &folded.weights));
        graph.initializer.push(TensorProto::floats(&bias, &[channels], &folded.bias));
        if let Some(node) = graph.node.get_mut(place) {
            node.input.truncate(1);
            node.input.extend([weights, bias]);
            node.output = vec![made];
        }
        gone.push(next);
    }
    let mut place = 0;
    graph.node.retain(|_| {
        place += 1;
        !gone.contains(&(place - 1))
    });
    Ok(())
}

struct Folded {
    dims: Vec<i64>,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

fn folded(
    graph: &GraphProto,
    convolution: &NodeProto,
    normalisation: &NodeProto,
) -> Result<Option<Folded>, QuantizeError> {
    let used = normalisation.output.iter().filter(|name| !name.is_empty()).count();
    if normalisation.operator() != "BatchNormalization"
        || used != 1
        || normalisation.integer("training_mode").unwrap_or(0) != 0
        || normalisation.reads(0) != convolution.makes()
    {
        return Ok(None);
    }
    let constants = constants(graph);
    let floats = |name: &str| -> Result<Option<Vec<f32>>, QuantizeError> {
        match constants.get(name) {
            Some(tensor) if tensor.data_type == Some(data_type::FLOAT) => Ok(tensor.to_f32()?),
            _ => Ok(None),
        }
    };
    let (Some(scale), Some(shift), Some(mean), Some(variance), Some(mut weights)) = (
        floats(normalisation.reads(1))?,
        floats(normalisation.reads(2))?,
        floats(normalisation.reads(3))?,
        floats(normalisation.reads(4))?,
        floats(convolution.reads(1))?,
    ) else {
        return Ok(None);
    };
    let channels = scale.len();
    let before = match convolution.reads(2) {
        "" => vec![0.0; channels],
        name => match floats(name)? {
            Some(bias) => bias,
            None => return Ok(None),
        },
    };
    let dims = constants.get(convolution.reads(1)).map(|tensor| tensor.dims.clone()).unwrap_or_default();
    let lengths = [&shift, &mean, &variance, &before];
    let agree = dims.first() == Some(&(channels as i64)) && lengths.iter().all(|list| list.len() == channels);
    if !agree || channels == 0 {
        return Ok(None);
    }
    let epsilon = normalisation.float("epsilon").unwrap_or(1e-5);
    let factors: Vec<f32> = scale
        .iter()
        .zip(&variance)
        .map(|(&scale, &variance)| {
            (f64::from(scale) / (f64::from(variance) + f64::from(epsilon)).sqrt()) as f32
        })
        .collect();
    let per_channel = weights.len() / channels;
    for (row, &factor) in weights.chunks_mut(per_channel.max(1)).zip(&factors) {
        for weight in row {
            *weight *= factor;
        }
    }
    let bias: Vec<f32> = before
        .iter()
        .zip(&mean)
        .zip(factors.iter().zip(&shift))
        .map(|((&before, &mean), (&factor, &shift))| (before - mean) * factor + shift)
        .collect();
    // A variance below zero or weights that are no numbers: left for the runtime to make of it what it does.
    let finite = weights.iter().chain(&bias).all(|value| value.is_finite());
    Ok(finite.then_some(Folded { dims, weights, bias }))
}
