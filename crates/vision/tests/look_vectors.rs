//! `look-1` beside the framework it was trained in, on drawn pictures, in both engines.
//!
//! `fixtures/look` is written by `training/export.py --fixture`, in the run that writes the weights: new weights are put
//! into the product by that one command, and nothing here has to be changed for them.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a failure is the answer")]
#![expect(clippy::print_stdout, reason = "what is skipped is told")]

use lookalike_vision::Picture;
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::look::{self, Look};
use lookalike_vision::neural::identity::sha256;
use lookalike_vision::neural::session::{Engine, onnxruntime};
use lookalike_vision::neural::tensor::Preprocessor;
use serde_json::Value;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};

const COMMAND: &str =
    "python export.py CHECKPOINT ../crates/vision/src/look/look-1.onnx --fixture ../fixtures/look";

/// As done when: issue and card state it.
const LEAST_COSINE: f64 = 0.999;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn read(name: &str) -> Value {
    serde_json::from_slice(&fs::read(fixtures().join("look").join(name)).unwrap()).unwrap()
}

fn picture(name: &str) -> Picture {
    decode(&fs::read(fixtures().join(name)).unwrap(), &Limits::default()).unwrap()
}

fn numbers(row: &Value) -> Vec<f64> {
    row.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn engines() -> Vec<Engine> {
    let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) else {
        println!("skipped with ONNX Runtime: ORT_DYLIB_PATH names no library");
        return vec![Engine::Rten];
    };
    onnxruntime::load(Path::new(&path)).unwrap();
    vec![Engine::Rten, Engine::OnnxRuntime]
}

#[test]
fn pictures_go_in_as_they_did_in_training() {
    let expected = read("squashed.json");
    let step = expected["step"].as_u64().unwrap() as usize;
    let preprocessor = Preprocessor::new(&look::description().image);
    let side = preprocessor.side_px();
    let mut unequal = 0;
    for (name, row) in expected["pictures"].as_object().unwrap() {
        let mut tensor = vec![f32::NAN; preprocessor.len()];
        preprocessor.fill(&picture(name), &mut tensor);
        let values = numbers(row);
        assert_eq!(values.len(), tensor.len().div_ceil(step));
        for (sample, theirs) in values.into_iter().enumerate() {
            // Theirs are interleaved, ours lie in planes.
            let (pixel, colour) = (sample * step / 3, sample * step % 3);
            let ours = f64::from(tensor[colour * side * side + pixel]) * 255.0;
            assert!((ours - theirs).abs() < 1.01, "{name}, sample {sample}: {ours}, not {theirs}");
            unequal += u32::from((ours - theirs).abs() > 0.01);
        }
    }
    println!("{unequal} samples are one step of 255 off, the others equal");
}

#[test]
fn vectors_are_those_of_the_training_framework_in_both_engines() {
    let expected = read("vectors.json");
    assert_eq!(
        expected["weights_sha256"],
        sha256(look::WEIGHTS),
        "fixtures/look belongs to other weights: write both by one run of `{COMMAND}` in training/"
    );
    for engine in engines() {
        let look = Look::new(engine, NonZero::<usize>::MIN);
        let mut least = 1.0_f64;
        for (name, row) in expected["pictures"].as_object().unwrap() {
            let theirs = numbers(row);
            let ours = look.encode(&[&picture(name)]).unwrap().remove(0);
            // What stands behind the network's numbers is none of its.
            let ours = &ours[..look::NETWORK_DIMENSIONS];
            assert_eq!(ours.len(), theirs.len());
            let length: f64 = ours.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>().sqrt();
            let cosine = ours.iter().zip(&theirs).map(|(a, b)| f64::from(*a) * b).sum::<f64>() / length;
            assert!(cosine >= LEAST_COSINE, "{name} in {engine}: cosine {cosine}");
            least = least.min(cosine);
        }
        println!("{engine}: cosine at least {least:.6}");
    }
}
