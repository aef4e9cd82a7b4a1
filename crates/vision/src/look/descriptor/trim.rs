//! Finds the subject inside a uniform border.

use crate::pixels::Rect;

/// How far a channel may be from the border's colour and still count as border: JPEG noise, soft shadows.
const TOLERANCE: u8 = 16;
/// How much of the outermost frame must be of one colour for it to be a border at all.
const UNIFORM_SHARE: f32 = 0.6;
/// A row or column with more than this share of other pixels holds subject.
const SUBJECT_SHARE: f32 = 0.01;
/// A subject narrower than this part of the picture is a blemish, and the picture is kept whole.
const SMALLEST_PART: u32 = 8;

/// The box that holds everything but a uniform border; the whole picture when there is none.
pub(super) fn subject(rgb: &[u8], width: u32, height: u32) -> Rect {
    let whole = Rect { x: 0, y: 0, width, height };
    let Some(differs) = differing_pixels(rgb, width as usize, height as usize) else {
        return whole;
    };
    let row_counts = differs.chunks_exact(width as usize).map(|row| row.iter().filter(|&&d| d).count());
    let mut column_counts = vec![0_usize; width as usize];
    for row in differs.chunks_exact(width as usize) {
        column_counts.iter_mut().zip(row).for_each(|(count, &differs)| *count += usize::from(differs));
    }
    let rows = occupied(row_counts, width);
    let columns = occupied(column_counts.into_iter(), height);
    match (columns, rows) {
        (Some((x, w)), Some((y, h))) if w * SMALLEST_PART >= width && h * SMALLEST_PART >= height => {
            Rect { x, y, width: w, height: h }
        }
        _ => whole,
    }
}

/// Which pixels are not of the border's colour, or `None` when the frame is not of one colour.
fn differing_pixels(rgb: &[u8], width: usize, height: usize) -> Option<Vec<bool>> {
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

/// First line that holds subject, and how many lines to the last that does. `length` is a line's pixel count.
fn occupied(counts: impl Iterator<Item = usize>, length: u32) -> Option<(u32, u32)> {
    let mut lines = counts
        .zip(0_u32..)
        .filter_map(|(count, line)| (count as f32 > SUBJECT_SHARE * length as f32).then_some(line));
    let first = lines.next()?;
    let last = lines.last().unwrap_or(first);
    Some((first, last - first + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_dark_box_on_noisy_white() {
        let rgb: Vec<u8> = (0..100 * 80)
            .flat_map(|i| {
                let (x, y) = (i % 100, i / 100);
                let noise = (i * 7 % 9) as u8;
                if (30..70).contains(&x) && (10..60).contains(&y) { [20; 3] } else { [255 - noise; 3] }
            })
            .collect();
        assert_eq!(subject(&rgb, 100, 80), Rect { x: 30, y: 10, width: 40, height: 50 });
    }

    #[test]
    fn keeps_a_flat_picture_and_a_busy_one_whole() {
        let whole = Rect { x: 0, y: 0, width: 40, height: 30 };
        assert_eq!(subject(&[255; 40 * 30 * 3], 40, 30), whole);
        let busy: Vec<u8> =
            (0..40 * 30 * 3_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(subject(&busy, 40, 30), whole);
    }
}
