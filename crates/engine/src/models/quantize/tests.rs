//! Small networks quantised and run. rten computes int8 files in floats, as they are written; ONNX Runtime takes its
//! int8 kernels.

use super::drawn::{Drawing, apart, engines, float, integer, integers, opened, pictures, run};
use super::*;
use crate::models::onnx::types::{DimensionLength, TypeKind};
use crate::models::onnx::{self, ModelProto, NodeProto, TensorProto};
use lookalike_vision::neural::session::Engine;

const SHAPE: [usize; 3] = [3, 8, 8];

/// Two blocks with a sum, a pool, parts joined, a depthwise convolution and a fully connected layer.
fn network(operators: i64) -> ModelProto {
    let mut drawing = Drawing::new(&[3, 8, 8]);
    let first = drawing.conv("input", 8, 3, 3, 1);
    let first = drawing.relu(&first);
    let pooled = drawing.node(
        "MaxPool",
        &[&first],
        &[integers("kernel_shape", &[2, 2]), integers("strides", &[2, 2])],
    );
    let inner = drawing.conv(&pooled, 8, 8, 3, 1);
    let sum = drawing.node("Add", &[&inner, &pooled], &[]);
    let sum = drawing.relu(&sum);
    let narrow = drawing.conv(&sum, 8, 1, 3, 8);
    let narrow = if operators < 11 {
        drawing.node("Clip", &[&narrow], &[float("min", 0.0), float("max", 6.0)])
    } else {
        drawing.constant("zero", &[], &[0.0]);
        drawing.constant("six", &[], &[6.0]);
        drawing.node("Clip", &[&narrow, "zero", "six"], &[])
    };
    let other = drawing.conv(&sum, 4, 8, 1, 1);
    let joined = drawing.node("Concat", &[&narrow, &other], &[integer("axis", 1)]);
    let last = drawing.conv(&joined, 16, 12, 1, 1);
    let last = drawing.relu(&last);
    let made = drawing.head(&last, 16, 10);
    drawing.finish(&[&made], operators)
}

fn bytes(model: &ModelProto) -> Vec<u8> {
    onnx::write(model).unwrap()
}

fn quick(model: &[u8], pictures: &Pictures, engine: Engine) -> Result<Quantised, QuantizeError> {
    quantize(model, pictures, &Options::default(), &|bytes| opened(engine, bytes), &mut |_| Ok(()))
}

fn count(model: &[u8], operator: &str) -> usize {
    let of_kind = |node: &&NodeProto| node.op_type.as_deref() == Some(operator);
    onnx::read(model).unwrap().graph.unwrap().node.iter().filter(of_kind).count()
}

#[test]
fn vectors_of_an_int8_network_are_near_those_of_the_float_one() {
    let model = bytes(&network(13));
    for engine in engines() {
        let done = quick(&model, &pictures(&SHAPE, 40), engine).unwrap();
        let report = &done.report;
        assert_eq!((report.calibrated, report.aside), (30, 10));
        assert!(report.chosen.agreement.mean_cosine > 0.99, "{engine} {report:?}");
        assert!(report.chosen.agreement.least_cosine > 0.98, "{engine} {report:?}");
        assert!(report.products >= 4 && report.trials.len() >= 4);
        assert!(report.int8_ms > 0.0 && report.float_ms > 0.0);
    }
}

#[test]
fn inputs_and_outputs_stay_and_any_batch_goes_in() {
    let model = network(13);
    let done = quick(&bytes(&model), &pictures(&SHAPE, 12), Engine::Rten).unwrap();
    let int8 = onnx::read(&done.model).unwrap();
    let (before, after) = (model.graph.as_ref().unwrap(), int8.graph.as_ref().unwrap());
    assert_eq!((&before.input, &before.output), (&after.input, &after.output));
    for engine in engines() {
        let all = run(engine, &int8, &[5, 3, 8, 8], "embedding");
        assert_eq!(all.shape, [5, 10]);
        // The first picture alone gives what it gave among others.
        let one = run(engine, &int8, &[1, 3, 8, 8], "embedding");
        let among = all.values[..10].iter().zip(&one.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(among < 1e-4, "{engine}: {among}");
    }
}

#[test]
fn a_network_of_fixed_batches_gets_full_ones() {
    let mut model = network(13);
    let graph = model.graph.as_mut().unwrap();
    let kind = graph.input[0].r#type.as_mut().unwrap().value.as_mut().unwrap();
    let TypeKind::Tensor(tensor) = kind else { panic!("the input is a tensor") };
    tensor.shape.as_mut().unwrap().dim[0].value = Some(DimensionLength::Value(8));
    for engine in engines() {
        // 21 and 7 pictures: neither is a number of whole batches.
        let done = quick(&bytes(&model), &pictures(&SHAPE, 28), engine).unwrap();
        assert!(done.report.chosen.agreement.least_cosine > 0.98, "{engine} {:?}", done.report);
    }
}

#[test]
fn a_value_inside_can_be_the_vector() {
    let model = network(13);
    let inside =
        model.graph.as_ref().unwrap().node.iter().find(|node| node.op_type.as_deref() == Some("Flatten"));
    let inside = inside.unwrap().output[0].clone();
    let options = Options { output: Some(inside.clone()), ..Options::default() };
    let open = |bytes: &[u8]| opened(Engine::Rten, bytes);
    let done = quantize(&bytes(&model), &pictures(&SHAPE, 20), &options, &open, &mut |_| Ok(())).unwrap();
    assert!(done.report.chosen.agreement.mean_cosine > 0.99, "{:?}", done.report);
    let int8 = onnx::read(&done.model).unwrap();
    assert_eq!(run(Engine::Rten, &int8, &[3, 3, 8, 8], &inside).shape, [3, 16]);
}

#[test]
fn activations_and_pools_are_absorbed_and_what_leads_to_the_output_stays_float() {
    let done = quick(&bytes(&network(13)), &pictures(&SHAPE, 12), Engine::Rten).unwrap();
    // All three Relu and the Clip: the range of what they make begins at 0.
    assert_eq!((count(&done.model, "Relu"), count(&done.model, "Clip")), (0, 0));
    // Each of five convolutions and the layer: weights and what is added.
    let graph = onnx::read(&done.model).unwrap().graph.unwrap();
    let integers =
        graph.initializer.iter().filter(|tensor| tensor.name.as_deref().unwrap().ends_with("_quantized"));
    assert_eq!(integers.count(), 12);
    // The output itself is made by the layer, in floats.
    let maker = graph.node.iter().find(|node| node.output[0] == "embedding").unwrap();
    assert_eq!(maker.op_type.as_deref(), Some("Gemm"));
}

#[test]
fn both_engines_give_the_same_for_an_int8_file() {
    let done = quick(&bytes(&network(13)), &pictures(&SHAPE, 12), Engine::Rten).unwrap();
    let int8 = onnx::read(&done.model).unwrap();
    for batch in [1, 2, 8] {
        let given: Vec<_> =
            engines().into_iter().map(|engine| run(engine, &int8, &[batch, 3, 8, 8], "embedding")).collect();
        let largest = given[0].values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        // Roundings at halves may fall either way.
        assert!(given.iter().all(|output| apart(output, &given[0]) < 0.03 * largest), "batch {batch}");
    }
}

#[test]
fn older_operator_sets_are_raised() {
    for operators in [8, 11, 12] {
        let model = network(operators);
        let done = quick(&bytes(&model), &pictures(&SHAPE, 20), Engine::Rten).unwrap();
        assert!(done.report.chosen.agreement.mean_cosine > 0.99, "{operators} {:?}", done.report.chosen);
        let int8 = onnx::read(&done.model).unwrap();
        assert_eq!(int8.opset_import[0].version, Some(13));
        for engine in engines() {
            run(engine, &int8, &[2, 3, 8, 8], "embedding");
        }
    }
    let mut model = network(11);
    model.graph.as_mut().unwrap().node[1].op_type = Some("Upsample".to_owned());
    let error = quick(&bytes(&model), &pictures(&SHAPE, 4), Engine::Rten).unwrap_err().to_string();
    assert!(error.contains("Upsample") && error.contains("opset 13"), "{error}");
}

/// A transformer's block: patches, normalisation, attention, two layers; sums go around them.
fn transformer() -> ModelProto {
    let mut drawing = Drawing::new(&[3, 8, 8]);
    let weights = drawing.drawn("patch", &[16, 3, 2, 2]);
    let patches = drawing.node("Conv", &["input", &weights], &[integers("strides", &[2, 2])]);
    drawing.graph.initializer.push(TensorProto::int64("tokens", &[3], &[0, 16, 16]));
    let tokens = drawing.node("Reshape", &[&patches, "tokens"], &[]);
    let tokens = drawing.node("Transpose", &[&tokens], &[integers("perm", &[0, 2, 1])]);
    let layer = |drawing: &mut Drawing, input: &str, name: &str, from: i64, to: i64| {
        let weights = drawing.drawn(&format!("{name}_w"), &[from, to]);
        let bias = drawing.drawn(&format!("{name}_b"), &[to]);
        let made = drawing.node("MatMul", &[input, &weights], &[]);
        drawing.node("Add", &[&made, &bias], &[])
    };
    let ones = drawing.constant("ones", &[16], &[1.0; 16]);
    let normal = drawing.node("LayerNormalization", &[&tokens, &ones], &[]);
    let [query, key, words] = ["q", "k", "v"].map(|name| layer(&mut drawing, &normal, name, 16, 16));
    let key = drawing.node("Transpose", &[&key], &[integers("perm", &[0, 2, 1])]);
    let scores = drawing.node("MatMul", &[&query, &key], &[]);
    let shares = drawing.node("Softmax", &[&scores], &[integer("axis", -1)]);
    let mixed = drawing.node("MatMul", &[&shares, &words], &[]);
    let mixed = layer(&mut drawing, &mixed, "o", 16, 16);
    let stream = drawing.node("Add", &[&tokens, &mixed], &[]);
    let normal = drawing.node("LayerNormalization", &[&stream, &ones], &[]);
    let wide = layer(&mut drawing, &normal, "up", 16, 64);
    let soft = drawing.node("Sigmoid", &[&wide], &[]);
    let wide = drawing.node("Mul", &[&wide, &soft], &[]);
    let narrow = layer(&mut drawing, &wide, "down", 64, 16);
    let stream = drawing.node("Add", &[&stream, &narrow], &[]);
    let made = drawing.node("ReduceMean", &[&stream], &[integers("axes", &[1]), integer("keepdims", 0)]);
    drawing.finish(&[&made], 17)
}

#[test]
fn a_transformer_has_its_layers_in_int8_and_the_rest_in_floats() {
    let model = bytes(&transformer());
    for engine in engines() {
        let done = quick(&model, &pictures(&SHAPE, 20), engine).unwrap();
        assert!(done.report.chosen.agreement.mean_cosine > 0.99, "{engine} {:?}", done.report);
        // The patches and six layers; the products of values with values stay.
        assert_eq!(done.report.products, 7, "{engine}");
        assert_eq!(count(&done.model, "LayerNormalization"), 2);
        let graph = onnx::read(&done.model).unwrap().graph.unwrap();
        let scores = graph.node.iter().find(|node| node.op_type.as_deref() == Some("Softmax")).unwrap();
        let maker = graph.node.iter().find(|node| node.output[0] == scores.input[0]).unwrap();
        assert!(maker.input.iter().all(|input| !input.contains("dequantized")), "{:?}", maker.input);
    }
}

#[test]
fn a_value_that_never_changes_is_no_trouble() {
    let mut drawing = Drawing::new(&[3, 8, 8]);
    // A dead channel, a dead layer and one that only adds.
    drawing.constant("dead", &[8, 3, 1, 1], &[0.0; 24]);
    drawing.constant("down", &[8], &[-1.0; 8]);
    let first = drawing.node("Conv", &["input", "dead", "down"], &[]);
    let first = drawing.relu(&first);
    let second = drawing.conv(&first, 4, 8, 1, 1);
    let made = drawing.head(&second, 4, 5);
    let model = drawing.finish(&[&made], 13);
    let done = quick(&bytes(&model), &pictures(&SHAPE, 8), Engine::Rten).unwrap();
    let int8 = onnx::read(&done.model).unwrap();
    for engine in engines() {
        let (before, after) =
            (run(engine, &model, &[1, 3, 8, 8], "embedding"), run(engine, &int8, &[1, 3, 8, 8], "embedding"));
        assert!(apart(&before, &after) < 0.02, "{engine}: {before:?} {after:?}");
    }
}

#[test]
fn one_picture_is_enough_and_none_is_an_error() {
    let done = quick(&bytes(&network(13)), &pictures(&SHAPE, 1), Engine::Rten).unwrap();
    assert_eq!((done.report.calibrated, done.report.aside), (1, 0));
    assert_eq!(done.report.chosen.agreement.recall_at_10, None);
    assert!(matches!(Pictures::new(&SHAPE, Vec::new()), Err(QuantizeError::NoPictures)));
    assert!(matches!(Pictures::new(&SHAPE, vec![vec![0.0; 5]]), Err(QuantizeError::Shape { given: 5, .. })));
}

#[test]
fn values_that_are_no_numbers_are_named() {
    let mut drawing = Drawing::new(&[3, 8, 8]);
    let root = drawing.node("Log", &["input"], &[]);
    let conv = drawing.conv(&root, 4, 3, 1, 1);
    let made = drawing.head(&conv, 4, 5);
    let model = bytes(&drawing.finish(&[&made], 13));
    let error = quick(&model, &pictures(&SHAPE, 4), Engine::Rten).unwrap_err().to_string();
    assert!(error.contains("`log_0`") && error.contains("not a number"), "{error}");
    let broken = Pictures::new(&SHAPE, vec![vec![f32::NAN; 192]; 4]).unwrap();
    let error = quick(&bytes(&network(13)), &broken, Engine::Rten).unwrap_err().to_string();
    assert!(error.contains("`input`"), "{error}");
}

#[test]
fn what_cannot_be_quantised_is_told_why() {
    let mut drawing = Drawing::new(&[3, 8, 8]);
    let relu = drawing.relu("input");
    let flat = drawing.node("Flatten", &[&relu], &[integer("axis", 1)]);
    let nothing = bytes(&drawing.finish(&[&flat], 13));
    let told =
        |model: &[u8], pictures: &Pictures| quick(model, pictures, Engine::Rten).unwrap_err().to_string();
    let few = pictures(&SHAPE, 4);
    assert!(told(&nothing, &few).contains("nothing to quantise"));
    let done = quick(&bytes(&network(13)), &few, Engine::Rten).unwrap();
    assert!(told(&done.model, &few).contains("quantised already"));
    assert!(told(b"no model at all", &few).contains("not an ONNX model"));
    assert!(
        told(&bytes(&network(13)), &pictures(&[3, 4, 4], 4))
            .contains("does not take pictures of shape [3, 4, 4]")
    );
    let options = Options { output: Some("pooler".to_owned()), ..Options::default() };
    let open = |bytes: &[u8]| opened(Engine::Rten, bytes);
    let error =
        quantize(&bytes(&network(13)), &few, &options, &open, &mut |_| Ok(())).unwrap_err().to_string();
    assert!(error.contains("`pooler`") && error.contains("embedding"), "{error}");
}

#[test]
fn it_can_be_stopped_at_any_step() {
    let model = bytes(&network(13));
    let open = |bytes: &[u8]| opened(Engine::Rten, bytes);
    let few = pictures(&SHAPE, 6);
    let mut steps = 0;
    quantize(&model, &few, &Options::default(), &open, &mut |_| {
        steps += 1;
        Ok(())
    })
    .unwrap();
    for stop in 0..steps {
        let mut step = 0;
        let mut watch = |_: Event<'_>| {
            step += 1;
            if step > stop { Err(Stopped) } else { Ok(()) }
        };
        let stopped = quantize(&model, &few, &Options::default(), &open, &mut watch);
        assert!(matches!(stopped, Err(QuantizeError::Stopped(_))), "{stop}");
    }
}

#[test]
fn resnet50_keeps_its_vectors() {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let Ok(model) = std::fs::read(format!("{shared}/models/resnet50_int8w.onnx")) else {
        eprintln!("skipped: {shared}/models is not there");
        return;
    };
    if !engines().contains(&Engine::OnnxRuntime) {
        return;
    }
    let mut files: Vec<_> = std::fs::read_dir(format!("{shared}/images/dev"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    // Photos squashed to 224 by repeating pixels: enough to be pictures of things.
    let tensors = files.iter().step_by(60).map(|file| {
        let photo = std::fs::read(file).unwrap();
        let picture = lookalike_vision::decode::decode(&photo, &Default::default()).unwrap();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let value = |at: usize| {
            let (channel, row, column) = (at / (224 * 224), at / 224 % 224, at % 224);
            let pixel = row * height / 224 * width + column * width / 224;
            (f32::from(picture.rgb()[3 * pixel + channel]) / 255.0 - 0.45) / 0.225
        };
        (0..3 * 224 * 224).map(value).collect()
    });
    let pictures = Pictures::new(&[3, 224, 224], tensors.collect()).unwrap();
    let options = Options {
        output: Some("embedding".to_owned()),
        rules: vec![RangeRule::SquaredError],
        try_float: false,
    };
    let open = |bytes: &[u8]| opened(Engine::OnnxRuntime, bytes);
    let done = quantize(&model, &pictures, &options, &open, &mut |_| Ok(())).unwrap();
    assert_eq!(done.report.products, 54);
    assert!(done.report.chosen.agreement.mean_cosine > 0.995, "{:?}", done.report);
    assert!(done.report.chosen.agreement.least_cosine > 0.98, "{:?}", done.report);
}
