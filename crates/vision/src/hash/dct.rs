//! The 32x32 DCT-II behind the pHash, in the very order of operations SciPy's takes.
//!
//! Symmetric and flat pictures have frequencies that are zero but for rounding, and a hash bit is the sign of such a
//! frequency's distance to the median. To agree on those bits too, `scipy.fftpack.dct` must be followed operation by
//! operation: it is pocketfft's real transform of length 32, split 2 x 4 x 4, between a pre- and a post-twiddle.
//! All columns are transformed at once, which changes no rounding, and only what the 8x8 lowest frequencies need is
//! taken along the second axis.
#![expect(clippy::indexing_slicing, reason = "all arrays are of fixed size and indexed by loops over it")]

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// Side of the picture transformed.
pub(super) const SIDE: usize = 32;

/// Frequencies kept along each axis.
const KEPT: usize = 8;

/// One value in each of `N` transforms done side by side.
type Row<const N: usize> = [f64; N];

/// exp(2 pi i n / 32) for n = 1..=7: pocketfft's table, which is one unit off the nearest double here and there.
const ROOTS: [(f64, f64); 7] = [
    (0.9807852804032304, 0.19509032201612825),
    (0.9238795325112867, 0.3826834323650898),
    (0.8314696123025452, 0.5555702330196022),
    (0.7071067811865475, FRAC_1_SQRT_2),
    (0.5555702330196022, 0.8314696123025452),
    (0.3826834323650898, 0.9238795325112867),
    (0.19509032201612825, 0.9807852804032304),
];

/// cos(2 pi n / 128) for n = 1..=31, from the same table.
const TWIDDLES: [f64; 31] = [
    0.9987954562051724,
    0.9951847266721969,
    0.989176509964781,
    0.9807852804032304,
    0.970031253194544,
    0.9569403357322088,
    0.9415440651830208,
    0.9238795325112867,
    0.9039892931234433,
    0.881921264348355,
    0.8577286100002721,
    0.8314696123025452,
    0.8032075314806449,
    0.773010453362737,
    0.7409511253549591,
    0.7071067811865475,
    0.6715589548470183,
    0.6343932841636455,
    0.5956993044924332,
    0.5555702330196022,
    0.5141027441932217,
    0.47139673682599753,
    0.42755509343028203,
    0.38268343236508967,
    0.33688985339221994,
    0.2902846772544623,
    0.24298017990326393,
    0.19509032201612825,
    0.14673047445536164,
    0.09801714032956049,
    0.04906767432741799,
];

/// The 8x8 lowest frequencies of a 32x32 picture, vertical frequency by vertical frequency. Missing pixels are 0.
pub(super) fn lowest_frequencies(grey: &[u8]) -> [f64; KEPT * KEPT] {
    let mut rows = [[0.0; SIDE]; SIDE];
    for (value, &pixel) in rows.as_flattened_mut().iter_mut().zip(grey) {
        *value = f64::from(pixel);
    }
    dct(&mut rows);
    let mut turned: [Row<KEPT>; SIDE] = std::array::from_fn(|x| std::array::from_fn(|y| rows[y][x]));
    dct(&mut turned);
    std::array::from_fn(|index| turned[index % KEPT][index / KEPT])
}

fn add<const N: usize>(a: &Row<N>, b: &Row<N>) -> Row<N> {
    std::array::from_fn(|n| a[n] + b[n])
}

fn sub<const N: usize>(a: &Row<N>, b: &Row<N>) -> Row<N> {
    std::array::from_fn(|n| a[n] - b[n])
}

fn scale<const N: usize>(factor: f64, a: &Row<N>) -> Row<N> {
    a.map(|value| factor * value)
}

/// Unnormalised DCT-II of each of `N` columns.
fn dct<const N: usize>(values: &mut [Row<N>; SIDE]) {
    values[0] = scale(2.0, &values[0]);
    values[SIDE - 1] = scale(2.0, &values[SIDE - 1]);
    for k in (1..SIDE - 1).step_by(2) {
        let (odd, even) = (values[k], values[k + 1]);
        values[k + 1] = sub(&even, &odd);
        values[k] = add(&odd, &even);
    }
    let halves = radix_2(values);
    let quarters = radix_4::<N, 4, 2>(&halves);
    *values = radix_4::<N, 1, 8>(&quarters);
    for k in 1..SIDE / 2 {
        let mirror = SIDE - k;
        let (near, far) = (TWIDDLES[k - 1], TWIDDLES[mirror - 1]);
        let first = add(&scale(near, &values[mirror]), &scale(far, &values[k]));
        let second = sub(&scale(near, &values[k]), &scale(far, &values[mirror]));
        values[k] = scale(0.5, &add(&first, &second));
        values[mirror] = scale(0.5, &sub(&first, &second));
    }
    values[SIDE / 2] = scale(TWIDDLES[SIDE / 2 - 1], &values[SIDE / 2]);
}

/// Rotates (real, imaginary) by a root of unity.
fn rotate<const N: usize>(root: usize, real: &Row<N>, imaginary: &Row<N>) -> (Row<N>, Row<N>) {
    let (cos, sin) = ROOTS[root - 1];
    let turned_imaginary = add(&scale(cos, imaginary), &scale(sin, real));
    (sub(&scale(cos, real), &scale(sin, imaginary)), turned_imaginary)
}

/// First butterfly of the inverse real transform: one group of 2 x 16 to two of 16.
fn radix_2<const N: usize>(input: &[Row<N>; SIDE]) -> [Row<N>; SIDE] {
    const LONG: usize = SIDE / 2;
    let mut out = [[0.0; N]; SIDE];
    out[0] = add(&input[0], &input[SIDE - 1]);
    out[LONG] = sub(&input[0], &input[SIDE - 1]);
    out[LONG - 1] = scale(2.0, &input[LONG - 1]);
    out[SIDE - 1] = scale(-2.0, &input[LONG]);
    for i in (2..LONG).step_by(2) {
        let mirror = 2 * LONG - i;
        out[i - 1] = add(&input[i - 1], &input[mirror - 1]);
        out[i] = sub(&input[i], &input[mirror]);
        let real = sub(&input[i - 1], &input[mirror - 1]);
        let imaginary = add(&input[i], &input[mirror]);
        (out[LONG + i - 1], out[LONG + i]) = rotate(i / 2, &real, &imaginary);
    }
    out
}

/// Butterfly of `GROUPS` groups of 4 x `LONG` values; `LONG` is 4 or 1.
fn radix_4<const N: usize, const LONG: usize, const GROUPS: usize>(input: &[Row<N>; SIDE]) -> [Row<N>; SIDE] {
    let mut out = [[0.0; N]; SIDE];
    for group in 0..GROUPS {
        let at = |i: usize, part: usize| &input[i + LONG * (part + 4 * group)];
        let to = |i: usize, part: usize| i + LONG * (group + GROUPS * part);

        let (sum, difference) = (add(at(0, 0), at(LONG - 1, 3)), sub(at(0, 0), at(LONG - 1, 3)));
        let (across, along) = (scale(2.0, at(LONG - 1, 1)), scale(2.0, at(0, 2)));
        out[to(0, 0)] = add(&sum, &across);
        out[to(0, 2)] = sub(&sum, &across);
        out[to(0, 3)] = add(&difference, &along);
        out[to(0, 1)] = sub(&difference, &along);
        if LONG == 1 {
            continue;
        }

        let (imaginary_sum, imaginary_difference) = (add(at(0, 3), at(0, 1)), sub(at(0, 3), at(0, 1)));
        let (real_sum, real_difference) =
            (add(at(LONG - 1, 0), at(LONG - 1, 2)), sub(at(LONG - 1, 0), at(LONG - 1, 2)));
        out[to(LONG - 1, 0)] = add(&real_sum, &real_sum);
        out[to(LONG - 1, 1)] = scale(SQRT_2, &sub(&real_difference, &imaginary_sum));
        out[to(LONG - 1, 2)] = add(&imaginary_difference, &imaginary_difference);
        out[to(LONG - 1, 3)] = scale(-SQRT_2, &add(&real_difference, &imaginary_sum));

        for i in (2..LONG).step_by(2) {
            let mirror = LONG - i;
            let (tr2, tr1) = (add(at(i - 1, 0), at(mirror - 1, 3)), sub(at(i - 1, 0), at(mirror - 1, 3)));
            let (ti1, ti2) = (add(at(i, 0), at(mirror, 3)), sub(at(i, 0), at(mirror, 3)));
            let (tr4, ti3) = (add(at(i, 2), at(mirror, 1)), sub(at(i, 2), at(mirror, 1)));
            let (tr3, ti4) = (add(at(i - 1, 2), at(mirror - 1, 1)), sub(at(i - 1, 2), at(mirror - 1, 1)));
            out[to(i - 1, 0)] = add(&tr2, &tr3);
            out[to(i, 0)] = add(&ti2, &ti3);
            let parts = [
                (sub(&tr1, &tr4), add(&ti1, &ti4)),
                (sub(&tr2, &tr3), sub(&ti2, &ti3)),
                (add(&tr1, &tr4), sub(&ti1, &ti4)),
            ];
            for (part, (real, imaginary)) in (1..).zip(&parts) {
                (out[to(i - 1, part)], out[to(i, part)]) = rotate(part * GROUPS * i / 2, real, imaginary);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    /// The definition: 2 sum x[n] cos(pi k (2n + 1) / 64), along both axes.
    fn by_definition(grey: &[u8], vertical: usize, horizontal: usize) -> f64 {
        let wave = |k: usize, n: usize| 2.0 * (PI * (k * (2 * n + 1)) as f64 / 64.0).cos();
        (0..SIDE * SIDE)
            .map(|n| f64::from(grey[n]) * wave(vertical, n / SIDE) * wave(horizontal, n % SIDE))
            .sum()
    }

    #[test]
    fn frequencies_are_the_dcts() {
        let grey: Vec<u8> = (0..1024_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 21) as u8).collect();
        let lowest = lowest_frequencies(&grey);
        for (index, &frequency) in lowest.iter().enumerate() {
            let expected = by_definition(&grey, index / KEPT, index % KEPT);
            assert!((frequency - expected).abs() < 1e-8, "{index}: {frequency} is not {expected}");
        }
    }

    #[test]
    fn rounding_is_scipys() {
        // scipy.fftpack.dct(scipy.fftpack.dct(x, axis=0), axis=1) of SciPy 1.17.1 for
        // x[n] = ((n * 2654435761 mod 2^32) >> 21) & 255, to the last bit.
        let grey: Vec<u8> = (0..1024_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 21) as u8).collect();
        let lowest = lowest_frequencies(&grey);
        for (index, expected) in [
            (0, 524_244.0),
            (7, -749.3412654052831),
            (14, -3.0595543890863155),
            (21, -494.1209267576312),
            (28, -7381.800047699453),
            (35, -4428.383401910893),
            (42, 3279.713213193815),
            (49, -325.29919709933097),
            (56, -2914.477497968572),
            (63, -924.2717497461327),
        ] {
            assert_eq!(lowest[index].to_bits(), f64::to_bits(expected), "frequency {index}");
        }
    }
}
