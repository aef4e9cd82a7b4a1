//! Colour histogram in CIELAB, softly binned, under the Hellinger map.
//!
//! Histograms for recognition: Swain and Ballard, *Color Indexing*, IJCV 1991; comparing square roots (Hellinger):
//! Arandjelović and Zisserman, CVPR 2012. CIELAB from sRGB with the D65 white: IEC 61966-2-1, CIE 15.

use std::sync::LazyLock;

/// Bins along L*, a*, b*.
const LIGHTNESS: usize = 5;
const CHROMA: usize = 7;

/// Number of bins.
pub(super) const BINS: usize = LIGHTNESS * CHROMA * CHROMA;

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

/// L* in 0..=100, a* and b* in about -100..=100.
fn lab(pixel: [u8; 3]) -> [f32; 3] {
    let [r, g, b] = pixel.map(|byte| LINEAR.get(usize::from(byte)).copied().unwrap_or(1.0));
    let [x, y, z] = TO_XYZ.map(|[kr, kg, kb]| {
        let t = kr * r + kg * g + kb * b;
        if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 }
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Position between bin centres along one axis: lower bin and the share of the upper one.
fn soft_bin(value: f32, low: f32, high: f32, bins: usize) -> (usize, f32) {
    let position = ((value - low) / (high - low)).clamp(0.0, 1.0) * (bins - 1) as f32;
    let lower = (position as usize).min(bins - 2);
    (lower, position - lower as f32)
}

/// Square roots of the share of pixels in each of [`BINS`] bins.
pub(super) fn histogram(rgb: &[u8]) -> Vec<f32> {
    let mut bins = vec![0.0_f32; BINS];
    let (pixels, _) = rgb.as_chunks::<3>();
    for &pixel in pixels {
        let [l, a, b] = lab(pixel);
        let l = soft_bin(l, 0.0, 100.0, LIGHTNESS);
        let a = soft_bin(a, -60.0, 60.0, CHROMA);
        let b = soft_bin(b, -60.0, 80.0, CHROMA);
        for corner in 0..8_usize {
            let along = |(lower, share): (usize, f32), up: usize| {
                if up == 1 { (lower + 1, share) } else { (lower, 1.0 - share) }
            };
            let (li, lw) = along(l, corner & 1);
            let (ai, aw) = along(a, corner >> 1 & 1);
            let (bi, bw) = along(b, corner >> 2);
            if let Some(bin) = bins.get_mut((li * CHROMA + ai) * CHROMA + bi) {
                *bin += lw * aw * bw;
            }
        }
    }
    let total = pixels.len().max(1) as f32;
    bins.iter_mut().for_each(|bin| *bin = (*bin / total).sqrt());
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
        let total: f32 = histogram(&rgb).iter().map(|root| root * root).sum();
        assert!((total - 1.0).abs() < 1e-4);
    }
}
