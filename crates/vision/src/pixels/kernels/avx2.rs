//! The inner loops with AVX2: 256-bit vectors of eight 32-bit sums.
//!
//! `madd` multiplies sixteen 16-bit values and adds neighbours, so a weight's two halves take two of them for two
//! taps in eight lanes. The high half's sum is shifted up once at the end; all of it wraps modulo 2^32, which is
//! exact because the final sum fits.
#![expect(clippy::indexing_slicing, reason = "bounds are the callers' layout, tested against `portable`")]

use super::{Eight, Lanes, Ring};
use crate::pixels::axis::{Axis, PRECISION_BITS, PairWeights};
use std::arch::x86_64::*;

const BIAS: i32 = 1 << (PRECISION_BITS - 1);
const SHIFT: i32 = PRECISION_BITS as i32;

#[target_feature(enable = "avx2")]
fn load(lanes: &Lanes) -> __m256i {
    // SAFETY: the reference covers 32 bytes aligned to 32.
    unsafe { _mm256_load_si256(lanes.0.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
fn store(lanes: &mut Lanes, value: __m256i) {
    // SAFETY: the reference covers 32 bytes aligned to 32.
    unsafe { _mm256_store_si256(lanes.0.as_mut_ptr().cast(), value) }
}

#[target_feature(enable = "avx2")]
fn load_16(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the reference covers 16 bytes; the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// Both halves of a pair's weights, each in all lanes.
#[target_feature(enable = "avx2")]
fn spread(weights: &PairWeights) -> (__m256i, __m256i) {
    let dword = |[even, odd]: [i16; 2]| i32::from(even as u16) | i32::from(odd) << 16;
    (_mm256_set1_epi32(dword(weights.high)), _mm256_set1_epi32(dword(weights.low)))
}

/// Rows `n` and `n + 4` in the two halves of four vectors, 16 bytes from `offset` on.
///
/// # Safety
/// Every row has at least `offset + 16` bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_rows(rows: &[&[u8]; 8], offset: usize) -> [__m256i; 4] {
    let mut out = [_mm256_setzero_si256(); 4];
    for (n, out) in out.iter_mut().enumerate() {
        // SAFETY: the caller vouches for 16 bytes in each row; the loads need no alignment.
        let (upper, lower) = unsafe {
            let at = |row: &[u8]| _mm_loadu_si128(row.as_ptr().add(offset).cast());
            (at(rows[n]), at(rows[n + 4]))
        };
        *out = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(upper), lower);
    }
    out
}

/// The ends of the rows from `offset` on, where fewer than 16 bytes are left; zeros after them.
#[target_feature(enable = "avx2")]
fn load_row_ends(rows: &[&[u8]; 8], offset: usize) -> [__m256i; 4] {
    let mut ends = [[0_u8; 16]; 8];
    for (end, row) in ends.iter_mut().zip(rows) {
        for (to, &from) in end.iter_mut().zip(row.get(offset..).unwrap_or_default()) {
            *to = from;
        }
    }
    // SAFETY: each of these rows has 16 bytes.
    unsafe { load_rows(&ends.each_ref().map(|end| end.as_slice()), 0) }
}

/// How many steps of `step` bytes can be taken so that 16 bytes are left at each, in every row.
fn whole_steps(rows: &[&[u8]; 8], step: usize) -> usize {
    let shortest = rows.iter().map(|row| row.len()).min().unwrap_or(0);
    shortest.checked_sub(16).map_or(0, |room| room / step + 1)
}

/// Four vectors of four 32-bit items per half, transposed within each half.
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (ab_high, cd_high) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ]
}

/// Splits lanes of four bytes, kept in the order 0 2 1 3, into the pairs (0, 1) and (2, 3).
#[target_feature(enable = "avx2")]
fn widen(quads: __m256i) -> (__m256i, __m256i) {
    (_mm256_and_si256(quads, _mm256_set1_epi16(0xff)), _mm256_srli_epi16::<8>(quads))
}

#[target_feature(enable = "avx2")]
pub(super) fn gather_rgb(rows: &[&[u8]; 8], out: &mut [Lanes]) {
    let by_channel = _mm_setr_epi8(0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11, -1, -1, -1, -1);
    let by_channel = _mm256_broadcastsi128_si256(by_channel);
    let whole = whole_steps(rows, 12);
    for (quad, out) in out.as_chunks_mut::<6>().0.iter_mut().enumerate() {
        let mut pixels = if quad < whole {
            // SAFETY: this many steps leave 16 bytes in every row.
            unsafe { load_rows(rows, quad * 12) }
        } else {
            load_row_ends(rows, quad * 12)
        };
        for pixels in &mut pixels {
            *pixels = _mm256_shuffle_epi8(*pixels, by_channel);
        }
        let channels = transpose(pixels);
        for channel in 0..3 {
            let (first, second) = widen(channels[channel]);
            store(&mut out[channel], first);
            store(&mut out[3 + channel], second);
        }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn gather_grey(rows: &[&[u8]; 8], plane: usize, planes: usize, out: &mut [Lanes]) {
    let even_first = _mm_setr_epi8(0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
    let even_first = _mm256_broadcastsi128_si256(even_first);
    let whole = whole_steps(rows, 16);
    for (block, out) in out.chunks_exact_mut(8 * planes).enumerate() {
        let mut pixels = if block < whole {
            // SAFETY: this many steps leave 16 bytes in every row.
            unsafe { load_rows(rows, block * 16) }
        } else {
            load_row_ends(rows, block * 16)
        };
        for pixels in &mut pixels {
            *pixels = _mm256_shuffle_epi8(*pixels, even_first);
        }
        let quads = transpose(pixels);
        for quad in 0..4 {
            let (first, second) = widen(quads[quad]);
            store(&mut out[2 * quad * planes + plane], first);
            store(&mut out[(2 * quad + 1) * planes + plane], second);
        }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn horizontal<const PLANES: usize>(axis: &Axis, pairs: &[Lanes], out: &mut [Eight]) {
    for (window, out) in axis.windows().zip(out.as_chunks_mut::<PLANES>().0) {
        let start = window.first_pair * PLANES;
        let (columns, _) = pairs[start..start + window.weights.len() * PLANES].as_chunks::<PLANES>();
        let mut high = [_mm256_setzero_si256(); PLANES];
        let mut low = [_mm256_set1_epi32(BIAS); PLANES];
        for (weights, column) in window.weights.iter().zip(columns) {
            let (weight_high, weight_low) = spread(weights);
            for plane in 0..PLANES {
                let lanes = load(&column[plane]);
                high[plane] = _mm256_add_epi32(high[plane], _mm256_madd_epi16(lanes, weight_high));
                low[plane] = _mm256_add_epi32(low[plane], _mm256_madd_epi16(lanes, weight_low));
            }
        }
        for plane in 0..PLANES {
            let sum = _mm256_add_epi32(_mm256_slli_epi32::<16>(high[plane]), low[plane]);
            let rows = _mm256_srai_epi32::<SHIFT>(sum);
            let packed = _mm_packs_epi32(_mm256_castsi256_si128(rows), _mm256_extracti128_si256::<1>(rows));
            let clamped = _mm_min_epi16(_mm_max_epi16(packed, _mm_setzero_si128()), _mm_set1_epi16(255));
            // SAFETY: the reference covers 16 bytes aligned to 16.
            unsafe { _mm_store_si128(out[plane].0.as_mut_ptr().cast(), clamped) };
        }
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn turn(columns: &[Eight], step: usize, out: [&mut [Lanes]; 4]) {
    let count = columns.len().div_ceil(step);
    let [first, second, third, fourth] = out;
    for block in 0..count.div_ceil(8) {
        let at = |index: usize| {
            let eight = columns.get((block * 8 + index) * step).unwrap_or(&Eight::ZERO);
            // SAFETY: the reference covers 16 bytes aligned to 16.
            unsafe { _mm_load_si128(eight.0.as_ptr().cast()) }
        };
        let mut halves = [_mm256_setzero_si256(); 4];
        for (n, half) in halves.iter_mut().enumerate() {
            *half = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(at(n)), at(n + 4));
        }
        let [a, b, c, d] = transpose(halves);
        store(&mut first[block], a);
        store(&mut second[block], b);
        store(&mut third[block], c);
        store(&mut fourth[block], d);
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn vertical(axis: &Axis, index: usize, ring: Ring<'_>, out: &mut [u8]) {
    let Some(window) = axis.window(index) else { return };
    let in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (block, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let mut high = [_mm256_setzero_si256(); 4];
        let mut low = [_mm256_set1_epi32(BIAS); 4];
        let mut slot = window.first_pair % ring.slots;
        for weights in window.weights {
            let start = slot * ring.stride + block * 4;
            let (weight_high, weight_low) = spread(weights);
            for (part, lanes) in ring.lanes[start..start + 4].iter().enumerate() {
                let lanes = load(lanes);
                high[part] = _mm256_add_epi32(high[part], _mm256_madd_epi16(lanes, weight_high));
                low[part] = _mm256_add_epi32(low[part], _mm256_madd_epi16(lanes, weight_low));
            }
            slot += 1;
            if slot == ring.slots {
                slot = 0;
            }
        }
        for part in 0..4 {
            low[part] = _mm256_add_epi32(_mm256_slli_epi32::<16>(high[part]), low[part]);
            low[part] = _mm256_srai_epi32::<SHIFT>(low[part]);
        }
        let [a, b, c, d] = low;
        // Packing works within halves; the last step puts the groups of four back in order.
        let packed = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        let bytes = _mm256_permutevar8x32_epi32(packed, in_order);
        // SAFETY: the reference covers 32 bytes; the store needs no alignment.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), bytes) };
    }
}

/// Eight pixels at a time; green's weight, too large for 16 bits, is given half to red's pair and half to blue's.
#[target_feature(enable = "avx2")]
pub(super) fn grey(rgb: &[u8], grey: &mut [u8]) {
    let red_green =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1));
    let green_blue =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(1, -1, 2, -1, 4, -1, 5, -1, 7, -1, 8, -1, 10, -1, 11, -1));
    let first = _mm256_set1_epi32(19595 | 19235 << 16);
    let second = _mm256_set1_epi32(19235 | 7471 << 16);
    let half = _mm256_set1_epi32(0x8000);
    let luma = |pixels: __m256i| {
        let with_red = _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, red_green), first);
        let with_blue = _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, green_blue), second);
        _mm256_srli_epi32::<16>(_mm256_add_epi32(_mm256_add_epi32(with_red, with_blue), half))
    };
    let eight = |rgb: &[u8; 52], at: usize| {
        let part = |at: usize| match rgb[at..].first_chunk::<16>() {
            Some(bytes) => load_16(bytes),
            None => _mm_setzero_si128(),
        };
        luma(_mm256_inserti128_si256::<1>(_mm256_castsi128_si256(part(at)), part(at + 12)))
    };
    let mut done = 0;
    while let (Some(pixels), Some(out)) =
        (rgb[3 * done..].first_chunk::<52>(), grey[done..].first_chunk_mut::<16>())
    {
        // 0..3 and 4..7 are in the halves of the first vector, 8..11 and 12..15 in those of the second.
        let packed = _mm256_packus_epi32(eight(pixels, 0), eight(pixels, 24));
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(packed);
        let bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
        // SAFETY: the reference covers 16 bytes; the store needs no alignment.
        unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), bytes) };
        done += 16;
    }
    super::portable::grey(&rgb[3 * done..], &mut grey[done..]);
}
