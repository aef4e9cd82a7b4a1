//! Every kernel against the plain one: the same rows, the same values, to the bit.

use super::super::quantize::{quantize_row, stride};
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn visited(
    kernel: Kernel,
    rows: &Codes<'_>,
    query: &QuantizedQuery,
    reach: f32,
    raise: f32,
) -> Vec<(usize, u32)> {
    let mut seen = vec![];
    let mut threshold = f32::NEG_INFINITY;
    kernel.scan(rows, query, reach, threshold, &mut |row, score| {
        seen.push((row, score.to_bits()));
        threshold = threshold.max(score - raise);
        threshold
    });
    seen
}

fn check(matrix: &[Vec<f32>], query: &[f32], raise: f32) {
    let (mut codes, mut scales, mut errors) = (vec![], vec![], vec![]);
    for row in matrix {
        let scale = quantize_row(row, query.len(), &mut codes).unwrap();
        scales.push(scale.scale);
        errors.push(scale.error);
    }
    let rows = Codes { codes: &codes, stride: stride(query.len()), scales: &scales, errors: &errors };
    let query = QuantizedQuery::new(query, query.len()).unwrap();
    let expected = visited(Kernel(Kind::Portable), &rows, &query, query.norm, raise);
    assert_eq!(expected.is_empty(), matrix.is_empty());
    for kernel in Kernel::available() {
        assert_eq!(visited(kernel, &rows, &query, query.norm, raise), expected, "{kernel:?}");
    }
}

proptest! {
    #[test]
    fn kernels_hand_out_the_same_rows_and_values(
        (matrix, query) in (1..300_usize).prop_flat_map(|dimensions| {
            let vector = || vec(prop_oneof![-1.0..1.0_f32, Just(0.0)], dimensions);
            (vec(vector(), 0..40), vector())
        }),
        raise in prop_oneof![Just(f32::INFINITY), 0.0..1.0_f32],
    ) {
        check(&matrix, &query, raise);
    }
}

#[test]
fn the_greatest_products_do_not_overflow() {
    for dimensions in [64, 512, 2048, 16_384] {
        check(&vec![vec![1.0; dimensions]; 9], &vec![-1.0; dimensions], f32::INFINITY);
        check(&vec![vec![-1.0; dimensions]; 9], &vec![-1.0; dimensions], f32::INFINITY);
        let alternating: Vec<f32> = (0..dimensions).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        check(&vec![alternating.clone(); 9], &alternating, f32::INFINITY);
    }
}
