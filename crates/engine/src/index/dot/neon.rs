//! NEON: codes widened to 16 bits and multiplied by the 16-bit query into 32-bit sums, 16 at a time. Every aarch64
//! processor has it; the byte products of newer ones (SDOT) would need the query split and are not used.

use super::{Codes, QuantizedQuery, Visit, score};
use std::arch::aarch64::{
    int16x8_t, uint8x8_t, vaddq_s32, vaddvq_s32, vdupq_n_s32, vget_high_s16, vget_high_u8, vget_low_s16,
    vget_low_u8, vld1q_s16, vld1q_u8, vmlal_s16, vmovl_u8, vreinterpretq_s16_u16,
};

/// # Safety
/// The processor must have neon, and the shapes must agree as `Kernel::scan` checks.
#[target_feature(enable = "neon")]
pub(super) unsafe fn scan(
    rows: &Codes<'_>,
    query: &QuantizedQuery,
    reach: f32,
    mut threshold: f32,
    visit: Visit<'_>,
) {
    let scaled = rows.codes.chunks_exact(rows.stride).zip(rows.scales).zip(rows.errors);
    for (row, ((codes, &scale), &error)) in scaled.enumerate() {
        // SAFETY: the query is as long as the row, a multiple of 64.
        let product = unsafe { product(codes, query) };
        let score = score(product.wrapping_sub(query.bias), scale, query.scale);
        if score + reach * error >= threshold {
            threshold = visit(row, score);
        }
    }
}

/// The integer product modulo 2^32, with the bias still in it.
///
/// # Safety
/// `codes` and the query must be of one length, a multiple of 16.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn product(codes: &[u8], query: &QuantizedQuery) -> i32 {
    let mut sums = [vdupq_n_s32(0); 4];
    for at in (0..codes.len()).step_by(16) {
        // SAFETY: 16 codes and 16 factors from `at` on exist.
        let (bytes, low_factors, high_factors) = unsafe {
            let factors = query.wide.as_ptr().add(at);
            (vld1q_u8(codes.as_ptr().add(at)), vld1q_s16(factors), vld1q_s16(factors.add(8)))
        };
        let (low, high) = (widened(vget_low_u8(bytes)), widened(vget_high_u8(bytes)));
        let [a, b, c, d] = sums;
        sums = [
            vmlal_s16(a, vget_low_s16(low), vget_low_s16(low_factors)),
            vmlal_s16(b, vget_high_s16(low), vget_high_s16(low_factors)),
            vmlal_s16(c, vget_low_s16(high), vget_low_s16(high_factors)),
            vmlal_s16(d, vget_high_s16(high), vget_high_s16(high_factors)),
        ];
    }
    let [a, b, c, d] = sums;
    vaddvq_s32(vaddq_s32(vaddq_s32(a, b), vaddq_s32(c, d)))
}

/// Unsigned bytes as 16-bit integers, which as codes of at most 255 are the same signed and unsigned.
#[inline]
#[target_feature(enable = "neon")]
fn widened(bytes: uint8x8_t) -> int16x8_t {
    vreinterpretq_s16_u16(vmovl_u8(bytes))
}
