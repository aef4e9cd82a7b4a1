//! Preprocessing that can be named instead of described: what the large families of networks were trained with.
//!
//! A preset is an [`ImageTower`] without names of inputs and outputs. Where a model needs anything else, its page says
//! so in full (`models add --describe FILE.toml`).

use super::error::ModelsError;
use lookalike_vision::neural::description::{
    Channels, ImageTower, Interpolation, Layout, Library, Resize, ResizeRule,
};

/// A way to feed pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// torchvision's classifiers: shorter side 256, crop 224, bilinear, ImageNet's mean and deviation.
    Imagenet,
    /// Values from -1 to 1, both sides 224, bilinear: TensorFlow's classifiers and SigLIP.
    Half,
    /// Values from 0 to 1, both sides 224, bilinear.
    Byte,
    /// OpenAI's CLIP: shorter side 224, crop 224, bicubic, its own mean and deviation.
    Clip,
}

/// torchvision's `ImageNet` normalisation.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
/// `_transform` in OpenAI's `clip/clip.py`.
const OPENAI: ([f32; 3], [f32; 3]) =
    ([0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_58, 0.275_777_11]);

impl Preset {
    /// The tower for this preset, resized to `size` and cut to `crop` where they are given.
    ///
    /// # Errors
    /// When something is to be cut from a picture that was squashed to its size.
    pub fn tower(self, size: Option<u32>, crop: Option<u32>) -> Result<ImageTower, ModelsError> {
        let (rule, px, crop_px, filter, (mean, std)) = match self {
            Self::Imagenet => {
                // 256 to 224 is the usual proportion; a size alone keeps it.
                let crop_px = crop.unwrap_or(size.map_or(224, |size| size.saturating_mul(7) / 8));
                let px = size.unwrap_or(crop_px.saturating_mul(8) / 7);
                (ResizeRule::ShorterSide, px, Some(crop_px), Interpolation::Bilinear, IMAGENET)
            }
            Self::Clip => {
                let px = size.or(crop).unwrap_or(224);
                (ResizeRule::ShorterSide, px, Some(crop.unwrap_or(px)), Interpolation::Bicubic, OPENAI)
            }
            Self::Half | Self::Byte if crop.is_some() => {
                let told = "--crop does not go with `half` and `byte`, which squash: give --size, or a page with --describe";
                return Err(ModelsError::Addition(told.to_owned()));
            }
            Self::Half => {
                let range = ([0.5; 3], [0.5; 3]);
                (ResizeRule::Squash, size.unwrap_or(224), None, Interpolation::Bilinear, range)
            }
            Self::Byte => {
                let range = ([0.0; 3], [1.0; 3]);
                (ResizeRule::Squash, size.unwrap_or(224), None, Interpolation::Bilinear, range)
            }
        };
        Ok(ImageTower {
            input: None,
            output: None,
            resize: Resize { rule, px, library: Library::Pillow, filter },
            crop_px,
            mean,
            std,
            layout: Layout::Nchw,
            channels: Channels::Rgb,
            normalise: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_from_one_another() {
        let sides = |preset: Preset, size, crop| {
            let tower = preset.tower(size, crop).unwrap();
            (tower.resize.px, tower.side_px())
        };
        assert_eq!(sides(Preset::Imagenet, None, None), (256, 224));
        assert_eq!(sides(Preset::Imagenet, None, Some(280)), (320, 280));
        assert_eq!(sides(Preset::Imagenet, Some(128), None), (128, 112));
        assert_eq!(sides(Preset::Imagenet, Some(128), Some(128)), (128, 128));
        assert_eq!(sides(Preset::Clip, None, None), (224, 224));
        assert_eq!(sides(Preset::Clip, None, Some(336)), (336, 336));
        assert_eq!(sides(Preset::Half, Some(299), None), (299, 299));
        assert!(Preset::Byte.tower(None, Some(200)).unwrap_err().to_string().contains("--size"));
    }
}
