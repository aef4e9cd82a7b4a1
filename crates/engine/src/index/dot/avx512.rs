//! AVX-512 VNNI: 64 products of unsigned codes and signed query bytes per instruction.
//!
//! Rows are read strictly one after the other, because memory is what limits the scan: going down 8 rows at once, to
//! load the query once for all of them, takes 2.5 times as long. Only the adding up across lanes is shared by 8.

use super::{Codes, QuantizedQuery, Visit, portable};
use std::arch::x86_64::{
    __m256i, __m512i, _CMP_GE_OQ, _MM_HINT_T0, _mm_prefetch, _mm256_add_epi32, _mm256_add_ps,
    _mm256_cmp_ps_mask, _mm256_cvtepi32_ps, _mm256_loadu_ps, _mm256_mul_ps, _mm256_permute2x128_si256,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_storeu_ps, _mm256_sub_epi32, _mm512_add_epi32,
    _mm512_castsi512_si256, _mm512_dpbusd_epi32, _mm512_extracti64x4_epi64, _mm512_loadu_si512,
    _mm512_setzero_si512, _mm512_shuffle_i32x4, _mm512_slli_epi32, _mm512_unpackhi_epi32,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

/// Rows whose sums are added up across lanes together.
const ROWS: usize = 8;

/// How far ahead of its use a cache line is asked of memory; the hardware's own prefetcher stops at page ends.
const PREFETCH_BYTES: usize = 4096;

/// # Safety
/// The processor must have avx512f, avx512vl and avx512vnni, and the shapes must agree as `Kernel::scan` checks.
#[target_feature(enable = "avx512f,avx512vl,avx512vnni")]
pub(super) unsafe fn scan(
    rows: &Codes<'_>,
    query: &QuantizedQuery,
    reach: f32,
    mut threshold: f32,
    visit: Visit<'_>,
) {
    let blocks = rows.scales.len() / ROWS;
    let (bias, query_scale) = (_mm256_set1_epi32(query.bias), _mm256_set1_ps(query.scale));
    for block in 0..blocks {
        let first_row = block * ROWS;
        // SAFETY: all 8 rows from `first_row` on exist.
        let (sums, scales, errors) = unsafe {
            (
                products(rows.codes.as_ptr().add(first_row * rows.stride), rows.stride, query),
                _mm256_loadu_ps(rows.scales.as_ptr().add(first_row)),
                _mm256_loadu_ps(rows.errors.as_ptr().add(first_row)),
            )
        };
        let exact = _mm256_cvtepi32_ps(_mm256_sub_epi32(sums, bias));
        let scores = _mm256_mul_ps(exact, _mm256_mul_ps(scales, query_scale));
        let bounds = _mm256_add_ps(scores, _mm256_mul_ps(_mm256_set1_ps(reach), errors));
        if _mm256_cmp_ps_mask::<_CMP_GE_OQ>(bounds, _mm256_set1_ps(threshold)) != 0 {
            let (mut score_of_row, mut bound_of_row) = ([0.0_f32; ROWS], [0.0_f32; ROWS]);
            // SAFETY: both arrays are as large as the register.
            unsafe {
                _mm256_storeu_ps(score_of_row.as_mut_ptr(), scores);
                _mm256_storeu_ps(bound_of_row.as_mut_ptr(), bounds);
            }
            for (row, (score, bound)) in score_of_row.into_iter().zip(bound_of_row).enumerate() {
                if bound >= threshold {
                    threshold = visit(first_row + row, score);
                }
            }
        }
    }
    portable::scan(rows, query, blocks * ROWS, reach, threshold, visit);
}

/// The integer products, modulo 2^32 and with the bias still in them, of the 8 rows at `codes`.
///
/// # Safety
/// 8 rows of `stride` bytes must be readable there, and the query be as long as a row.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512vnni")]
unsafe fn products(codes: *const u8, stride: usize, query: &QuantizedQuery) -> __m256i {
    let mut sums = [_mm512_setzero_si512(); ROWS];
    for (row, sum) in sums.iter_mut().enumerate() {
        let (mut high_sum, mut low_sum) = (_mm512_setzero_si512(), _mm512_setzero_si512());
        for at in (0..stride).step_by(64) {
            let line = codes.wrapping_add(row * stride + at);
            _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(PREFETCH_BYTES).cast());
            // SAFETY: the line lies within row `row` of the 8, and the query is as long as a row.
            let (codes, high, low) = unsafe {
                (
                    _mm512_loadu_si512(line.cast()),
                    _mm512_loadu_si512(query.high.as_ptr().add(at).cast()),
                    _mm512_loadu_si512(query.low.as_ptr().add(at).cast()),
                )
            };
            high_sum = _mm512_dpbusd_epi32(high_sum, codes, high);
            low_sum = _mm512_dpbusd_epi32(low_sum, codes, low);
        }
        *sum = _mm512_add_epi32(_mm512_slli_epi32::<8>(high_sum), low_sum);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    add_lanes(add_quads([a, b, c, d]), add_quads([e, f, g, h]))
}

/// Adds within each 128 bits: lanes of 4 sums, one for each of the inputs.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_quads([a, b, c, d]: [__m512i; 4]) -> __m512i {
    let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd))
}

/// Adds the four 128-bit parts of each: the sums of the first input, then those of the second.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn add_lanes(first: __m512i, second: __m512i) -> __m256i {
    let pairs = _mm512_add_epi32(
        _mm512_shuffle_i32x4::<0x88>(first, second),
        _mm512_shuffle_i32x4::<0xdd>(first, second),
    );
    let (of_first, of_second) = (_mm512_castsi512_si256(pairs), _mm512_extracti64x4_epi64::<1>(pairs));
    _mm256_add_epi32(
        _mm256_permute2x128_si256::<0x20>(of_first, of_second),
        _mm256_permute2x128_si256::<0x31>(of_first, of_second),
    )
}
