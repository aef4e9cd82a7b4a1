//! Four real ImageNet networks on twelve photos, against what ONNX Runtime under Python gave for them.
//!
//! `../shared/models/expected.json` holds the values and says how they were made. Where that folder is not there, or no
//! library is named by `ORT_DYLIB_PATH`, the test prints what it skips.

#![expect(clippy::unwrap_used, clippy::panic, reason = "values that are missing fail the test")]
#![expect(clippy::print_stdout, reason = "what is skipped is told")]

use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::neural::description::{Description, ImageTower};
use lookalike_vision::neural::session::{Engine, Input, Session, SessionOptions, onnxruntime, open};
use lookalike_vision::neural::tensor::Preprocessor;
use serde_json::Value;
use std::fs;
use std::num::NonZero;
use std::path::Path;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");

fn engines() -> Vec<Engine> {
    let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) else {
        println!("skipped with ONNX Runtime: ORT_DYLIB_PATH names no library");
        return vec![Engine::Rten];
    };
    onnxruntime::load(Path::new(&path)).unwrap();
    vec![Engine::Rten, Engine::OnnxRuntime]
}

fn tower(recipe: &Value) -> ImageTower {
    let (mean, std) = match recipe["range"].as_str().unwrap() {
        "imagenet" => ("[0.485, 0.456, 0.406]", "[0.229, 0.224, 0.225]"),
        "half" => ("[0.5, 0.5, 0.5]", "[0.5, 0.5, 0.5]"),
        "byte" => ("[0.50196078, 0.50196078, 0.50196078]", "[0.50196078, 0.50196078, 0.50196078]"),
        other => panic!("{other}"),
    };
    let page = format!(
        r#"
        name = "real"
        dimensions = 1
        licence = "see the folder"
        [image]
        resize = {{ rule = "shorter-side", px = {}, filter = "bilinear" }}
        crop_px = {}
        mean = {mean}
        std = {std}
        "#,
        recipe["short"], recipe["crop"]
    );
    Description::parse(&page).unwrap().image
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    assert_eq!(a.len(), b.len());
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn run(session: &dyn Session, side: usize, tensor: &[f32], output: &str) -> Vec<f64> {
    let input = [("input", Input::F32(&[1, 3, side, side], tensor))];
    session.run(&input, output).unwrap().values.into_iter().map(f64::from).collect()
}

fn probabilities(logits: &[f64]) -> Vec<f64> {
    let top = logits.iter().copied().fold(f64::MIN, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - top).exp()).sum();
    logits.iter().map(|logit| (logit - top).exp() / sum).collect()
}

#[test]
fn real_networks_give_the_expected_classes_and_embeddings_in_both_engines() {
    let models = Path::new(SHARED).join("models");
    let Ok(page) = fs::read(models.join("expected.json")) else {
        println!("skipped: {} is not there", models.display());
        return;
    };
    let expected: Value = serde_json::from_slice(&page).unwrap();
    let options = SessionOptions { threads: NonZero::<usize>::MIN };
    let engines = engines();
    let mut compared = 0;
    for (model, recipe) in expected["models"].as_object().unwrap() {
        let bytes = fs::read(models.join(model)).unwrap();
        let sessions: Vec<_> =
            engines.iter().map(|&engine| open(engine, &bytes, &options).unwrap()).collect();
        let preprocessor = Preprocessor::new(&tower(recipe));
        let side = recipe["crop"].as_u64().unwrap() as usize;
        for (photo, values) in expected["photos"].as_object().unwrap() {
            let values = &values[model];
            let picture =
                decode(&fs::read(Path::new(SHARED).join("images").join(photo)).unwrap(), &Limits::default());
            let mut tensor = vec![0.0; preprocessor.len()];
            preprocessor.fill(&picture.unwrap(), &mut tensor);
            let mut embeddings: Vec<Vec<f64>> = Vec::new();
            for session in &sessions {
                let told = format!("{model}, {photo}, {}", session.engine());
                let embedding = run(&**session, side, &tensor, "embedding");
                let norm = norm_of(&embedding);
                let wanted = values["embedding_norm"].as_f64().unwrap();
                assert!((norm / wanted - 1.0).abs() < 1e-3, "{told}: norm {norm}, not {wanted}");
                let first: Vec<f64> = values["embedding_first16"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|v| v.as_f64().unwrap())
                    .collect();
                let agrees = cosine(&embedding[..first.len()], &first);
                assert!(agrees >= 0.9999, "{told}: cosine {agrees}");
                let found = probabilities(&run(&**session, side, &tensor, "logits"));
                let mut sorted = found.clone();
                sorted.sort_by(|a, b| b.total_cmp(a));
                for (place, class) in values["top5"].as_array().unwrap().iter().enumerate() {
                    let (id, wanted) = (class[0].as_u64().unwrap() as usize, class[2].as_f64().unwrap());
                    assert!(
                        (found[id] - wanted).abs() <= 0.002,
                        "{told}: class {id} has {}, not {wanted}",
                        found[id]
                    );
                    // Classes of nearly equal probability may change places.
                    assert!(
                        (sorted[place] - found[id]).abs() <= 0.002,
                        "{told}: class {id} is not in place {place}"
                    );
                }
                embeddings.push(embedding);
                compared += 1;
            }
            for pair in embeddings.windows(2) {
                let agrees = cosine(&pair[0], &pair[1]);
                assert!(agrees >= 0.9999, "{model}, {photo}: the engines agree to {agrees} only");
            }
        }
    }
    assert_eq!(compared, 4 * 12 * engines.len());
}

fn norm_of(vector: &[f64]) -> f64 {
    vector.iter().map(|value| value * value).sum::<f64>().sqrt()
}
