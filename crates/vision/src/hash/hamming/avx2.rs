//! AVX2: bits counted by looking up nibbles (pshufb; Muła, Kurz, Lemire, "Faster Population Counts Using AVX2
//! Instructions", 2018). One register holds 4 hashes of 64 bits or one of 256.

use super::{Visit, portable};
use std::arch::x86_64::{
    __m256i, _MM_HINT_T0, _mm_add_epi16, _mm_min_epu16, _mm_prefetch, _mm_storel_epi64, _mm_unpackhi_epi64,
    _mm256_add_epi8, _mm256_and_si256, _mm256_castsi256_si128, _mm256_cmpgt_epi64, _mm256_extracti128_si256,
    _mm256_loadu_si256, _mm256_or_si256, _mm256_sad_epu8, _mm256_set1_epi8, _mm256_set1_epi64x,
    _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi64, _mm256_srli_epi16,
    _mm256_testz_si256, _mm256_xor_si256,
};

/// How far ahead of its use a row is asked of memory.
const PREFETCH_BYTES: usize = 4096;

/// The number of bits set in each of the 4 words.
#[inline]
#[target_feature(enable = "avx2")]
fn popcount_words(words: __m256i) -> __m256i {
    let bits_of_nibble = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let low_nibbles = _mm256_set1_epi8(0x0f);
    let low = _mm256_shuffle_epi8(bits_of_nibble, _mm256_and_si256(words, low_nibbles));
    let high =
        _mm256_shuffle_epi8(bits_of_nibble, _mm256_and_si256(_mm256_srli_epi16::<4>(words), low_nibbles));
    _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256())
}

/// # Safety
/// The processor must have avx2 and popcnt.
#[target_feature(enable = "avx2,popcnt")]
pub(super) unsafe fn scan_64(codes: &[u64], queries: &[u64], mut bound: u32, visit: Visit<'_>) {
    let (blocks, rest) = codes.as_chunks::<8>();
    for (number, block) in blocks.iter().enumerate() {
        let start = block.as_ptr();
        _mm_prefetch::<_MM_HINT_T0>(start.wrapping_byte_add(PREFETCH_BYTES).cast());
        // SAFETY: a block holds 8 words, and each of the two loads reads 4 of them.
        let rows = [0, 4].map(|at| unsafe { _mm256_loadu_si256(start.add(at).cast()) });
        let limit = _mm256_set1_epi64x(i64::from(bound));
        let mut near = _mm256_setzero_si256();
        for query in queries {
            let query = _mm256_set1_epi64x(query.cast_signed());
            for row in rows {
                let distances = popcount_words(_mm256_xor_si256(row, query));
                near = _mm256_or_si256(near, _mm256_cmpgt_epi64(limit, distances));
            }
        }
        if _mm256_testz_si256(near, near) == 0 {
            // Rare, so that doing the block again is cheaper than keeping its distances at hand.
            bound = rescan(block, queries, number * 8, bound, visit);
        }
    }
    portable::scan(rest, queries, blocks.len() * 8, bound, visit);
}

/// [`portable::scan`] with what it needs to know when it is used in a hot place: the bound afterwards.
fn rescan(block: &[u64], queries: &[u64], first_row: usize, mut bound: u32, visit: Visit<'_>) -> u32 {
    portable::scan(block, queries, first_row, bound, &mut |row, distance| {
        bound = visit(row, distance);
        bound
    });
    bound
}

/// # Safety
/// The processor must have avx2 and popcnt.
#[target_feature(enable = "avx2,popcnt")]
pub(super) unsafe fn scan_256(codes: &[[u64; 4]], queries: &[[u64; 4]], mut bound: u32, visit: Visit<'_>) {
    let (blocks, rest) = codes.as_chunks::<4>();
    for (number, block) in blocks.iter().enumerate() {
        let start = block.as_ptr();
        for line in 0..2 {
            _mm_prefetch::<_MM_HINT_T0>(start.wrapping_byte_add(PREFETCH_BYTES + 64 * line).cast());
        }
        // SAFETY: a row is one register wide and a block holds 4 rows.
        let rows = [0, 1, 2, 3].map(|at| unsafe { _mm256_loadu_si256(start.add(at).cast()) });
        let mut nearest = u64_as_lanes(u64::MAX);
        for query in queries {
            // SAFETY: a query is one register wide.
            let query = unsafe { _mm256_loadu_si256(query.as_ptr().cast()) };
            let [a, b, c, d] = rows.map(|row| popcount_words(_mm256_xor_si256(row, query)));
            // Row i's count of each word goes to the i-th 16 bits of that word; adding the 4 words up then gives the
            // distances of all 4 rows at once.
            let counts = _mm256_or_si256(
                _mm256_or_si256(a, _mm256_slli_epi64::<16>(b)),
                _mm256_or_si256(_mm256_slli_epi64::<32>(c), _mm256_slli_epi64::<48>(d)),
            );
            let halves = _mm_add_epi16(_mm256_castsi256_si128(counts), _mm256_extracti128_si256::<1>(counts));
            let distances = _mm_add_epi16(halves, _mm_unpackhi_epi64(halves, halves));
            nearest = _mm_min_epu16(nearest, distances);
        }
        let mut distances = [0_u16; 4];
        // SAFETY: the low half of the register is as large as the array.
        unsafe { _mm_storel_epi64(distances.as_mut_ptr().cast(), nearest) };
        for (row, distance) in distances.into_iter().enumerate() {
            let distance = u32::from(distance);
            if distance < bound {
                bound = visit(number * 4 + row, distance);
            }
        }
    }
    portable::scan(rest, queries, blocks.len() * 4, bound, visit);
}

#[inline]
#[target_feature(enable = "avx2")]
fn u64_as_lanes(word: u64) -> std::arch::x86_64::__m128i {
    _mm256_castsi256_si128(_mm256_set1_epi64x(word.cast_signed()))
}
