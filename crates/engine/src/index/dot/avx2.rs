//! AVX2: codes widened to 16 bits and multiplied by the 16-bit query (pmaddwd), 16 at a time, one row after
//! the other as they lie in memory.

use super::{Codes, QuantizedQuery, Visit, portable, score};
use std::arch::x86_64::{
    _MM_HINT_T0, _mm_loadu_si128, _mm_prefetch, _mm256_add_epi32, _mm256_cvtepu8_epi16, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_setzero_si256, _mm256_storeu_si256,
};

/// Rows per step of the loop; one chain of additions each.
const ROWS: usize = 4;

/// How far ahead of its use a cache line is asked of memory.
const PREFETCH_BYTES: usize = 4096;

/// # Safety
/// The processor must have avx2, and the shapes must agree as `Kernel::scan` checks.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn scan(
    rows: &Codes<'_>,
    query: &QuantizedQuery,
    reach: f32,
    mut threshold: f32,
    visit: Visit<'_>,
) {
    let blocks = rows.scales.len() / ROWS;
    let (scales, _) = rows.scales.as_chunks::<ROWS>();
    let (errors, _) = rows.errors.as_chunks::<ROWS>();
    for (block, (scales, errors)) in scales.iter().zip(errors).enumerate() {
        let first_row = block * ROWS;
        // SAFETY: all 4 rows from `first_row` on exist.
        let products =
            unsafe { products(rows.codes.as_ptr().add(first_row * rows.stride), rows.stride, query) };
        for (row, (product, (&scale, &error))) in
            products.into_iter().zip(scales.iter().zip(errors)).enumerate()
        {
            let score = score(product.wrapping_sub(query.bias), scale, query.scale);
            if score + reach * error >= threshold {
                threshold = visit(first_row + row, score);
            }
        }
    }
    portable::scan(rows, query, blocks * ROWS, reach, threshold, visit);
}

/// The integer products, modulo 2^32 and with the bias still in them, of the 4 rows at `codes`.
///
/// # Safety
/// 4 rows of `stride` bytes must be readable there, and the query be as long as a row.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn products(codes: *const u8, stride: usize, query: &QuantizedQuery) -> [i32; ROWS] {
    let mut sums = [_mm256_setzero_si256(); ROWS];
    for (row, sum) in sums.iter_mut().enumerate() {
        for line in (0..stride).step_by(64) {
            _mm_prefetch::<_MM_HINT_T0>(codes.wrapping_add(row * stride + line + PREFETCH_BYTES).cast());
            for at in (line..line + 64).step_by(16) {
                // SAFETY: 16 bytes at `at` lie within row `row` of the 4, and the query is as long as a row.
                let (codes, factors) = unsafe {
                    (
                        _mm_loadu_si128(codes.add(row * stride + at).cast()),
                        _mm256_loadu_si256(query.wide.as_ptr().add(at).cast()),
                    )
                };
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(_mm256_cvtepu8_epi16(codes), factors));
            }
        }
    }
    sums.map(|sum| {
        let mut lanes = [0_i32; 8];
        // SAFETY: the array is as large as the register.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sum) };
        lanes.into_iter().fold(0, i32::wrapping_add)
    })
}
