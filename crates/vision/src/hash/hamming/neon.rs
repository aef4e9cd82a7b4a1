//! NEON: bits counted per byte (CNT) and added up pairwise. One register holds 2 hashes of 64 bits or half of one
//! of 256.

use super::{Visit, portable};
use std::arch::aarch64::{
    uint8x16_t, uint64x2_t, vaddlvq_u8, vaddq_u8, vcntq_u8, vdupq_n_u64, veorq_u64, vgetq_lane_u64,
    vld1q_u64, vpaddlq_u8, vpaddlq_u16, vpaddlq_u32, vreinterpretq_u8_u64,
};

#[inline]
#[target_feature(enable = "neon")]
fn differing_bits(a: uint64x2_t, b: uint64x2_t) -> uint8x16_t {
    vcntq_u8(vreinterpretq_u8_u64(veorq_u64(a, b)))
}

/// # Safety
/// The processor must have neon.
#[target_feature(enable = "neon")]
pub(super) unsafe fn scan_64(codes: &[u64], queries: &[u64], mut bound: u32, visit: Visit<'_>) {
    let (blocks, rest) = codes.as_chunks::<2>();
    for (number, block) in blocks.iter().enumerate() {
        // SAFETY: a block is one register wide.
        let rows = unsafe { vld1q_u64(block.as_ptr()) };
        let mut nearest = [u64::MAX; 2];
        for &query in queries {
            let counts = differing_bits(rows, vdupq_n_u64(query));
            let distances = vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(counts)));
            let [a, b] = nearest;
            nearest = [a.min(vgetq_lane_u64::<0>(distances)), b.min(vgetq_lane_u64::<1>(distances))];
        }
        for (row, distance) in nearest.into_iter().enumerate() {
            let distance = u32::try_from(distance).unwrap_or(u32::MAX);
            if distance < bound {
                bound = visit(number * 2 + row, distance);
            }
        }
    }
    portable::scan(rest, queries, blocks.len() * 2, bound, visit);
}

/// # Safety
/// The processor must have neon.
#[target_feature(enable = "neon")]
pub(super) unsafe fn scan_256(codes: &[[u64; 4]], queries: &[[u64; 4]], mut bound: u32, visit: Visit<'_>) {
    for (row, code) in codes.iter().enumerate() {
        let start = code.as_ptr();
        // SAFETY: a row is two registers wide.
        let (low, high) = unsafe { (vld1q_u64(start), vld1q_u64(start.add(2))) };
        let mut distance = u32::MAX;
        for query in queries {
            let start = query.as_ptr();
            // SAFETY: a query is two registers wide.
            let (query_low, query_high) = unsafe { (vld1q_u64(start), vld1q_u64(start.add(2))) };
            let counts = vaddq_u8(differing_bits(low, query_low), differing_bits(high, query_high));
            // At most 16 in each of 16 bytes: 256 would not fit in the 8 bits that a plain sum has.
            distance = distance.min(u32::from(vaddlvq_u8(counts)));
        }
        if distance < bound {
            bound = visit(row, distance);
        }
    }
}
