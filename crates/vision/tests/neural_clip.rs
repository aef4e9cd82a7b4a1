//! CLIP's true networks with seeded weights, end to end, against what ONNX Runtime under Python makes of the same
//! pictures and token ids.
//!
//! The files are a gigabyte, so they are made, not committed: `python fixtures/neural/clip_towers.py`. Where they are not,
//! the test prints that it skips.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test, where a failure is the answer and a skip is said"
)]

use lookalike_vision::Picture;
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::neural::session::{Engine, SessionOptions, onnxruntime};
use lookalike_vision::neural::{Description, ModelBytes, NeuralEncoder};
use serde_json::Value;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn engines() -> Vec<Engine> {
    let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) else {
        println!("skipped with ONNX Runtime: ORT_DYLIB_PATH names no library");
        return vec![Engine::Rten];
    };
    onnxruntime::load(Path::new(&path)).unwrap();
    vec![Engine::Rten, Engine::OnnxRuntime]
}

fn description(name: &str, dimensions: usize) -> Description {
    let page = format!(
        r#"
        name = "{name}"
        dimensions = {dimensions}
        licence = "MIT"
        [image]
        input = "pixel_values"
        output = "image_embeds"
        resize = {{ rule = "shorter-side", px = 224, filter = "bicubic" }}
        crop_px = 224
        mean = [0.48145466, 0.4578275, 0.40821073]
        std = [0.26862954, 0.26130258, 0.27577711]
        [text]
        input = "input_ids"
        output = "text_embeds"
        tokenizer = "clip"
        context = 77
        "#
    );
    Description::parse(&page).unwrap()
}

/// The greatest difference of any element.
fn farthest(ours: &[f32], entry: &Value) -> f32 {
    let theirs: Vec<f32> = serde_json::from_value(entry["vector"].clone()).unwrap();
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn compare(name: &str, dimensions: usize) {
    let folder = root().join("target/neural/clip");
    let Ok(reference) = fs::read(folder.join("reference.json")) else {
        println!("skipped: make {} with `python fixtures/neural/clip_towers.py`", folder.display());
        return;
    };
    let reference: Value = serde_json::from_slice(&reference).unwrap();
    let file = |half: &str| fs::read(folder.join(format!("{name}_{half}.onnx"))).unwrap();
    let (image, text) = (file("vision"), file("text"));
    let tokenizer = fs::read(root().join("fixtures/neural/small_vocabulary.txt.gz")).unwrap();
    let entries = |kind: &str| reference[name][kind].as_array().unwrap().clone();
    let (pictures, texts) = (entries("pictures"), entries("texts"));
    let open = |entry: &Value| {
        let path = root().join("fixtures").join(entry["file"].as_str().unwrap());
        decode(&fs::read(path).unwrap(), &Limits::default()).unwrap()
    };
    let decoded: Vec<Picture> = pictures.iter().map(open).collect();
    let words: Vec<&str> = texts.iter().map(|entry| entry["text"].as_str().unwrap()).collect();
    for engine in engines() {
        let encoder = NeuralEncoder::open(
            EncoderId { name: name.to_owned(), digest: "seeded".to_owned(), dimensions },
            &description(name, dimensions),
            ModelBytes { image: &image, text: Some(&text), tokenizer: Some(&tokenizer) },
            engine,
            &SessionOptions { threads: NonZero::<usize>::MIN },
        )
        .unwrap_or_else(|error| panic!("{engine:?}: {error}"));
        let seen = encoder.vectors(&decoded.iter().collect::<Vec<_>>()).unwrap();
        let read = encoder.text_vectors(&words).unwrap().unwrap();
        let of_pictures = seen.iter().zip(&pictures).map(|(ours, entry)| farthest(ours, entry));
        let of_texts = read.iter().zip(&texts).map(|(ours, entry)| farthest(&ours.vector, entry));
        let (of_pictures, of_texts) = (of_pictures.fold(0.0, f32::max), of_texts.fold(0.0, f32::max));
        println!("{name}, {engine:?}: {of_pictures:e} from the reference (pictures), {of_texts:e} (texts)");
        assert!(of_pictures < 1e-4 && of_texts < 1e-4, "{engine:?}: {of_pictures:e}, {of_texts:e}");
        assert_eq!((seen.len(), read.len()), (pictures.len(), texts.len()));
        assert!(read.iter().all(|text| !text.truncated));
    }
}

#[test]
fn clip_rn50_gives_the_reference_runtimes_vectors() {
    compare("clip-rn50", 1024);
}

#[test]
fn clip_vit_b32_gives_the_reference_runtimes_vectors() {
    compare("clip-vit-b32", 512);
}
