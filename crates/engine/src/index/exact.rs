//! The exact search: an integer scan that keeps every row whose score could be among the best, then true scores.
//!
//! The scan gives each row an interval that holds its true score (see `quantize`). The k-th greatest lower end seen
//! so far is a threshold that no answer can fall below; rows whose upper end reaches it are candidates. They are then
//! scored from their floats, the most promising first, until no remaining upper end reaches the k-th best true
//! score. So the answer is that of scoring every row, whatever the data; how much rescoring it takes depends on how
//! many rows lie within the quantisation error of the k-th best.
//!
//! A true score is the sum of products in double precision, in a fixed order, rounded to `f32`. Ties go to the
//! smaller key.

use super::dot::{Codes, Kernel};
use super::error::IndexError;
use super::product_set::ProductSet;
use super::quantize::QuantizedQuery;
use super::segment::{Entry, Segment};
use crate::store::ImageKey;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Rounding in the kernels' and our own single-precision steps, relative to the longest score possible. They are
/// fewer than 16 and each is wrong by at most 6e-8.
const ROUNDING: f32 = 4e-6;

/// Codes copied together at a time: they stay in the second-level cache.
const BLOCK_BYTES: usize = 64 * 1024;

/// A row that may be among the best.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// Its true score is not above this.
    upper: f32,
    segment: usize,
    row: usize,
    key: u64,
}

/// Floats in their total order; none here is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ordered(f32);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A scored row; greater means worse, so that a heap has the worst on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Scored {
    worse_score: std::cmp::Reverse<Ordered>,
    key: u64,
}

/// How much work a search was, for tests and measurements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Rows that were scored from their floats.
    pub rescored: usize,
}

/// The `k` accepted rows of `segments` with the greatest dot product with `query`, best first.
pub(super) fn nearest(
    kernel: Kernel,
    segments: &[Segment<'_>],
    query: &[f32],
    k: usize,
    accept: &dyn Fn(Entry) -> bool,
) -> Result<(Vec<(ImageKey, f32)>, Effort), IndexError> {
    let quantized = QuantizedQuery::new(query, query.len())?;
    if k == 0 {
        return Ok((Vec::new(), Effort::default()));
    }
    let mut candidates = Candidates::new(k);
    for (number, segment) in segments.iter().enumerate() {
        candidates.scan(kernel, number, segment, &quantized, accept);
    }
    rescore(segments, query, k, candidates.into_promising_first())
}

/// As [`nearest`], among the images of `products`. Where those are few, only their rows are scanned.
pub(super) fn nearest_among(
    kernel: Kernel,
    segments: &[Segment<'_>],
    query: &[f32],
    k: usize,
    products: &ProductSet,
) -> Result<Vec<(ImageKey, f32)>, IndexError> {
    let quantized = QuantizedQuery::new(query, query.len())?;
    if k == 0 {
        return Ok(Vec::new());
    }
    let mut candidates = Candidates::new(k);
    for (number, segment) in segments.iter().enumerate() {
        match segment.few_rows_of(products) {
            Some(rows) => candidates.scan_rows(kernel, number, segment, &quantized, &rows),
            None => {
                let accept = |entry: Entry| products.contains(entry.product);
                candidates.scan(kernel, number, segment, &quantized, &accept);
            }
        }
    }
    Ok(rescore(segments, query, k, candidates.into_promising_first())?.0)
}

/// What a scan has kept so far.
struct Candidates {
    k: usize,
    kept: Vec<Candidate>,
    /// The `k` greatest lower ends, the least on top.
    lowers: BinaryHeap<std::cmp::Reverse<Ordered>>,
    /// When `kept` has grown to this, those that have fallen below the threshold are dropped.
    prune_at: usize,
}

impl Candidates {
    fn new(k: usize) -> Self {
        Self { k, kept: Vec::new(), lowers: BinaryHeap::new(), prune_at: 4096 }
    }

    /// No answer can have a score below this.
    fn threshold(&self) -> f32 {
        match self.lowers.peek() {
            Some(least) if self.lowers.len() == self.k => least.0.0,
            _ => f32::NEG_INFINITY,
        }
    }

    fn scan(
        &mut self,
        kernel: Kernel,
        number: usize,
        segment: &Segment<'_>,
        query: &QuantizedQuery,
        accept: &dyn Fn(Entry) -> bool,
    ) {
        let slack = slack(segment, query);
        let threshold = self.threshold() - slack;
        kernel.scan(&segment.codes, query, query.norm, threshold, &mut |row, score| {
            if let (Some(entry), Some(error)) = (segment.entry(row), segment.codes.errors.get(row))
                && accept(entry)
            {
                let half_width = query.norm * error + slack;
                let candidate =
                    Candidate { upper: score + half_width, segment: number, row, key: entry.key.0 };
                self.keep(candidate, score - half_width);
            }
            self.threshold() - slack
        });
    }

    /// Scans `rows` alone: a block of them at a time is copied together, where the kernel finds them one after the other.
    fn scan_rows(
        &mut self,
        kernel: Kernel,
        number: usize,
        segment: &Segment<'_>,
        query: &QuantizedQuery,
        rows: &[usize],
    ) {
        let slack = slack(segment, query);
        let stride = segment.codes.stride;
        let (mut codes, mut scales, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for rows in rows.chunks((BLOCK_BYTES / stride).max(8)) {
            codes.clear();
            scales.clear();
            errors.clear();
            for row in rows {
                codes.extend_from_slice(segment.codes.row(*row));
                scales.extend(segment.codes.scales.get(*row));
                errors.extend(segment.codes.errors.get(*row));
            }
            let block = Codes { codes: &codes, stride, scales: &scales, errors: &errors };
            let threshold = self.threshold() - slack;
            kernel.scan(&block, query, query.norm, threshold, &mut |at, score| {
                if let (Some(&row), Some(error)) = (rows.get(at), errors.get(at))
                    && let Some(entry) = segment.entry(row)
                {
                    let half_width = query.norm * error + slack;
                    let upper = score + half_width;
                    self.keep(
                        Candidate { upper, segment: number, row, key: entry.key.0 },
                        score - half_width,
                    );
                }
                self.threshold() - slack
            });
        }
    }

    fn keep(&mut self, candidate: Candidate, lower: f32) {
        if self.kept.len() >= self.prune_at {
            let threshold = self.threshold();
            self.kept.retain(|kept| kept.upper >= threshold);
            self.prune_at = (2 * self.kept.len()).max(4096);
        }
        self.kept.push(candidate);
        if self.lowers.len() == self.k {
            if lower <= self.threshold() {
                return;
            }
            self.lowers.pop();
        }
        self.lowers.push(std::cmp::Reverse(Ordered(lower)));
    }

    fn into_promising_first(mut self) -> Vec<Candidate> {
        let threshold = self.threshold();
        self.kept.retain(|kept| kept.upper >= threshold);
        self.kept.sort_unstable_by(|a, b| {
            b.upper.total_cmp(&a.upper).then(a.segment.cmp(&b.segment)).then(a.row.cmp(&b.row))
        });
        self.kept
    }
}

/// What the intervals have in common over all rows: the query's own rounding, and that of the arithmetic.
fn slack(segment: &Segment<'_>, query: &QuantizedQuery) -> f32 {
    query.error * segment.longest
        + ROUNDING * (query.norm + query.error) * segment.longest
        + f32::MIN_POSITIVE
}

fn rescore(
    segments: &[Segment<'_>],
    query: &[f32],
    k: usize,
    candidates: Vec<Candidate>,
) -> Result<(Vec<(ImageKey, f32)>, Effort), IndexError> {
    let mut best: BinaryHeap<Scored> = BinaryHeap::new();
    let mut effort = Effort::default();
    let mut vector = vec![0.0; query.len()];
    for candidate in candidates {
        if best.len() == k && best.peek().is_some_and(|worst| candidate.upper < worst.worse_score.0.0) {
            break;
        }
        let Some(segment) = segments.get(candidate.segment) else { continue };
        segment.read_vector(candidate.row, &mut vector)?;
        effort.rescored += 1;
        let score = dot(query, &vector);
        best.push(Scored { worse_score: std::cmp::Reverse(Ordered(score)), key: candidate.key });
        if best.len() > k {
            best.pop();
        }
    }
    let found = best.into_sorted_vec();
    Ok((found.into_iter().map(|found| (ImageKey(found.key), found.worse_score.0.0)).collect(), effort))
}

/// The true score. Products of two floats are exact in double precision, so that only the order of the additions
/// matters, and that is the same on every processor.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { dot_avx2(a, b) };
    }
    dot_in_lanes(a, b)
}

/// [`dot_in_lanes`] compiled for wider registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[f32], b: &[f32]) -> f32 {
    dot_in_lanes(a, b)
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "a score is a float")]
fn dot_in_lanes(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0_f64; LANES];
    for (a, b) in a.iter().zip(b) {
        for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += f64::from(a) * f64::from(b);
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
    // Adding zero makes a negative zero positive: the two are equal as scores and must be as ties.
    (sums.iter().sum::<f64>() + rest) as f32 + 0.0
}
