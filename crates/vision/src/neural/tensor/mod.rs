//! A picture becomes the tensor that a network wants, as its [`ImageTower`] says.
//!
//! Only Pillow's resizes, through [`crate::pixels`]. What runs the network is [`super::session`].

use super::description::{Channels, ImageTower, Interpolation, Layout, ResizeRule};
use crate::Picture;
use crate::pixels::{Filter, Rect, Size, crop_rgb, resize_rgb};

/// Makes one network's tensors.
#[derive(Debug, Clone)]
pub struct Preprocessor {
    tower: ImageTower,
}

impl Preprocessor {
    /// For pictures that go into `tower`.
    pub fn new(tower: &ImageTower) -> Self {
        Self { tower: tower.clone() }
    }

    /// Floats in one picture's tensor: `3 * side * side`.
    #[expect(clippy::len_without_is_empty, reason = "a tensor's length; it is never empty")]
    pub fn len(&self) -> usize {
        let side = self.tower.side_px() as usize;
        3 * side * side
    }

    /// Writes one picture's tensor into `out`, which is [`Self::len`] long.
    pub fn fill(&self, picture: &Picture, out: &mut [f32]) {
        let ImageTower { resize, mean, std, layout, channels, .. } = &self.tower;
        let from = Size::new(picture.width(), picture.height());
        let px = resize.px;
        let to = match resize.rule {
            ResizeRule::ShorterSide if from.width <= from.height => {
                Size::new(px, (u64::from(px) * u64::from(from.height) / u64::from(from.width)) as u32)
            }
            ResizeRule::ShorterSide => {
                Size::new((u64::from(px) * u64::from(from.width) / u64::from(from.height)) as u32, px)
            }
            ResizeRule::Squash | ResizeRule::Letterbox => Size::new(px, px),
        };
        let filter = match resize.filter {
            Interpolation::Bilinear => Filter::Bilinear,
            Interpolation::Bicubic => Filter::Bicubic,
            Interpolation::Lanczos => Filter::Lanczos,
        };
        let Ok(rgb) = resize_rgb(&picture.on_white(), from, to, filter) else {
            out.fill(0.0);
            return;
        };
        let side = self.tower.side_px();
        let left = |length: u32| (f64::from(length - side) / 2.0).round_ties_even() as u32;
        let rect = Rect { x: left(to.width), y: left(to.height), width: side, height: side };
        let rgb = crop_rgb(&rgb, to.width, rect);
        let plane = (side * side) as usize;
        for (index, pixel) in rgb.chunks_exact(3).enumerate() {
            for (colour, ((&value, mean), std)) in pixel.iter().zip(mean).zip(std).enumerate() {
                let channel = if *channels == Channels::Rgb { colour } else { 2 - colour };
                let at = match layout {
                    Layout::Nchw => channel * plane + index,
                    Layout::Nhwc => 3 * index + channel,
                };
                if let Some(out) = out.get_mut(at) {
                    *out = (f32::from(value) / 255.0 - mean) / std;
                }
            }
        }
    }
}
