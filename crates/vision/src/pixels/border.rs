//! What surrounds a picture: a border, a studio's background or a page, all of one colour.
//!
//! The frame of outermost pixels says whether there is a border and of what colour; every pixel of about that colour counts
//! as border, wherever it lies. What is not border is told in two ways: the box of all of it ([`Border::subject`]), and the
//! box of its largest part ([`Border::largest_part`]), which leaves lines of text and a screen's status bar outside.
//!
//! It cuts nothing; [`crop_rgb`](super::crop_rgb) does.

use super::Rect;

/// How far a channel may be from the border's colour and still count as border: JPEG noise, soft shadows.
const TOLERANCE: u8 = 16;
/// How much of the outermost frame must be of one colour for it to be a border at all.
const UNIFORM_SHARE: f32 = 0.6;
/// A row or column with more than this share of other pixels holds something.
const HELD_SHARE: f32 = 0.01;
/// What is narrower than this part of the picture is a blemish.
const SMALLEST_PART: u32 = 8;

/// The border of one picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Border {
    colour: [u8; 3],
    width: u32,
    height: u32,
    /// For each pixel, row by row, whether it is something other than border.
    held: Vec<bool>,
}

impl Border {
    /// Of a picture whose rows are `width` pixels of three bytes; `None` when its frame is not of one colour.
    pub fn of(rgb: &[u8], width: u32, height: u32) -> Option<Self> {
        let (pixels, _) = rgb.as_chunks::<3>();
        let rows = || pixels.chunks_exact((width as usize).max(1));
        let outer_rows = rows().take(1).chain(rows().next_back()).flatten();
        let outer_columns = rows().flat_map(|row| row.first().into_iter().chain(row.last()));
        let frame: Vec<[u8; 3]> = outer_rows.chain(outer_columns).copied().collect();
        let colour = median_colour(&frame);
        let uniform = frame.iter().filter(|&&pixel| is_near(colour, pixel)).count();
        if (uniform as f32) < UNIFORM_SHARE * frame.len().max(1) as f32 {
            return None;
        }
        let held = pixels.iter().map(|&pixel| !is_near(colour, pixel)).collect();
        Some(Self { colour, width, height, held })
    }

    /// Its colour.
    pub fn colour(&self) -> [u8; 3] {
        self.colour
    }

    /// Whether a pixel is of about the border's colour.
    pub fn is_like(&self, pixel: [u8; 3]) -> bool {
        is_near(self.colour, pixel)
    }

    /// The box that holds everything but border; `None` when that is next to nothing.
    pub fn subject(&self) -> Option<Rect> {
        let (y, tall) = outermost(&self.row_counts(), self.width)?;
        let (x, wide) = outermost(&self.column_counts(0, self.height), self.height)?;
        self.large_enough(Rect { x, y, width: wide, height: tall })
    }

    /// The box of the largest band of rows between rows of nothing but border; `None` when that is next to nothing.
    pub fn largest_part(&self) -> Option<Rect> {
        let (y, tall) = longest_run(&self.row_counts(), self.width)?;
        let (x, wide) = outermost(&self.column_counts(y, tall), tall)?;
        self.large_enough(Rect { x, y, width: wide, height: tall })
    }

    fn large_enough(&self, rect: Rect) -> Option<Rect> {
        let enough = rect.width * SMALLEST_PART >= self.width && rect.height * SMALLEST_PART >= self.height;
        enough.then_some(rect)
    }

    fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.held.chunks_exact((self.width as usize).max(1))
    }

    fn row_counts(&self) -> Vec<usize> {
        self.rows().map(|row| row.iter().filter(|&&held| held).count()).collect()
    }

    fn column_counts(&self, first_row: u32, rows: u32) -> Vec<usize> {
        let mut counts = vec![0_usize; self.width as usize];
        for row in self.rows().skip(first_row as usize).take(rows as usize) {
            counts.iter_mut().zip(row).for_each(|(count, &held)| *count += usize::from(held));
        }
        counts
    }
}

fn is_near([r, g, b]: [u8; 3], pixel: [u8; 3]) -> bool {
    // Without branches, so that many are told at once.
    let [x, y, z] = pixel;
    (r.abs_diff(x) <= TOLERANCE) & (g.abs_diff(y) <= TOLERANCE) & (b.abs_diff(z) <= TOLERANCE)
}

/// Channel by channel.
fn median_colour(pixels: &[[u8; 3]]) -> [u8; 3] {
    [0, 1, 2].map(|channel| {
        let mut values: Vec<u8> = pixels.iter().filter_map(|pixel| pixel.get(channel).copied()).collect();
        let middle = values.len() / 2;
        if values.is_empty() { 255 } else { *values.select_nth_unstable(middle).1 }
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
    fn a_box_on_noisy_white_is_found_both_ways() {
        let rgb = page(100, 80, |x, y| (30..70).contains(&x) && (10..60).contains(&y));
        let border = Border::of(&rgb, 100, 80).unwrap();
        let expected = Some(Rect { x: 30, y: 10, width: 40, height: 50 });
        assert_eq!((border.subject(), border.largest_part()), (expected, expected));
        assert!(border.is_like([250, 240, 255]) && !border.is_like([200, 250, 250]));
    }

    #[test]
    fn a_status_bar_and_lines_of_text_are_outside_the_largest_part() {
        // Given a screen: a bar over the full width, a line of text, the photo, a button,
        let rgb = page(90, 190, |x, y| match y {
            0..7 => true,
            12..16 => x % 4 < 2 && x > 5,
            20..110 => (15..75).contains(&x),
            170..182 => (5..85).contains(&x),
            _ => false,
        });
        // then the photo is the largest part, and the subject is everything on the page.
        let border = Border::of(&rgb, 90, 190).unwrap();
        assert_eq!(border.largest_part(), Some(Rect { x: 15, y: 20, width: 60, height: 90 }));
        assert_eq!(border.subject(), Some(Rect { x: 0, y: 0, width: 90, height: 182 }));
    }

    #[test]
    fn a_flat_picture_holds_nothing_and_a_busy_one_has_no_border() {
        let flat = Border::of(&[255; 40 * 30 * 3], 40, 30).unwrap();
        assert_eq!((flat.subject(), flat.largest_part()), (None, None));
        let busy: Vec<u8> =
            (0..40 * 30 * 3_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(Border::of(&busy, 40, 30), None);
        let one = Border::of(&page(1, 1, |_, _| true), 1, 1).unwrap();
        assert_eq!(one.subject(), None);
    }
}
