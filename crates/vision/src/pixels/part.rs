//! A resize of which only a rectangle is wanted.
//!
//! What a centre crop would throw away is never made, and what only that would have needed is never read: the cost is
//! that of the rectangle, and a thin picture brought to a great size takes no memory for it. The pixels are those that
//! [`super::resize_rgb`] gives at the same place, to the bit. Where the rectangle lies is the callers' business.

use super::axis::Axis;
use super::filter::Filter;
use super::kernels::Isa;
use super::resampler::{Resampler, Strip};
use std::ops::Range;
use std::sync::Arc;

/// What happens to one side of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Side {
    /// Its length, from 1 to [`super::LONGEST_SIDE`].
    pub(crate) from: usize,
    /// The length it is brought to, at least 1.
    pub(crate) to: usize,
    /// Which of those `to` pixels are wanted.
    pub(crate) kept: Range<usize>,
}

impl Side {
    /// How it is resampled, if at all, and which input pixels that needs.
    fn plan(&self, filter: Filter) -> (Option<Arc<Axis>>, Range<usize>) {
        if self.from == self.to {
            return (None, self.kept.clone());
        }
        let (axis, covered) = Axis::part(filter, self.from, self.to, self.kept.clone());
        (Some(Arc::new(axis)), covered)
    }
}

/// Resizes interleaved RGB of `columns.from * rows.from` pixels and hands each kept row, cut to the kept columns and
/// numbered from 0, to `finished`. Nothing is handed over where nothing is kept.
pub(crate) fn resize_part(
    isa: Isa,
    rgb: &[u8],
    columns: &Side,
    rows: &Side,
    filter: Filter,
    finished: &mut impl FnMut(usize, &[u8]),
) {
    let (horizontal, across) = columns.plan(filter);
    let (vertical, down) = rows.plan(filter);
    if across.is_empty() || down.is_empty() {
        return;
    }
    let mut strip = Strip::new(isa, 3, across.len(), down.len());
    let resampled = horizontal.is_some();
    let mut resampler = Resampler::new(&strip, horizontal, vertical);
    let (row_bytes, cut) = (3 * columns.from, 3 * across.start..3 * across.end);
    let covered = rgb.get(down.start * row_bytes..down.end * row_bytes).unwrap_or_default();
    let mut cut_rows = Vec::new();
    for mut group in covered.chunks(strip.full_rows() * row_bytes) {
        if cut.len() < row_bytes {
            cut_rows.clear();
            for row in group.chunks_exact(row_bytes) {
                cut_rows.extend_from_slice(row.get(cut.clone()).unwrap_or_default());
            }
            group = &cut_rows;
        }
        if resampled {
            strip.fill(group);
        }
        resampler.push(&strip, group, finished);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::{Rect, Size, crop_rgb, plain};
    use proptest::prelude::*;

    fn side(from: u32, to: u32, cut: (f64, f64)) -> Side {
        let (a, b) = (f64::from(to) * cut.0, f64::from(to) * cut.1);
        Side { from: from as usize, to: to as usize, kept: a.min(b) as usize..a.max(b).ceil() as usize }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
        #[test]
        fn a_part_is_what_the_whole_has_there(
            from in (1_u32..80, 1_u32..80),
            to in (1_u32..80, 1_u32..80),
            same in (0_u8..4, 0_u8..4),
            cut in ((0.0..1.0, 0.0..1.0), (0.0..1.0, 0.0..1.0)),
            seed: u32,
        ) {
            let to = (if same.0 == 0 { from.0 } else { to.0 }, if same.1 == 0 { from.1 } else { to.1 });
            let (columns, rows) = (side(from.0, to.0, cut.0), side(from.1, to.1, cut.1));
            let mut state = seed | 1;
            let rgb: Vec<u8> = (0..3 * from.0 * from.1).map(|_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                (state >> 9) as u8
            }).collect();
            for filter in [Filter::Bilinear, Filter::Bicubic, Filter::Lanczos] {
                let whole = plain::resize(&rgb, 3, Size::new(from.0, from.1), Size::new(to.0, to.1), filter);
                let rect = Rect {
                    x: columns.kept.start as u32,
                    y: rows.kept.start as u32,
                    width: columns.kept.len() as u32,
                    height: rows.kept.len() as u32,
                };
                let expected = crop_rgb(&whole, to.0, rect);
                for isa in Isa::available() {
                    let mut part = Vec::new();
                    resize_part(isa, &rgb, &columns, &rows, filter, &mut |row, pixels| {
                        assert_eq!(part.len(), row * pixels.len());
                        part.extend_from_slice(pixels);
                    });
                    prop_assert!(part == expected, "{isa:?} {filter:?} {columns:?} {rows:?}");
                }
            }
        }
    }

    #[test]
    fn the_middle_of_what_would_be_gigabytes_costs_its_own_size() {
        let rgb: Vec<u8> = (0..3 * 500_000_u32).map(|n| (n / 3 % 251) as u8).collect();
        let to = 224 * 500_000;
        let columns = Side { from: 500_000, to, kept: to / 2..to / 2 + 224 };
        let rows = Side { from: 1, to: 224, kept: 0..224 };
        let mut count = 0;
        resize_part(Isa::best(), &rgb, &columns, &rows, Filter::Bicubic, &mut |_, row| count += row.len());
        assert_eq!(count, 224 * 224 * 3);
    }
}
