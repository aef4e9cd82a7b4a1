//! Letters for what sellers write over photos: capitals, digits and a few signs, five cells wide and seven high.
//!
//! No typeface; enough that a picture with words on it looks as one does to a hash or a network.

use image::{Rgb, RgbImage};

/// Cells from one letter to the next.
const ADVANCE: f32 = 6.0;
/// Cells from the top of a letter to its foot.
const HEIGHT: f32 = 7.0;

/// Writes `text` with letters `height_px` high, the first one's upper left corner at (`left`, `top`). What lies outside
/// the picture is left out.
pub(super) fn write(image: &mut RgbImage, text: &str, (left, top): (f32, f32), height_px: f32, ink: [u8; 3]) {
    let cell = height_px / HEIGHT;
    for (letter, place) in text.chars().zip(0_u16..) {
        let x = left + f32::from(place) * ADVANCE * cell;
        for (row, bits) in (0_u8..).zip(cells(letter.to_ascii_uppercase())) {
            for column in (0_u8..5).filter(|column| bits & (16 >> column) != 0) {
                let from = (x + f32::from(column) * cell, top + f32::from(row) * cell);
                fill(image, from, (from.0 + cell, from.1 + cell), ink);
            }
        }
    }
}

/// Fills the pixels whose centres lie between two corners.
pub(super) fn fill(image: &mut RgbImage, from: (f32, f32), to: (f32, f32), ink: [u8; 3]) {
    let pixels = |from: f32, to: f32, side: u32| {
        let at = |edge: f32| (edge - 0.5).ceil().clamp(0.0, side as f32) as u32;
        at(from)..at(to)
    };
    for y in pixels(from.1, to.1, image.height()) {
        for x in pixels(from.0, to.0, image.width()) {
            image.put_pixel(x, y, Rgb(ink));
        }
    }
}

/// The rows of a letter from the top, the leftmost cell as bit 16. What there is no letter for is blank.
fn cells(letter: char) -> [u8; 7] {
    match letter {
        'A' => [14, 17, 17, 31, 17, 17, 17],
        'B' => [30, 17, 17, 30, 17, 17, 30],
        'C' => [14, 17, 16, 16, 16, 17, 14],
        'D' => [30, 17, 17, 17, 17, 17, 30],
        'E' => [31, 16, 16, 30, 16, 16, 31],
        'F' => [31, 16, 16, 30, 16, 16, 16],
        'G' => [14, 17, 16, 23, 17, 17, 15],
        'H' => [17, 17, 17, 31, 17, 17, 17],
        'I' => [14, 4, 4, 4, 4, 4, 14],
        'J' => [7, 2, 2, 2, 2, 18, 12],
        'K' => [17, 18, 20, 24, 20, 18, 17],
        'L' => [16, 16, 16, 16, 16, 16, 31],
        'M' => [17, 27, 21, 21, 17, 17, 17],
        'N' => [17, 25, 21, 19, 17, 17, 17],
        'O' => [14, 17, 17, 17, 17, 17, 14],
        'P' => [30, 17, 17, 30, 16, 16, 16],
        'Q' => [14, 17, 17, 17, 21, 18, 13],
        'R' => [30, 17, 17, 30, 20, 18, 17],
        'S' => [15, 16, 16, 14, 1, 1, 30],
        'T' => [31, 4, 4, 4, 4, 4, 4],
        'U' => [17, 17, 17, 17, 17, 17, 14],
        'V' => [17, 17, 17, 17, 17, 10, 4],
        'W' => [17, 17, 17, 21, 21, 27, 17],
        'X' => [17, 17, 10, 4, 10, 17, 17],
        'Y' => [17, 17, 10, 4, 4, 4, 4],
        'Z' => [31, 1, 2, 4, 8, 16, 31],
        '0' => [14, 17, 19, 21, 25, 17, 14],
        '1' => [4, 12, 4, 4, 4, 4, 14],
        '2' => [14, 17, 1, 6, 8, 16, 31],
        '3' => [30, 1, 1, 14, 1, 1, 30],
        '4' => [2, 6, 10, 18, 31, 2, 2],
        '5' => [31, 16, 30, 1, 1, 17, 14],
        '6' => [6, 8, 16, 30, 17, 17, 14],
        '7' => [31, 1, 2, 4, 8, 8, 8],
        '8' => [14, 17, 17, 14, 17, 17, 14],
        '9' => [14, 17, 17, 15, 1, 2, 12],
        '%' => [24, 25, 2, 4, 8, 19, 3],
        '-' => [0, 0, 0, 31, 0, 0, 0],
        '.' => [0, 0, 0, 0, 0, 12, 12],
        ',' => [0, 0, 0, 0, 12, 4, 8],
        ':' => [0, 12, 12, 0, 12, 12, 0],
        '!' => [4, 4, 4, 4, 4, 0, 4],
        _ => [0; 7],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_drawn_where_they_should_be_and_cut_at_the_edge() {
        let mut image = RgbImage::new(12, 9);
        write(&mut image, "TI", (0.0, 1.0), 7.0, [255; 3]);
        let rows: Vec<String> =
            image.rows().map(|row| row.map(|pixel| if pixel[0] > 0 { '#' } else { '.' }).collect()).collect();
        let expected = [
            "............",
            "#####..###..",
            "..#.....#...",
            "..#.....#...",
            "..#.....#...",
            "..#.....#...",
            "..#.....#...",
            "..#....###..",
            "............",
        ];
        assert_eq!(rows, expected);
        write(&mut image, "WWW", (-9.0, -40.0), 300.0, [9; 3]);
    }
}
