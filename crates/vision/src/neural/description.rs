//! How a network is fed and read, as data: the TOML page that every encoder has.
//!
//! ```toml
//! name = "clip-vit-b32"
//! dimensions = 512
//! licence = "MIT"
//!
//! [image]
//! input = "pixel_values"
//! output = "image_embeds"
//! resize = { rule = "shorter-side", px = 224, library = "pillow", filter = "bicubic" }
//! crop_px = 224
//! mean = [0.48145466, 0.4578275, 0.40821073]
//! std = [0.26862954, 0.26130258, 0.27577711]
//!
//! [text]
//! input = "input_ids"
//! output = "text_embeds"
//! tokenizer = "clip"
//! context = 77
//! template = "this is a {query}"
//! ```
//!
//! Where weights are to be had is not here but in `lookalike-engine`'s registry, which wraps this page.

use serde::{Deserialize, Serialize};

/// One encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// What a person calls it: lower-case letters, digits and `-`, `_`, `.`.
    pub name: String,
    /// Length of its vectors.
    pub dimensions: usize,
    /// SPDX expression or the licence's name.
    pub licence: String,
    /// How pictures go in.
    pub image: ImageTower,
    /// How words go in, where they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextTower>,
}

/// How a picture becomes a tensor, and which output is its vector.
///
/// In order: transparency onto white, resize, crop, `(value / 255 - mean) / std` per channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageTower {
    /// Name of the input in the graph; without one, the only input there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Name of the output (or of any inner value that is an output of the file) that holds the vector; without one, the
    /// only output there is. Shapes `(n, d)` and `(n, d, 1, 1)` are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// To which size.
    pub resize: Resize,
    /// Side of the square cut from the middle, `round((w - px) / 2)` from the left with halves to even (torchvision).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop_px: Option<u32>,
    /// Mean of each channel, red first, in 0..=1.
    pub mean: [f32; 3],
    /// Deviation of each channel, red first, in 0..=1.
    pub std: [f32; 3],
    /// Order of the tensor's axes.
    #[serde(default)]
    pub layout: Layout,
    /// Order of the channels.
    #[serde(default)]
    pub channels: Channels,
    /// Bring the vector to unit length. Off only for networks that do so themselves; vectors are then checked.
    #[serde(default = "yes")]
    pub normalise: bool,
}

/// The size a picture is brought to, and how.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resize {
    /// Which side is meant.
    pub rule: ResizeRule,
    /// That side, in pixels.
    pub px: u32,
    /// Whose arithmetic.
    #[serde(default)]
    pub library: Library,
    /// Interpolation.
    pub filter: Interpolation,
}

/// Which side `px` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResizeRule {
    /// The shorter side; the longer one in proportion, truncated (torchvision's and CLIP's `Resize`).
    ShorterSide,
    /// Both sides: proportions are lost.
    Squash,
    /// The longer side; white bars make it square.
    Letterbox,
}

/// Whose arithmetic a resize follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Library {
    /// Pillow's: antialiased when shrinking, 8 bits between the passes. Equal to the bit.
    #[default]
    Pillow,
    /// `tf.image.resize` without antialiasing, half-pixel centres, floating point.
    Tensorflow,
    /// OpenCV's `INTER_AREA` where a side shrinks, `INTER_LINEAR` where it grows, each side for itself; within 1/255.
    Opencv,
}

/// Interpolation of a resize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// Triangle filter.
    Bilinear,
    /// Cubic filter; a = -0.5 in both libraries.
    Bicubic,
    /// Lanczos with three lobes (Pillow alone).
    Lanczos,
    /// Averages of areas (OpenCV alone, which has no other here).
    Area,
}

/// Order of a tensor's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Batch, channel, row, column (PyTorch).
    #[default]
    Nchw,
    /// Batch, row, column, channel (TensorFlow).
    Nhwc,
}

/// Order of the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red first.
    #[default]
    Rgb,
    /// Blue first (Caffe).
    Bgr,
}

/// How words become token ids, and which output is their vector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextTower {
    /// Name of the input for token ids; without one, the only input or the one named `input_ids`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Name of the input for the attention mask, where the graph has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
    /// Name of the output that holds the vector; without one, the only output there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// How text is cut into tokens.
    pub tokenizer: TokenizerKind,
    /// Tokens the network reads, start and end included. Longer text is cut, its end token kept.
    pub context: usize,
    /// Whether shorter text is filled up to `context`.
    #[serde(default = "yes")]
    pub pad: bool,
    /// The id that fills; 0 where not said.
    #[serde(default)]
    pub pad_id: i64,
    /// Lower-cases the text first (SigLIP's `do_lower_case`).
    #[serde(default)]
    pub lowercase: bool,
    /// What is encoded for a query; `{query}` is replaced by it.
    #[serde(default = "query_alone")]
    pub template: String,
}

/// How text is cut into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenizerKind {
    /// OpenAI's byte-pair encoding, from its `bpe_simple_vocab_16e6.txt.gz` or the same vocabulary in a `tokenizer.json`.
    Clip,
    /// Whatever a Hugging Face `tokenizer.json` says.
    TokenizerJson,
}

fn yes() -> bool {
    true
}

fn query_alone() -> String {
    "{query}".to_owned()
}

impl Description {
    /// Reads a page and checks that it makes sense.
    ///
    /// # Errors
    /// Names the key and what is expected of it.
    pub fn parse(page: &str) -> Result<Self, DescriptionError> {
        let description: Self = toml::from_str(page)?;
        description.check()?;
        Ok(description)
    }

    /// The page as TOML, the same for equal descriptions.
    ///
    /// # Errors
    /// Never for a description that passes [`Self::check`].
    pub fn to_toml(&self) -> Result<String, DescriptionError> {
        Ok(toml::to_string(self)?)
    }

    /// Whether the values make sense together.
    ///
    /// # Errors
    /// Names the first that does not.
    pub fn check(&self) -> Result<(), DescriptionError> {
        let wrong =
            |key: &'static str, expected: &'static str| Err(DescriptionError::Value { key, expected });
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if self.name.is_empty()
            || self.name.len() > 64
            || self.name.starts_with('.')
            || !self.name.chars().all(allowed)
        {
            return wrong(
                "name",
                "1 to 64 lower-case letters, digits, `-`, `_` or `.`, not beginning with `.`",
            );
        }
        if self.dimensions == 0 || self.dimensions > MOST_DIMENSIONS {
            return wrong("dimensions", "from 1 to 16384");
        }
        let image = &self.image;
        if !(1..=LARGEST_SIDE_PX).contains(&image.resize.px) {
            return wrong("image.resize.px", "from 1 to 4096");
        }
        if image.resize.rule == ResizeRule::ShorterSide && image.crop_px.is_none() {
            return wrong("image.crop_px", "given with the rule `shorter-side`: the tensor must be square");
        }
        if image.crop_px.is_some_and(|px| px == 0 || px > image.resize.px) {
            return wrong("image.crop_px", "from 1 to image.resize.px");
        }
        if image.resize.library == Library::Tensorflow && image.resize.filter == Interpolation::Lanczos {
            return wrong("image.resize.filter", "`bilinear` or `bicubic` with the library `tensorflow`");
        }
        if (image.resize.library == Library::Opencv) != (image.resize.filter == Interpolation::Area) {
            return wrong("image.resize.filter", "`area` with the library `opencv`, and with no other");
        }
        if !image.mean.iter().all(|value| value.is_finite()) {
            return wrong("image.mean", "three finite numbers");
        }
        if !image.std.iter().all(|value| value.is_finite() && *value > 0.0) {
            return wrong("image.std", "three finite numbers above 0");
        }
        if let Some(text) = &self.text {
            if !(2..=8192).contains(&text.context) {
                return wrong("text.context", "from 2 to 8192 tokens");
            }
            if text.template.matches("{query}").count() != 1 {
                return wrong("text.template", "`{query}` exactly once");
            }
        }
        Ok(())
    }
}

impl ImageTower {
    /// Height and width of the tensor.
    pub fn side_px(&self) -> u32 {
        self.crop_px.unwrap_or(self.resize.px)
    }
}

const MOST_DIMENSIONS: usize = 16_384;
const LARGEST_SIDE_PX: u32 = 4096;

/// A page that describes no encoder.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// Not TOML, an unknown key, a missing one or one of another type.
    #[error("the description cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Not expressible in TOML.
    #[error("the description cannot be written: {0}")]
    Unwritable(#[from] toml::ser::Error),
    /// A value that makes no sense.
    #[error("`{key}` must be {expected}")]
    Value {
        /// Dotted path of the key.
        key: &'static str,
        /// What is allowed.
        expected: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"
        name = "clip-vit-b32"
        dimensions = 512
        licence = "MIT"
        [image]
        resize = { rule = "shorter-side", px = 224, filter = "bicubic" }
        crop_px = 224
        mean = [0.48, 0.45, 0.40]
        std = [0.26, 0.26, 0.27]
        [text]
        tokenizer = "clip"
        context = 77
        template = "this is a {query}"
    "#;

    #[test]
    fn a_page_survives_being_written_and_read() {
        let description = Description::parse(PAGE).unwrap();
        assert!(description.image.normalise);
        assert_eq!(Description::parse(&description.to_toml().unwrap()).unwrap(), description);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (from, to, named) in [
            ("clip-vit-b32", "../clip", "`name`"),
            ("= 512", "= 0", "`dimensions`"),
            ("px = 224,", "px = 100,", "`image.crop_px`"),
            ("\"bicubic\"", "\"area\"", "`image.resize.filter`"),
            ("filter =", "library = \"opencv\", filter =", "`image.resize.filter`"),
            ("0.27]", "0.0]", "`image.std`"),
            ("{query}", "query", "`text.template`"),
            ("licence", "license", "unknown field `license`"),
        ] {
            let error = Description::parse(&PAGE.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
