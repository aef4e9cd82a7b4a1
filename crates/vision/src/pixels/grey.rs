//! Colour to grey as Pillow's mode `L` has it: ITU-R 601-2 luma in 16-bit fixed point, rounded.
//!
//! `L = (19595 R + 38470 G + 7471 B + 32768) / 65536`, Pillow's `L24` macro. PDQ's luma is another formula and is
//! in [`crate::hash`].

use super::kernels::Isa;

/// Grey of each pixel of interleaved RGB. A trailing incomplete pixel is ignored.
pub fn grey_from_rgb(rgb: &[u8]) -> Vec<u8> {
    let mut grey = vec![0; rgb.len() / 3];
    fill_grey(Isa::best(), rgb, &mut grey);
    grey
}

/// As [`grey_from_rgb`], into a buffer of a third of the length.
pub(crate) fn fill_grey(isa: Isa, rgb: &[u8], grey: &mut [u8]) {
    let pixels = grey.len().min(rgb.len() / 3);
    let rgb = rgb.get(..3 * pixels).unwrap_or_default();
    isa.grey(rgb, grey.get_mut(..pixels).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_gives_pillows_formula_at_every_length() {
        let mut state = 7_u32;
        let mut rgb: Vec<u8> = (0..3 * 700)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        rgb[..12].copy_from_slice(&[255, 255, 255, 0, 0, 0, 255, 0, 255, 0, 255, 0]);
        for isa in Isa::available() {
            for length in [0, 1, 2, 15, 16, 17, 18, 31, 32, 33, 50, 699, 700] {
                let mut grey = vec![9; length];
                fill_grey(isa, &rgb[..3 * length], &mut grey);
                for (pixel, grey) in rgb.chunks_exact(3).zip(grey) {
                    let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
                    assert_eq!(u32::from(grey), (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16);
                }
            }
        }
        assert_eq!(grey_from_rgb(&[255, 255, 255, 0, 0, 0, 1]), [255, 0]);
    }
}
