//! Vectors as small integers, with what that costs in exactness written beside them.
//!
//! A row `x` becomes `scale * codes + r` with codes in -127..=127, and keeps the length of the remainder `r`; a
//! query `q` becomes `scale * q' + s` with 16-bit `q'`. The dot product of the integers is exact, and by Cauchy and
//! Schwarz `|q·x - scaled integer product| <= |scaled q'| |r| + |s| |x|`. That is the certificate by which `exact`
//! knows which rows can be among the best; nothing here is approximate without saying by how much.
//! Neighbours: `dot` multiplies, `exact` searches.

use super::error::IndexError;

/// Longest vectors: integer products of longer ones would no longer fit in 32 bits at full precision.
pub(super) const MAX_DIMENSIONS: usize = 16_384;

/// Greatest length of a vector. Encoders give unit vectors; the margin is for callers' own.
const MAX_NORM: f64 = 1e6;

/// Codes are stored as unsigned bytes, this much above their value, as the AVX-512 VNNI instruction wants them.
pub(super) const BIAS: u8 = 128;

/// Bytes of a row of codes: the dimensions, padded so that every row is whole cache lines.
pub(super) fn stride(dimensions: usize) -> usize {
    dimensions.next_multiple_of(64)
}

/// Whether vectors of that length can be indexed.
pub(super) fn check_dimensions(dimensions: usize) -> Result<(), IndexError> {
    if (1..=MAX_DIMENSIONS).contains(&dimensions) {
        Ok(())
    } else {
        Err(IndexError::UnsupportedDimensions(dimensions))
    }
}

/// The length of `vector`, if it has the right dimensions and is finite.
fn checked_norm(vector: &[f32], dimensions: usize) -> Result<f64, IndexError> {
    if vector.len() != dimensions {
        return Err(IndexError::Dimensions { found: vector.len(), expected: dimensions });
    }
    let norm = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    // False for NaN too.
    if norm <= MAX_NORM { Ok(norm) } else { Err(IndexError::NotFinite) }
}

/// `value` as `f32`, never smaller.
#[expect(clippy::cast_possible_truncation, reason = "the rounding is made good by the next greater float")]
fn at_least(value: f64) -> f32 {
    (value as f32).next_up()
}

/// What belongs to a row besides its codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RowScale {
    /// What a step of the codes is worth.
    pub scale: f32,
    /// Upper bound of the length of what the codes leave out.
    pub error: f32,
    /// Upper bound of the vector's length.
    pub norm: f32,
}

/// Appends the codes of `vector`, padded to [`stride`], to `codes`.
///
/// # Errors
/// When `vector` does not have `dimensions` values or is not finite; `codes` is then as before.
pub(super) fn quantize_row(
    vector: &[f32],
    dimensions: usize,
    codes: &mut Vec<u8>,
) -> Result<RowScale, IndexError> {
    let norm = checked_norm(vector, dimensions)?;
    let greatest = vector.iter().fold(0.0_f32, |greatest, x| greatest.max(x.abs()));
    let scale = greatest / 127.0;
    // All zero, or so small that dividing by it would overflow: the codes say nothing and the error says it all.
    let scale = if scale.is_normal() { scale } else { 0.0 };
    let inverse = if scale == 0.0 { 0.0 } else { scale.recip() };
    let inverse = if inverse.is_finite() { inverse } else { 0.0 };
    let end = codes.len() + stride(dimensions);
    let mut left_out = 0.0_f64;
    codes.extend(vector.iter().map(|&x| {
        #[expect(clippy::cast_possible_truncation, reason = "rounded and clamped to the range first")]
        let code = (x * inverse).round_ties_even().clamp(-127.0, 127.0) as i8;
        let rest = f64::from(x) - f64::from(scale) * f64::from(code);
        left_out += rest * rest;
        code.cast_unsigned() ^ BIAS
    }));
    codes.resize(end, BIAS);
    Ok(RowScale { scale, error: at_least(left_out.sqrt()), norm: at_least(norm) })
}

/// A query in 16-bit integers, split into high and low bytes for kernels that multiply bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QuantizedQuery {
    /// -32639..=32639, padded with zeros to the stride.
    pub wide: Vec<i16>,
    /// `256 * high + low == wide`, both in -128..=127.
    pub high: Vec<i8>,
    /// See [`Self::high`].
    pub low: Vec<i8>,
    /// What the bias of the row codes adds to every integer product, modulo 2^32.
    pub bias: i32,
    /// What a step of the integers is worth.
    pub scale: f32,
    /// Upper bound of the length of the query as the integers have it.
    pub norm: f32,
    /// Upper bound of the length of what they leave out.
    pub error: f32,
}

impl QuantizedQuery {
    /// # Errors
    /// When `query` does not have `dimensions` values or is not finite.
    pub(super) fn new(query: &[f32], dimensions: usize) -> Result<Self, IndexError> {
        let norm = checked_norm(query, dimensions)?;
        let greatest = query.iter().fold(0.0_f64, |greatest, x| greatest.max(f64::from(x.abs())));
        // With codes of length at most 127 sqrt(n), the product fits in 32 bits while the integers are no longer than
        // this. The half accounts for their rounding.
        #[expect(clippy::cast_precision_loss, reason = "at most 16,384")]
        let root = (dimensions as f64).sqrt();
        let longest = f64::from(i32::MAX) / (127.0 * root) - 0.5 * root - 1.0;
        let scale = at_least((greatest / 32_639.0).max(norm / longest));
        let scale = if scale.is_normal() { scale } else { 0.0 };
        let (mut squares, mut left_out, mut sum) = (0.0_f64, 0.0_f64, 0_i32);
        let mut wide = Vec::with_capacity(stride(dimensions));
        for &x in query {
            let x = f64::from(x);
            let steps = if scale == 0.0 { 0.0 } else { (x / f64::from(scale)).round_ties_even() };
            #[expect(clippy::cast_possible_truncation, reason = "at most 32,639, by the choice of the scale")]
            let integer = steps.clamp(-32_639.0, 32_639.0) as i16;
            let kept = f64::from(scale) * f64::from(integer);
            squares += kept * kept;
            left_out += (x - kept) * (x - kept);
            sum = sum.wrapping_add(i32::from(integer));
            wide.push(integer);
        }
        wide.resize(stride(dimensions), 0);
        let low: Vec<i8> = wide.iter().map(|&x| x.to_le_bytes()[0].cast_signed()).collect();
        let high =
            wide.iter().zip(&low).map(|(&x, &low)| ((i32::from(x) - i32::from(low)) / 256) as i8).collect();
        Ok(Self {
            wide,
            high,
            low,
            bias: sum.wrapping_mul(i32::from(BIAS)),
            scale,
            norm: at_least(squares.sqrt()),
            error: at_least(left_out.sqrt()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes_of(row: &[f32]) -> (Vec<i8>, RowScale) {
        let mut codes = vec![];
        let scale = quantize_row(row, row.len(), &mut codes).unwrap();
        assert_eq!(codes.len(), stride(row.len()));
        (codes.into_iter().map(|code| (code ^ BIAS).cast_signed()).collect(), scale)
    }

    proptest! {
        #[test]
        fn the_integer_product_is_within_the_stated_error(
            (row, query) in (1..200_usize).prop_flat_map(|n| {
                let values = || prop_oneof![-1.0..1.0_f32, -1e-3..1e-3_f32, Just(0.0), -900.0..900.0_f32];
                (proptest::collection::vec(values(), n), proptest::collection::vec(values(), n))
            })
        ) {
            let (codes, scale) = codes_of(&row);
            let quantized = QuantizedQuery::new(&query, query.len()).unwrap();
            let integer: i64 =
                codes.iter().zip(&quantized.wide).map(|(&a, &b)| i64::from(a) * i64::from(b)).sum();
            prop_assert!(i32::try_from(integer).is_ok());
            let exact: f64 = row.iter().zip(&query).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            let approximate = integer as f64 * f64::from(scale.scale) * f64::from(quantized.scale);
            let bound = f64::from(quantized.norm) * f64::from(scale.error)
                + f64::from(quantized.error) * f64::from(scale.norm);
            prop_assert!((exact - approximate).abs() <= bound, "{} > {}", (exact - approximate).abs(), bound);
            for ((&wide, &high), &low) in quantized.wide.iter().zip(&quantized.high).zip(&quantized.low) {
                prop_assert_eq!(i32::from(wide), 256 * i32::from(high) + i32::from(low));
            }
        }
    }

    #[test]
    fn the_worst_products_fit_in_32_bits() {
        for dimensions in [1, 64, 512, 2048, MAX_DIMENSIONS] {
            let ones = vec![1.0; dimensions];
            let (codes, _) = codes_of(&ones);
            let query = QuantizedQuery::new(&ones, dimensions).unwrap();
            let product: i64 =
                codes.iter().zip(&query.wide).map(|(&a, &b)| i64::from(a) * i64::from(b)).sum();
            assert!(i32::try_from(product).is_ok(), "{dimensions} dimensions: {product}");
        }
    }

    #[test]
    fn what_is_no_vector_is_refused_and_leaves_nothing_behind() {
        let mut codes = vec![];
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30] {
            assert!(matches!(quantize_row(&[0.5, bad], 2, &mut codes), Err(IndexError::NotFinite)));
            assert!(matches!(QuantizedQuery::new(&[0.5, bad], 2), Err(IndexError::NotFinite)));
        }
        let wrong = quantize_row(&[0.5], 2, &mut codes).unwrap_err();
        assert!(matches!(wrong, IndexError::Dimensions { found: 1, expected: 2 }));
        assert!(codes.is_empty());
    }

    #[test]
    fn zero_and_vanishing_vectors_are_vectors() {
        for row in [[0.0; 3], [1e-45; 3], [1e-38; 3]] {
            let (codes, scale) = codes_of(&row);
            assert!(scale.scale.is_finite() && scale.error.is_finite());
            assert!(codes.iter().all(|&code| code == 0) || scale.scale > 0.0);
            QuantizedQuery::new(&row, 3).unwrap();
        }
    }
}
