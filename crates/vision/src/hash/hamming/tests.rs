//! Every kernel against one line of plain Rust, and what callers rely on.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// All rows with their distances, sorted: what a scan must agree with.
fn sorted_by_distance<C: Code>(codes: &[C], queries: &[C]) -> Vec<Neighbour> {
    let mut all: Vec<_> = codes
        .iter()
        .enumerate()
        .map(|(row, &code)| Neighbour {
            distance: queries.iter().map(|&query| code.distance(query)).min().unwrap(),
            row,
        })
        .collect();
    all.sort();
    all
}

fn check<C: Code>(codes: &[C], queries: &[C], k: usize, radius: u32) {
    let all = sorted_by_distance(codes, queries);
    for kernel in Kernel::available() {
        let expected = &all[..k.min(all.len())];
        assert_eq!(nearest_with(kernel, codes, queries, k, |_| true), expected, "{kernel:?}");

        let odd: Vec<_> = all.iter().copied().filter(|found| found.row % 2 == 1).take(k).collect();
        assert_eq!(nearest_with(kernel, codes, queries, k, |row| row % 2 == 1), odd, "{kernel:?}");

        let near: Vec<_> = all.iter().copied().filter(|found| found.distance <= radius).collect();
        assert_eq!(within_with(kernel, codes, queries, radius), near, "{kernel:?}");
    }
}

/// Hashes with a few bits set, so that distances are small and ties are many, and fully random ones.
fn code_64() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), (0..64_u32, 0..64_u32).prop_map(|(a, b)| 1 << a | 1 << b)]
}

fn code_256() -> impl Strategy<Value = [u64; 4]> {
    prop_oneof![any::<[u64; 4]>(), [code_64(), code_64(), code_64(), code_64()]]
}

proptest! {
    #[test]
    fn kernels_agree_on_64_bits(
        codes in vec(code_64(), 0..300), queries in vec(code_64(), 1..9), k in 0..40_usize, radius in 0..70_u32,
    ) {
        check(&codes, &queries, k, radius);
        check(&codes, &queries[..1], k, radius);
    }

    #[test]
    fn kernels_agree_on_256_bits(
        codes in vec(code_256(), 0..150), queries in vec(code_256(), 1..9), k in 0..40_usize, radius in 0..260_u32,
    ) {
        check(&codes, &queries, k, radius);
        check(&codes, &queries[..1], k, radius);
    }
}

#[test]
fn the_extremes_are_counted_in_full() {
    for kernel in Kernel::available() {
        let far = nearest_with(kernel, &[[u64::MAX; 4]; 9], &[[0; 4]], 9, |_| true);
        assert_eq!(far.len(), 9);
        assert!(far.iter().all(|found| found.distance == 256), "{kernel:?}: {far:?}");
        let far = nearest_with(kernel, &[u64::MAX; 33], &[0], 40, |_| true);
        assert_eq!(far.len(), 33);
        assert!(far.iter().all(|found| found.distance == 64), "{kernel:?}: {far:?}");
    }
}

#[test]
fn among_equals_the_smaller_rows_win() {
    for kernel in Kernel::available() {
        let rows: Vec<_> =
            nearest_with(kernel, &[7_u64; 100], &[7], 5, |_| true).iter().map(|found| found.row).collect();
        assert_eq!(rows, [0, 1, 2, 3, 4], "{kernel:?}");
    }
}

#[test]
fn nothing_is_found_by_no_query_or_among_no_rows() {
    assert!(nearest(&[1_u64, 2], &[], 3).is_empty());
    assert!(within(&[1_u64, 2], &[], 64).is_empty());
    assert!(nearest(&[], &[1_u64], 3).is_empty());
    assert!(nearest(&[1_u64, 2], &[1], 0).is_empty());
}

#[test]
fn few_rows_leave_the_scan_even_when_each_is_nearer_than_the_last() {
    // Given rows that come nearer and nearer, the worst case for keeping the best, then the visits are still bounded
    // by the number of distances there are.
    let codes: Vec<u64> = (0..64_000_u32).map(|row| u64::MAX >> (row / 1000)).collect();
    for kernel in Kernel::available() {
        let mut visits = 0;
        nearest_with(kernel, &codes, &[0], 10, |_| {
            visits += 1;
            true
        });
        assert!(visits <= 10 * 65, "{kernel:?}: {visits} visits");
    }
}
