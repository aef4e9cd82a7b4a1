//! How often a value takes which size, and the range that an 8-bit number should stand for.
//!
//! Bins lie evenly from `-reach` to `reach`; when something larger comes, pairs of bins are joined and the reach
//! doubles, so pictures are seen once and nothing need be known beforehand.

/// Even, so that 0 lies between two bins.
const BINS: usize = 4096;

/// How a range is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RangeRule {
    /// From the smallest to the largest value seen.
    MinMax,
    /// What this share of the values, in percent, does not exceed at either end.
    Percentile(f64),
    /// What makes the mean squared error of rounding and clipping least.
    SquaredError,
}

impl std::fmt::Display for RangeRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MinMax => f.write_str("min-max"),
            Self::Percentile(percent) => write!(f, "percentile {percent}"),
            Self::SquaredError => f.write_str("least squared error"),
        }
    }
}

/// From where to where; holds 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: f32,
    pub(super) high: f32,
}

/// The values seen so far.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    bins: Vec<u64>,
    reach: f32,
    low: f32,
    high: f32,
    finite: u64,
    not_finite: u64,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self { bins: vec![0; BINS], reach: f32::MIN_POSITIVE, low: 0.0, high: 0.0, finite: 0, not_finite: 0 }
    }

    /// Takes values in. Those that are not finite are counted apart.
    pub(super) fn add(&mut self, values: &[f32]) {
        let (mut low, mut high) = (self.low, self.high);
        for &value in values {
            if value.is_finite() {
                low = low.min(value);
                high = high.max(value);
            }
        }
        (self.low, self.high) = (low, high);
        let largest = high.max(-low);
        while self.reach <= largest && self.reach < f32::MAX / 4.0 {
            self.widen();
        }
        let half = (BINS / 2) as f32;
        let scale = half / self.reach;
        let mut not_finite = 0;
        for &value in values {
            if value.is_finite() {
                // Negative results become 0, which is where they belong.
                let bin = ((value * scale + half) as usize).min(BINS - 1);
                if let Some(count) = self.bins.get_mut(bin) {
                    *count += 1;
                }
            } else {
                not_finite += 1;
            }
        }
        self.not_finite += not_finite;
        self.finite += values.len() as u64 - not_finite;
    }

    /// How many values were infinite or not numbers.
    pub(super) fn not_finite(&self) -> u64 {
        self.not_finite
    }

    /// How many values were finite.
    pub(super) fn finite(&self) -> u64 {
        self.finite
    }

    /// Takes in what another has seen. Reaches are powers of two, so that bins fit onto each other.
    pub(super) fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        while self.reach < other.reach {
            self.widen();
        }
        while other.reach < self.reach {
            other.widen();
        }
        for (count, more) in self.bins.iter_mut().zip(&other.bins) {
            *count += more;
        }
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        self.finite += other.finite;
        self.not_finite += other.not_finite;
    }

    fn widen(&mut self) {
        self.reach *= 2.0;
        // An empty histogram is soon as wide as it must be.
        if self.finite == 0 {
            return;
        }
        let mut wider = vec![0; BINS];
        // Bins at distance d from the middle go to distance d / 2.
        for (pair, into) in self.bins.chunks(2).zip(wider.iter_mut().skip(BINS / 4)) {
            *into = pair.iter().sum();
        }
        self.bins = wider;
    }

    /// The range that an 8-bit number should stand for.
    pub(super) fn range(&self, rule: RangeRule) -> Range {
        let whole = Range { low: self.low.min(0.0), high: self.high.max(0.0) };
        match rule {
            RangeRule::MinMax => whole,
            RangeRule::Percentile(percent) => self.percentile(percent / 100.0, whole),
            RangeRule::SquaredError => self.least_error(whole),
        }
    }

    fn width(&self) -> f64 {
        2.0 * f64::from(self.reach) / BINS as f64
    }

    /// Number of values below the end of the bin where their share first reaches `share`, counted from one end.
    fn percentile(&self, share: f64, whole: Range) -> Range {
        let beyond = ((1.0 - share) * self.finite as f64).floor() as u64;
        let skip = |counts: &mut dyn Iterator<Item = &u64>| {
            let mut passed = 0;
            counts
                .take_while(|&&count| {
                    passed += count;
                    passed <= beyond
                })
                .count()
        };
        let low = skip(&mut self.bins.iter()) as f64 * self.width() - f64::from(self.reach);
        let high = f64::from(self.reach) - skip(&mut self.bins.iter().rev()) as f64 * self.width();
        Range { low: (low as f32).clamp(whole.low, 0.0), high: (high as f32).clamp(0.0, whole.high) }
    }

    /// Tries 100 places for either end in turn. 255 steps of width s cost s²/12 for what is within, and what is
    /// beyond costs its distance squared.
    fn least_error(&self, whole: Range) -> Range {
        let mut best = whole;
        for _ in 0..2 {
            for end in [true, false] {
                let candidates = (1..=100).map(|part| {
                    let part = part as f32 / 100.0;
                    if end {
                        Range { high: whole.high * part, ..best }
                    } else {
                        Range { low: whole.low * part, ..best }
                    }
                });
                best = candidates
                    .map(|range| (self.error(range), range))
                    .min_by(|a, b| a.0.total_cmp(&b.0))
                    .map_or(best, |(_, range)| range);
            }
        }
        best
    }

    fn error(&self, range: Range) -> f64 {
        let (low, high) = (f64::from(range.low), f64::from(range.high));
        let within = ((high - low) / 255.0).powi(2) / 12.0;
        let mut centre = 0.5 * self.width() - f64::from(self.reach);
        let mut error = 0.0;
        for &count in &self.bins {
            if count > 0 {
                let beyond = (low - centre).max(centre - high).max(0.0);
                // Zeros, of which activations are full, are exact.
                let rounding = if centre.abs() < self.width() { 0.0 } else { within };
                error += count as f64 * (beyond * beyond + rounding);
            }
            centre += self.width();
        }
        error
    }
}

/// How an unsigned 8-bit number stands for a float: `(number - zero_point) * scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) scale: f32,
    pub(super) zero_point: u8,
}

impl Range {
    /// 256 steps over the range, 0 being one of them. An empty range (a value that was always 0) gets steps of 1.
    pub(super) fn scale(self) -> Scale {
        let width = (f64::from(self.high) - f64::from(self.low)) / 255.0;
        let scale = width as f32;
        if !scale.is_normal() {
            return Scale { scale: 1.0, zero_point: 0 };
        }
        let zero_point = (-f64::from(self.low) / width).round().clamp(0.0, 255.0) as u8;
        Scale { scale, zero_point }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f32]) -> Histogram {
        let mut histogram = Histogram::new();
        for chunk in values.chunks(100) {
            histogram.add(chunk);
        }
        histogram
    }

    /// 0, 1, ..., 9999 in thousandths, and one far out.
    fn with_outlier() -> Histogram {
        let mut values: Vec<f32> = (0..10_000).map(|n| n as f32 / 1000.0).collect();
        values.push(1000.0);
        of(&values)
    }

    #[test]
    fn min_max_is_exact_and_holds_zero() {
        assert_eq!(of(&[2.0, 3.5]).range(RangeRule::MinMax), Range { low: 0.0, high: 3.5 });
        assert_eq!(of(&[-2.0, -1.0]).range(RangeRule::MinMax), Range { low: -2.0, high: 0.0 });
    }

    #[test]
    fn a_percentile_leaves_an_outlier_out() {
        let range = with_outlier().range(RangeRule::Percentile(99.98));
        assert_eq!(range.low, 0.0);
        // A bin is half a unit wide here.
        assert!((9.5..=11.0).contains(&range.high), "{range:?}");
        assert_eq!(with_outlier().range(RangeRule::Percentile(100.0)).high, 1000.0);
    }

    #[test]
    fn the_least_squared_error_lies_between() {
        // Leaving out 1 of 10,001 at distance 1000 costs more than coarse steps do.
        assert!(with_outlier().range(RangeRule::SquaredError).high > 500.0);
        // A bell: the best range for 8 bits cuts its tails.
        let bell: Vec<f32> = (0..200_000_u32)
            .map(|n| {
                (0..12).map(|k| (n.wrapping_mul(2_654_435_761).rotate_left(k * 5) % 1000) as f32).sum::<f32>()
                    / 6000.0
                    - 1.0
            })
            .collect();
        let histogram = of(&bell);
        let best = histogram.range(RangeRule::SquaredError);
        let whole = histogram.range(RangeRule::MinMax);
        assert!(best.high <= whole.high && best.low >= whole.low);
        assert!(histogram.error(best) <= histogram.error(whole));
    }

    #[test]
    fn values_that_grow_keep_their_counts() {
        let values: Vec<f32> =
            (0..1000).map(|n| if n % 2 == 0 { 1.5_f32.powi(n / 25) } else { -1.0 }).collect();
        let histogram = of(&values);
        assert_eq!(histogram.bins.iter().sum::<u64>(), 1000);
        assert_eq!(histogram.finite, 1000);
    }

    #[test]
    fn two_histograms_joined_are_the_histogram_of_both() {
        let (small, large) = ([0.001, -0.002, 0.0005], [3.0, -700.0, 20.0]);
        let mut joined = of(&small);
        joined.merge(&of(&large));
        let both = of(&[&small[..], &large[..]].concat());
        assert_eq!((joined.bins, joined.low, joined.high), (both.bins, both.low, both.high));
    }

    #[test]
    fn what_is_no_number_is_counted_apart_and_a_constant_zero_has_a_scale() {
        let histogram = of(&[f32::NAN, f32::INFINITY, 0.0]);
        assert_eq!(histogram.not_finite(), 2);
        for rule in [RangeRule::MinMax, RangeRule::Percentile(99.99), RangeRule::SquaredError] {
            assert_eq!(histogram.range(rule).scale(), Scale { scale: 1.0, zero_point: 0 });
        }
        let vast = of(&[f32::MAX, f32::MIN]);
        assert!(vast.range(RangeRule::MinMax).scale().scale.is_finite());
    }

    #[test]
    fn zero_is_always_a_step() {
        for (low, high) in [(-1.0, 3.0), (0.0, 6.0), (-5.0, 0.0), (-1e-30, 1e30)] {
            let scale = Range { low, high }.scale();
            assert!(scale.scale > 0.0);
            let ends = (
                f32::from(scale.zero_point) * scale.scale,
                (255.0 - f32::from(scale.zero_point)) * scale.scale,
            );
            assert!(ends.0 >= -low - scale.scale && ends.1 >= high - scale.scale, "{low} {high} {scale:?}");
        }
    }
}
