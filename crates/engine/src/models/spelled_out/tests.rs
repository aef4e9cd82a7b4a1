//! Drawn networks, written with and without what may be left out: equal in rten, and to ONNX Runtime where it is there.

use super::*;
use crate::models::onnx::graph::StringStringEntryProto;
use crate::models::onnx::{OperatorSetIdProto, ValueInfoProto};
use lookalike_vision::neural::session::{Engine, Input, Output, SessionOptions, onnxruntime, open};
use std::num::NonZero;
use std::path::Path;

/// Numbers between -1 and 1 that look like noise.
fn noise(seed: usize, count: usize) -> Vec<f32> {
    (0..count).map(|n| ((seed + 1) as f32 * (n as f32 + 1.0) * 12.9898).sin()).collect()
}

fn weights(name: &str, dims: &[i64]) -> TensorProto {
    TensorProto::floats(name, dims, &noise(name.len(), dims.iter().product::<i64>() as usize))
}

fn node(operator: &str, input: &[&str], output: &[&str], attribute: &[AttributeProto]) -> NodeProto {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        op_type: Some(operator.to_owned()),
        input: names(input),
        output: names(output),
        attribute: attribute.to_vec(),
        ..NodeProto::default()
    }
}

fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), r#type: Some(attribute_type::INT), ..integers(name, vec![]) }
}

fn padding(rule: &str) -> AttributeProto {
    const STRING: i32 = 3;
    AttributeProto { s: Some(rule.as_bytes().to_vec()), r#type: Some(STRING), ..integers("auto_pad", vec![]) }
}

/// `nodes` between `x`, of the shape (2, 4, 9, 9), and `y`.
fn network(version: i64, nodes: Vec<NodeProto>, initializer: Vec<TensorProto>) -> Vec<u8> {
    let value = |name: &str| {
        // `ValueInfoProto { name, type { tensor_type { elem_type: FLOAT } } }`
        let mut bytes = vec![0x0a, name.len() as u8];
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(&[0x12, 4, 0x0a, 2, 0x08, 1]);
        <ValueInfoProto as prost::Message>::decode(bytes.as_slice()).unwrap()
    };
    let graph = GraphProto {
        node: nodes,
        name: Some("drawn".to_owned()),
        initializer,
        input: vec![value("x")],
        output: vec![value("y")],
        ..GraphProto::default()
    };
    let set = OperatorSetIdProto { domain: Some(String::new()), version: Some(version) };
    let note = StringStringEntryProto { key: Some("kept".to_owned()), value: Some("yes".to_owned()) };
    onnx::write(&ModelProto {
        ir_version: Some(7),
        graph: Some(graph),
        opset_import: vec![set],
        metadata_props: vec![note],
        ..ModelProto::default()
    })
    .unwrap()
}

fn run(engine: Engine, model: &[u8]) -> Result<Output, String> {
    let options = SessionOptions { threads: NonZero::<usize>::MIN };
    let session = open(engine, model, &options).map_err(|error| error.to_string())?;
    let input = noise(7, 2 * 4 * 81);
    session.run(&[("x", Input::F32(&[2, 4, 9, 9], &input))], "y").map_err(|error| error.to_string())
}

/// What rten gives for the network once it is spelled out; ONNX Runtime gives the same for it as it is.
fn runs_as_elsewhere(case: &str, model: &[u8]) -> Output {
    let said = spelled_out(model);
    assert!(matches!(said, Cow::Owned(_)), "{case}: something is to be said");
    assert!(matches!(spelled_out(&said), Cow::Borrowed(_)), "{case}: all of it is");
    assert_eq!(onnx::read(&said).unwrap().metadata_props, onnx::read(model).unwrap().metadata_props);
    let ours = run(Engine::Rten, &said).unwrap_or_else(|error| panic!("{case}: {error}"));
    match std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        Some(path) => {
            onnxruntime::load(Path::new(&path)).unwrap();
            same(case, &ours, &run(Engine::OnnxRuntime, model).unwrap());
        }
        None => println!("{case}: not compared with ONNX Runtime, ORT_DYLIB_PATH names no library"),
    }
    ours
}

fn same(case: &str, ours: &Output, theirs: &Output) {
    assert_eq!(ours.shape, theirs.shape, "{case}");
    for (ours, theirs) in ours.values.iter().zip(&theirs.values) {
        assert!((ours - theirs).abs() < 1e-4, "{case}: {ours} and {theirs}");
    }
}

#[test]
fn windows_need_say_nothing_that_follows() {
    let (kernel, strides) = (integers("kernel_shape", vec![3, 3]), integers("strides", vec![2, 2]));
    let ones = || integers("strides", vec![1, 1]);
    let others = [integers("dilations", vec![1, 1]), integers("pads", vec![0; 4]), integer("group", 1)];
    let all = |strides: AttributeProto| [&[kernel.clone(), strides][..], &others].concat();
    let same_upper = [padding("SAME_UPPER"), strides.clone()];
    let same_upper_in_full = [&same_upper[..], std::slice::from_ref(&kernel)].concat();
    let pads = integers("pads", vec![1, 0, 1, 2]);
    for (operator, left_out, in_full) in [
        ("Conv", vec![], all(ones())),
        ("Conv", vec![strides.clone()], all(strides.clone())),
        ("Conv", vec![pads.clone()], vec![kernel.clone(), ones(), pads.clone()]),
        ("Conv", same_upper.to_vec(), same_upper_in_full.clone()),
        ("ConvTranspose", vec![], all(ones())),
        ("ConvTranspose", same_upper.to_vec(), same_upper_in_full),
        ("MaxPool", vec![kernel.clone()], vec![kernel.clone(), ones()]),
        ("MaxPool", vec![kernel.clone(), pads.clone()], vec![kernel.clone(), ones(), pads.clone()]),
        ("AveragePool", vec![kernel.clone()], vec![kernel.clone(), ones()]),
    ] {
        let case = format!("{operator} {:?}", left_out.iter().map(|a| a.name.as_deref()).collect::<Vec<_>>());
        let inputs: &[&str] = if operator.starts_with("Conv") { &["x", "w"] } else { &["x"] };
        let model = |attributes| {
            network(13, vec![node(operator, inputs, &["y"], attributes)], vec![weights("w", &[4, 4, 3, 3])])
        };
        let full = model(&in_full);
        assert!(matches!(spelled_out(&full), Cow::Borrowed(_)), "{case}: nothing is missing");
        let ours = runs_as_elsewhere(&case, &model(&left_out));
        same(&case, &ours, &run(Engine::Rten, &full).unwrap());
        assert!(run(Engine::Rten, &model(&left_out)).is_err(), "{case}: rten can do it itself by now");
    }
}

#[test]
fn weights_may_be_made_before_they_are_used() {
    let conv = || node("Conv", &["x", "w"], &["y"], &[]);
    let constant = AttributeProto {
        t: Some(Box::new(weights("", &[4, 4, 3, 3]))),
        r#type: Some(4),
        ..integers("value", vec![])
    };
    let eight = (0..144).map(|n| (n * 7 % 251) as u8).collect();
    let int8 = TensorProto::raw("q", &[4, 4, 3, 3], onnx::data_type::INT8, eight);
    let scale = TensorProto::floats("scale", &[], &[0.01]);
    let each = TensorProto::floats("each", &[4, 1, 1, 1], &[0.01, 0.02, 0.03, 0.04]);
    let networks = [
        ("a constant", network(13, vec![node("Constant", &[], &["w"], &[constant]), conv()], vec![])),
        (
            "dequantised",
            network(
                13,
                vec![node("DequantizeLinear", &["q", "scale"], &["w"], &[]), conv()],
                vec![int8.clone(), scale],
            ),
        ),
        (
            "scaled",
            network(
                13,
                vec![
                    node("Cast", &["q"], &["float"], &[integer("to", 1)]),
                    node("Mul", &["each", "float"], &["w"], &[]),
                    conv(),
                ],
                vec![int8, each],
            ),
        ),
    ];
    for (case, model) in networks {
        runs_as_elsewhere(case, &model);
    }
}

#[test]
fn padding_at_the_lower_end_is_renamed_where_it_is_the_same_and_else_refused() {
    let kernel = integers("kernel_shape", vec![3, 3]);
    let model = |strides: i64| {
        let attributes = [kernel.clone(), padding("SAME_LOWER"), integers("strides", vec![strides; 2])];
        network(13, vec![node("MaxPool", &["x"], &["y"], &attributes)], vec![])
    };
    runs_as_elsewhere("without strides", &model(1));
    let strided = model(2);
    assert!(matches!(spelled_out(&strided), Cow::Borrowed(_)));
    let refused = run(Engine::Rten, &strided).unwrap_err();
    assert!(refused.contains("SAME_LOWER") && refused.contains("runtime install"), "{refused}");
}

#[test]
fn a_softmax_of_old_sums_over_all_axes_from_its_own_on() {
    for operator in ["Softmax", "LogSoftmax"] {
        for axis in [vec![], vec![integer("axis", 1)], vec![integer("axis", 2)], vec![integer("axis", 3)]] {
            let case = format!("{operator} {:?}", axis.first().and_then(|axis| axis.i));
            runs_as_elsewhere(&case, &network(11, vec![node(operator, &["x"], &["y"], &axis)], vec![]));
            let new = network(13, vec![node(operator, &["x"], &["y"], &axis)], vec![]);
            assert!(matches!(spelled_out(&new), Cow::Borrowed(_)), "{case}");
        }
    }
}

#[test]
fn dropout_passes_on_what_it_is_given_unless_that_cannot_be_known() {
    let truth = |name: &str, value| TensorProto::raw(name, &[], onnx::data_type::BOOL, vec![value]);
    let given = || vec![TensorProto::floats("ratio", &[], &[0.5]), truth("no", 0), truth("yes", 1)];
    let drop = |inputs: &[&str], outputs: &[&str]| {
        let nodes = vec![node("Dropout", inputs, outputs, &[]), node("Relu", &["d"], &["y"], &[])];
        network(13, nodes, given())
    };
    let relu: Vec<f32> = noise(7, 2 * 4 * 81).iter().map(|value| value.max(0.0)).collect();
    for (case, model) in [
        ("dropout alone", drop(&["x"], &["d"])),
        ("dropout with a ratio", drop(&["x", "ratio"], &["d", "mask"])),
        ("dropout told not to train", drop(&["x", "ratio", "no"], &["d", ""])),
        (
            "dropout of old",
            network(
                10,
                vec![
                    node(
                        "Dropout",
                        &["x"],
                        &["d"],
                        &[AttributeProto {
                            f: Some(0.5),
                            r#type: Some(attribute_type::FLOAT),
                            ..integers("ratio", vec![])
                        }],
                    ),
                    node("Relu", &["d"], &["y"], &[]),
                ],
                vec![],
            ),
        ),
    ] {
        assert_eq!(runs_as_elsewhere(case, &model).values, relu, "{case}");
    }
    let masked = vec![
        node("Dropout", &["x"], &["d", "mask"], &[]),
        node("Cast", &["mask"], &["y"], &[integer("to", 1)]),
    ];
    for (case, model) in [
        ("told to train", drop(&["x", "ratio", "yes"], &["d"])),
        ("told by an input", drop(&["x", "ratio", "x"], &["d"])),
        ("its mask is read", network(13, masked, given())),
        ("trains unless told otherwise", network(6, vec![node("Dropout", &["x"], &["y"], &[])], vec![])),
    ] {
        assert!(matches!(spelled_out(&model), Cow::Borrowed(_)), "{case}");
    }
}

#[test]
fn no_bytes_are_too_broken() {
    let model = network(
        11,
        vec![node("Conv", &["x", "w"], &["c"], &[]), node("Softmax", &["c"], &["y"], &[])],
        vec![weights("w", &[4, 4, 3, 3])],
    );
    for end in 0..model.len() {
        spelled_out(&model[..end]);
    }
    for at in 0..model.len() {
        for value in [0, 0x7f, 0xff] {
            let mut bytes = model.clone();
            bytes[at] = value;
            spelled_out(&bytes);
        }
    }
    // Weights made of one another in a circle.
    let circle = vec![
        node("Mul", &["b", "b"], &["a"], &[]),
        node("Mul", &["a", "a"], &["b"], &[]),
        node("Conv", &["x", "a"], &["y"], &[]),
    ];
    assert!(matches!(spelled_out(&network(13, circle, vec![])), Cow::Borrowed(_)));
}
