//! Encoders made of our small networks, right ones and wrong ones, in both engines.

use super::*;
use crate::neural::tests::{engines, fixture};
use crate::neural::{agreement, validate};
use std::num::NonZero;

const PAGE: &str = r#"
name = "tiny"
dimensions = 8
licence = "MIT"
[image]
output = "embedding"
resize = { rule = "squash", px = 8, filter = "bilinear" }
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
"#;

const TEXT: &str = r#"
[text]
mask = "attention_mask"
tokenizer = "tokenizer-json"
context = 6
template = "a {query}"
"#;

fn described(changes: &[(&str, &str)]) -> Description {
    let mut page = PAGE.to_owned();
    for (from, to) in changes {
        assert!(page.contains(from), "{from}");
        page = page.replacen(from, to, 1);
    }
    Description::parse(&page).unwrap()
}

fn image_only(image: &[u8]) -> ModelBytes<'_> {
    ModelBytes { image, text: None, tokenizer: None }
}

fn opened(
    description: &Description,
    files: ModelBytes<'_>,
    engine: Engine,
) -> Result<NeuralEncoder, NeuralError> {
    let dimensions = description.dimensions;
    let id = EncoderId { name: "tiny".into(), digest: "0".into(), dimensions };
    NeuralEncoder::open(id, description, files, engine, &SessionOptions { threads: NonZero::<usize>::MIN })
}

fn pictures(count: u8) -> Vec<Picture> {
    let picture = |seed: u8| {
        let (width, height) = (9 + u32::from(seed), 17);
        let bytes =
            (0..width * height * 3).map(|i| (i as u8).wrapping_mul(7).wrapping_add(seed * 31)).collect();
        Picture::new(width, height, bytes, None).unwrap()
    };
    (0..count).map(picture).collect()
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum::<f32>().sqrt()
}

#[test]
fn any_number_of_pictures_gives_as_many_unit_vectors_the_same_as_each_alone() {
    let pictures = pictures(2 * LARGEST_BATCH as u8 + 3);
    let pictures: Vec<&Picture> = pictures.iter().collect();
    for engine in engines() {
        // One whose batch axis is fixed to 1 is run picture by picture, and one that wants colours last is fed so.
        let mut all = Vec::new();
        for (file, change) in [("image.onnx", "nchw"), ("fixed_batch.onnx", "nchw"), ("nhwc.onnx", "nhwc")] {
            let layout = format!("[image]\nlayout = \"{change}\"");
            let encoder =
                opened(&described(&[("[image]", &layout)]), image_only(&fixture(file)), engine).unwrap();
            assert_eq!(encoder.engine(), engine);
            assert!(encoder.encode(&[]).unwrap().is_empty());
            let vectors = encoder.encode(&pictures).unwrap();
            assert_eq!(vectors.len(), pictures.len());
            for (picture, vector) in pictures.iter().zip(&vectors) {
                assert!((length(vector) - 1.0).abs() < 1e-6);
                let alone = encoder.encode(&[picture]).unwrap().remove(0);
                assert!(alone.iter().zip(vector).all(|(a, b)| (a - b).abs() < 1e-6), "{file}");
            }
            all.push(vectors);
        }
        for others in &all[1..] {
            let pairs = all[0].iter().flatten().zip(others.iter().flatten());
            assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
        }
        assert!(all[0][0] != all[0][1]);
    }
}

#[test]
fn several_threads_give_what_one_gives() {
    let pictures = pictures(11);
    let pictures: Vec<&Picture> = pictures.iter().collect();
    for engine in engines() {
        let image = fixture("image.onnx");
        let one = opened(&described(&[]), image_only(&image), engine).unwrap();
        let options = SessionOptions { threads: NonZero::new(3).unwrap() };
        let three =
            NeuralEncoder::open(one.id().clone(), &described(&[]), image_only(&image), engine, &options)
                .unwrap();
        let (ours, theirs) = (one.encode(&pictures).unwrap(), three.encode(&pictures).unwrap());
        assert!(ours.iter().flatten().zip(theirs.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}

#[test]
fn a_pooled_map_of_one_pixel_is_a_vector() {
    for engine in engines() {
        let description = described(&[("\"embedding\"", "\"pooled\""), ("= 8", "= 6")]);
        let encoder = opened(&description, image_only(&fixture("image.onnx")), engine).unwrap();
        assert_eq!(encoder.image_output(), "pooled");
        assert_eq!(encoder.encode(&[&pictures(1)[0]]).unwrap()[0].len(), 6);
    }
}

#[test]
fn words_have_vectors_and_what_was_cut_off_is_told() {
    let (image, text, tokenizer) = (fixture("image.onnx"), fixture("text.onnx"), fixture("tokenizer.json"));
    let files = ModelBytes { image: &image, text: Some(&text), tokenizer: Some(&tokenizer) };
    for (engine, pad) in engines().into_iter().flat_map(|engine| [(engine, "true"), (engine, "false")]) {
        let page = format!("{PAGE}{TEXT}pad = {pad}");
        let description = Description::parse(&page).unwrap();
        let encoder = opened(&description, files, engine).unwrap();
        let said = encoder.text().unwrap();
        assert!(said.encode_text(&[]).unwrap().is_empty());
        let texts = ["red shoe", "bottle", "", "red leather shoe green glass bottle", "green shoe"];
        let vectors = said.encode_text(&texts).unwrap();
        let truncated: Vec<bool> = vectors.iter().map(|text| text.truncated).collect();
        assert_eq!(truncated, [false, false, false, true, false]);
        for (text, together) in texts.iter().zip(&vectors) {
            let alone = said.encode_text(&[text]).unwrap().remove(0);
            assert!(alone.vector.iter().zip(&together.vector).all(|(a, b)| (a - b).abs() < 1e-6));
            assert!((length(&together.vector) - 1.0).abs() < 1e-6);
        }
        assert!(vectors[0].vector != vectors[4].vector);
        let found = validate(&description, &files, engine).unwrap();
        assert_eq!((found.dimensions, found.text_output.as_deref()), (8, Some("text_embeds")));
    }
}

#[test]
fn engines_are_compared_on_the_probes() {
    let image = fixture("image.onnx");
    let files = image_only(&image);
    let encoders: Vec<_> =
        engines().into_iter().map(|engine| opened(&described(&[]), files, engine).unwrap()).collect();
    for (one, other) in encoders.iter().zip(encoders.iter().skip(1)) {
        let found = agreement(one, other).unwrap();
        assert!(found.image > 0.999_99 && found.text.is_none(), "{found:?}");
    }
    // Weights that are not the same are told.
    let other = fixture("zero.onnx");
    assert!(
        agreement(&encoders[0], &opened(&described(&[]), image_only(&other), Engine::Rten).unwrap()).is_err()
    );
}

/// Text of the description's page, and what to put in its place.
type Changes = &'static [(&'static str, &'static str)];

/// What [`validate`] says of a file, with the description changed.
fn fault(engine: Engine, file: &str, changes: &[(&str, &str)]) -> String {
    let bytes = fixture(file);
    match validate(&described(changes), &image_only(&bytes), engine) {
        Ok(_) => panic!("{file} passed"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_model_that_is_wrong_is_not_accepted_and_the_fault_is_named() {
    let cases: &[(&str, Changes, &str)] = &[
        ("wrong_op.onnx", &[], "Levitate"),
        (
            "image.onnx",
            &[("\"embedding\"", "\"logits\"")],
            "no output `logits`; there is `embedding`, `pooled`",
        ),
        ("image.onnx", &[("output = \"embedding\"", "")], "several outputs"),
        ("image.onnx", &[("[image]", "[image]\ninput = \"pixels\"")], "no input `pixels`; there is `input`"),
        ("image.onnx", &[("= 8", "= 512")], "8 dimensions, but the description says 512"),
        ("image.onnx", &[("px = 8", "px = 10")], "wants the shape (?, 3, 8, 8)"),
        ("nhwc.onnx", &[], "set `layout = \"nhwc\"`"),
        ("image.onnx", &[("[image]", "[image]\nlayout = \"nhwc\"")], "set `layout = \"nchw\"`"),
        ("unpooled.onnx", &[("\"embedding\"", "\"tokens\"")], "the shape [1, 16, 6] for 1 items"),
        ("image.onnx", &[("[image]", "[image]\nnormalise = false")], "set `normalise = true`"),
        ("nan.onnx", &[], "not finite"),
        ("zero.onnx", &[], "zero throughout"),
        ("constant.onnx", &[], "the same for different probes"),
        ("mixes_batch.onnx", &[], "for two items at once differs"),
        (
            "text.onnx",
            &[("[image]", "[image]\ninput = \"input_ids\""), ("embedding", "text_embeds")],
            "no image network",
        ),
        ("external_data.onnx", &[], "single file"),
    ];
    for engine in engines() {
        for (file, changes, told) in cases {
            let fault = fault(engine, file, changes);
            assert!(fault.contains(told), "{engine}, {file}: {fault}");
        }
        for good in ["image.onnx", "fixed_batch.onnx"] {
            let bytes = fixture(good);
            let found = validate(&described(&[]), &image_only(&bytes), engine).unwrap();
            assert_eq!((found.dimensions, found.image_output.as_str()), (8, "embedding"));
        }
    }
}

#[test]
fn the_files_must_be_those_that_the_description_speaks_of() {
    let (image, text, tokenizer) = (fixture("image.onnx"), fixture("text.onnx"), fixture("tokenizer.json"));
    let with_text = Description::parse(&format!("{PAGE}{TEXT}")).unwrap();
    let unmasked =
        Description::parse(&format!("{PAGE}{}", TEXT.replacen("mask", "input = \"input_ids\"\n#", 1)))
            .unwrap();
    let (text, tokenizer) = (Some(text.as_slice()), Some(tokenizer.as_slice()));
    let swapped = Some(image.as_slice());
    for engine in engines() {
        for (description, text, tokenizer, told) in [
            (&with_text, None, tokenizer, "no text model was given"),
            (&with_text, text, None, "no tokenizer was given"),
            (&described(&[]), text, tokenizer, "no `[text]` part"),
            (&with_text, text, Some(&b"{}"[..]), "tokenizer"),
            (&with_text, swapped, tokenizer, "several outputs"),
            (&unmasked, text, tokenizer, "also wants the input `attention_mask`: name it as `mask`"),
        ] {
            let files = ModelBytes { image: &image, text, tokenizer };
            let error = opened(description, files, engine).err().unwrap().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
    let page = format!("{PAGE}{TEXT}").replacen("mask = \"attention_mask\"", "output = \"embedding\"", 1);
    let files = ModelBytes { image: &image, text: swapped, tokenizer };
    let error = opened(&Description::parse(&page).unwrap(), files, Engine::Rten).err().unwrap().to_string();
    assert!(error.contains("takes floats, so this is no text network"), "{error}");
}

#[test]
fn a_failing_run_is_told_with_the_encoders_name() {
    let encoder = opened(&described(&[]), image_only(&fixture("nan.onnx")), Engine::Rten).unwrap();
    let error = encoder.encode(&[&pictures(1)[0]]).unwrap_err().to_string();
    assert!(error.starts_with("encoder tiny failed: ") && error.contains("not finite"), "{error}");
}
