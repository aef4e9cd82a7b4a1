//! Whether waiting callers should share runs: `bench_batching MODEL.onnx DESCRIPTION.toml PHOTO ENGINE THREADS CALLERS`.
//!
//! Prints a line for each way of serving the callers, who ask again as soon as they are answered: without a queue (each
//! caller runs when it likes, one thread each), and with [`Batching`] of several largest batches (one run at a time, with
//! THREADS, and as many runs at a time as THREADS). Ways take turns; a line has the median and the 95th percentile of a call's
//! milliseconds, calls per second, and what a call cost the processors in milliseconds (0 where the system does not say),
//! which a busy machine disturbs least.

use lookalike_engine::search::Batching;
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::encoder::{Encoder, EncoderId};
use lookalike_vision::neural::session::{Engine, SessionOptions, onnxruntime};
use lookalike_vision::neural::{Description, ModelBytes, NeuralEncoder};
use std::error::Error;
use std::io::Write;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

const ROUNDS: usize = 3;
const CALLS_EACH: usize = 2;

/// What this process has been given of the processors so far.
fn cpu_ms() -> f64 {
    let ticks = std::fs::read_to_string("/proc/self/stat").ok().and_then(|said| {
        // The name, which may hold anything, is in brackets; of what follows, numbers 12 and 13 are the ticks.
        let (_, rest) = said.rsplit_once(')')?;
        let spent = rest.split_whitespace().skip(11).take(2).map(|number| number.parse::<f64>().ok());
        spent.sum::<Option<f64>>()
    });
    10.0 * ticks.unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, page, photo, engine, threads, callers] = arguments.as_slice() else {
        return Err("usage: bench_batching MODEL.onnx DESCRIPTION.toml PHOTO ENGINE THREADS CALLERS".into());
    };
    let engine: Engine = engine.parse()?;
    if engine == Engine::OnnxRuntime {
        let library = std::env::var_os("ORT_DYLIB_PATH").ok_or("ORT_DYLIB_PATH names no library")?;
        onnxruntime::load(Path::new(&library))?;
    }
    let description = Description::parse(&std::fs::read_to_string(page)?)?;
    let bytes = std::fs::read(model)?;
    let open = |threads: NonZero<usize>| -> Result<Arc<dyn Encoder>, Box<dyn Error>> {
        let id = EncoderId {
            name: description.name.clone(),
            digest: String::new(),
            dimensions: description.dimensions,
        };
        let files = ModelBytes { image: &bytes, text: None, tokenizer: None };
        Ok(Arc::new(NeuralEncoder::open(id, &description, files, engine, &SessionOptions { threads })?))
    };
    let (threads, callers): (NonZero<usize>, usize) = (threads.parse()?, callers.parse()?);
    let mut ways: Vec<(String, Arc<dyn Encoder>)> =
        vec![("each when it likes".into(), open(NonZero::<usize>::MIN)?)];
    let shared = open(threads)?;
    for (largest, runs) in [(1, 1), (2, 1), (4, 1), (8, 1), (4, threads.get())] {
        let Some((largest_batch, at_once)) = NonZero::new(largest).zip(NonZero::new(runs)) else { continue };
        let batching = Batching::new(Arc::clone(&shared), largest_batch, at_once);
        ways.push((format!("{runs} at a time, batch <= {largest}"), Arc::new(batching)));
    }
    let picture = decode(&std::fs::read(photo)?, &Limits::default())?;
    let mut times: Vec<(Vec<f64>, f64, f64)> = vec![(Vec::new(), 0.0, 0.0); ways.len()];
    for round in 0..=ROUNDS {
        for ((_, encoder), (times, seconds, cpu)) in ways.iter().zip(&mut times) {
            let (start, before) = (Instant::now(), cpu_ms());
            let of_all = thread::scope(|scope| {
                let picture = &picture;
                let call = move || {
                    let start = Instant::now();
                    encoder.encode(&[picture]).map(|_| start.elapsed().as_secs_f64() * 1000.0)
                };
                let caller = move || (0..CALLS_EACH).map(|_| call()).collect::<Result<Vec<_>, _>>();
                let threads: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
                threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
            });
            // The first round warms caches.
            if round > 0 {
                *seconds += start.elapsed().as_secs_f64();
                *cpu += cpu_ms() - before;
                for of_one in of_all {
                    times.extend(of_one.map_err(|_| "a caller panicked")??);
                }
            }
        }
    }
    let mut out = std::io::stdout().lock();
    for ((name, _), (mut times, seconds, cpu)) in ways.into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let at = |part: f64| times.get((times.len() as f64 * part) as usize).copied().unwrap_or_default();
        let rate = times.len() as f64 / seconds;
        let cpu = cpu / times.len() as f64;
        writeln!(out, "{name:26}  p50 {:7.1}  p95 {:7.1}  {rate:6.1}/s  cpu {cpu:6.1}", at(0.5), at(0.95))?;
    }
    Ok(())
}
