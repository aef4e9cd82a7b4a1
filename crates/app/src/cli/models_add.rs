//! `lookalike models add`: a user's own ONNX files as a model.

use super::Outcome;
use super::models::{megabytes, models};
use crate::report::json;
use lookalike_engine::models::{Addition, Preset, Recipe};
use serde_json::json;
use std::io::{self, Write};
use std::path::PathBuf;

/// Add ONNX files of your own as a model
///
/// The files are copied, and accepted only when the network loads, runs pictures, and gives finite vectors of one length.
/// How it is fed is said by --like, --preprocess or --describe; a name that `lookalike models list` shows needs none of them.
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// What to call it: lower-case letters, digits, `-`, `_` and `.`.
    name: String,
    /// The network for pictures.
    #[arg(long, value_name = "FILE.onnx")]
    image: PathBuf,
    /// The network for words.
    #[arg(long, value_name = "FILE.onnx", requires = "tokenizer")]
    text: Option<PathBuf>,
    /// What cuts words into tokens: a tokenizer.json, or CLIP's bpe_simple_vocab_16e6.txt.gz.
    #[arg(long, value_name = "FILE", requires = "text")]
    tokenizer: Option<PathBuf>,
    /// Fed like this model.
    #[arg(long, value_name = "NAME", group = "recipe")]
    like: Option<String>,
    /// Fed as this family of networks is.
    #[arg(long, value_enum, value_name = "FAMILY", group = "recipe")]
    preprocess: Option<Family>,
    /// Fed as this page says.
    #[arg(long, value_name = "FILE.toml", group = "recipe")]
    describe: Option<PathBuf>,
    /// Side in pixels that pictures are brought to, with --preprocess.
    #[arg(long, value_name = "PX", requires = "preprocess")]
    size: Option<u32>,
    /// Side in pixels of the square cut out of them, with --preprocess.
    #[arg(long, value_name = "PX", requires = "preprocess")]
    crop: Option<u32>,
    /// The output that holds a picture's vector, where there are several.
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// The output that holds a text's vector, where there are several.
    #[arg(long, value_name = "NAME", requires = "text")]
    text_output: Option<String>,
    /// Length that its vectors must have.
    #[arg(long, value_name = "N")]
    dimensions: Option<usize>,
    /// Its licence, to be shown in lists.
    #[arg(long, value_name = "NAME")]
    licence: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// [`Preset`] as a flag.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Family {
    /// torchvision's classifiers: shorter side 256, crop 224, ImageNet's mean and deviation.
    Imagenet,
    /// Values from -1 to 1: TensorFlow's classifiers, SigLIP; both sides 224, unless --crop is given.
    Half,
    /// (value - 128) / 128: quantised TensorFlow Lite networks; both sides 224, unless --crop is given.
    Byte,
    /// Values from 0 to 1; both sides 224, unless --crop is given.
    Unit,
    /// OpenAI's CLIP: shorter side 224, crop 224, bicubic, its own mean and deviation.
    Clip,
}

impl From<Family> for Preset {
    fn from(family: Family) -> Self {
        match family {
            Family::Imagenet => Self::Imagenet,
            Family::Half => Self::Half,
            Family::Byte => Self::Byte,
            Family::Unit => Self::Unit,
            Family::Clip => Self::Clip,
        }
    }
}

impl Add {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let recipe = match (self.like, self.preprocess, self.describe) {
            (Some(like), ..) => Recipe::Like(like),
            (_, Some(family), _) => {
                Recipe::Preset { preset: family.into(), size: self.size, crop: self.crop }
            }
            (.., Some(page)) => Recipe::Page(page),
            _ => Recipe::Named,
        };
        let addition = Addition {
            name: self.name,
            image: self.image,
            text: self.text,
            tokenizer: self.tokenizer,
            recipe,
            output: self.output,
            text_output: self.text_output,
            dimensions: self.dimensions,
            licence: self.licence,
            engine: None,
        };
        let entry = models()?.add(&addition)?;
        let description = &entry.page.description;
        let text = description.text.is_some();
        let bytes = entry.page.files.bytes();
        let mut out = io::stdout().lock();
        if self.json {
            let value = json!({
                "name": description.name,
                "dimensions": description.dimensions,
                "text": text,
                "licence": description.licence,
                "bytes": bytes,
                "pinned": entry.page.files.pinned().as_str(),
                "encoder_digest": entry.id().digest,
                "folder": entry.folder,
            });
            json::write(&mut out, &value)?;
        } else {
            writeln!(
                out,
                "{} added: {} dimensions, {}, {}, in {}",
                description.name,
                description.dimensions,
                if text { "pictures and text" } else { "pictures" },
                megabytes(bytes),
                entry.folder.display()
            )?;
        }
        Ok(Outcome::Done)
    }
}
