//! What a picture may have been before its levels were changed, as far as its border tells.
//!
//! Products are shown on white. A border that is nearly white, and not quite, says that the whole picture was made darker or
//! was given a cast, and how far white went; not by which curve. So a few likely ones are undone, each by an image editor's two
//! levels, white point and gamma.

/// A border whose every channel is at least this is meant to be white.
const DARKEST_WHITE: u8 = 170;
/// And if every channel is at least this, it is.
const WHITE: u8 = 248;
/// A border whose red and blue are farther apart than this has a cast.
const NO_CAST: u8 = 8;
/// What the values of a picture that was made darker on purpose are often raised to.
const GAMMA: f32 = 1.5;

/// A curve for each channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels([[u8; 256]; 3]);

impl Levels {
    /// Those that may lead back from a picture with a border of this colour: none where it is white, or is no white at all;
    /// else three, and a fourth where it has a cast.
    pub fn back_to_white(border: [u8; 3]) -> Vec<Self> {
        let is_white = border.iter().all(|value| *value >= WHITE);
        if is_white || border.iter().any(|value| *value < DARKEST_WHITE) {
            return Vec::new();
        }
        let white = border.map(|value| f32::from(value) / 255.0);
        let [red, green, blue] = white;
        let scaled =
            |gamma: f32| Self::of(white.map(|white| move |value: f32| (value / white).powf(1.0 / gamma)));
        let shifted = |gamma: f32| {
            Self::of(white.map(|white| move |value: f32| (value + 1.0 - white).powf(1.0 / gamma)))
        };
        let mut all = vec![scaled(1.0), scaled(GAMMA), shifted(GAMMA)];
        if border[0].abs_diff(border[2]) > NO_CAST {
            // What is warmer has as much more red as it has less blue; white, which has all the red there is, does not tell.
            let factors = if red > blue { [2.0 - blue, green, blue] } else { [red, green, 2.0 - red] };
            all.push(Self::of(factors.map(|factor| move |value: f32| value / factor)));
        }
        all
    }

    /// Of curves from values of 0 to 1 to the same.
    fn of(curves: [impl Fn(f32) -> f32; 3]) -> Self {
        Self(curves.map(|curve| {
            std::array::from_fn(|byte| (curve(byte as f32 / 255.0).clamp(0.0, 1.0) * 255.0).round() as u8)
        }))
    }

    /// What pixels of three bytes were.
    pub fn undone(&self, rgb: &[u8]) -> Vec<u8> {
        let Self([red, green, blue]) = self;
        let (pixels, _) = rgb.as_chunks::<3>();
        let through = |curve: &[u8; 256], byte: u8| curve.get(usize::from(byte)).copied().unwrap_or(byte);
        let was = |&[r, g, b]: &[u8; 3]| [through(red, r), through(green, g), through(blue, b)];
        pixels.iter().map(was).collect::<Vec<_>>().into_flattened()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far, at most, the best of what may lead back is from the pixels that were changed.
    fn farthest(change: impl Fn(f32, usize) -> f32) -> u8 {
        let changed = |rgb: &[u8]| -> Vec<u8> {
            let value =
                |(at, value): (usize, &u8)| change(f32::from(*value) / 255.0, at % 3).clamp(0.0, 1.0) * 255.0;
            rgb.iter().enumerate().map(value).map(|value| value as u8).collect()
        };
        let pixels = [200, 60, 70, 60, 90, 190, 120, 120, 120, 230, 200, 180];
        let border = changed(&[255; 3]);
        let off = |levels: Levels| {
            let undone = levels.undone(&changed(&pixels));
            pixels.iter().zip(undone).map(|(was, undone)| was.abs_diff(undone)).max().unwrap()
        };
        Levels::back_to_white([border[0], border[1], border[2]]).into_iter().map(off).min().unwrap()
    }

    #[test]
    fn darker_pictures_and_casts_are_led_back() {
        assert!(farthest(|value, _| value.powf(1.5) - 0.08) <= 3);
        assert!(farthest(|value, _| value * 0.85) <= 3);
        assert!(farthest(|value, _| 0.9 * value.powf(1.5)) <= 3);
        assert!(farthest(|value, at| value * [1.1, 1.0, 0.88][at]) <= 5);
        assert!(farthest(|value, at| value * [0.88, 1.0, 1.1][at]) <= 5);
    }

    #[test]
    fn white_is_left_alone_and_so_is_what_never_was_white() {
        for border in [[255; 3], [248; 3], [255, 250, 249], [0; 3], [169, 255, 255], [40, 160, 90]] {
            assert_eq!(Levels::back_to_white(border), [], "{border:?}");
        }
        assert_eq!(Levels::back_to_white([235; 3]).len(), 3);
        assert_eq!(Levels::back_to_white([255, 255, 217]).len(), 4);
    }

    #[test]
    fn white_comes_back_to_white_and_no_pixels_to_none() {
        for border in [[235, 230, 240], [170; 3], [255, 250, 200]] {
            for levels in Levels::back_to_white(border) {
                // A cast's other end is beyond white.
                assert!(levels.undone(&border).iter().all(|value| *value >= 200), "{border:?}");
                assert!(levels.undone(&[]).is_empty());
            }
        }
    }
}
