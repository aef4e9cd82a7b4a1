//! Resampling and grey conversion, equal to Pillow's to the bit.
//!
//! Hashes are only comparable with the ones other systems stored when every rounding on the way is the same, so
//! this room reproduces Pillow's 8-bit arithmetic exactly and spends its effort on doing it fast: [`resize`] is
//! the two-pass resampler, [`grey`] the luma formula, [`letterbox`] the placing of a picture on a white square.
//!
//! It neither decodes (see [`crate::decode`]) nor knows what the pixels are for; [`crate::hash`] and the
//! preprocessing of encoders are its callers. `kernels` holds the inner loops, one file per instruction set.

mod axis;
mod border;
mod crop;
pub mod filter;
pub mod grey;
mod kernels;
pub mod letterbox;
mod levels;
mod part;
mod plain;
mod resampler;
pub mod resize;

pub use border::Border;
pub use crop::{Rect, crop_rgb};
pub use filter::Filter;
pub use letterbox::Letterbox;
pub use levels::Levels;
pub use resize::{ResizeError, Size, resize_grey, resize_rgb};

pub(crate) use axis::Axis;
pub(crate) use kernels::Isa;
pub(crate) use part::{Side, resize_part};
pub(crate) use resampler::{LONGEST_SIDE, Resampler, Strip};
