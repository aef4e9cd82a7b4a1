//! A picture becomes the tensor that a network wants, as its [`ImageTower`] says.
//!
//! In order: transparency onto white, resize, crop, `(value / 255 - mean) / std` per channel. With the library `pillow`
//! the tensor is equal to the bit to what torchvision's and OpenAI CLIP's transforms give for the same RGB pixels; with
//! `tensorflow` it is that of `tf.image.resize` but for the last bits of a float; with `opencv` it is within one step of
//! 255 of `cv2.resize`'s. The references drop alpha (`convert("RGB")` shows whatever colour lies under transparent
//! pixels); here a picture is what a white page shows. They also resize palette pictures without interpolation; here
//! every picture is RGB first.
//!
//! `frame` works out what lies where, `interpolate` is TensorFlow's arithmetic, [`crate::pixels`] Pillow's; `shorten`
//! keeps pictures millions of pixels long from costing gigabytes. What runs the network is [`super::session`].

mod frame;
mod interpolate;
mod shorten;

use super::description::{Channels, ImageTower, Interpolation, Layout, Library, Resize};
use crate::Picture;
use crate::pixels::{Filter, Isa, LONGEST_SIDE, Side, resize_part};
use frame::Frame;
use interpolate::{bicubic, bilinear};
use shorten::shortened;

/// Makes one network's tensors. Cheap to share: making one takes `&self`.
#[derive(Debug, Clone)]
pub struct Preprocessor {
    resize: Resize,
    side: usize,
    /// For each channel of the tensor.
    channels: [Channel; 3],
    layout: Layout,
}

/// One channel of the tensor.
#[derive(Debug, Clone)]
struct Channel {
    /// Which colour it is: 0 red, 1 green, 2 blue.
    colour: usize,
    mean: f32,
    std: f32,
    /// What each 8-bit value becomes.
    values: Box<[f32; 256]>,
}

impl Channel {
    fn new(tower: &ImageTower, colour: usize) -> Self {
        let pick = |three: [f32; 3]| three.into_iter().nth(colour).unwrap_or_default();
        let (mean, std) = (pick(tower.mean), pick(tower.std));
        let mut values = Box::new([0.0; 256]);
        for (value, byte) in values.iter_mut().zip(0_u8..=255) {
            *value = normalised(f32::from(byte), mean, std);
        }
        Self { colour, mean, std, values }
    }

    fn of_byte(&self, byte: u8) -> f32 {
        self.values.get(usize::from(byte)).copied().unwrap_or_default()
    }
}

/// In the order of torchvision's `ToTensor` and `Normalize`, each step rounded to single precision.
fn normalised(value: f32, mean: f32, std: f32) -> f32 {
    (value / 255.0 - mean) / std
}

impl Preprocessor {
    /// For pictures that go into `tower`, whose values make sense ([`super::Description::check`]).
    pub fn new(tower: &ImageTower) -> Self {
        let order = match tower.channels {
            Channels::Rgb => [0, 1, 2],
            Channels::Bgr => [2, 1, 0],
        };
        Self {
            resize: tower.resize,
            side: tower.side_px() as usize,
            channels: order.map(|colour| Channel::new(tower, colour)),
            layout: tower.layout,
        }
    }

    /// Height and width of the tensor.
    pub fn side_px(&self) -> usize {
        self.side
    }

    /// Floats in one picture's tensor: `3 * side * side`.
    #[expect(clippy::len_without_is_empty, reason = "a tensor's length; it is never empty")]
    pub fn len(&self) -> usize {
        3 * self.side * self.side
    }

    /// Lengths of the axes of a batch of `pictures`.
    pub fn shape(&self, pictures: usize) -> [usize; 4] {
        match self.layout {
            Layout::Nchw => [pictures, 3, self.side, self.side],
            Layout::Nhwc => [pictures, self.side, self.side, 3],
        }
    }

    /// Writes one picture's tensor.
    ///
    /// # Panics
    /// When `out` is not [`Self::len`] long.
    pub fn fill(&self, picture: &Picture, out: &mut [f32]) {
        assert_eq!(out.len(), self.len(), "the buffer for a tensor has the wrong length");
        let frame = Frame::new(&self.resize, self.side, picture.width(), picture.height());
        let white = picture.on_white();
        let from = (picture.width() as usize, picture.height() as usize);
        let (rgb, (width, height)) = shortened(&white, from, LONGEST_SIDE);
        let columns = Side { from: width, to: frame.columns.to, kept: frame.columns.kept.clone() };
        let rows = Side { from: height, to: frame.rows.to, kept: frame.rows.kept.clone() };
        if columns.kept.len() < self.side || rows.kept.len() < self.side {
            self.whiten(out);
        }
        let (left, top) = (frame.columns.before, frame.rows.before);
        match (self.resize.library, self.resize.filter) {
            (Library::Tensorflow, Interpolation::Bilinear) => {
                bilinear(&rgb, &columns, &rows, &mut |row, colours| {
                    self.put(out, top + row, left, colours, |channel, value| {
                        normalised(value, channel.mean, channel.std)
                    });
                });
            }
            (Library::Tensorflow, _) => bicubic(&rgb, &columns, &rows, &mut |row, colours| {
                self.put(out, top + row, left, colours, |channel, value| {
                    normalised(value, channel.mean, channel.std)
                });
            }),
            (Library::Pillow | Library::Opencv, filter) => {
                let filter = match filter {
                    Interpolation::Bilinear => Filter::Bilinear,
                    Interpolation::Bicubic => Filter::Bicubic,
                    Interpolation::Lanczos => Filter::Lanczos,
                    Interpolation::Area => Filter::Area,
                };
                resize_part(Isa::best(), &rgb, &columns, &rows, filter, &mut |row, colours| {
                    self.put(out, top + row, left, colours, Channel::of_byte);
                });
            }
        }
    }

    /// A white picture's tensor: what shows beside a letterboxed one.
    fn whiten(&self, out: &mut [f32]) {
        let white = vec![255_u8; 3 * self.side];
        for row in 0..self.side {
            self.put(out, row, 0, &white, Channel::of_byte);
        }
    }

    /// Writes interleaved colours into one row of the tensor, from column `left` on.
    fn put<T: Copy>(
        &self,
        out: &mut [f32],
        row: usize,
        left: usize,
        colours: &[T],
        value: impl Fn(&Channel, T) -> f32,
    ) {
        let (side, pixels) = (self.side, colours.as_chunks::<3>().0);
        match self.layout {
            Layout::Nchw => {
                for (channel, plane) in self.channels.iter().zip(out.chunks_exact_mut(side * side)) {
                    let places = plane.iter_mut().skip(row * side + left);
                    for (place, pixel) in places.zip(pixels) {
                        *place = pick(pixel, channel).map_or(0.0, |colour| value(channel, colour));
                    }
                }
            }
            Layout::Nhwc => {
                let places = out.as_chunks_mut::<3>().0.iter_mut().skip(row * side + left);
                for (place, pixel) in places.zip(pixels) {
                    for (channel, place) in self.channels.iter().zip(place) {
                        *place = pick(pixel, channel).map_or(0.0, |colour| value(channel, colour));
                    }
                }
            }
        }
    }
}

fn pick<T: Copy>(pixel: &[T; 3], channel: &Channel) -> Option<T> {
    pixel.get(channel.colour).copied()
}

#[cfg(test)]
mod tests;
