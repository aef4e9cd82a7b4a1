//! The edit suite: do edited copies of stored photos find their originals, and who finds them best?
//!
//! Photos are drawn, edited in twenty-two ways, and each edited picture is put to several answerers: every encoder alone,
//! with and without the query's regions and background, each hash alone, and `check` as a whole. An answer is right when it is the photo
//! that was edited or its twin: a stored photo of the same bytes, or one whose vector has a cosine above [`TWIN_COSINE`]
//! with the original's. Edits are [`edits`](super::edits)' business, figures [`figures`](super::figures)'.

use super::edits::{Edit, prepared};
use super::figures::{Answer, Figures};
use super::robustness::{EvaluateError, picture_of};
use super::seeded::Seeded;
use super::tiles::Tiles;
use crate::fetch::photo::PhotoReader;
use crate::search::{Background, Probe, Searcher};
use crate::store::{ImageKey, StoredImage};
use lookalike_vision::Picture;
use std::collections::HashMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Stored photos whose vectors are closer than this are one picture listed twice.
pub const TWIN_COSINE: f32 = 0.9995;
/// What a region's cosine is worth less than the whole picture's, where an encoder answers alone. Of .05, .10 and .15 the
/// best on the suite; `check` weighs both by fitted weights instead.
const REGION_PENALTY: f32 = 0.10;
/// How much of a query's background is taken off, where an encoder answers alone with its regions: it changes no order
/// within an answer, and says which answers to trust.
const BACKGROUND_SHARE: f32 = 0.4;
/// Products that `check` is asked for: the best one, and the best that is not the original.
const CHECKED: usize = 4;

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Answerer {
    /// The nearest vector of this encoder.
    Encoder(String),
    /// The same, for the whole picture and its regions, less the query's background.
    Regions(String),
    /// The nearest PDQ hash in any of eight orientations.
    Pdq,
    /// The nearest letterboxed pHash.
    PHash,
    /// The product: everything fused.
    Check,
}

impl Answerer {
    /// The name used in reports.
    pub fn name(&self) -> String {
        match self {
            Self::Encoder(name) => name.clone(),
            Self::Regions(name) => format!("{name}, regions, background"),
            Self::Pdq => "PDQ".to_owned(),
            Self::PHash => "pHash".to_owned(),
            Self::Check => "check".to_owned(),
        }
    }
}

/// What the suite is asked on and with.
pub struct Suite<'a> {
    /// The catalog; `check` goes through its default encoder.
    pub searcher: &'a Searcher,
    /// All its images.
    pub images: &'a [StoredImage],
    /// Which of `images` may be edited.
    pub eligible: &'a [usize],
    /// Encoders to ask alone.
    pub encoders: &'a [String],
    /// Brings the photos again.
    pub reader: &'a dyn PhotoReader,
    /// Beside a photo in a collage.
    pub tiles: &'a Tiles,
    /// Queries per edit.
    pub trials: usize,
    /// Decides what is drawn.
    pub seed: u64,
    /// Queries under way at a time.
    pub threads: NonZero<usize>,
}

/// One edited photo that is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query {
    pub(super) edit: Edit,
    /// Which image it was made of.
    pub(super) original: usize,
    number: u64,
}

/// What was answered to one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The edit.
    pub edit: Edit,
    /// The image edited.
    pub original: usize,
    /// Each answerer's first answer, in the order of [`Report::answerers`].
    pub answers: Vec<Answer>,
    /// The first answer of `check`.
    pub checked: Option<ImageKey>,
    /// The match percent of that answer, 0 where there is none.
    pub percent: f32,
    /// The match percent of the best answer that is not right: the answer if the original were not listed.
    pub percent_unlisted: f32,
}

/// What the suite came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Who was asked.
    pub answerers: Vec<Answerer>,
    /// Every query, by edit.
    pub queries: Vec<Answered>,
}

impl Report {
    /// One answerer's figures, on one edit or on all.
    pub fn figures(&self, answerer: usize, edit: Option<Edit>) -> Figures {
        let asked = self.queries.iter().filter(|query| edit.is_none_or(|edit| edit == query.edit));
        Figures::of(&asked.filter_map(|query| query.answers.get(answerer).copied()).collect::<Vec<_>>())
    }

    /// Percent and rightness of the answers of `check`: to every query, and to every query as if its original were not
    /// listed.
    pub fn percents(&self) -> Vec<(f32, bool)> {
        let Some(check) = self.answerers.iter().position(|answerer| *answerer == Answerer::Check) else {
            return Vec::new();
        };
        let right = |query: &Answered| query.answers.get(check).is_some_and(|answer| answer.right);
        let listed = self.queries.iter().map(|query| (query.percent, right(query)));
        listed.chain(self.queries.iter().map(|query| (query.percent_unlisted, false))).collect()
    }
}

impl Suite<'_> {
    /// Asks everything. `told` hears how many queries are answered, of how many; from several threads.
    ///
    /// # Errors
    /// When a photo cannot be read or a search fails.
    pub fn run(&self, told: &(dyn Fn(usize, usize) + Sync)) -> Result<Report, EvaluateError> {
        let mut answerers: Vec<Answerer> = Vec::new();
        for name in self.encoders {
            answerers.extend([Answerer::Encoder(name.clone()), Answerer::Regions(name.clone())]);
        }
        answerers.extend([Answerer::Pdq, Answerer::PHash, Answerer::Check]);
        let places: HashMap<ImageKey, usize> =
            self.images.iter().zip(0..).map(|(image, place)| (image.key, place)).collect();
        let queries =
            self.each(told, &|query, picture| self.answer(&query, &picture, &answerers, &places))?;
        Ok(Report { answerers, queries })
    }

    /// Calls `work` with every query's picture, on several threads, and gives what it gave in the order of the queries.
    pub(super) fn each<T: Send>(
        &self,
        told: &(dyn Fn(usize, usize) + Sync),
        work: &(dyn Fn(Query, Picture) -> Result<T, EvaluateError> + Sync),
    ) -> Result<Vec<T>, EvaluateError> {
        let queries = self.queries();
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let results = Mutex::new(Vec::with_capacity(queries.len()));
        let worker = || -> Result<(), EvaluateError> {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(query) = queries.get(at) else { return Ok(()) };
                let result = self.picture(query).and_then(|picture| work(*query, picture));
                if result.is_err() {
                    // The others need not go on.
                    next.store(queries.len(), Ordering::Relaxed);
                }
                results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result?));
                told(done.fetch_add(1, Ordering::Relaxed) + 1, queries.len());
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads.get()).map(|_| scope.spawn(worker)).collect();
            let joined = workers.into_iter().map(|worker| match worker.join() {
                Ok(outcome) => outcome,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            joined.collect::<Result<Vec<()>, _>>()
        })?;
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_unstable_by_key(|(at, _)| *at);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    fn queries(&self) -> Vec<Query> {
        let of_edit = |(edit, number): (Edit, u64)| {
            let drawn = Seeded::of(self.seed, &[number]).some_of(self.eligible.len(), self.trials);
            let originals = drawn.into_iter().filter_map(|at| self.eligible.get(at).copied());
            originals.map(move |original| Query { edit, original, number }).collect::<Vec<_>>()
        };
        Edit::ALL.into_iter().zip(0..).flat_map(of_edit).collect()
    }

    fn picture(&self, query: &Query) -> Result<Picture, EvaluateError> {
        let Some(original) = self.images.get(query.original) else {
            return Err(EvaluateError::Labels(format!("there is no image number {}", query.original)));
        };
        let photo = prepared(&picture_of(original, self.reader)?);
        let mut chance = Seeded::of(self.seed, &[query.number, 1, query.original as u64]);
        let edited = query.edit.apply(&photo, &mut chance, self.tiles);
        let (width, height) = edited.dimensions();
        Picture::new(width, height, edited.into_raw(), None)
            .map_err(|source| EvaluateError::Edit { place: original.location.to_string(), source })
    }

    fn answer(
        &self,
        query: &Query,
        picture: &Picture,
        answerers: &[Answerer],
        places: &HashMap<ImageKey, usize>,
    ) -> Result<Answered, EvaluateError> {
        let probe = self.searcher.probe(picture, None, None)?;
        let store = self.searcher.store();
        let image = |key: ImageKey| places.get(&key).and_then(|&place| self.images.get(place));
        let right = |key: ImageKey, slot: usize| {
            let original = self.images.get(query.original);
            image(key).zip(original).is_some_and(|(answer, original)| is_twin(answer, original, slot))
        };
        let mut checked = None;
        let (mut percent, mut percent_unlisted) = (0.0, 0.0);
        let mut answers = Vec::with_capacity(answerers.len());
        for answerer in answerers {
            let (found, slot): (Option<(ImageKey, f32)>, usize) = match answerer {
                Answerer::Encoder(name) => {
                    let slot = self.searcher.slot(Some(name))?;
                    (self.nearest(&self.probe_by(name, &probe, picture)?, false)?, slot)
                }
                Answerer::Regions(name) => {
                    let slot = self.searcher.slot(Some(name))?;
                    (self.nearest(&self.probe_by(name, &probe, picture)?, true)?, slot)
                }
                Answerer::Pdq => (first_bits(store.nearest_pdqs(probe.pdqs(), 1)?), 0),
                Answerer::PHash => (first_bits(store.nearest_phashes(probe.hashes().phash, 1)?), 0),
                Answerer::Check => {
                    // Products of class `none` are no answer.
                    let found = self.searcher.check(&probe, CHECKED, None)?.matches;
                    let slot = self.searcher.slot(None)?;
                    let keyed: Vec<_> =
                        found.iter().map(|found| (found.key, found.score, found.match_percent)).collect();
                    checked = keyed.first().map(|first| first.0);
                    percent = keyed.first().map_or(0.0, |first| first.2);
                    let unlisted = keyed.iter().find(|found| !right(found.0, slot));
                    percent_unlisted = unlisted.map_or(0.0, |found| found.2);
                    (keyed.first().map(|&(key, score, _)| (key, score)), slot)
                }
            };
            answers.push(match found {
                Some((key, score)) => Answer { score, right: right(key, slot) },
                None => Answer { score: f32::NEG_INFINITY, right: false },
            });
        }
        Ok(Answered {
            edit: query.edit,
            original: query.original,
            answers,
            checked,
            percent,
            percent_unlisted,
        })
    }

    /// The probe by that encoder, made anew only where the one at hand is another's.
    fn probe_by(&self, name: &str, probe: &Probe, picture: &Picture) -> Result<Probe, EvaluateError> {
        if self.searcher.encoder_of(probe)?.name == name {
            return Ok(probe.clone());
        }
        Ok(self.searcher.probe(picture, None, Some(name))?)
    }

    /// The image with the nearest vector; with regions, nearest to the whole picture or any of them.
    fn nearest(&self, probe: &Probe, with_regions: bool) -> Result<Option<(ImageKey, f32)>, EvaluateError> {
        let store = self.searcher.store();
        let first = |vector: &[f32]| {
            store.nearest_vectors(probe.slot(), vector, 1).map(|found| found.first().copied())
        };
        let mut best = first(probe.vector())?;
        if with_regions {
            for part in self.searcher.parts(probe)? {
                let found = first(&part.vector)?.map(|(key, cosine)| (key, cosine - REGION_PENALTY));
                best = match (best, found) {
                    (Some(best), Some(found)) if found.1 <= best.1 => Some(best),
                    (best, found) => found.or(best),
                };
            }
            let Background(background) = self.searcher.background(probe, 0.0)?;
            best = best.map(|(key, score)| (key, score - BACKGROUND_SHARE * background));
        }
        Ok(best)
    }
}

/// The first, with fewer bits as the greater score.
fn first_bits(found: Vec<(ImageKey, u32)>) -> Option<(ImageKey, f32)> {
    found.first().map(|&(key, bits)| (key, -(bits as f32)))
}

/// Whether two stored images are one picture, as far as that can be seen; `slot` counts into their vectors.
pub(super) fn is_twin(one: &StoredImage, other: &StoredImage, slot: usize) -> bool {
    let close = || {
        let (a, b) = (one.vectors.get(slot)?, other.vectors.get(slot)?);
        Some(a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>() > TWIN_COSINE)
    };
    one.key == other.key || one.fingerprint.sha256 == other.fingerprint.sha256 || close().unwrap_or(false)
}
