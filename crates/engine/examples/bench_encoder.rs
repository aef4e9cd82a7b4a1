//! Times an encoder as a catalog uses it: `bench_encoder MODEL.onnx DESCRIPTION.toml PHOTO ENGINE THREADS`, requests on standard input.
//!
//! Answers `ready`, then for each line as many lines as were asked for, each a time in milliseconds:
//! `file N` (file to vector), `decode N` (file to picture), `encode N` (picture to vector), `run N` (the network alone),
//! `files C N` (files to vectors by C threads side by side, as an ingest does; the time of each is the whole's share),
//! `batch B N` (B pictures at once, per picture), `callers C N` (C threads at once, each its own picture, per call).
//! `vector` answers with the photo's vector on one line.

use lookalike_engine::models::{Addition, Load, Models, Recipe};
use lookalike_vision::Picture;
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::neural::Description;
use lookalike_vision::neural::session::{Engine, Input, SessionOptions, onnxruntime, open};
use lookalike_vision::neural::tensor::Preprocessor;
use std::error::Error;
use std::io::{BufRead, Write};
use std::num::NonZero;
use std::path::Path;
use std::time::Instant;

type Failure = Box<dyn Error + Send + Sync>;

fn times_ms(count: usize, mut work: impl FnMut() -> Result<(), Failure>) -> Result<Vec<f64>, Failure> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(times)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, page, photo, engine, threads] = arguments.as_slice() else {
        return Err("usage: bench_encoder MODEL.onnx DESCRIPTION.toml PHOTO ENGINE THREADS".into());
    };
    let engine: Engine = engine.parse()?;
    if engine == Engine::OnnxRuntime {
        let library = std::env::var_os("ORT_DYLIB_PATH").ok_or("ORT_DYLIB_PATH names no library")?;
        onnxruntime::load(Path::new(&library))?;
    }
    let options = SessionOptions { threads: threads.parse::<NonZero<usize>>()? };
    let description = Description::parse(&std::fs::read_to_string(page)?)?;
    let folder = tempfile::tempdir()?;
    let models = Models::at(folder.path());
    models.add(&Addition {
        name: description.name.clone(),
        image: model.into(),
        text: None,
        tokenizer: None,
        recipe: Recipe::Page(page.into()),
        output: None,
        text_output: None,
        dimensions: None,
        licence: None,
        engine: Some(engine),
    })?;
    let encoder = models.load(&description.name, &Load { engine: Some(engine), threads: options.threads })?;
    let output = description.image.output.clone().ok_or("the description names no output")?;
    let model = std::fs::read(model)?;
    let bytes = std::fs::read(photo)?;
    let picture = decode(&bytes, &Limits::default())?;

    let session = open(engine, &model, &options)?;
    let preprocessor = Preprocessor::new(&description.image);
    let mut tensor = vec![0.0; preprocessor.len()];
    preprocessor.fill(&picture, &mut tensor);
    let side = description.image.side_px() as usize;
    let input = session.inputs().first().map(|port| port.name.clone()).unwrap_or_default();
    let encode = |picture: &Picture| -> Result<(), Failure> {
        encoder.encode(&[picture])?;
        Ok(())
    };

    let mut out = std::io::stdout().lock();
    writeln!(out, "ready")?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let times = match words.as_slice() {
            ["vector"] => {
                let vectors = encoder.encode(&[&picture])?;
                let values: Vec<String> = vectors.iter().flatten().map(f32::to_string).collect();
                writeln!(out, "{}", values.join(" "))?;
                Vec::new()
            }
            ["file", count] => {
                times_ms(count.parse()?, || encode(&decode(&std::fs::read(photo)?, &Limits::default())?))?
            }
            ["files", callers, count] => {
                let (callers, count): (usize, usize) = (callers.parse()?, count.parse()?);
                let each =
                    || times_ms(count, || encode(&decode(&std::fs::read(photo)?, &Limits::default())?));
                let start = Instant::now();
                let ended = std::thread::scope(|scope| {
                    let threads: Vec<_> = (0..callers).map(|_| scope.spawn(each)).collect();
                    threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
                });
                for times in ended {
                    times.map_err(|_| "a thread panicked")??;
                }
                vec![start.elapsed().as_secs_f64() * 1000.0 / (callers * count) as f64; count]
            }
            ["decode", count] => times_ms(count.parse()?, || {
                decode(&std::fs::read(photo)?, &Limits::default())?;
                Ok(())
            })?,
            ["encode", count] => times_ms(count.parse()?, || encode(&picture))?,
            ["run", count] => times_ms(count.parse()?, || {
                let input = [(input.as_str(), Input::F32(&[1, 3, side, side], &tensor))];
                session.run(&input, &output)?;
                Ok(())
            })?,
            ["batch", size, count] => {
                let size: usize = size.parse()?;
                let pictures = vec![&picture; size];
                let times = times_ms(count.parse()?, || {
                    encoder.encode(&pictures)?;
                    Ok(())
                })?;
                times.into_iter().map(|time| time / size as f64).collect()
            }
            ["callers", callers, count] => {
                let (callers, count): (usize, usize) = (callers.parse()?, count.parse()?);
                let times = std::thread::scope(|scope| {
                    let each = || times_ms(count.div_ceil(callers), || encode(&picture));
                    let threads: Vec<_> = (0..callers).map(|_| scope.spawn(each)).collect();
                    threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
                });
                let mut all = Vec::new();
                for each in times {
                    all.extend(each.map_err(|_| "a caller panicked")??);
                }
                all.truncate(count);
                all
            }
            _ => return Err(format!("no such request: {line}").into()),
        };
        for time in times {
            writeln!(out, "{time:.4}")?;
        }
        out.flush()?;
    }
    Ok(())
}
