//! Times `look-1` on one photo and one thread: `time_look FILE ENGINE RUNS`, with ENGINE `rten` or `onnxruntime`
//! (the library that `ORT_DYLIB_PATH` names).
//!
//! Prints `name median fastest cpu` per line, in milliseconds over RUNS runs. The fastest is what a busy machine disturbs
//! least; `cpu` is the mean of what the program's threads were given, 0 where the system does not say (it is Linux's
//! `schedstat`). `open` is from nothing to ready, `tensor` the preprocessing, `network` the network alone, `one` both for one
//! picture, `eight` the same for eight at once, for each of them.

use lookalike_vision::Picture;
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::look::{self, Look};
use lookalike_vision::neural::session::{Engine, Input, SessionOptions, onnxruntime, open};
use lookalike_vision::neural::tensor::Preprocessor;
use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::num::NonZero;
use std::path::Path;
use std::time::Instant;

type Failure = Box<dyn Error>;

/// What all threads have been given so far.
fn cpu_ms() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let of_thread = |thread: std::fs::DirEntry| {
        let said = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        said.split_whitespace().next()?.parse::<f64>().ok()
    };
    threads.filter_map(of_thread).sum::<f64>() / 1e6
}

/// Median, fastest and mean of the processors' time, each divided by `share`.
fn times_ms(
    runs: usize,
    share: f64,
    mut work: impl FnMut() -> Result<(), Failure>,
) -> Result<[f64; 3], Failure> {
    let mut times = Vec::with_capacity(runs);
    let before = cpu_ms();
    for _ in 0..runs.max(1) {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed().as_secs_f64() * 1000.0 / share);
    }
    let cpu = (cpu_ms() - before) / times.len() as f64 / share;
    times.sort_by(f64::total_cmp);
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    Ok([at(times.len() / 2), at(0), cpu])
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, engine, runs] = arguments.as_slice() else {
        return Err("usage: time_look FILE ENGINE RUNS".into());
    };
    let (engine, runs): (Engine, usize) = (engine.parse()?, runs.parse()?);
    if engine == Engine::OnnxRuntime {
        let library = std::env::var_os("ORT_DYLIB_PATH").ok_or("ORT_DYLIB_PATH names no library")?;
        onnxruntime::load(Path::new(&library))?;
    }
    let picture = decode(&std::fs::read(file)?, &Limits::default())?;
    let mut out = std::io::stdout().lock();
    let mut print = |name: &str, [median, fastest, cpu]: [f64; 3]| {
        writeln!(out, "{name} {median:.3} {fastest:.3} {cpu:.3}")
    };

    print("digest", times_ms(1, 1.0, || Ok(_ = black_box(look::id())))?)?;
    let options = SessionOptions { threads: NonZero::<usize>::MIN };
    let ready = || open(engine, look::WEIGHTS, &options);
    let open_and_close = || {
        black_box(ready()?);
        Ok(())
    };
    print("open", times_ms(runs.min(20), 1.0, open_and_close)?)?;
    let (session, preprocessor) = (ready()?, Preprocessor::new(&look::description().image));
    let mut tensor = vec![0.0; preprocessor.len()];
    let fill = || {
        preprocessor.fill(black_box(&picture), &mut tensor);
        Ok(())
    };
    print("tensor", times_ms(runs, 1.0, fill)?)?;
    let shape = preprocessor.shape(1);
    let network = || {
        black_box(session.run(&[("input", Input::F32(&shape, &tensor))], "embedding")?);
        Ok(())
    };
    print("network", times_ms(runs, 1.0, network)?)?;
    let look = Look::new(engine, NonZero::<usize>::MIN);
    let encode = |pictures: &[&Picture]| {
        black_box(look.encode(pictures)?);
        Ok(())
    };
    print("one", times_ms(runs, 1.0, || encode(&[&picture]))?)?;
    print("eight", times_ms(runs.div_ceil(8), 8.0, || encode(&[&picture; 8]))?)?;
    Ok(())
}
