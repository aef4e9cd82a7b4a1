//! From answers to figures: how often the first answer is right, and how many queries can be answered without guessing.

/// One query's first answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// The greater, the surer; `-inf` where nothing was answered. Comparable among the answers of one answerer.
    pub score: f32,
    /// Whether it is the photo that was edited.
    pub right: bool,
}

/// What a number of queries came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Queries asked.
    pub queries: usize,
    /// R@1: the share of queries whose first answer is right.
    pub right: f64,
    /// The share of queries answered rightly when only answers from some score on are given, and that score is the lowest
    /// at which 99 % of the answers given are right.
    pub recall_at_99: f64,
}

impl Figures {
    /// Of these answers.
    pub fn of(answers: &[Answer]) -> Self {
        let queries = answers.len();
        let share = |count: usize| count as f64 / queries.max(1) as f64;
        let mut best_first: Vec<&Answer> = answers.iter().collect();
        best_first.sort_by(|a, b| b.score.total_cmp(&a.score));
        let (mut right, mut at_99) = (0_usize, 0);
        let mut given = 0_usize;
        // Answers of one score are given together or not at all.
        for tied in best_first.chunk_by(|a, b| a.score == b.score) {
            given += tied.len();
            right += tied.iter().filter(|answer| answer.right).count();
            if 100 * right >= 99 * given {
                at_99 = right;
            }
        }
        Self { queries, right: share(right), recall_at_99: share(at_99) }
    }
}

/// Of the answers of a range of match percents, how many were right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliability {
    /// Lowest percent of the range.
    pub from: f32,
    /// The percent the range ends before; the last range holds 100 too.
    pub to: f32,
    /// Answers within it.
    pub answers: usize,
    /// Their mean percent.
    pub mean_percent: f64,
    /// Those that were right.
    pub right: usize,
}

/// Where the ranges begin.
const RANGES: [f32; 12] = [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 99.0];

/// What match percents were worth, range by range; empty ranges are left out. Takes percent and rightness of answers.
pub fn reliability(answers: &[(f32, bool)]) -> Vec<Reliability> {
    let ends = RANGES.into_iter().skip(1).chain([100.0]);
    let ranges = RANGES.into_iter().zip(ends).map(|(from, to)| {
        let last = to >= 100.0;
        let within: Vec<&(f32, bool)> =
            answers.iter().filter(|(percent, _)| *percent >= from && (*percent < to || last)).collect();
        let sum: f64 = within.iter().map(|(percent, _)| f64::from(*percent)).sum();
        Reliability {
            from,
            to,
            answers: within.len(),
            mean_percent: sum / within.len().max(1) as f64,
            right: within.iter().filter(|(_, right)| *right).count(),
        }
    });
    ranges.filter(|range| range.answers > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(scores: impl IntoIterator<Item = (f32, bool)>) -> Vec<Answer> {
        scores.into_iter().map(|(score, right)| Answer { score, right }).collect()
    }

    #[test]
    fn recall_counts_what_stands_above_the_first_errors() {
        // Given 150 right answers, an error below them, and 49 more right ones below that,
        let of = |errors_score: f32| {
            let right = (0..199).map(|n| (if n < 150 { 0.9 } else { 0.5 } - n as f32 * 1e-4, true));
            answers(right.chain([(errors_score, false)]))
        };
        // then one error in 200 is borne,
        assert_eq!(Figures::of(&of(0.7)), Figures { queries: 200, right: 0.995, recall_at_99: 0.995 });
        // and of an error in front too, as soon as there are 99 right ones to it.
        assert_eq!(Figures::of(&of(0.95)).recall_at_99, 0.995);
        let few = answers([(0.9, true), (0.8, false), (0.7, true)]);
        assert_eq!(Figures::of(&few).recall_at_99, 1.0 / 3.0);
    }

    #[test]
    fn answers_that_tie_are_not_told_apart_by_their_order() {
        let tied = answers([(0.5, true), (0.5, false)]);
        assert_eq!(Figures::of(&tied), Figures { queries: 2, right: 0.5, recall_at_99: 0.0 });
        assert_eq!(Figures::of(&[]), Figures { queries: 0, right: 0.0, recall_at_99: 0.0 });
    }

    #[test]
    fn percents_are_laid_beside_what_was_right() {
        let rows = reliability(&[(96.0, true), (97.0, false), (100.0, true), (3.0, false)]);
        let seen: Vec<_> = rows.iter().map(|row| (row.from, row.answers, row.right)).collect();
        assert_eq!(seen, [(0.0, 1, 0), (95.0, 2, 1), (99.0, 1, 1)]);
        assert_eq!(rows[1].mean_percent, 96.5);
    }
}
