//! The resampling filters Pillow offers, as functions of the distance from the output pixel's centre, and OpenCV's
//! averaging of areas.
//!
//! Shapes and supports follow Pillow's `src/libImaging/Resample.c`. Stretching a filter over more input pixels
//! when shrinking, cutting it off at the edges and normalising it is `axis`'s business.

use std::f64::consts::PI;

/// A resampling filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Averages the covered pixels; support 0.5.
    Box,
    /// Triangle; support 1. What Pillow and torchvision call bilinear.
    Bilinear,
    /// Raised cosine times sinc; support 1, as sharp as bicubic at the cost of bilinear.
    Hamming,
    /// Keys' cubic with a = -0.5; support 2.
    Bicubic,
    /// Sinc windowed by its own main lobe; support 3.
    Lanczos,
    /// Averages the covered pixels, each by the part of it that is covered, where a side shrinks; the triangle where it
    /// grows. OpenCV's `INTER_AREA` and `INTER_LINEAR`. How far the average reaches is not a matter of distance alone,
    /// so `axis` has it; what is here is the triangle.
    Area,
}

impl Filter {
    /// Half of the filter's width, in pixels of the coarser of the two pictures.
    pub fn support(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bilinear | Self::Hamming | Self::Area => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    /// The filter's value at distance `x` from its centre; not normalised.
    pub fn value(self, x: f64) -> f64 {
        let mut value = [x];
        self.replace_by_values(&mut value);
        value[0]
    }

    /// Puts the filter's value in the place of each distance. One loop for each filter, so that it can be vectorised.
    pub(super) fn replace_by_values(self, distances: &mut [f64]) {
        fn each(distances: &mut [f64], value: impl Fn(f64) -> f64) {
            distances.iter_mut().for_each(|distance| *distance = value(*distance));
        }
        match self {
            Self::Box => each(distances, |x| f64::from(u8::from(x > -0.5 && x <= 0.5))),
            Self::Bilinear | Self::Area => each(distances, |x| (1.0 - x.abs()).max(0.0)),
            Self::Hamming => each(distances, |x| hamming(x.abs())),
            Self::Bicubic => each(distances, |x| bicubic(x.abs())),
            Self::Lanczos => {
                #[cfg(target_arch = "x86_64")]
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: AVX2 was just detected.
                    unsafe { lanczos_avx2(distances) };
                    return;
                }
                each(distances, lanczos);
            }
        }
    }
}

/// The same loop compiled for four distances at a time; no fused multiply-add, so the values stay the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn lanczos_avx2(distances: &mut [f64]) {
    for distance in distances {
        *distance = lanczos(*distance);
    }
}

fn hamming(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    if x >= 1.0 {
        return 0.0;
    }
    let angle = x * PI;
    // Pillow writes these two constants in single precision.
    angle.sin() / angle * (f64::from(0.54_f32) + f64::from(0.46_f32) * angle.cos())
}

fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

/// sinc(x) * sinc(x / 3) from one sine: with t = pi x / 3 and s = sin t it is s^2 (3 - 4 s^2) / (3 t^2), because
/// sin 3t = s (3 - 4 s^2). It is within a few units in the last place of the two-sine form, far below the 2^-22
/// the coefficients are rounded to, has no branch in the way of vectorising, and is several times as fast.
#[inline(always)]
fn lanczos(x: f64) -> f64 {
    let angle = x.abs() * (PI / 3.0);
    let sine = sine_up_to_pi(angle);
    let square = sine * sine;
    let inside = square * (3.0 - 4.0 * square) / (3.0 * angle * angle);
    if !(-3.0..3.0).contains(&x) {
        0.0
    } else if angle < 1e-9 {
        1.0
    } else {
        inside
    }
}

/// Sine on [0, pi]: folded to [0, pi/2], then its series to the 21st power (next term under 2e-18).
#[inline(always)]
fn sine_up_to_pi(angle: f64) -> f64 {
    let folded = angle.min(PI - angle);
    let square = folded * folded;
    let mut series = 1.0 / 51_090_942_171_709_440_000.0;
    for term in [
        -1.0 / 121_645_100_408_832_000.0,
        1.0 / 355_687_428_096_000.0,
        -1.0 / 1_307_674_368_000.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 39_916_800.0,
        1.0 / 362_880.0,
        -1.0 / 5040.0,
        1.0 / 120.0,
        -1.0 / 6.0,
        1.0,
    ] {
        series = series * square + term;
    }
    series * folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_sine_lanczos(x: f64) -> f64 {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) };
        if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
    }

    #[test]
    fn one_sine_gives_the_two_sine_lanczos() {
        for step in -400_000..=400_000 {
            let x = f64::from(step) * 1e-5;
            let off = (lanczos(x) - two_sine_lanczos(x)).abs();
            assert!(off < 2e-15, "at {x}: off by {off}");
        }
        assert!((lanczos(1e-17) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn filters_are_one_at_the_centre_and_nothing_past_their_support() {
        let all =
            [Filter::Box, Filter::Bilinear, Filter::Hamming, Filter::Bicubic, Filter::Lanczos, Filter::Area];
        for filter in all {
            assert!((filter.value(0.0) - 1.0).abs() < 1e-15, "{filter:?}");
            assert_eq!(filter.value(filter.support() + 1e-9), 0.0, "{filter:?}");
            assert_eq!(filter.value(-filter.support() - 1e-9), 0.0, "{filter:?}");
        }
    }
}
