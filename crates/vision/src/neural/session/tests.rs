//! Networks of ours, and broken ones, through both engines. Those of ONNX Runtime are left out, which is printed, where its
//! library is not named by `ORT_DYLIB_PATH`.

use super::*;
use crate::neural::tests::{engines, fixture, noise};

fn one_thread() -> SessionOptions {
    SessionOptions { threads: NonZero::<usize>::MIN }
}

fn opened(engine: Engine, name: &str) -> Box<dyn Session> {
    open(engine, &fixture(name), &one_thread()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn refused(engine: Engine, model: &[u8]) -> String {
    open(engine, model, &one_thread()).err().map(|error| error.to_string()).expect("refused")
}

fn worst(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn ports_are_told_and_both_engines_give_the_same_numbers() {
    let input = noise(1, 2 * 192);
    let mut given = Vec::new();
    for engine in engines() {
        let session = opened(engine, "image.onnx");
        assert_eq!(session.engine(), engine);
        let shape = Some(vec![None, Some(3), Some(8), Some(8)]);
        assert_eq!(session.inputs(), [Port { name: "input".into(), element: Element::F32, shape }]);
        let names: Vec<&str> = session.outputs().iter().map(|port| port.name.as_str()).collect();
        assert_eq!(names, ["embedding", "pooled"]);
        for (name, shape) in [("embedding", vec![2, 8]), ("pooled", vec![2, 6, 1, 1])] {
            let output = session.run(&[("input", Input::F32(&[2, 3, 8, 8], &input))], name).unwrap();
            assert_eq!(output.shape, shape);
            given.push((name, output.values));
        }
    }
    for (name, values) in &given {
        let first = given.iter().find(|(other, _)| other == name).unwrap();
        assert!(worst(values, &first.1) < 1e-5, "{name}");
    }
}

#[test]
fn several_outputs_of_one_run_are_those_of_a_run_for_each() {
    let input = noise(3, 192);
    let feed = [("input", Input::F32(&[1, 3, 8, 8], &input))];
    for engine in engines() {
        let session = opened(engine, "image.onnx");
        let alone = |name| session.run(&feed, name).unwrap();
        let both = session.run_many(&feed, &["pooled", "embedding"]).unwrap();
        assert_eq!(both, [alone("pooled"), alone("embedding")]);
        assert!(session.run_many(&feed, &["pooled", "nothing"]).unwrap_err().to_string().contains("nothing"));
        assert!(
            session.run_many(&feed, &[]).is_ok_and(|outputs| outputs.is_empty())
                || engine == Engine::OnnxRuntime
        );
    }
}

#[test]
fn token_ids_go_in_as_whatever_integers_the_graph_has() {
    let (ids, mask) = ([5, 17, 299, 0, 0, 3], [1, 1, 1, 0, 0, 1]);
    let mut given = Vec::new();
    for engine in engines() {
        let session = opened(engine, "text.onnx");
        let feed = [("input_ids", Input::I64(&[2, 3], &ids)), ("attention_mask", Input::I64(&[2, 3], &mask))];
        let output = session.run(&feed, "text_embeds").unwrap();
        assert_eq!(output.shape, [2, 8]);
        given.push(output.values);
    }
    assert!(given.iter().all(|values| worst(values, &given[0]) < 1e-6));
}

#[test]
fn wrong_names_shapes_and_kinds_are_errors_and_the_session_stays_usable() {
    for engine in engines() {
        let session = opened(engine, "image.onnx");
        let good = noise(1, 192);
        let shape: &[usize] = &[1, 3, 8, 8];
        let ran = |name: &str, input: Input<'_>, output: &str| session.run(&[(name, input)], output);
        for (error, told) in [
            (ran("image", Input::F32(shape, &good), "embedding"), "no input `image`; there is `input`"),
            (ran("input", Input::F32(shape, &good), "logits"), "there is `embedding`, `pooled`"),
            (ran("input", Input::F32(&[1, 3, 8, 7], &good), "embedding"), ""),
            (ran("input", Input::F32(&[1, 4, 8, 6], &good), "embedding"), ""),
            (ran("input", Input::I64(shape, &[1; 192]), "embedding"), ""),
            (session.run(&[], "embedding"), ""),
        ] {
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with(&format!("{engine} cannot run the model")), "{error}");
            assert!(error.contains(told), "{error}");
        }
        assert!(ran("input", Input::F32(shape, &good), "embedding").is_ok());
    }
}

#[test]
fn broken_files_are_refused_by_either_engine_with_the_cure() {
    let whole = fixture("image.onnx");
    let mut flipped = whole.clone();
    for byte in flipped.iter_mut().skip(40).step_by(97) {
        *byte ^= 0xff;
    }
    for engine in engines() {
        assert!(refused(engine, &[]).contains("the file is empty"));
        for length in [1, 7, 100, 700, whole.len() - 1] {
            let told = refused(engine, &whole[..length]);
            assert!(told.contains("cut short") || told.contains("without a graph"), "{length}: {told}");
        }
        assert!(refused(engine, b"<!DOCTYPE html><title>404</title>").contains("no ONNX file"));
        assert!(refused(engine, &[0xff; 4096]).contains("no ONNX file"));
        assert!(!refused(engine, &flipped).is_empty());
        assert!(refused(engine, &fixture("wrong_op.onnx")).contains("Levitate"));
        let outside = refused(engine, &fixture("external_data.onnx"));
        assert!(outside.contains("etc/hostname") && outside.contains("single file"), "{outside}");
        assert!(!refused(engine, &fixture("huge_claim.onnx")).is_empty());
    }
}

#[test]
fn a_damaged_byte_is_an_error_or_a_network_but_never_the_end() {
    let whole = fixture("image.onnx");
    let input = noise(3, 192);
    for engine in engines() {
        for at in (0..whole.len()).step_by(5) {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << (at % 8);
            if let Ok(session) = open(engine, &damaged, &one_thread()) {
                let _ = session.run(&[("input", Input::F32(&[1, 3, 8, 8], &input))], "embedding");
            }
        }
    }
}

#[test]
fn rten_runs_qdq_rightly_and_is_never_given_integer_convolutions() {
    let input = noise(1, 2 * 192);
    let feed: &[(&str, Input<'_>)] = &[("input", Input::F32(&[2, 3, 8, 8], &input))];
    let float = opened(Engine::Rten, "conv_float.onnx").run(feed, "y").unwrap().values;
    let qdq = opened(Engine::Rten, "conv_qdq.onnx").run(feed, "y").unwrap().values;
    assert!(worst(&qdq, &float) < 1e-4);
    let told = refused(Engine::Rten, &fixture("conv_integer.onnx"));
    assert!(told.contains("ConvInteger") && told.contains("lookalike runtime install"), "{told}");
    // Should this fail, rten has been mended, and the refusal can go.
    let unguarded = rten::RtenSession::open(&fixture("conv_integer.onnx"), &one_thread()).unwrap();
    assert!(worst(&unguarded.run(feed, "y").unwrap().values, &float) > 1.0);
    if engines().contains(&Engine::OnnxRuntime) {
        for name in ["conv_float.onnx", "conv_qdq.onnx", "conv_integer.onnx"] {
            let values = opened(Engine::OnnxRuntime, name).run(feed, "y").unwrap().values;
            assert!(worst(&values, &float) < 1e-4, "{name}");
        }
    }
}

#[test]
fn many_callers_share_a_session_and_each_gets_its_own_numbers() {
    for (engine, threads) in engines().into_iter().flat_map(|engine| [(engine, 1), (engine, 2)]) {
        let options = SessionOptions { threads: NonZero::new(threads).unwrap() };
        let session = open(engine, &fixture("image.onnx"), &options).unwrap();
        let run = |caller: u32, count: usize| {
            let input = noise(caller, count * 192);
            session.run(&[("input", Input::F32(&[count, 3, 8, 8], &input))], "embedding").unwrap().values
        };
        let alone: Vec<_> = (0..8).map(|caller| run(caller, 1 + caller as usize % 3)).collect();
        std::thread::scope(|scope| {
            for (caller, alone) in (0..).zip(&alone) {
                let run = &run;
                scope.spawn(move || {
                    for _ in 0..50 {
                        assert!(worst(&run(caller, 1 + caller as usize % 3), alone) < 1e-6);
                    }
                });
            }
        });
    }
}

#[test]
fn engines_are_known_by_name() {
    for engine in [Engine::Rten, Engine::OnnxRuntime] {
        assert_eq!(engine.to_string().parse(), Ok(engine));
    }
    let told = "tensorrt".parse::<Engine>().unwrap_err().to_string();
    assert!(told.contains("tensorrt") && told.contains("`rten` and `onnxruntime`"), "{told}");
}
