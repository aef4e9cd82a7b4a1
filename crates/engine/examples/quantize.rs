//! Quantises an ONNX file on a folder of pictures: `quantize FILE.onnx FOLDER OUT.onnx [OUTPUT [SAMPLES]]`.
//!
//! For trying the quantiser on a bare file; `lookalike models quantize` is for encoders. `ORT_DYLIB_PATH` names the ONNX
//! Runtime library. Pictures are prepared as ImageNet networks want them: shorter side 256, the middle 224, and by
//! `LOOKALIKE_RANGE=tf` to -1..1 rather than by ImageNet's mean and deviation.

use lookalike_engine::models::quantize::{Event, Options, Pictures, quantize};
use lookalike_vision::decode::{Limits, decode};
use lookalike_vision::neural::Description;
use lookalike_vision::neural::session::{Engine, SessionOptions, onnxruntime, open};
use lookalike_vision::neural::tensor::Preprocessor;
use std::error::Error;
use std::io::{Write, stderr};
use std::num::NonZero;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, folder, out, rest @ ..] = arguments.as_slice() else {
        return Err("usage: quantize FILE.onnx FOLDER OUT.onnx [OUTPUT [SAMPLES]]".into());
    };
    let samples = rest.get(1).map_or(Ok(256), |samples| samples.parse())?;
    let library = std::env::var_os("ORT_DYLIB_PATH").ok_or("ORT_DYLIB_PATH names no ONNX Runtime library")?;
    onnxruntime::load(library.as_ref())?;
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    let every = (files.len() / samples).max(1);
    let preprocessor = Preprocessor::new(&Description::parse(&page())?.image);
    let read = |file: &PathBuf| tensor(file, &preprocessor).ok();
    let tensors: Vec<Vec<f32>> = files.iter().step_by(every).filter_map(read).collect();
    let pictures = Pictures::new(&[3, 224, 224], tensors)?;
    let options = Options { output: rest.first().cloned(), ..Options::default() };
    let opened =
        |bytes: &[u8]| open(Engine::OnnxRuntime, bytes, &SessionOptions { threads: NonZero::<usize>::MIN });
    let mut told = String::new();
    let mut watch = |event: Event<'_>| {
        let line = match event {
            Event::Calibrating { total, .. } => format!("calibrating on {total} pictures"),
            Event::Trying { rule, float, total, .. } => {
                format!("trying {rule}, floats {float:?}, on {total} pictures")
            }
            Event::Timing => "timing".to_owned(),
        };
        if line != told {
            let _ = writeln!(stderr(), "{line}");
            told = line;
        }
        Ok(())
    };
    let done = quantize(&std::fs::read(file)?, &pictures, &options, &opened, &mut watch)?;
    std::fs::write(out, &done.model)?;
    for trial in &done.report.trials {
        let _ = writeln!(stderr(), "{} {:?} {:?}", trial.rule, trial.float, trial.agreement);
    }
    let _ = writeln!(stderr(), "{:#?}", done.report);
    Ok(())
}

/// The description of an ImageNet network, as far as pictures go.
fn page() -> String {
    let tf = std::env::var_os("LOOKALIKE_RANGE").is_some_and(|range| range == "tf");
    let (mean, std) = if tf {
        ("[0.5, 0.5, 0.5]", "[0.5, 0.5, 0.5]")
    } else {
        ("[0.485, 0.456, 0.406]", "[0.229, 0.224, 0.225]")
    };
    format!(
        "name = 'imagenet'\ndimensions = 1\nlicence = ''\n[image]\ncrop_px = 224\nmean = {mean}\nstd = {std}\n\
         resize = {{ rule = 'shorter-side', px = 256, filter = 'bilinear' }}\n"
    )
}

fn tensor(file: &Path, preprocessor: &Preprocessor) -> Result<Vec<f32>, Box<dyn Error>> {
    let picture = decode(&std::fs::read(file)?, &Limits::default())?;
    let mut tensor = vec![0.0; preprocessor.len()];
    preprocessor.fill(&picture, &mut tensor);
    Ok(tensor)
}
