//! Colour histogram in CIELAB, softly binned, under the Hellinger map.
//!
//! Along a* and b* bins are narrow near grey, where most products' colours lie, and wide among the gaudy ones. Pixels of the
//! border's colour count little: how much background there is says nothing of the product.
//!
//! Histograms for recognition: Swain and Ballard, *Color Indexing*, IJCV 1991; comparing square roots (Hellinger):
//! Arandjelović and Zisserman, CVPR 2012. CIELAB from sRGB with the D65 white: IEC 61966-2-1, CIE 15.

use crate::pixels::Border;
use std::sync::LazyLock;

/// Bins along L*, a*, b*.
const LIGHTNESS: usize = 5;
const CHROMA: usize = 7;

/// Number of bins.
pub(super) const BINS: usize = LIGHTNESS * CHROMA * CHROMA;

/// What a pixel of the border's colour counts, where another counts 1.
const BORDER_WEIGHT: f32 = 0.2;

/// Ends of the axes; what lies beyond counts as lying there.
const GREATEST_LIGHTNESS: f32 = 100.0;
const GREATEST_A: f32 = 60.0;
const GREATEST_B: f32 = 70.0;

/// D65 reference white, and the sRGB primaries in XYZ divided by it row by row.
const TO_XYZ: [[f32; 3]; 3] = [
    [0.412_453 / 0.950_456, 0.357_580 / 0.950_456, 0.180_423 / 0.950_456],
    [0.212_671, 0.715_160, 0.072_169],
    [0.019_334 / 1.088_754, 0.119_193 / 1.088_754, 0.950_227 / 1.088_754],
];

/// sRGB's transfer curve for each byte.
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let value = byte as f32 / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    })
});

/// CIELAB's cube root with its straight beginning.
fn lightness_response(t: f32) -> f32 {
    if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 }
}

/// [`lightness_response`] at so many places from 0 to 1; between them it is as good as straight.
const RESPONSES: usize = 4096;
static RESPONSE: LazyLock<[f32; RESPONSES + 2]> =
    LazyLock::new(|| std::array::from_fn(|at| lightness_response(at as f32 / RESPONSES as f32)));

fn tabled_response(t: f32) -> f32 {
    let position = t.clamp(0.0, 1.0) * RESPONSES as f32;
    let (lower, share) = (position as usize, position.fract());
    let at = |place: usize| RESPONSE.get(place).copied().unwrap_or(1.0);
    at(lower) * (1.0 - share) + at(lower + 1) * share
}

/// L* in 0..=100, a* and b* in about -100..=100.
fn lab(pixel: [u8; 3]) -> [f32; 3] {
    let [r, g, b] = pixel.map(|byte| LINEAR.get(usize::from(byte)).copied().unwrap_or(1.0));
    let [x, y, z] = TO_XYZ.map(|[kr, kg, kb]| tabled_response(kr * r + kg * g + kb * b));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Position between bin centres along one axis, of `part` in 0..=1: lower bin and the share of the upper one.
fn soft_bin(part: f32, bins: usize) -> (usize, f32) {
    let position = part.clamp(0.0, 1.0) * (bins - 1) as f32;
    let lower = (position as usize).min(bins - 2);
    (lower, position - lower as f32)
}

/// Where a* or b* lies between both ends, by the square root of how far it is from grey.
fn chroma_part(value: f32, greatest: f32) -> f32 {
    0.5 + 0.5 * (value.abs() / greatest).sqrt().copysign(value)
}

/// What a pixel adds to which bins.
#[derive(Debug, Clone, Copy, Default)]
struct Votes {
    weight: f32,
    shares: [(usize, f32); 8],
}

impl Votes {
    fn of(pixel: [u8; 3], weight: f32) -> Self {
        let [l, a, b] = lab(pixel);
        let l = soft_bin(l / GREATEST_LIGHTNESS, LIGHTNESS);
        let a = soft_bin(chroma_part(a, GREATEST_A), CHROMA);
        let b = soft_bin(chroma_part(b, GREATEST_B), CHROMA);
        let along = |(lower, share): (usize, f32), up: usize| {
            if up == 1 { (lower + 1, share) } else { (lower, 1.0 - share) }
        };
        let shares = std::array::from_fn(|corner| {
            let (li, lw) = along(l, corner & 1);
            let (ai, aw) = along(a, corner >> 1 & 1);
            let (bi, bw) = along(b, corner >> 2);
            ((li * CHROMA + ai) * CHROMA + bi, weight * lw * aw * bw)
        });
        Self { weight, shares }
    }
}

/// Square roots of the share of pixels in each of [`BINS`] bins; `border` is what surrounds the subject, if anything does.
pub(super) fn histogram(rgb: &[u8], border: Option<&Border>) -> Vec<f32> {
    let mut bins = vec![0.0_f32; BINS];
    let mut total = 0.0;
    let (pixels, _) = rgb.as_chunks::<3>();
    // Backgrounds are runs of one colour.
    let mut last = (None, Votes::default());
    for &pixel in pixels {
        if last.0 != Some(pixel) {
            let weight = if border.is_some_and(|border| border.is_like(pixel)) { BORDER_WEIGHT } else { 1.0 };
            last = (Some(pixel), Votes::of(pixel, weight));
        }
        total += last.1.weight;
        for (bin, share) in last.1.shares {
            if let Some(bin) = bins.get_mut(bin) {
                *bin += share;
            }
        }
    }
    bins.iter_mut().for_each(|bin| *bin = (*bin / f32::max(total, BORDER_WEIGHT)).sqrt());
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_of_known_colours() {
        // Reference values of the sRGB primaries under D65.
        for (pixel, expected) in [
            ([255, 255, 255], [100.0, 0.0, 0.0]),
            ([255, 0, 0], [53.24, 80.09, 67.20]),
            ([0, 0, 255], [32.30, 79.19, -107.86]),
            ([128, 128, 128], [53.59, 0.0, 0.0]),
        ] {
            for (value, wanted) in lab(pixel).into_iter().zip(expected) {
                assert!((value - wanted).abs() < 0.15, "{pixel:?}: {value} for {wanted}");
            }
        }
    }

    #[test]
    fn shares_add_up_to_one() {
        let rgb: Vec<u8> = (0..300_u32).map(|i| (i * 37 % 256) as u8).collect();
        let total: f32 = histogram(&rgb, None).iter().map(|root| root * root).sum();
        assert!((total - 1.0).abs() < 1e-4);
    }

    #[test]
    fn the_table_is_the_curve() {
        for at in 0..10_000_u16 {
            let t = f32::from(at) / 10_000.0;
            assert!((tabled_response(t) - lightness_response(t)).abs() < 1e-5, "{t}");
        }
    }

    #[test]
    fn the_border_counts_little_wherever_it_shows_through() {
        // Given a red thing on white, half of each, told and not told that white is the border,
        let rgb: Vec<u8> =
            (0..64 * 64).flat_map(|at| if at % 64 < 32 { [255; 3] } else { [200, 0, 0] }).collect();
        let border = Border::of(&[255; 3 * 9], 3, 3).unwrap();
        let white = |bins: Vec<f32>| bins.iter().map(|root| root * root).fold(0.0, f32::max);
        // then white has half of the histogram, or a sixth of it and red the rest.
        assert!((white(histogram(&rgb, None)) - 0.5).abs() < 0.01);
        let apart = histogram(&rgb, Some(&border));
        let alike: f32 = apart.iter().zip(histogram(&[255; 3 * 9], None)).map(|(a, b)| a * b).sum();
        assert!((alike * alike - 0.2 / 1.2).abs() < 0.01, "{}", alike * alike);
    }
}
