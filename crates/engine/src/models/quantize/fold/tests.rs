//! Graphs that compute the same before and after folding.

use super::super::drawn::{Drawing, apart, engines, float, integer, integers, run, value};
use super::*;
use crate::models::onnx::{AttributeProto, ModelProto, data_type};
use lookalike_vision::neural::session::Engine;

fn operators(model: &ModelProto) -> Vec<String> {
    model.graph.as_ref().unwrap().node.iter().map(|node| node.op_type.clone().unwrap()).collect()
}

/// Folds a model; what it computes must stay the same.
fn folded(model: &ModelProto, shape: &[usize]) -> ModelProto {
    let mut after = model.clone();
    fold(after.graph.as_mut().unwrap()).unwrap();
    // rten has no Dropout, and ONNX Runtime rounds activations to 8 bits where it finds a product with integer weights.
    let has = |operator: &str| operators(model).iter().any(|there| there == operator);
    let exact = |engine: &Engine| match engine {
        Engine::Rten => !has("Dropout"),
        Engine::OnnxRuntime => !has("DequantizeLinear"),
    };
    for engine in engines().into_iter().filter(exact) {
        let (before, after) =
            (run(engine, model, shape, "embedding"), run(engine, &after, shape, "embedding"));
        assert!(apart(&before, &after) < 1e-4, "{engine}: {}", apart(&before, &after));
    }
    after
}

#[test]
fn weights_kept_as_integers_become_floats() {
    let mut drawing = Drawing::new(&[2, 4, 4]);
    let integers: Vec<u8> = (0..24).map(|n| (n * 37 + 5) as u8).collect();
    drawing.graph.initializer.push(TensorProto::raw("q", &[3, 2, 2, 2], data_type::INT8, integers));
    let cast = drawing.node("Cast", &["q"], &[integer("to", 1)]);
    drawing.constant("s", &[3, 1, 1, 1], &[0.5, 0.25, 0.125]);
    let weights = drawing.node("Mul", &[&cast, "s"], &[]);
    let made = drawing.node("Conv", &["input", &weights], &[]);
    let after = folded(&drawing.finish(&[&made], 13), &[2, 2, 4, 4]);
    assert_eq!(operators(&after), ["Conv"]);
    assert_eq!(after.graph.unwrap().initializer.len(), 1);
}

#[test]
fn integers_with_a_scale_for_each_channel_become_floats() {
    for axis in [0, 1] {
        let mut drawing = Drawing::new(&[3]);
        let bytes: Vec<u8> = (0..9).map(|n| (n * 29) as u8).collect();
        drawing.graph.initializer.push(TensorProto::raw("q", &[3, 3], data_type::INT8, bytes));
        drawing.constant("s", &[3], &[0.5, 0.01, 2.0]);
        drawing.graph.initializer.push(TensorProto::raw("z", &[3], data_type::INT8, vec![1, 0, 255]));
        let weights = drawing.node("DequantizeLinear", &["q", "s", "z"], &[integer("axis", axis)]);
        let made = drawing.node("MatMul", &["input", &weights], &[]);
        assert_eq!(operators(&folded(&drawing.finish(&[&made], 13), &[2, 3])), ["MatMul"]);
    }
}

#[test]
fn batch_normalisation_goes_into_the_convolution_before_it() {
    let mut drawing = Drawing::new(&[2, 5, 5]);
    let mut last = "input".to_owned();
    for (number, channels) in [(0, 4), (1, 3)] {
        let inner = if number == 0 { 2 } else { 4 };
        last = drawing.conv(&last, channels, inner, 3, 1);
        let names =
            ["scale", "shift", "mean"].map(|name| drawing.drawn(&format!("{name}_{number}"), &[channels]));
        let variance = drawing.constant(
            &format!("var_{number}"),
            &[channels],
            &[0.5, 1e-4, 2.0, 0.1][..channels as usize],
        );
        let inputs = [&last, &names[0], &names[1], &names[2], &variance].map(String::as_str);
        last = drawing.node("BatchNormalization", &inputs, &[float("epsilon", 1e-3)]);
        last = drawing.relu(&last);
    }
    let after = folded(&drawing.finish(&[&last], 13), &[2, 2, 5, 5]);
    assert_eq!(operators(&after), ["Conv", "Relu", "Conv", "Relu"]);
}

#[test]
fn normalisation_of_what_somebody_else_reads_too_stays() {
    let mut drawing = Drawing::new(&[2, 4, 4]);
    let conv = drawing.conv("input", 2, 2, 3, 1);
    for name in ["scale", "shift", "mean"] {
        drawing.drawn(name, &[2]);
    }
    drawing.constant("var", &[2], &[1.0, 2.0]);
    let normal = drawing.node("BatchNormalization", &[&conv, "scale", "shift", "mean", "var"], &[]);
    let sum = drawing.node("Add", &[&conv, &normal], &[]);
    let after = folded(&drawing.finish(&[&sum], 13), &[1, 2, 4, 4]);
    assert_eq!(operators(&after), ["Conv", "BatchNormalization", "Add"]);
}

#[test]
fn what_only_hands_on_is_taken_out_unless_it_makes_an_output() {
    let mut drawing = Drawing::new(&[2, 4, 4]);
    let first = drawing.node("Identity", &["input"], &[]);
    let conv = drawing.conv(&first, 3, 2, 1, 1);
    let dropout = drawing.node("Dropout", &[&conv], &[]);
    let relu = drawing.relu(&dropout);
    let last = drawing.node("Identity", &[&relu], &[]);
    let after = folded(&drawing.finish(&[&last, &relu], 13), &[1, 2, 4, 4]);
    assert_eq!(operators(&after), ["Conv", "Relu", "Identity"]);
}

#[test]
fn constants_are_reshaped_turned_and_joined() {
    let mut drawing = Drawing::new(&[4]);
    let list = |name: &str, values: &[i64]| TensorProto::int64(name, &[values.len() as i64], values);
    let weights = drawing.drawn("w", &[3, 2, 2]);
    drawing.graph.initializer.extend([list("shape", &[0, -1]), list("axes", &[0]), list("none", &[1])]);
    let flat = drawing.node("Reshape", &[&weights, "shape"], &[]);
    let turned = drawing.node("Transpose", &[&flat], &[integers("perm", &[1, 0])]);
    let deeper = drawing.node("Unsqueeze", &[&turned, "axes"], &[]);
    let back = drawing.node("Squeeze", &[&deeper, "axes"], &[]);
    let tensor = TensorProto::floats("", &[3], &[0.5, -1.0, 3.0]);
    let attribute = AttributeProto {
        name: Some("value".to_owned()),
        t: Some(Box::new(tensor)),
        r#type: Some(4),
        ..AttributeProto::default()
    };
    let added = drawing.node("Constant", &[], &[attribute]);
    let sum = drawing.node("Add", &[&back, &added], &[]);
    let column = drawing.drawn("column", &[4, 1]);
    let scaled = drawing.node("Div", &[&sum, &column], &[]);
    let made = drawing.node("MatMul", &["input", &scaled], &[]);
    let after = folded(&drawing.finish(&[&made], 13), &[3, 4]);
    assert_eq!(operators(&after), ["MatMul"]);
}

#[test]
fn weights_that_are_inputs_too_are_weights() {
    let mut drawing = Drawing::new(&[2, 4, 4]);
    let conv = drawing.conv("input", 3, 2, 1, 1);
    drawing.graph.input.push(value("conv_0_w", &[]));
    let mut model = drawing.finish(&[&conv], 13);
    fold(model.graph.as_mut().unwrap()).unwrap();
    let names: Vec<_> = model.graph.unwrap().input.into_iter().filter_map(|input| input.name).collect();
    assert_eq!(names, ["input"]);
}

#[test]
fn a_small_file_does_not_fold_into_a_vast_one() {
    let mut drawing = Drawing::new(&[4]);
    let (long, tall) = (drawing.drawn("long", &[1, 40_000]), drawing.drawn("tall", &[40_000, 1]));
    let vast = drawing.node("Add", &[&long, &tall], &[]);
    let made = drawing.node("MatMul", &["input", &vast], &[]);
    let mut model = drawing.finish(&[&made], 13);
    fold(model.graph.as_mut().unwrap()).unwrap();
    assert_eq!(operators(&model), ["Add", "MatMul"]);
}

#[test]
fn constants_with_lying_shapes_are_errors() {
    let mut drawing = Drawing::new(&[4]);
    drawing.graph.initializer.push(TensorProto::raw("q", &[7], data_type::INT8, vec![1, 2, 3]));
    let cast = drawing.node("Cast", &["q"], &[integer("to", 1)]);
    let made = drawing.node("MatMul", &["input", &cast], &[]);
    let mut model = drawing.finish(&[&made], 13);
    let error = fold(model.graph.as_mut().unwrap()).unwrap_err().to_string();
    assert!(error.contains("`q`"), "{error}");
}
