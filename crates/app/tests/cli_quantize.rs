//! `lookalike models quantize` as a stranger runs it, on a tiny network. The runs that need ONNX Runtime are left out, which
//! is printed, where `ORT_DYLIB_PATH` does not name its library.

#![expect(clippy::print_stderr, reason = "whoever runs the tests is told what was skipped")]
#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

mod cli_kit;

use cli_kit::{Ran, Shop, fixture};
use std::ffi::OsString;
use std::fs;
use std::process::Command;

fn library() -> Option<OsString> {
    let library = std::env::var_os("ORT_DYLIB_PATH");
    if library.is_none() {
        eprintln!("skipped: ORT_DYLIB_PATH names no ONNX Runtime library");
    }
    library
}

fn command(shop: &Shop, arguments: &[&str]) -> Command {
    let mut command = shop.command([&["models"], arguments].concat());
    command.env("LOOKALIKE_MODELS", shop.path("models"));
    command
}

fn run(shop: &Shop, arguments: &[&str]) -> Ran {
    Ran::from(command(shop, arguments).output().unwrap())
}

/// A catalog of 24 drawings, and the tiny network as the model `tiny`.
fn prepared() -> Shop {
    let shop = Shop::with_catalog(24);
    let image = fixture("neural/sessions/image.onnx");
    let how = ["--preprocess", "half", "--size", "8", "--output", "embedding", "--licence", "MIT"];
    run(&shop, &[&["add", "tiny", "--image", image.to_str().unwrap()], &how[..]].concat()).is_done();
    shop
}

#[test]
fn a_copy_is_made_from_a_folder_or_a_catalog_and_the_float_model_stays() {
    if library().is_none() {
        return;
    }
    let shop = prepared();
    let before = fs::read(shop.path("models/tiny/image.onnx")).unwrap();
    let made = run(&shop, &["quantize", "tiny", "--pictures", "photos", "--json"]);
    let report = made.is_done().json();
    assert_eq!(report["name"], "tiny-int8");
    assert_eq!((report["calibrated_on"].as_u64(), report["measured_on"].as_u64()), (Some(18), Some(6)));
    assert!(report["mean_cosine"].as_f64().unwrap() > 0.97, "{report}");
    assert!(report["int8_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(fs::read(shop.path("models/tiny/image.onnx")).unwrap(), before);
    let listed = run(&shop, &["list"]);
    assert!(listed.is_done().stdout.contains("tiny-int8"));
    // A name that is taken is refused before anything is read, and another takes the catalog's photos.
    let again = run(&shop, &["quantize", "tiny", "--pictures", "shop"]);
    assert!(again.stderr.contains("tiny-int8 is there already"), "{}", again.stderr);
    let other = run(&shop, &["quantize", "tiny", "--pictures", "shop", "--out", "small", "--samples", "8"]);
    let said = &other.is_done().stdout;
    assert!(said.contains("small added") && said.contains("cosine to the float vectors"), "{said}");
    assert!(said.contains("2 pictures kept aside from calibration on 6"), "{said}");
    // A copy of the copy is none.
    let twice = run(&shop, &["quantize", "small", "--pictures", "photos"]);
    assert!(twice.stderr.contains("quantised already"), "{}", twice.stderr);
}

#[test]
fn a_photo_that_cannot_be_read_is_named_and_the_rest_serves() {
    if library().is_none() {
        return;
    }
    let shop = prepared();
    shop.write("photos/p00.png", b"no picture");
    let made = run(&shop, &["quantize", "tiny", "--pictures", "photos"]);
    assert_eq!(made.code, Some(3), "{}", made.stderr);
    assert!(made.stderr.contains("p00.png") && made.stdout.contains("tiny-int8 added"), "{}", made.stderr);
}

#[test]
fn what_is_missing_is_told_with_the_cure() {
    let shop = prepared();
    let mut without = command(&shop, &["quantize", "tiny", "--pictures", "photos"]);
    without.env_remove("ORT_DYLIB_PATH");
    let without = Ran::from(without.output().unwrap());
    assert!(without.stderr.contains("lookalike runtime install"), "{}", without.stderr);
    let unknown = run(&shop, &["quantize", "nothing", "--pictures", "photos"]);
    assert!(unknown.stderr.contains("nothing"), "{}", unknown.stderr);
    if library().is_none() {
        return;
    }
    let empty = run(&shop, &["quantize", "tiny", "--pictures", "models"]);
    assert_eq!(empty.code, Some(1), "{}", empty.stdout);
    assert!(!shop.path("models/tiny-int8").exists());
}
