//! What a query picture is looked for as, beside the whole of it as it is: its parts, and the whole as it may have been.
//!
//! A collage or a screenshot shows the stored photo in a part of itself, and a photo cut from a larger one is a part of it. A
//! photo that was made darker or was given a cast tells so by its border ([`Levels`]). Each is encoded like a picture of its
//! own. Which there are was chosen by measurement; what their cosines are worth beside the whole's is
//! [`calibrate`](super::calibrate)'s business.

use super::SearchError;
use super::likeness::colours_of;
use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder};
use lookalike_vision::look::Colours;
use lookalike_vision::pixels::{Border, Filter, Levels, Rect, Size, crop_rgb, resize_rgb};
use serde::Serialize;

/// Where a part lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// The upper left quarter.
    UpperLeft,
    /// The upper right quarter.
    UpperRight,
    /// The lower left quarter.
    LowerLeft,
    /// The lower right quarter.
    LowerRight,
    /// The upper half.
    Upper,
    /// What is left when a border of one colour is cut away.
    WithoutBorder,
}

impl Region {
    /// The name used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UpperLeft => "upper_left",
            Self::UpperRight => "upper_right",
            Self::LowerLeft => "lower_left",
            Self::LowerRight => "lower_right",
            Self::Upper => "upper",
            Self::WithoutBorder => "without_border",
        }
    }
}

/// Those that every picture has: left, top, right and lower edge in halves of the sides.
const FIXED: [(Region, [u32; 4]); 5] = [
    (Region::UpperLeft, [0, 0, 1, 1]),
    (Region::UpperRight, [1, 0, 2, 1]),
    (Region::LowerLeft, [0, 1, 1, 2]),
    (Region::LowerRight, [1, 1, 2, 2]),
    (Region::Upper, [0, 0, 2, 1]),
];

fn rect([left, top, right, lower]: [u32; 4], width: u32, height: u32) -> Rect {
    let at = |halves: u32, side: u32| if halves == 2 { side } else { halves * (side / 2) };
    let (x, y) = (at(left, width), at(top, height));
    Rect { x, y, width: (at(right, width) - x).max(1), height: (at(lower, height) - y).max(1) }
}

/// What is greater than this share of a picture's area is the picture.
const WHOLE_SHARE: f32 = 0.9;

/// The photo on a page or a screen or in a frame, where the picture is one of those.
fn within_border(picture: &Picture, border: &Border) -> Option<Rect> {
    let (width, height) = (picture.width(), picture.height());
    let part = border.largest_part()?;
    let share = part.width as f32 * part.height as f32 / (width as f32 * height as f32);
    (share <= WHOLE_SHARE).then_some(part)
}

/// One part with its signatures, or the whole with those that it may have had.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// `None` for the whole.
    pub(crate) region: Option<Region>,
    pub(crate) vector: Vec<f32>,
    /// Which colours the whole had; `None` for a part, whose colours are those of a part.
    pub(super) colours: Option<Colours>,
}

/// Longest side of the picture that parts are cut from; a part is then large enough for any encoder.
const LONGEST_SIDE_PX: u32 = 1024;

/// The picture that parts are cut from, on white: no more of a large one than its parts need.
pub(super) fn kept(picture: &Picture) -> Picture {
    let (width, height) = (picture.width(), picture.height());
    let longer = width.max(height);
    let rgb = picture.on_white();
    let opaque =
        |width, height, rgb| Picture::new(width, height, rgb, None).unwrap_or_else(|_| picture.clone());
    if longer <= LONGEST_SIDE_PX {
        return opaque(width, height, rgb.into_owned());
    }
    let side = |px: u32| (u64::from(px) * u64::from(LONGEST_SIDE_PX) / u64::from(longer)).max(1) as u32;
    let to = Size::new(side(width), side(height));
    match resize_rgb(&rgb, Size::new(width, height), to, Filter::Bilinear) {
        Ok(smaller) => opaque(to.width, to.height, smaller),
        Err(_) => picture.clone(),
    }
}

/// What may lead back to the picture that `picture` was, as its border tells; nothing where it tells of no change.
fn levels(border: Option<&Border>) -> Vec<Levels> {
    border.map_or_else(Vec::new, |border| Levels::back_to_white(border.colour()))
}

/// Whether its border tells that `picture` was made darker or was given a cast.
pub(super) fn levels_changed(picture: &Picture) -> bool {
    !levels(Border::of(picture.rgb(), picture.width(), picture.height()).as_ref()).is_empty()
}

/// Encodes every part of `picture`, and the whole as it may have been, all in one batch.
pub(super) fn encode(picture: &Picture, encoder: &dyn Encoder) -> Result<Vec<Part>, SearchError> {
    let (width, height) = (picture.width(), picture.height());
    let border = Border::of(picture.rgb(), width, height);
    let fixed = FIXED.into_iter().map(|(region, halves)| (region, rect(halves, width, height)));
    let inner = border.as_ref().and_then(|border| within_border(picture, border));
    let cut = |(region, rect): (Region, Rect)| {
        let rgb = crop_rgb(picture.rgb(), width, rect);
        Picture::new(rect.width, rect.height, rgb, None).ok().map(|picture| (Some(region), picture))
    };
    let cut = fixed.chain(inner.map(|rect| (Region::WithoutBorder, rect))).filter_map(cut);
    let before = levels(border.as_ref()).into_iter().filter_map(|levels| {
        let rgb = levels.undone(picture.rgb());
        Picture::new(width, height, rgb, None).ok().map(|picture| (None, picture))
    });
    let cut: Vec<(Option<Region>, Picture)> = cut.chain(before).collect();
    let vectors = encoder.encode(&cut.iter().map(|(_, picture)| picture).collect::<Vec<_>>())?;
    if vectors.len() != cut.len() || vectors.iter().any(|vector| vector.len() != encoder.id().dimensions) {
        let reason = "it gave other vectors than it was asked for".to_owned();
        return Err(EncodeError { encoder: encoder.id().name.clone(), reason }.into());
    }
    let part = |(region, vector): (Option<Region>, Vec<f32>)| {
        let colours = if region.is_none() { colours_of(&encoder.id().name, &vector) } else { None };
        Part { region, vector, colours }
    };
    Ok(cut.into_iter().map(|(region, _)| region).zip(vectors).map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thin_frame_is_part_of_the_picture_and_a_wide_one_is_not() {
        let framed = |margin: u32| {
            let inside = |at: u32| (margin..100 - margin).contains(&at);
            let pixel = |at: u32| if inside(at % 100) && inside(at / 100) { [20; 3] } else { [255; 3] };
            let picture = Picture::new(100, 100, (0..10_000).flat_map(pixel).collect(), None).unwrap();
            within_border(&picture, &Border::of(picture.rgb(), 100, 100).unwrap())
        };
        assert_eq!(framed(1), None);
        assert_eq!(framed(20), Some(Rect { x: 20, y: 20, width: 60, height: 60 }));
    }

    #[test]
    fn parts_lie_within_the_picture_whatever_its_size() {
        for (width, height) in [(1, 1), (1, 9), (2, 2), (3, 5), (640, 481)] {
            for (region, halves) in FIXED {
                let Rect { x, y, width: wide, height: high } = rect(halves, width, height);
                assert!(
                    x + wide <= width && y + high <= height && wide * high > 0,
                    "{region:?} {width}x{height}"
                );
            }
        }
        assert_eq!(rect([1, 1, 2, 2], 5, 5), Rect { x: 2, y: 2, width: 3, height: 3 });
    }

    #[test]
    fn of_a_large_picture_no_more_is_kept_than_parts_need_and_what_shines_through_is_white() {
        let large = Picture::new(4096, 16, vec![7; 4096 * 16 * 3], None).unwrap();
        assert_eq!((kept(&large).width(), kept(&large).height()), (1024, 4));
        let clear = Picture::new(1, 1, vec![0; 3], Some(vec![0])).unwrap();
        assert_eq!(kept(&clear).rgb(), [255; 3]);
    }
}
