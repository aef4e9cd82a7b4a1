//! The search itself: what is asked of a catalog, and what is answered.

use super::calibrate::{Class, Judge};
use super::candidates::{Asked, FEWEST_CANDIDATES, Found, Nearest};
use super::encoders::{AtHand, Encoders, Learned};
use super::evidence::{Background, dot};
use super::parts::Part;
use super::{EncoderSource, Evidence, Mode, Probe, Scale, SearchError};
use crate::catalog::{Fields, ImageId, ProductId};
use crate::filter::Filter;
use crate::ingest::online::Prepared;
use crate::store::{ImageKey, Store, StoredImage, StoredProduct};
use lookalike_vision::Picture;
use lookalike_vision::encoder::{Encoder, EncoderId};
use std::collections::HashMap;
use std::sync::Arc;

/// Candidates asked of each signature, per product wanted, so that several photos of one product do not crowd out
/// the next.
const CANDIDATES_PER_RESULT: usize = 8;

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What counts as a match.
    pub mode: Mode,
    /// How many products at most.
    pub top: usize,
    /// Matches below this percentage are left out.
    pub min_percent: f32,
    /// Only products that this lets through.
    pub filter: Option<Filter>,
    /// Of products with equal values in this field only the best: one item that is listed in several marketplaces.
    pub fold_by: Option<String>,
}

impl Default for Request {
    fn default() -> Self {
        Self { mode: Mode::Auto, top: 10, min_percent: 0.0, filter: None, fold_by: None }
    }
}

/// A product that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The product.
    pub product: ProductId,
    /// Its best matching image.
    pub image: ImageId,
    /// The store's handle of that image.
    pub key: ImageKey,
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
    /// Further products, best first, that it stands for: see [`Request::fold_by`].
    pub also: Vec<ProductId>,
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
    /// Its name, where it was chosen.
    named_default: Option<String>,
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
        Self { store, encoders, default: 0, named_default: None }
    }

    /// Makes another encoder the default.
    ///
    /// # Errors
    /// When the catalog has none of that name.
    pub fn with_default(mut self, name: &str) -> Result<Self, SearchError> {
        self.default = self.encoders.find(name)?;
        self.named_default = Some(name.to_owned());
        Ok(self)
    }

    /// Loads every encoder of the catalog, so that no question has to wait for it.
    ///
    /// # Errors
    /// When one is not at hand or is not the one that made the catalog's vectors.
    pub fn load_encoders(&self) -> Result<(), SearchError> {
        (0..self.encoders.ids().count()).try_for_each(|slot| self.encoders.load(slot).map(|_| ()))
    }

    /// The same over the catalog opened again: encoders that are loaded and still among its own need not be loaded anew.
    /// Where the one that was made the default is gone, the catalog's primary one is.
    pub fn over(&self, store: Arc<dyn Store>) -> Self {
        let encoders = self.encoders.over(store.encoders());
        let named = self.named_default.clone();
        let default = named.as_ref().and_then(|name| encoders.find(name).ok()).unwrap_or(0);
        Self { store, encoders, default, named_default: named }
    }

    /// The catalog that is searched.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The same, to be kept.
    pub fn shared_store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// All encoders of the catalog, in its order, for photos that are to be stored.
    ///
    /// # Errors
    /// When one cannot be had.
    pub fn all_encoders(&self) -> Result<Vec<Arc<dyn Encoder>>, SearchError> {
        (0..self.encoders.ids().count()).map(|slot| self.encoders.load(slot)).collect()
    }

    /// The probe of a photo that is ready to be stored, by the default encoder.
    ///
    /// # Errors
    /// When it was made ready for another catalog.
    pub fn probe_prepared(&self, prepared: &Prepared) -> Result<Probe, SearchError> {
        let id = self.default_encoder()?;
        let vector = prepared.image.vectors.get(self.default).filter(|vector| vector.len() == id.dimensions);
        let vector = vector.ok_or_else(|| self.gone(self.default))?;
        Ok(Probe::of_prepared(prepared, vector.clone(), self.default, &id.name))
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
        let probe = Probe::of_stored(&image, slot, &self.encoders.id(slot)?.name);
        if probe.vector.is_empty() {
            return Err(self.gone(slot));
        }
        Ok(probe)
    }

    /// The encoder has no vectors any more.
    pub(super) fn gone(&self, slot: usize) -> SearchError {
        self.encoders.id(slot).map_or_else(|error| error, |id| SearchError::EncoderGone(id.name.clone()))
    }

    /// Products that match, best first, each with its best image.
    ///
    /// Where copies are looked for and the whole picture leaves doubt whether there is one, the query's parts, and the whole as
    /// it may have been before its levels were changed, are encoded and looked for too.
    ///
    /// # Errors
    /// When the store fails, or the encoder on the query's parts.
    pub fn search(&self, probe: &Probe, request: &Request) -> Result<Vec<Match>, SearchError> {
        if let Some(field) = &request.fold_by {
            return self.folded(probe, request, field);
        }
        let asked = Asked { filter: request.filter.as_ref(), ..self.asked(probe, request.mode)? };
        let mut best = self.best(request.top, &asked)?;
        let certain = || {
            best.first().is_some_and(|(_, found)| {
                // A variant in another colour can look certain while the copy that was recoloured does not.
                Judge::is_certain(found.judgement.score)
                    && (found.evidence.has_like_colours() || !probe.levels_changed())
            })
        };
        if request.mode != Mode::Similar && asked.judge.weighs_parts() && !certain() {
            let parts = self.parts(probe)?;
            if !parts.is_empty() {
                best = self.best(request.top, &Asked { parts, ..asked })?;
            }
        }
        self.wanted(best, request)
    }

    /// The query's parts with their vectors; made when first asked for.
    pub(crate) fn parts<'a>(&self, probe: &'a Probe) -> Result<&'a [Part], SearchError> {
        probe.parts(|| self.encoders.load(probe.slot))
    }

    /// The likeliest candidates of every kind, `count` by each signature, compared with the whole query and its parts; not
    /// in any order.
    ///
    /// # Errors
    /// When the store or the encoder fails.
    pub(crate) fn compared(
        &self,
        probe: &Probe,
        count: usize,
    ) -> Result<Vec<(StoredImage, Evidence)>, SearchError> {
        let asked = Asked { parts: self.parts(probe)?, ..self.asked(probe, Mode::Auto)? };
        let mut compared = Vec::new();
        let keys = self.nearest(&asked, count)?.keys;
        self.compare(&asked, &keys, |image, evidence| compared.push((image, evidence)))?;
        Ok(compared)
    }

    /// What the default encoder's cosines mean in this catalog.
    ///
    /// # Errors
    /// When the store fails.
    pub fn scale(&self) -> Result<Scale, SearchError> {
        Ok(self.encoders.learned(self.store.as_ref(), self.default)?.scale)
    }

    /// What the likeness of two photos means in this catalog under the default encoder.
    ///
    /// # Errors
    /// When the store fails.
    pub fn likeness_scale(&self) -> Result<Scale, SearchError> {
        Ok(self.encoders.learned(self.store.as_ref(), self.default)?.likeness)
    }

    /// What a probe has in common with the catalog in general; `usual` where the catalog is too small to say.
    pub(crate) fn background(&self, probe: &Probe, usual: f32) -> Result<Background, SearchError> {
        let sample = self.encoders.learned(self.store.as_ref(), probe.slot)?.sample;
        let cosines = sample.iter().map(|photo| dot(&photo.vector, &probe.vector));
        Ok(Background::of(cosines.collect(), usual))
    }

    /// What a probe's candidates are compared with and judged by.
    fn asked<'a>(&self, probe: &'a Probe, mode: Mode) -> Result<Asked<'a>, SearchError> {
        let Learned { scale, likeness, .. } = self.encoders.learned(self.store.as_ref(), probe.slot)?;
        let judge = Judge::of_encoder(&self.encoders.id(probe.slot)?.name, scale, likeness);
        let background = self.background(probe, judge.usual_background())?;
        Ok(Asked { probe, parts: &[], background, judge, mode, filter: None })
    }

    /// Asks for more candidates until there are `top` products, and keeps the best image of each.
    fn best(&self, top: usize, asked: &Asked<'_>) -> Result<Vec<(ProductId, Found)>, SearchError> {
        let mut limit = top.saturating_mul(CANDIDATES_PER_RESULT).max(FEWEST_CANDIDATES);
        loop {
            let Nearest { keys, exhausted } = self.nearest(asked, limit)?;
            let best = self.best_by_product(asked, &keys)?;
            if best.len() >= top || exhausted {
                return Ok(best);
            }
            // Products with very many photos took up the places: ask for more.
            limit = limit.saturating_mul(4);
        }
    }

    /// As many as are wanted and good enough, with their products.
    pub(super) fn wanted(
        &self,
        best: Vec<(ProductId, Found)>,
        request: &Request,
    ) -> Result<Vec<Match>, SearchError> {
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

    fn with_products(
        &self,
        found: Vec<(ProductId, Found)>,
        filter: Option<&Filter>,
    ) -> Result<Vec<Match>, SearchError> {
        let ids: Vec<ProductId> = found.iter().map(|(product, _)| product.clone()).collect();
        let products = self.store.products(&ids)?;
        let mut fields: HashMap<ProductId, Fields> =
            products.into_iter().map(|StoredProduct { id, fields, .. }| (id, fields)).collect();
        let matches = found.into_iter().filter_map(|(product, Found { key, image, evidence, judgement })| {
            // A product deleted or changed between the two reads is no longer a match.
            let fields = fields.remove(&product)?;
            if filter.is_some_and(|filter| !filter.matches(&fields)) {
                return None;
            }
            Some(Match {
                product,
                image,
                key,
                fields,
                score: judgement.score,
                match_percent: judgement.match_percent(),
                class: judgement.class,
                evidence,
                also: Vec::new(),
            })
        });
        Ok(matches.collect())
    }
}
