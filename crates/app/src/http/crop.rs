//! The part of a picture that a question is about.

use super::problem::Problem;
use lookalike_vision::Picture;
use lookalike_vision::pixels::Rect;
use serde::Deserialize;
use utoipa::ToSchema;

/// A part of the picture, in fractions of the upright picture's sides: only what it shows is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"x": 0.25, "y": 0.1, "width": 0.5, "height": 0.6}))]
pub(super) struct Crop {
    /// Left edge, from the left.
    #[schema(minimum = 0, exclusive_maximum = 1)]
    x: f64,
    /// Upper edge, from the top.
    #[schema(minimum = 0, exclusive_maximum = 1)]
    y: f64,
    /// Width; `x` and it together are at most 1.
    #[schema(exclusive_minimum = 0, maximum = 1)]
    width: f64,
    /// Height; `y` and it together are at most 1.
    #[schema(exclusive_minimum = 0, maximum = 1)]
    height: f64,
}

/// How far a box may reach over the edge: fractions that a page computed do not add up to 1 exactly.
const SLACK: f64 = 1e-6;

impl Crop {
    /// `x,y,width,height`, as a form has it.
    ///
    /// # Errors
    /// 422 when it is something else.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let numbers: Vec<f64> = text.split(',').map_while(|number| number.trim().parse().ok()).collect();
        match (&numbers[..], text.split(',').count()) {
            (&[x, y, width, height], 4) => Ok(Self { x, y, width, height }),
            _ => Err(Problem::invalid(
                "invalid_parameter",
                format!("crop is {text:?}; it must be x,y,width,height, each a fraction from 0 to 1"),
            )),
        }
    }

    /// The box, when it lies within the picture and has an area.
    ///
    /// # Errors
    /// 422 otherwise.
    pub(super) fn checked(self) -> Result<Self, Problem> {
        let lies_within = |start: f64, length: f64| {
            (0.0..1.0).contains(&start) && length > 0.0 && start + length <= 1.0 + SLACK
        };
        if lies_within(self.x, self.width) && lies_within(self.y, self.height) {
            return Ok(self);
        }
        let Self { x, y, width, height } = self;
        Err(Problem::invalid(
            "invalid_parameter",
            format!(
                "crop is x {x}, y {y}, width {width}, height {height}; it must be a box with an area within 0 to 1"
            ),
        ))
    }

    /// Whether it is all of the picture.
    pub(super) fn is_whole(self) -> bool {
        self.x <= SLACK && self.y <= SLACK && self.width >= 1.0 - SLACK && self.height >= 1.0 - SLACK
    }

    /// What it shows of `picture`, at least one pixel.
    ///
    /// # Errors
    /// Never: a box that was [`checked`](Self::checked) lies within.
    pub(super) fn cut(self, picture: &Picture) -> Result<Picture, Problem> {
        let (x, width) = pixels(self.x, self.width, picture.width());
        let (y, height) = pixels(self.y, self.height, picture.height());
        picture
            .crop(Rect { x, y, width, height })
            .map_err(|error| Problem::internal("cutting a picture", &error))
    }
}

/// Where a part of a side begins and how long it is, in whole pixels.
fn pixels(start: f64, length: f64, side_px: u32) -> (u32, u32) {
    let at = |fraction: f64| ((fraction * f64::from(side_px)).round() as u32).min(side_px);
    let first = at(start).min(side_px.saturating_sub(1));
    (first, at(start + length).saturating_sub(first).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_becomes_whole_pixels_within_the_picture() {
        for (start, length, side, expected) in [
            (0.0, 1.0, 7, (0, 7)),
            (0.5, 0.5, 7, (4, 3)),
            (0.1, 0.2, 100, (10, 20)),
            (0.999, 0.001, 10, (9, 1)),
            (0.0, 0.001, 10, (0, 1)),
            (0.9, 0.1 + 1e-7, 10, (9, 1)),
            (0.5, 0.1, 1, (0, 1)),
        ] {
            assert_eq!(pixels(start, length, side), expected, "{start} {length} {side}");
        }
    }

    #[test]
    fn only_boxes_with_an_area_within_the_picture_are_taken() {
        for text in ["0,0,1,1", " 0.25, 0.5 ,0.75,0.5", "0.9,0.9,0.1,0.1", "0.1,0.2,0.9,0.80000000001"] {
            Crop::parse(text).unwrap().checked().unwrap();
        }
        for text in ["0,0,0,1", "1,0,0.1,1", "-0.1,0,0.5,0.5", "0.5,0.5,0.6,0.1", "NaN,0,1,1", "0,0,inf,1"] {
            assert!(Crop::parse(text).unwrap().checked().is_err(), "{text}");
        }
        for text in ["", "0,0,1", "0,0,1,1,", "0,0,1,1,1", "a,b,c,d", "0;0;1;1"] {
            assert!(Crop::parse(text).is_err(), "{text}");
        }
    }
}
