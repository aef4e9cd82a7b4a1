//! AVX-512 with VPOPCNTDQ: 8 hashes of 64 bits, or 2 of 256 bits, per register.

use super::{Visit, portable};
use std::arch::x86_64::{
    __m512i, _MM_HINT_T0, _mm_prefetch, _mm512_add_epi64, _mm512_cmplt_epu64_mask, _mm512_loadu_si512,
    _mm512_min_epu64, _mm512_popcnt_epi64, _mm512_set1_epi64, _mm512_shuffle_i64x2, _mm512_storeu_si512,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

/// How far ahead of its use a row is asked of memory. The hardware's own prefetcher stops at page ends.
const PREFETCH_BYTES: usize = 4096;

/// # Safety
/// The processor must have avx512f, avx512vpopcntdq and popcnt.
#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
pub(super) unsafe fn scan_64(codes: &[u64], queries: &[u64], bound: u32, visit: Visit<'_>) {
    // One query in a register of its own spares the loop over queries.
    if let &[query] = queries {
        let query = _mm512_set1_epi64(query.cast_signed());
        scan_blocks(codes, queries, bound, visit, |block| {
            _mm512_popcnt_epi64(_mm512_xor_si512(block, query))
        });
    } else {
        scan_blocks(codes, queries, bound, visit, |block| {
            let mut nearest = _mm512_set1_epi64(i64::MAX);
            for query in queries {
                let query = _mm512_set1_epi64(query.cast_signed());
                nearest = _mm512_min_epu64(nearest, _mm512_popcnt_epi64(_mm512_xor_si512(block, query)));
            }
            nearest
        });
    }
}

/// Goes over 32 hashes at a time; `distances` gives those of 8.
#[inline]
#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
fn scan_blocks(
    codes: &[u64],
    queries: &[u64],
    mut bound: u32,
    visit: Visit<'_>,
    distances: impl Fn(__m512i) -> __m512i,
) {
    let (blocks, rest) = codes.as_chunks::<32>();
    let mut limit = _mm512_set1_epi64(i64::from(bound));
    for (number, block) in blocks.iter().enumerate() {
        let start = block.as_ptr();
        for line in 0..4 {
            _mm_prefetch::<_MM_HINT_T0>(start.wrapping_byte_add(PREFETCH_BYTES + 64 * line).cast());
        }
        // SAFETY: a block holds 32 words, and each of the four loads reads 8 of them.
        let [a, b, c, d] = [0, 8, 16, 24].map(|at| unsafe { _mm512_loadu_si512(start.add(at).cast()) });
        let parts = [distances(a), distances(b), distances(c), distances(d)];
        let [a, b, c, d] = parts;
        let least = _mm512_min_epu64(_mm512_min_epu64(a, b), _mm512_min_epu64(c, d));
        if _mm512_cmplt_epu64_mask(least, limit) != 0 {
            for (part, distances) in parts.into_iter().enumerate() {
                bound = visit_8(distances, number * 32 + part * 8, IN_ORDER, bound, visit);
            }
            limit = _mm512_set1_epi64(i64::from(bound));
        }
    }
    portable::scan(rest, queries, blocks.len() * 32, bound, visit);
}

/// # Safety
/// The processor must have avx512f, avx512vpopcntdq and popcnt.
#[target_feature(enable = "avx512f,avx512vpopcntdq,popcnt")]
pub(super) unsafe fn scan_256(codes: &[[u64; 4]], queries: &[[u64; 4]], mut bound: u32, visit: Visit<'_>) {
    let (blocks, rest) = codes.as_chunks::<8>();
    for (number, block) in blocks.iter().enumerate() {
        let start: *const u64 = block.as_ptr().cast();
        for line in 0..4 {
            _mm_prefetch::<_MM_HINT_T0>(start.wrapping_byte_add(PREFETCH_BYTES + 64 * line).cast());
        }
        // SAFETY: a block holds 32 words, and each of the four loads reads 8 of them.
        let rows = [0, 8, 16, 24].map(|at| unsafe { _mm512_loadu_si512(start.add(at).cast()) });
        let words = words_of_rows(rows);
        let mut nearest = _mm512_set1_epi64(i64::MAX);
        for query in queries {
            let mut distance = _mm512_set1_epi64(0);
            for (word, query) in words.iter().zip(query) {
                let query = _mm512_set1_epi64(query.cast_signed());
                distance = _mm512_add_epi64(distance, _mm512_popcnt_epi64(_mm512_xor_si512(*word, query)));
            }
            nearest = _mm512_min_epu64(nearest, distance);
        }
        if _mm512_cmplt_epu64_mask(nearest, _mm512_set1_epi64(i64::from(bound))) != 0 {
            bound = visit_8(nearest, number * 8, AFTER_TRANSPOSE, bound, visit);
        }
    }
    portable::scan(rest, queries, blocks.len() * 8, bound, visit);
}

/// Turns 8 rows of 4 words into 4 registers, one for each word, with the rows in the order of [`AFTER_TRANSPOSE`].
#[inline]
#[target_feature(enable = "avx512f")]
fn words_of_rows([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (ab_even, ab_odd) = (_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    let (cd_even, cd_odd) = (_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d));
    [
        _mm512_shuffle_i64x2::<0x88>(ab_even, cd_even),
        _mm512_shuffle_i64x2::<0x88>(ab_odd, cd_odd),
        _mm512_shuffle_i64x2::<0xdd>(ab_even, cd_even),
        _mm512_shuffle_i64x2::<0xdd>(ab_odd, cd_odd),
    ]
}

/// The lane of each of 8 rows.
const IN_ORDER: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
const AFTER_TRANSPOSE: [usize; 8] = [0, 2, 1, 3, 4, 6, 5, 7];

#[inline]
#[target_feature(enable = "avx512f")]
fn visit_8(distances: __m512i, first_row: usize, lanes: [usize; 8], mut bound: u32, visit: Visit<'_>) -> u32 {
    let mut distance_of_lane = [0_u64; 8];
    // SAFETY: the array is as large as the register.
    unsafe { _mm512_storeu_si512(distance_of_lane.as_mut_ptr().cast(), distances) };
    for (row, lane) in lanes.into_iter().enumerate() {
        let distance =
            u32::try_from(distance_of_lane.get(lane).copied().unwrap_or(u64::MAX)).unwrap_or(u32::MAX);
        if distance < bound {
            bound = visit(first_row + row, distance);
        }
    }
    bound
}
