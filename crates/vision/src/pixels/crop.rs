//! Cutting a rectangle out of a picture.

/// A rectangle of pixels within a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// Pixels to the left of it.
    pub x: u32,
    /// Pixels above it.
    pub y: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// The pixels of `rect` out of RGB rows of `width` pixels; what lies outside the picture is left out.
pub fn crop_rgb(rgb: &[u8], width: u32, rect: Rect) -> Vec<u8> {
    let bytes = |pixels: u32| 3 * pixels as usize;
    let rows = rgb.chunks_exact(bytes(width)).skip(rect.y as usize).take(rect.height as usize);
    rows.flat_map(|row| row.iter().skip(bytes(rect.x)).take(bytes(rect.width))).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_the_middle_out() {
        let rgb: Vec<u8> = (0..4 * 3_u8).flat_map(|pixel| [pixel; 3]).collect();
        let rect = Rect { x: 1, y: 1, width: 2, height: 2 };
        assert_eq!(crop_rgb(&rgb, 4, rect), [5, 5, 5, 6, 6, 6, 9, 9, 9, 10, 10, 10]);
    }
}
