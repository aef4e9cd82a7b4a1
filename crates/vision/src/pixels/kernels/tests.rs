//! Each kernel of each instruction set against the portable one.

use super::*;
use crate::pixels::Filter;

fn bytes(count: usize) -> Vec<u8> {
    (0..count as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 19) as u8).collect()
}

fn rows(data: &[u8], row_bytes: usize) -> [&[u8]; 8] {
    std::array::from_fn(|n| &data[n * row_bytes..(n + 1) * row_bytes])
}

#[test]
fn gathering_is_the_same_everywhere() {
    for width in [1, 2, 3, 4, 5, 6, 7, 15, 16, 17, 31, 33, 100] {
        let data = bytes(8 * 3 * width);
        for isa in Isa::available() {
            let gather = |isa: Isa| {
                let mut rgb = vec![Lanes([-1; 16]); rgb_lanes(width)];
                isa.gather_rgb(&rows(&data, 3 * width), &mut rgb);
                let mut grey = vec![Lanes([-1; 16]); grey_lanes(width, 2)];
                isa.gather_grey(&rows(&data, width), 0, 2, &mut grey);
                isa.gather_grey(&rows(&data[8..], width), 1, 2, &mut grey);
                (rgb, grey)
            };
            assert_eq!(gather(isa), gather(Isa::Portable), "{isa:?} at width {width}");
        }
    }
}

#[test]
fn passes_are_the_same_everywhere() {
    for (input, output) in [(40, 7), (7, 40), (64, 33), (1, 5)] {
        let axis = Axis::new(Filter::Lanczos, input, output);
        for isa in Isa::available() {
            for planes in 1..=4 {
                let pairs: Vec<Lanes> = (0..input.div_ceil(2) * planes)
                    .map(|n| Lanes(std::array::from_fn(|lane| i16::from(bytes(n + lane + 9)[n + lane]))))
                    .collect();
                let pass = |isa: Isa| {
                    let mut columns = vec![Eight::ZERO; output * planes];
                    isa.horizontal(&axis, planes, &pairs, &mut columns);
                    let mut turned = vec![Lanes::ZERO; 4 * (output * planes).div_ceil(8)];
                    let mut parts = turned.chunks_exact_mut((output * planes).div_ceil(8));
                    let mut next = || parts.next().unwrap();
                    let out = [next(), next(), next(), next()];
                    isa.turn(&columns, 1, out);
                    (columns, turned)
                };
                assert_eq!(pass(isa), pass(Isa::Portable), "{isa:?}, {planes} planes");

                let stride = 4 * planes;
                let slots = axis.longest_window() + 1;
                let lanes: Vec<Lanes> = (0..slots * stride)
                    .map(|n| Lanes(std::array::from_fn(|lane| i16::from(bytes(n + lane + 5)[n + lane]))))
                    .collect();
                let ring = Ring { lanes: &lanes, stride, slots };
                let pass = |isa: Isa| {
                    let mut out = vec![0; output * stride * 8];
                    for (index, row) in out.chunks_exact_mut(stride * 8).enumerate() {
                        isa.vertical(&axis, index, ring, row);
                    }
                    out
                };
                assert_eq!(pass(isa), pass(Isa::Portable), "{isa:?}");
            }
        }
    }
}
