//! Candidates, comparison, grouping: the search itself.

use super::calibrate::{self, Class, Judgement};
use super::encoders::{AtHand, Encoders};
use super::{EncoderSource, Evidence, Mode, Probe, Scale, SearchError};
use crate::catalog::{Fields, ImageId, ProductId};
use crate::filter::Filter;
use crate::store::{ImageKey, Store, StoredImage, StoredProduct};
use lookalike_vision::Picture;
use lookalike_vision::encoder::{Encoder, EncoderId};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Candidates asked of each signature, per product wanted, so that several photos of one product do not crowd out
/// the next.
const CANDIDATES_PER_RESULT: usize = 8;
/// Fewest candidates asked of each signature: many pictures can tie on one hash.
const FEWEST_CANDIDATES: usize = 64;
/// Candidates read from the store at a time: where a few products have very many photos there can be as many
/// candidates as photos, and each is read with its vectors.
const COMPARED_AT_A_TIME: usize = 512;

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What counts as a match.
    pub mode: Mode,
    /// How many products at most.
    pub top: usize,
    /// Matches below this percentage are left out.
    pub min_percent: f32,
    /// Only products that this lets through are looked at.
    pub filter: Option<Filter>,
}

impl Default for Request {
    fn default() -> Self {
        Self { mode: Mode::Auto, top: 10, min_percent: 0.0, filter: None }
    }
}

/// A product that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The product.
    pub product: ProductId,
    /// Its best matching image.
    pub image: ImageId,
    /// The product's fields.
    pub fields: Fields,
    /// 0 to 1; decides the order.
    pub score: f32,
    /// 0 to 100, one decimal.
    pub match_percent: f32,
    /// What the match is.
    pub class: Class,
    /// Why.
    pub evidence: Evidence,
}

/// The answer to "is this photo already listed?".
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The best match's class; [`Class::None`] when there is no match.
    pub verdict: Class,
    /// What speaks for it, best first; products of class `none` are left out.
    pub matches: Vec<Match>,
}

/// Answers queries over one catalog. Shared between threads.
pub struct Searcher {
    pub(super) store: Arc<dyn Store>,
    pub(super) encoders: Encoders,
    /// Where the encoder stands that questions go through which name none.
    pub(super) default: usize,
}

impl Searcher {
    /// Pairs a catalog with the one encoder at hand, which is the default whatever the catalog's primary one is.
    ///
    /// # Errors
    /// When the catalog has no vectors of this very encoder, digest included.
    pub fn new(store: Arc<dyn Store>, encoder: Arc<dyn Encoder>) -> Result<Self, SearchError> {
        let id = encoder.id().clone();
        let searcher = Self::with_encoders(store, Arc::new(AtHand(encoder))).with_default(&id.name)?;
        // Its digest is compared here and not at the first question.
        searcher.encoders.load(searcher.default)?;
        Ok(searcher)
    }

    /// Pairs a catalog with where its encoders are to be had; each is loaded when first needed. The default is the
    /// catalog's primary encoder.
    pub fn with_encoders(store: Arc<dyn Store>, source: Arc<dyn EncoderSource>) -> Self {
        let encoders = Encoders::new(store.encoders(), source);
        Self { store, encoders, default: 0 }
    }

    /// Makes another encoder the default.
    ///
    /// # Errors
    /// When the catalog has none of that name.
    pub fn with_default(mut self, name: &str) -> Result<Self, SearchError> {
        self.default = self.encoders.find(name)?;
        Ok(self)
    }

    /// Loads every encoder of the catalog, so that no question has to wait for it.
    ///
    /// # Errors
    /// When one is not at hand or is not the one that made the catalog's vectors.
    pub fn load_encoders(&self) -> Result<(), SearchError> {
        (0..self.encoders.ids().count()).try_for_each(|slot| self.encoders.load(slot).map(|_| ()))
    }

    /// The catalog that is searched.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The encoder of questions that name none.
    ///
    /// # Errors
    /// Never: a catalog has an encoder.
    pub fn default_encoder(&self) -> Result<&EncoderId, SearchError> {
        self.encoders.id(self.default)
    }

    /// The encoder that a probe was made with.
    ///
    /// # Errors
    /// When the probe is another catalog's.
    pub fn encoder_of(&self, probe: &Probe) -> Result<&EncoderId, SearchError> {
        self.encoders.id(probe.slot)
    }

    /// Where an encoder stands among the store's; the default's place where none is named.
    ///
    /// # Errors
    /// When the catalog has none of that name.
    pub fn slot(&self, encoder: Option<&str>) -> Result<usize, SearchError> {
        encoder.map_or(Ok(self.default), |name| self.encoders.find(name))
    }

    /// Whether an encoder of the catalog reads words.
    pub fn reads_text(&self, encoder: &str) -> bool {
        self.encoders.find(encoder).is_ok_and(|slot| self.encoders.reads_text(slot))
    }

    /// The signatures of a picture from outside, by the named encoder or the default; `sha256` is the digest of the
    /// bytes it was decoded from: it lets a byte-equal stored photo be told from a merely equal-looking one.
    ///
    /// # Errors
    /// When the catalog has not that encoder, or it cannot be had or fails.
    pub fn probe(
        &self,
        picture: &Picture,
        sha256: Option<[u8; 32]>,
        encoder: Option<&str>,
    ) -> Result<Probe, SearchError> {
        let slot = self.slot(encoder)?;
        Ok(Probe::of_picture(picture, sha256, self.encoders.load(slot)?.as_ref(), slot)?)
    }

    /// The signatures of a stored image, with the vector of the named encoder or the default. Needs no model.
    ///
    /// # Errors
    /// When the catalog has not that encoder or the image is not stored any more.
    pub fn probe_stored(&self, key: ImageKey, encoder: Option<&str>) -> Result<Probe, SearchError> {
        let slot = self.slot(encoder)?;
        let image = self.store.images(&[key])?.pop().ok_or(SearchError::QueryGone)?;
        let probe = Probe::of_stored(&image, slot);
        if probe.vector.is_empty() {
            return Err(self.gone(slot));
        }
        Ok(probe)
    }

    /// The encoder has no vectors any more.
    fn gone(&self, slot: usize) -> SearchError {
        self.encoders.id(slot).map_or_else(|error| error, |id| SearchError::EncoderGone(id.name.clone()))
    }

    /// Products that match, best first, each with its best image.
    ///
    /// # Errors
    /// When the store fails.
    pub fn search(&self, probe: &Probe, request: &Request) -> Result<Vec<Match>, SearchError> {
        self.find(probe, request, |limit| self.nearest(probe, request, limit), Found::by_score)
    }

    /// The `top` products whose images differ from the probe in the fewest bits of the letterboxed pHash, as the
    /// first system answered; what a match is worth in percent is still told by all its evidence.
    ///
    /// # Errors
    /// When the store fails.
    pub fn by_phash(&self, probe: &Probe, top: usize) -> Result<Vec<Match>, SearchError> {
        let request = Request { mode: Mode::Duplicate, top, ..Request::default() };
        let nearest = |limit| {
            let found = self.store.nearest_phashes(probe.hashes.phash, limit)?;
            Ok(Nearest { exhausted: found.len() < limit, keys: keys_of(found) })
        };
        self.find(probe, &request, nearest, Found::by_phash)
    }

    /// Asks `nearest` for more candidates until there are enough products, keeps the best image of each by `rank`,
    /// the better being the greater.
    fn find(
        &self,
        probe: &Probe,
        request: &Request,
        nearest: impl Fn(usize) -> Result<Nearest, SearchError>,
        rank: fn(&Found, &Found) -> Ordering,
    ) -> Result<Vec<Match>, SearchError> {
        let scale = self.encoders.scale(self.store.as_ref(), probe.slot)?;
        let mut limit = request.top.saturating_mul(CANDIDATES_PER_RESULT).max(FEWEST_CANDIDATES);
        let best = loop {
            let Nearest { keys, exhausted } = nearest(limit)?;
            let best = self.best_by_product(probe, (request.mode, scale), &keys, rank)?;
            if best.len() >= request.top || exhausted {
                break best;
            }
            // Products with very many photos took up the places: ask for more.
            limit = limit.saturating_mul(4);
        };
        let wanted = best
            .into_iter()
            .filter(|(_, found)| found.judgement.match_percent() >= request.min_percent)
            .take(request.top)
            .collect();
        self.with_products(wanted, request.filter.as_ref())
    }

    /// Is this photo already listed, among the products that `filter` lets through?
    ///
    /// # Errors
    /// When the store fails.
    pub fn check(&self, probe: &Probe, top: usize, filter: Option<&Filter>) -> Result<Check, SearchError> {
        let request = Request { top, filter: filter.cloned(), ..Request::default() };
        let mut matches = self.search(probe, &request)?;
        matches.retain(|found| found.class != Class::None);
        let verdict = matches.iter().map(|found| found.class).max().unwrap_or(Class::None);
        Ok(Check { verdict, matches })
    }

    /// Every image that one of the mode's signatures puts among its nearest `limit`.
    fn nearest(&self, probe: &Probe, request: &Request, limit: usize) -> Result<Nearest, SearchError> {
        let (mode, filter) = (request.mode, request.filter.as_ref());
        let mut keys: Vec<ImageKey> = Vec::new();
        let mut exhausted = true;
        let mut take = |found: Vec<ImageKey>| {
            exhausted &= found.len() < limit;
            keys.extend(found);
        };
        if mode != Mode::Similar {
            take(keys_of(self.store.nearest_phashes_where(probe.hashes.phash, limit, filter)?));
            take(keys_of(self.store.nearest_pdqs_where(&probe.pdqs, limit, filter)?));
        }
        if mode != Mode::Duplicate {
            let found = self.store.nearest_vectors_where(probe.slot, &probe.vector, limit, filter)?;
            take(keys_of(found));
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(Nearest { keys, exhausted })
    }

    /// The best image of each product, best product first.
    fn best_by_product(
        &self,
        probe: &Probe,
        (mode, scale): (Mode, Scale),
        candidates: &[ImageKey],
        rank: fn(&Found, &Found) -> Ordering,
    ) -> Result<Vec<(ProductId, Found)>, SearchError> {
        let mut best: HashMap<ProductId, Found> = HashMap::new();
        for keys in candidates.chunks(COMPARED_AT_A_TIME) {
            for image in self.store.images(keys)? {
                let evidence = Evidence::gather(probe, &image).ok_or_else(|| self.gone(probe.slot))?;
                let StoredImage { key, product, id, .. } = image;
                let found =
                    Found { key, image: id, evidence, judgement: calibrate::judge(&evidence, mode, scale) };
                match best.entry(product) {
                    Entry::Occupied(mut standing) if rank(&found, standing.get()).is_gt() => {
                        standing.insert(found);
                    }
                    Entry::Occupied(_) => {}
                    Entry::Vacant(vacant) => {
                        vacant.insert(found);
                    }
                }
            }
        }
        let mut best: Vec<(ProductId, Found)> = best.into_iter().collect();
        best.sort_by(|a, b| rank(&b.1, &a.1));
        Ok(best)
    }

    fn with_products(
        &self,
        found: Vec<(ProductId, Found)>,
        filter: Option<&Filter>,
    ) -> Result<Vec<Match>, SearchError> {
        let ids: Vec<ProductId> = found.iter().map(|(product, _)| product.clone()).collect();
        let products = self.store.products(&ids)?;
        let mut fields: HashMap<ProductId, Fields> =
            products.into_iter().map(|StoredProduct { id, fields, .. }| (id, fields)).collect();
        let matches = found.into_iter().filter_map(|(product, Found { image, evidence, judgement, .. })| {
            // A product deleted or changed between the two reads is no longer a match.
            let fields = fields.remove(&product)?;
            if filter.is_some_and(|filter| !filter.matches(&fields)) {
                return None;
            }
            Some(Match {
                product,
                image,
                fields,
                score: judgement.score,
                match_percent: judgement.match_percent(),
                class: judgement.class,
                evidence,
            })
        });
        Ok(matches.collect())
    }
}

fn keys_of<D>(nearest: Vec<(ImageKey, D)>) -> Vec<ImageKey> {
    nearest.into_iter().map(|(key, _)| key).collect()
}

/// Images that may match, and whether there are no more to ask for.
struct Nearest {
    keys: Vec<ImageKey>,
    exhausted: bool,
}

/// A candidate that was compared and judged. Its orders have the better one as the greater.
struct Found {
    key: ImageKey,
    image: ImageId,
    evidence: Evidence,
    judgement: Judgement,
}

impl Found {
    /// Score, then fewer differing bits, then colour, then the earlier stored.
    fn by_score(&self, other: &Self) -> Ordering {
        let bits = |found: &Self| found.evidence.pdq_bits + 4 * found.evidence.phash_bits;
        let by_score = self.judgement.score.total_cmp(&other.judgement.score);
        by_score
            .then(bits(other).cmp(&bits(self)))
            .then(self.evidence.cosine.total_cmp(&other.evidence.cosine))
            .then(other.key.cmp(&self.key))
    }

    /// Fewer pHash bits, then [`Found::by_score`].
    fn by_phash(&self, other: &Self) -> Ordering {
        other.evidence.phash_bits.cmp(&self.evidence.phash_bits).then_with(|| self.by_score(other))
    }
}
