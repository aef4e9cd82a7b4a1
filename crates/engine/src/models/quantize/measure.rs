//! What an int8 copy costs: how far its vectors are from the float ones, and how much faster they come.

use super::{
    Opener, QuantizeError,
    pictures::{Feed, Pictures},
};
use lookalike_vision::neural::session::{Input, Session};
use std::time::{Duration, Instant};

/// Neighbours that are compared.
pub const NEIGHBOURS: usize = 10;
/// Pictures in a batch, where the network takes any number.
const BATCH: usize = 8;
/// Timed runs of either model.
const TIMED_RUNS: usize = 7;

/// How alike two sets of vectors of the same pictures are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Mean cosine between a picture's two vectors.
    pub mean_cosine: f64,
    /// The smallest of them.
    pub least_cosine: f64,
    /// Share of the ten nearest pictures by the first vectors that are also among the ten nearest by the second. `None`
    /// with fewer than 20 pictures, where chance alone would make it high.
    pub recall_at_10: Option<f64>,
}

/// Vectors of unit length of the pictures at `places`.
///
/// # Errors
/// When the network cannot be run or `pause` asks to stop.
pub(super) fn vectors(
    session: &dyn Session,
    output: &str,
    pictures: &Pictures,
    places: &[usize],
    pause: &mut dyn FnMut(usize) -> Result<(), QuantizeError>,
) -> Result<Vec<Vec<f32>>, QuantizeError> {
    let Feed { input, batch, at_least } = pictures.fits(session, BATCH)?;
    let mut vectors = Vec::with_capacity(places.len());
    for chunk in places.chunks(batch) {
        pause(vectors.len())?;
        let (shape, tensor) = pictures.batch(chunk, at_least);
        let given = session.run(&[(&input, Input::F32(&shape, &tensor))], output)?;
        let rows = shape.first().copied().unwrap_or(1).max(1);
        let length = given.values.len() / rows;
        if length == 0 || !given.values.len().is_multiple_of(rows) {
            return Err(QuantizeError::NoVector(output.to_owned()));
        }
        vectors.extend(given.values.chunks(length).take(chunk.len()).map(unit));
    }
    Ok(vectors)
}

/// A vector brought to unit length; one of zeros, or that is no number, stays of length 0.
fn unit(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let factor = if length.is_normal() { 1.0 / length } else { 0.0 };
    vector.iter().map(|&x| if factor == 0.0 { 0.0 } else { (f64::from(x) * factor) as f32 }).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// Compares two sets of vectors of unit length.
pub fn agreement(first: &[Vec<f32>], second: &[Vec<f32>]) -> Agreement {
    let cosines: Vec<f64> = first.iter().zip(second).map(|(a, b)| dot(a, b)).collect();
    let (near_first, near_second) = (nearest(first), nearest(second));
    let shared: usize = near_first
        .iter()
        .zip(&near_second)
        .map(|(a, b)| a.iter().filter(|place| b.contains(place)).count())
        .sum();
    let enough = first.len() >= 2 * NEIGHBOURS;
    Agreement {
        mean_cosine: cosines.iter().sum::<f64>() / cosines.len().max(1) as f64,
        least_cosine: cosines.iter().copied().fold(1.0, f64::min),
        recall_at_10: enough.then(|| shared as f64 / (first.len() * NEIGHBOURS) as f64),
    }
}

/// For each vector the places of those nearest to it, itself left out.
fn nearest(vectors: &[Vec<f32>]) -> Vec<Vec<usize>> {
    let near = |place: usize, query: &Vec<f32>| {
        let others = vectors.iter().enumerate().filter(|(other, _)| *other != place);
        let mut others: Vec<(f64, usize)> =
            others.map(|(other, vector)| (dot(query, vector), other)).collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        others.into_iter().take(NEIGHBOURS).map(|(_, other)| other).collect()
    };
    vectors.iter().enumerate().map(|(place, query)| near(place, query)).collect()
}

/// Time per picture of two models, in milliseconds: medians of runs in turn, so that what else the machine does
/// falls on both.
///
/// # Errors
/// When one cannot be run.
pub(super) fn speed(
    float: &[u8],
    int8: &[u8],
    output: &str,
    pictures: &Pictures,
    open: Opener<'_>,
) -> Result<(f64, f64), QuantizeError> {
    let sessions = [open(float)?, open(int8)?];
    let mut times = [Vec::new(), Vec::new()];
    let places: Vec<usize> = (0..BATCH).map(|place| place % pictures.len()).collect();
    for run in 0..=TIMED_RUNS {
        for (session, times) in sessions.iter().zip(&mut times) {
            let Feed { input, batch, at_least } = pictures.fits(&**session, BATCH)?;
            let (shape, tensor) = pictures.batch(places.get(..batch).unwrap_or(&places), at_least);
            let began = Instant::now();
            session.run(&[(&input, Input::F32(&shape, &tensor))], output)?;
            // The first run makes ready.
            if run > 0 {
                times.push(began.elapsed() / u32::try_from(batch).unwrap_or(1));
            }
        }
    }
    let [mut float, mut int8] = times;
    Ok((median_ms(&mut float), median_ms(&mut int8)))
}

fn median_ms(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_vectors_agree_wholly_and_turned_ones_do_not() {
        let vectors: Vec<Vec<f32>> = (0..30).map(|n| unit(&[1.0, n as f32 / 10.0, (n % 7) as f32])).collect();
        let same = agreement(&vectors, &vectors);
        assert!((same.mean_cosine - 1.0).abs() < 1e-6 && same.recall_at_10 == Some(1.0));
        let turned: Vec<Vec<f32>> = vectors.iter().rev().cloned().collect();
        let other = agreement(&vectors, &turned);
        assert!(other.mean_cosine < 0.99 && other.recall_at_10.unwrap() < 0.9, "{other:?}");
        assert_eq!(agreement(&vectors[..5], &vectors[..5]).recall_at_10, None);
    }

    #[test]
    fn a_vector_that_is_no_number_counts_as_nothing_alike() {
        let bad = vec![unit(&[f32::NAN, 1.0])];
        let good = vec![unit(&[3.0, 4.0])];
        assert_eq!(agreement(&good, &bad).least_cosine, 0.0);
    }
}
