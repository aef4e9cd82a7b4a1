//! A person's own models: added, listed, loaded, changed behind our back, removed.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

use lookalike_engine::models::{
    Addition, Digest, Load, ModelEntry, Models, ModelsError, Pin, Preset, Recipe,
};
use lookalike_vision::Picture;
use lookalike_vision::decode::{Limits, decode};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/neural/sessions")).join(name)
}

/// A folder of models that does not exist yet, in a folder that does.
fn empty() -> (TempDir, Models) {
    let folder = tempfile::tempdir().unwrap();
    let models = Models::at(&folder.path().join("data/models"));
    (folder, models)
}

/// The tiny network for pictures of 8 x 8, which has two outputs.
fn tiny(name: &str) -> Addition {
    Addition {
        name: name.to_owned(),
        image: fixture("image.onnx"),
        text: None,
        tokenizer: None,
        recipe: Recipe::Preset { preset: Preset::Half, size: Some(8), crop: None },
        output: Some("embedding".to_owned()),
        text_output: None,
        dimensions: None,
        licence: None,
        engine: None,
    }
}

const PAGE: &str = r#"
name = "whatever"
dimensions = 8
licence = "MIT"
[image]
output = "embedding"
resize = { rule = "squash", px = 8, filter = "bilinear" }
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
[text]
tokenizer = "tokenizer-json"
context = 6
template = "a {query}"
"#;

/// The same with its half for words.
fn with_text(name: &str, folder: &Path) -> Addition {
    let page = folder.join("page.toml");
    fs::write(&page, PAGE).unwrap();
    Addition {
        text: Some(fixture("text.onnx")),
        tokenizer: Some(fixture("tokenizer.json")),
        recipe: Recipe::Page(page),
        output: None,
        ..tiny(name)
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn picture() -> Picture {
    let rgb = (0..20 * 30 * 3).map(|n: u32| (n * 7 % 251) as u8).collect();
    Picture::new(20, 30, rgb, None).unwrap()
}

#[test]
fn an_added_model_is_listed_and_encodes() {
    let (_folder, models) = empty();
    assert!(models.list().unwrap().iter().all(|listed| listed.here.is_none()));
    let added = models.add(&tiny("mine")).unwrap();
    assert_eq!((added.page.description.dimensions, added.page.files.pinned()), (8, Pin::Own));
    assert_eq!(added.page.files.image.sha256, Digest::of(&fs::read(fixture("image.onnx")).unwrap()));
    assert_eq!(names_in(models.folder()), [".mine.lock", "mine"]);
    assert_eq!(names_in(&added.folder), ["image.onnx", "model.toml"]);
    assert_eq!(models.entry("mine").unwrap(), added);
    let listed = models.list().unwrap().into_iter().find(|listed| listed.name == "mine").unwrap();
    assert_eq!(listed.here.unwrap().unwrap(), added);

    let encoder = models.load("mine", &Load::default()).unwrap();
    assert_eq!(*encoder.id(), models.id("mine").unwrap());
    let vectors = encoder.encode(&[&picture()]).unwrap();
    let length: f32 = vectors[0].iter().map(|x| x * x).sum();
    assert!(vectors[0].len() == 8 && (length - 1.0).abs() < 1e-5, "{vectors:?}");
    assert!(encoder.text().is_none());
}

#[test]
fn a_model_with_text_reads_words_and_the_mask_its_file_wants_is_found() {
    let (folder, models) = empty();
    let added = models.add(&with_text("both", folder.path())).unwrap();
    assert_eq!(names_in(&added.folder), ["image.onnx", "model.toml", "text.onnx", "tokenizer.json"]);
    let words = added.page.description.text.as_ref().unwrap();
    assert_eq!(
        (words.mask.as_deref(), added.page.description.name.as_str()),
        (Some("attention_mask"), "both")
    );
    let encoder = models.load("both", &Load::default()).unwrap();
    let text = encoder.text().unwrap().encode_text(&["red shoe"]).unwrap();
    assert_eq!(text[0].vector.len(), 8);
}

#[test]
fn one_file_at_two_outputs_is_two_models() {
    let (_folder, models) = empty();
    models.add(&tiny("head")).unwrap();
    let pooled = Addition { output: Some("pooled".to_owned()), ..tiny("trunk") };
    assert_eq!(models.add(&pooled).unwrap().page.description.dimensions, 6);
    assert_ne!(models.id("head").unwrap().digest, models.id("trunk").unwrap().digest);
    // `flat` is no output of the file, but a value inside it: `pooled` in another shape.
    let inner = Addition { output: Some("flat".to_owned()), ..tiny("inner") };
    assert_eq!(models.add(&inner).unwrap().page.description.dimensions, 6);
    let vectors = |name: &str| models.load(name, &Load::default()).unwrap().encode(&[&picture()]).unwrap();
    assert_eq!(vectors("inner"), vectors("trunk"));
    // The same under another name makes the same vectors.
    models.add(&tiny("again")).unwrap();
    assert_eq!(models.id("head").unwrap().digest, models.id("again").unwrap().digest);
}

#[test]
fn a_classifier_of_the_old_zoo_gives_its_pooled_layer() {
    let (_folder, models) = empty();
    let old = Addition {
        image: fixture("../models_old_zoo.onnx"),
        output: Some("pool1_fwd".to_owned()),
        ..tiny("zoo")
    };
    assert_eq!(models.add(&old).unwrap().page.description.dimensions, 6);
    let classes = Addition { output: None, name: "classes".to_owned(), ..old };
    assert_eq!(models.add(&classes).unwrap().page.description.dimensions, 10);
}

#[test]
fn a_model_can_be_fed_like_one_that_is_here() {
    let (folder, models) = empty();
    models.add(&with_text("first", folder.path())).unwrap();
    let like = Addition { recipe: Recipe::Like("first".to_owned()), output: None, ..tiny("second") };
    let second = models.add(&like).unwrap();
    assert!(second.page.description.text.is_none(), "pictures alone were added");
    assert_eq!(second.page.description.image, models.entry("first").unwrap().page.description.image);
}

#[test]
fn what_cannot_be_added_is_named_with_the_cure_and_leaves_nothing() {
    let (folder, models) = empty();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("empty.onnx"), b"").unwrap();
    fs::write(at("noise.onnx"), [7; 5000]).unwrap();
    let whole = fs::read(fixture("image.onnx")).unwrap();
    fs::write(at("cut.onnx"), &whole[..whole.len() / 2]).unwrap();
    fs::write(at("broken.toml"), "name = ").unwrap();
    fs::write(at("noise.toml"), [0xff; 10]).unwrap();
    symlink(at("nowhere"), at("dangling.onnx")).unwrap();
    let image = |image: PathBuf| Addition { image, ..tiny("x") };
    let named = |name: &str| tiny(name);
    let page = |page: PathBuf| Addition { recipe: Recipe::Page(page), ..tiny("x") };
    for (addition, said) in [
        (named("../x"), "`../x` is no name for a model"),
        (named(""), "no name for a model"),
        (named(".x"), "no name for a model"),
        (named("X"), "no name for a model"),
        (named("a/b"), "no name for a model"),
        (named("look-1"), "is the name of a built-in encoder"),
        (image(at("missing.onnx")), "missing.onnx does not exist: check the path"),
        (image(at("empty.onnx")), "empty.onnx is empty (0 bytes)"),
        (image(folder.path().to_path_buf()), "is a folder: give the file in it"),
        (image(at("dangling.onnx")), "is a symbolic link to a file that does not exist"),
        (image(at("noise.onnx")), "the model x cannot be used"),
        (image(at("cut.onnx")), "the model x cannot be used"),
        (image(fixture("nan.onnx")), "not finite"),
        (image(fixture("zero.onnx")), "zero throughout"),
        (image(fixture("constant.onnx")), "the same for different probes"),
        (image(fixture("mixes_batch.onnx")), "for two items at once differs"),
        (image(fixture("wrong_op.onnx")), "Levitate"),
        (image(fixture("external_data.onnx")), "the model x cannot be used"),
        (image(fixture("text.onnx")), "the model x cannot be used"),
        (Addition { output: None, ..tiny("x") }, "`embedding`, `pooled`"),
        (Addition { output: Some("none".into()), ..tiny("x") }, "no output `none`"),
        (Addition { dimensions: Some(512), ..tiny("x") }, "has 8 dimensions, but the description says 512"),
        (Addition { recipe: Recipe::Named, ..tiny("x") }, "give --like NAME, --preprocess"),
        (Addition { recipe: Recipe::Like("nothing".into()), ..tiny("x") }, "there is no model `nothing`"),
        (Addition { text: Some(fixture("text.onnx")), ..tiny("x") }, "--text and --tokenizer go together"),
        (
            Addition {
                text: Some(fixture("text.onnx")),
                tokenizer: Some(fixture("tokenizer.json")),
                ..tiny("x")
            },
            "nothing says how x reads words",
        ),
        (page(at("broken.toml")), "broken.toml: the description cannot be read: TOML parse error at line 1"),
        (page(at("noise.toml")), "is no TOML page"),
        (page(at("missing.toml")), "missing.toml does not exist"),
    ] {
        let error = models.add(&addition).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
    assert!(models.list().unwrap().iter().all(|listed| listed.here.is_none()));
    assert!(names_in(models.folder()).iter().all(|name| name.ends_with(".lock")));
}

#[test]
fn a_name_is_taken_once() {
    let (_folder, models) = empty();
    models.add(&tiny("mine")).unwrap();
    let error = models.add(&tiny("mine")).unwrap_err();
    assert!(matches!(error, ModelsError::Exists { .. }), "{error:?}");
    assert!(error.to_string().contains("lookalike models remove mine"), "{error}");
    models.remove("mine").unwrap();
    assert!(matches!(models.entry("mine"), Err(ModelsError::Unknown { .. })));
    assert!(matches!(models.remove("mine"), Err(ModelsError::Unknown { .. })));
    models.add(&tiny("mine")).unwrap();
}

#[test]
fn a_model_of_the_registry_that_is_not_here_says_how_to_get_it() {
    let (_folder, models) = empty();
    for error in [
        models.entry("clip-vit-b32").map(drop),
        models.load("clip-vit-b32", &Load::default()).map(drop),
        models.remove("clip-vit-b32"),
    ] {
        let error = error.unwrap_err().to_string();
        assert!(error.contains("lookalike models pull clip-vit-b32"), "{error}");
    }
}

/// Gives a file a time of writing of its own.
fn written_at(path: &Path, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn change(entry: &ModelEntry, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(entry.image()).unwrap();
    change(&mut bytes);
    fs::write(entry.image(), bytes).unwrap();
    written_at(&entry.image(), 1_000_000);
}

#[test]
fn a_file_that_is_not_the_one_that_was_accepted_is_never_used() {
    let (_folder, models) = empty();
    let entry = models.add(&tiny("mine")).unwrap();
    // A last digit of one weight, which no network would stumble over.
    change(&entry, |bytes| {
        let end = bytes.len() - 200;
        bytes[end] ^= 1;
    });
    let error = models.load("mine", &Load::default()).map(drop).unwrap_err();
    let ModelsError::Changed { expected, found, .. } = &error else { unreachable!("{error:?}") };
    assert_eq!(*expected, entry.page.files.image.sha256);
    assert!(
        error.to_string().contains(&found.to_string()) && error.to_string().contains("models remove mine")
    );
    change(&entry, Vec::clear);
    assert!(matches!(models.load("mine", &Load::default()).map(drop), Err(ModelsError::Changed { .. })));
    fs::remove_file(entry.image()).unwrap();
    let error = models.load("mine", &Load::default()).map(drop).unwrap_err().to_string();
    assert!(error.contains("does not exist: put the file of the model mine back"), "{error}");
    symlink(fixture("image.onnx"), entry.image()).unwrap();
    let error = models.load("mine", &Load::default()).map(drop).unwrap_err().to_string();
    assert!(error.contains("is a symbolic link"), "{error}");
}

#[test]
fn a_copied_file_is_looked_at_once_and_then_known() {
    let (_folder, models) = empty();
    let entry = models.add(&tiny("mine")).unwrap();
    written_at(&entry.image(), 1_000_000);
    models.load("mine", &Load::default()).unwrap();
    let page = models.entry("mine").unwrap().page;
    assert_eq!(page.files.image.modified_ns, 1_000_000_000_000_000);
    assert_eq!(page.description, entry.page.description);
    assert_eq!(models.id("mine").unwrap(), entry.id());
    // In a folder that nobody may write to it is looked at each time, and works.
    written_at(&entry.image(), 2_000_000);
    fs::create_dir(entry.folder.join(".model.toml.new")).unwrap();
    models.load("mine", &Load::default()).unwrap();
}

#[test]
fn folders_of_other_things_are_left_alone() {
    let (_folder, models) = empty();
    let place = models.folder().join("documents");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("letter.txt"), b"dear").unwrap();
    let error = models.remove("documents").unwrap_err();
    assert!(matches!(error, ModelsError::Foreign { .. }), "{error:?}");
    assert!(place.join("letter.txt").exists());
    assert!(matches!(models.add(&tiny("documents")), Err(ModelsError::Exists { .. })));
    let listed = models.list().unwrap().into_iter().find(|listed| listed.name == "documents").unwrap();
    assert!(listed.here.unwrap().unwrap_err().to_string().contains("it holds no model.toml"));
    // A page that was moved or edited by hand.
    models.add(&tiny("mine")).unwrap();
    fs::rename(models.folder().join("mine"), models.folder().join("yours")).unwrap();
    let error = models.load("yours", &Load::default()).map(drop).unwrap_err().to_string();
    assert!(error.contains("its model.toml is that of `mine`"), "{error}");
    fs::write(models.folder().join("yours/model.toml"), "name = 1").unwrap();
    assert!(matches!(models.entry("yours"), Err(ModelsError::Page { .. })));
}

#[test]
fn what_a_killed_addition_left_is_cleared_and_never_listed() {
    let (_folder, models) = empty();
    let left = models.folder().join(".mine.adding");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("image.onnx"), b"half").unwrap();
    assert!(models.list().unwrap().iter().all(|listed| listed.name != "mine" && listed.here.is_none()));
    models.add(&tiny("mine")).unwrap();
    assert!(!left.exists());
}

#[test]
fn two_additions_of_one_name_do_not_mix() {
    let (_folder, models) = empty();
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| models.add(&tiny("mine")))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let added = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(added, 1, "{results:?}");
    for error in results.into_iter().filter_map(Result::err) {
        assert!(matches!(error, ModelsError::Busy { .. } | ModelsError::Exists { .. }), "{error:?}");
    }
    models.load("mine", &Load::default()).unwrap();
}

/// Real weights and what another program makes of them, where they are at hand.
#[test]
fn real_networks_are_added_by_a_preset_and_give_the_vectors_they_should() {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let Ok(page) = fs::read(shared.join("models/expected.json")) else {
        println!("skipped: {} is not there", shared.display());
        return;
    };
    let expected: serde_json::Value = serde_json::from_slice(&page).unwrap();
    let (_folder, models) = empty();
    for (file, preset, output) in [
        ("mobilenetv1_0.25_128.onnx", Preset::Byte, "embedding"),
        ("squeezenet1.1.onnx", Preset::Imagenet, "embedding"),
        ("mobilenetv2_1.0_224.onnx", Preset::Half, "embedding"),
    ] {
        let recipe = &expected["models"][file];
        let side = |key: &str| recipe[key].as_u64().map(|px| px as u32);
        let name = file.trim_end_matches(".onnx").to_owned();
        let addition = Addition {
            image: shared.join("models").join(file),
            recipe: Recipe::Preset { preset, size: side("short"), crop: side("crop") },
            output: Some(output.to_owned()),
            ..tiny(&name)
        };
        models.add(&addition).unwrap();
        let encoder = models.load(&name, &Load::default()).unwrap();
        for (photo, values) in expected["photos"].as_object().unwrap() {
            let bytes = fs::read(shared.join("images").join(photo)).unwrap();
            let picture = decode(&bytes, &Limits::default()).unwrap();
            let vector = &encoder.encode(&[&picture]).unwrap()[0];
            let norm = values[file]["embedding_norm"].as_f64().unwrap();
            for (ours, theirs) in vector.iter().zip(values[file]["embedding_first16"].as_array().unwrap()) {
                let theirs = theirs.as_f64().unwrap() / norm;
                assert!((f64::from(*ours) - theirs).abs() < 2e-3, "{file} {photo}: {ours} {theirs}");
            }
        }
    }
}
