//! What is left of a picture when a border or a page of one colour is cut away.
//!
//! A shop's page, a phone's screen or a frame surrounds the photo with one colour. The largest band of rows between rows
//! of nothing but that colour is taken for the photo, and then its columns: so a status bar and lines of text fall away too.

use lookalike_vision::pixels::Rect;

/// How far a channel may be from the border's colour and still count as border: JPEG noise, soft shadows.
const TOLERANCE: u8 = 16;
/// How much of the outermost frame must be of one colour for it to be a border at all.
const UNIFORM_SHARE: f32 = 0.6;
/// A row or column with more than this share of other pixels holds something.
const HELD_SHARE: f32 = 0.01;
/// What is narrower than this part of the picture is a blemish.
const SMALLEST_PART: u32 = 8;
/// What is greater than this share of the picture's area is the picture.
const WHOLE_SHARE: f32 = 0.9;

/// The box within the border, unless there is no border or the box is next to nothing or nearly everything. `rgb` has rows
/// of `width` pixels, three bytes each.
pub(super) fn within(rgb: &[u8], width: u32, height: u32) -> Option<Rect> {
    let held = held_pixels(rgb, width as usize, height as usize)?;
    let rows: Vec<usize> =
        held.chunks_exact(width as usize).map(|row| row.iter().filter(|&&held| held).count()).collect();
    let (y, tall) = longest_run(&rows, width)?;
    let mut columns = vec![0_usize; width as usize];
    for row in held.chunks_exact(width as usize).skip(y as usize).take(tall as usize) {
        columns.iter_mut().zip(row).for_each(|(count, &held)| *count += usize::from(held));
    }
    let (x, wide) = outermost(&columns, tall)?;
    let large_enough = wide * SMALLEST_PART >= width && tall * SMALLEST_PART >= height;
    let share = wide as f32 * tall as f32 / (width as f32 * height as f32);
    (large_enough && share <= WHOLE_SHARE).then_some(Rect { x, y, width: wide, height: tall })
}

/// Which pixels are not of the border's colour, or `None` when the frame is not of one colour.
fn held_pixels(rgb: &[u8], width: usize, height: usize) -> Option<Vec<bool>> {
    let (pixels, _) = rgb.as_chunks::<3>();
    let rows = || pixels.chunks_exact(width);
    let outer_rows = rows().take(1).chain(rows().skip(height - 1)).flatten();
    let outer_columns = rows().flat_map(|row| row.first().into_iter().chain(row.last()));
    let frame: Vec<[u8; 3]> = outer_rows.chain(outer_columns).copied().collect();
    let border = median_colour(&frame);
    let is_border = |pixel: &[u8; 3]| pixel.iter().zip(border).all(|(&a, b)| a.abs_diff(b) <= TOLERANCE);
    let uniform = frame.iter().filter(|pixel| is_border(pixel)).count();
    let share = uniform as f32 / frame.len().max(1) as f32;
    (share >= UNIFORM_SHARE).then(|| pixels.iter().map(|pixel| !is_border(pixel)).collect())
}

fn median_colour(pixels: &[[u8; 3]]) -> [u8; 3] {
    [0, 1, 2].map(|channel| {
        let mut values: Vec<u8> = pixels.iter().filter_map(|pixel| pixel.get(channel).copied()).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or(255)
    })
}

fn holds(count: usize, length: u32) -> bool {
    count as f32 > HELD_SHARE * length as f32
}

/// First line and length of the longest run of lines that hold something. `length` is a line's pixel count.
fn longest_run(counts: &[usize], length: u32) -> Option<(u32, u32)> {
    let mut best = None;
    let mut first = 0;
    for run in counts.chunk_by(|&a, &b| holds(a, length) == holds(b, length)) {
        let long = run.len() as u32;
        let something = run.first().is_some_and(|&count| holds(count, length));
        if something && best.is_none_or(|(_, longest)| long > longest) {
            best = Some((first, long));
        }
        first += long;
    }
    best
}

/// First line that holds something, and how many lines to the last that does.
fn outermost(counts: &[usize], length: u32) -> Option<(u32, u32)> {
    let mut lines =
        counts.iter().zip(0_u32..).filter_map(|(&count, line)| holds(count, length).then_some(line));
    let first = lines.next()?;
    let last = lines.last().unwrap_or(first);
    Some((first, last - first + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: u32, height: u32, dark: impl Fn(u32, u32) -> bool) -> Vec<u8> {
        (0..width * height)
            .flat_map(|at| {
                let noise = (at * 7 % 9) as u8;
                if dark(at % width, at / width) { [20; 3] } else { [255 - noise; 3] }
            })
            .collect()
    }

    #[test]
    fn a_box_on_noisy_white_is_found() {
        let rgb = page(100, 80, |x, y| (30..70).contains(&x) && (10..60).contains(&y));
        assert_eq!(within(&rgb, 100, 80), Some(Rect { x: 30, y: 10, width: 40, height: 50 }));
    }

    #[test]
    fn a_status_bar_and_lines_of_text_are_not_the_photo() {
        // Given a screen: a bar over the full width, a line of text, the photo, a button,
        let rgb = page(90, 190, |x, y| match y {
            0..7 => true,
            12..16 => x % 4 < 2 && x > 5,
            20..110 => (15..75).contains(&x),
            170..182 => (5..85).contains(&x),
            _ => false,
        });
        // then the photo is what is looked for.
        assert_eq!(within(&rgb, 90, 190), Some(Rect { x: 15, y: 20, width: 60, height: 90 }));
    }

    #[test]
    fn flat_busy_and_borderless_pictures_have_no_inner_box() {
        assert_eq!(within(&[255; 40 * 30 * 3], 40, 30), None);
        let busy: Vec<u8> =
            (0..40 * 30 * 3_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(within(&busy, 40, 30), None);
        let nearly_whole = page(100, 100, |x, y| (1..99).contains(&x) && (1..99).contains(&y));
        assert_eq!(within(&nearly_whole, 100, 100), None);
        assert_eq!(within(&page(1, 1, |_, _| true), 1, 1), None);
    }
}
