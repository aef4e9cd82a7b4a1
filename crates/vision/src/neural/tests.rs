//! What the tests of this room share: small networks of ours, and which engines can be used here.

use super::session::{Engine, onnxruntime};
use std::fs;
use std::path::Path;

/// A file of `fixtures/neural/sessions`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/neural/sessions"));
    fs::read(folder.join(name)).unwrap()
}

/// The engines that can be used. Prints which cannot, and why.
pub(crate) fn engines() -> Vec<Engine> {
    let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) else {
        println!("skipped with ONNX Runtime: ORT_DYLIB_PATH names no library");
        return vec![Engine::Rten];
    };
    onnxruntime::load(Path::new(&path)).expect("the library that ORT_DYLIB_PATH names");
    vec![Engine::Rten, Engine::OnnxRuntime]
}

/// Numbers from -2 to 2, the same for the same seed.
pub(crate) fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 * 4.0 - 2.0
    };
    (0..count).map(|_| next()).collect()
}
