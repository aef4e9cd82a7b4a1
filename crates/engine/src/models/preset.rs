//! Preprocessing that can be named instead of described: what the large families of networks were trained with.
//!
//! A preset is an [`ImageTower`] without names of inputs and outputs. Where a model needs anything else, its page says
//! so in full (`models add --describe FILE.toml`).

use lookalike_vision::neural::description::{
    Channels, ImageTower, Interpolation, Layout, Library, Resize, ResizeRule,
};

/// A way to feed pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// torchvision's classifiers: `ImageNet`'s mean and deviation, shorter side 256, crop 224, bilinear.
    Imagenet,
    /// Values from -1 to 1 (`x / 127.5 - 1`), bilinear: TensorFlow's classifiers, SigLIP.
    Half,
    /// Values from -1 to just below 1 (`(x - 128) / 128`), bilinear: quantised TensorFlow Lite networks.
    Byte,
    /// Values from 0 to 1 (`x / 255`), bilinear.
    Unit,
    /// OpenAI's CLIP: its own mean and deviation, shorter side 224, crop 224, bicubic.
    Clip,
}

/// torchvision's `ImageNet` normalisation.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
/// `_transform` in OpenAI's `clip/clip.py`.
const OPENAI: ([f32; 3], [f32; 3]) =
    ([0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_6, 0.275_777_1]);

impl Preset {
    /// The tower for this preset, brought to `size` and cut to `crop` where they are given.
    ///
    /// `half`, `byte` and `unit` say nothing of shapes: without a crop both sides become `size` or 224, with one the
    /// shorter side does and the middle is cut out. A size or crop alone stands for the other in the usual proportion, 8 to 7.
    pub fn tower(self, size: Option<u32>, crop: Option<u32>) -> ImageTower {
        let (mean, std) = match self {
            Self::Imagenet => IMAGENET,
            Self::Clip => OPENAI,
            Self::Half => ([0.5; 3], [0.5; 3]),
            Self::Byte => ([128.0 / 255.0; 3], [128.0 / 255.0; 3]),
            Self::Unit => ([0.0; 3], [1.0; 3]),
        };
        let (rule, px, crop_px) = match (self, size, crop) {
            (Self::Clip, size, crop) => {
                let px = size.or(crop).unwrap_or(224);
                (ResizeRule::ShorterSide, px, Some(crop.unwrap_or(px)))
            }
            (Self::Imagenet, None, None) => (ResizeRule::ShorterSide, 256, Some(224)),
            (Self::Imagenet, Some(size), None) => {
                (ResizeRule::ShorterSide, size, Some(size.saturating_mul(7) / 8))
            }
            (_, size, None) => (ResizeRule::Squash, size.unwrap_or(224), None),
            (_, size, Some(crop)) => {
                (ResizeRule::ShorterSide, size.unwrap_or(crop.saturating_mul(8) / 7), Some(crop))
            }
        };
        let filter = if self == Self::Clip { Interpolation::Bicubic } else { Interpolation::Bilinear };
        ImageTower {
            input: None,
            output: None,
            resize: Resize { rule, px, library: Library::Pillow, filter },
            crop_px,
            mean,
            std,
            layout: Layout::Nchw,
            channels: Channels::Rgb,
            normalise: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_from_one_another() {
        for (preset, size, crop, expected) in [
            (Preset::Imagenet, None, None, (ResizeRule::ShorterSide, 256, 224)),
            (Preset::Imagenet, None, Some(280), (ResizeRule::ShorterSide, 320, 280)),
            (Preset::Imagenet, Some(128), None, (ResizeRule::ShorterSide, 128, 112)),
            (Preset::Imagenet, Some(128), Some(128), (ResizeRule::ShorterSide, 128, 128)),
            (Preset::Clip, None, None, (ResizeRule::ShorterSide, 224, 224)),
            (Preset::Clip, None, Some(336), (ResizeRule::ShorterSide, 336, 336)),
            (Preset::Half, None, None, (ResizeRule::Squash, 224, 224)),
            (Preset::Half, Some(299), None, (ResizeRule::Squash, 299, 299)),
            (Preset::Half, Some(256), Some(224), (ResizeRule::ShorterSide, 256, 224)),
            (Preset::Byte, None, Some(128), (ResizeRule::ShorterSide, 146, 128)),
        ] {
            let tower = preset.tower(size, crop);
            assert_eq!((tower.resize.rule, tower.resize.px, tower.side_px()), expected, "{preset:?}");
        }
    }

    #[test]
    fn values_reach_the_ends_that_are_stated() {
        for (preset, ends) in
            [(Preset::Half, (-1.0, 1.0)), (Preset::Byte, (-1.0, 127.0 / 128.0)), (Preset::Unit, (0.0, 1.0))]
        {
            let tower = preset.tower(None, None);
            let value = |byte: f32| (byte / 255.0 - tower.mean[0]) / tower.std[0];
            assert!((value(0.0) - ends.0).abs() < 1e-6 && (value(255.0) - ends.1).abs() < 1e-6, "{preset:?}");
        }
    }
}
