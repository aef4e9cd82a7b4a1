//! Loading the shared library, in a process of its own: what is none, then the right one.

use lookalike_vision::neural::session::{Engine, SessionError, SessionOptions, onnxruntime, open};
use std::num::NonZero;
use std::path::Path;

const MODEL: &[u8] = include_bytes!("../../../fixtures/neural/sessions/image.onnx");

#[test]
fn a_wrong_library_is_told_and_another_can_be_tried_after_it() {
    let options = SessionOptions { threads: NonZero::<usize>::MIN };
    assert!(!onnxruntime::loaded());
    let absent = open(Engine::OnnxRuntime, MODEL, &options).err().expect("not loaded");
    assert!(matches!(absent, SessionError::Absent(_)));
    assert!(absent.to_string().contains("lookalike runtime install"), "{absent}");

    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let own = std::env::current_exe().unwrap();
    for path in [Path::new("/nowhere/libonnxruntime.so"), Path::new(text), &own, Path::new("libm.so.6")] {
        let error = onnxruntime::load(path).unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert!(!onnxruntime::loaded());
    }

    let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) else {
        println!("skipped with ONNX Runtime: ORT_DYLIB_PATH names no library");
        return;
    };
    let version = onnxruntime::load(Path::new(&path)).unwrap();
    assert!(version.to_string().starts_with("1."), "{version}");
    assert_eq!(onnxruntime::version(), Some(version));
    assert!(open(Engine::OnnxRuntime, MODEL, &options).is_ok());
    // Once one is there, another path changes nothing.
    assert_eq!(onnxruntime::load(Path::new("/nowhere/libonnxruntime.so")).unwrap(), version);
}
