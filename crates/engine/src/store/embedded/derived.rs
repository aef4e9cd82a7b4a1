//! The in-memory index over the catalog's signatures.

use super::EmbeddedError;
use super::connection::Readers;
use super::folder::Folder;
use super::rows::{self, to_key};
use super::write::Applied;
use crate::store::ImageKey;
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{PHash, PdqHash};
use std::sync::{Arc, PoisonError, RwLock};

#[derive(Debug)]
pub(super) struct Derived {
    folder: Folder,
    encoders: Vec<EncoderId>,
    state: RwLock<Arc<State>>,
}

#[derive(Debug, Default)]
struct State {
    seq: Option<i64>,
    rows: Vec<(ImageKey, u64, PdqHash, Vec<Vec<f32>>)>,
}

impl Derived {
    pub(super) fn new(folder: Folder, encoders: Vec<EncoderId>) -> Self {
        Self { folder, encoders, state: RwLock::default() }
    }

    pub(super) fn applied(&self, _: Applied) {}

    fn state(&self, readers: &Readers) -> Result<Arc<State>, EmbeddedError> {
        let seq: i64 = readers.read("x", |m| m.query_row("SELECT seq FROM catalog", (), |r| r.get(0)))?;
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner).clone();
        if state.seq == Some(seq) {
            return Ok(state);
        }
        let state = readers.read("y", |m| {
            let seq: i64 = m.query_row("SELECT seq FROM catalog", (), |r| r.get(0))?;
            let mut rows = Vec::new();
            let mut s = m.prepare("SELECT key, phash, pdq FROM image ORDER BY key")?;
            let mut v = m.prepare("SELECT numbers FROM vector WHERE image = ?1 ORDER BY encoder")?;
            let mut q = s.query(())?;
            while let Some(row) = q.next()? {
                let key: i64 = row.get(0)?;
                let mut vectors = Vec::new();
                let mut vs = v.query((key,))?;
                while let Some(b) = vs.next()? {
                    let mut vec = Vec::new();
                    let d = self.encoders.get(vectors.len()).map_or(0, |e| e.dimensions);
                    rows::read_vector(b.get_ref(0)?.as_blob()?, d, &mut vec)?;
                    vectors.push(vec);
                }
                let hash: i64 = row.get(1)?;
                rows.push((to_key(key), hash.cast_unsigned(), rows::pdq_hash(&row.get(2)?), vectors));
            }
            Ok(State { seq: Some(seq), rows })
        })?;
        let state = Arc::new(state);
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&state);
        Ok(state)
    }

    pub(super) fn nearest_vectors(
        &self,
        readers: &Readers,
        encoder: usize,
        query: &[f32],
        limit: usize,
    ) -> Result<Vec<(ImageKey, f32)>, EmbeddedError> {
        let known = self.encoders.get(encoder).ok_or_else(|| EmbeddedError::NoSuchEncoder {
            path: self.folder.root().to_path_buf(),
            count: self.encoders.len(),
            asked: encoder,
        })?;
        if query.len() != known.dimensions {
            return Err(EmbeddedError::QueryLength {
                encoder: known.name.clone(),
                expected: known.dimensions,
                found: query.len(),
            });
        }
        if query.iter().any(|x| !x.is_finite()) {
            return Err(EmbeddedError::QueryNotFinite);
        }
        let state = self.state(readers)?;
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let mut all: Vec<_> = state
            .rows
            .iter()
            .filter_map(|r| {
                r.3.get(encoder)
                    .map(|v| (r.0, dot(v, query) / (dot(v, v) * dot(query, query)).sqrt().max(1e-12)))
            })
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(limit);
        Ok(all)
    }

    pub(super) fn nearest_phashes(
        &self,
        readers: &Readers,
        query: PHash,
        limit: usize,
    ) -> Result<Vec<(ImageKey, u32)>, EmbeddedError> {
        let state = self.state(readers)?;
        let mut all: Vec<_> = state.rows.iter().map(|r| (r.0, (r.1 ^ query.0).count_ones())).collect();
        all.sort_by_key(|a| (a.1, a.0));
        all.truncate(limit);
        Ok(all)
    }

    pub(super) fn nearest_pdqs(
        &self,
        readers: &Readers,
        queries: &[PdqHash],
        limit: usize,
    ) -> Result<Vec<(ImageKey, u32)>, EmbeddedError> {
        let state = self.state(readers)?;
        let between =
            |a: &PdqHash, b: &PdqHash| a.0.iter().zip(b.0).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
        let mut all: Vec<_> = state
            .rows
            .iter()
            .filter_map(|r| queries.iter().map(|q| between(q, &r.2)).min().map(|d| (r.0, d)))
            .collect();
        all.sort_by_key(|a| (a.1, a.0));
        all.truncate(limit);
        Ok(all)
    }
}
