//! [`EncoderChanges`] of a catalog folder: every step is one transaction, so that a process killed anywhere leaves a
//! catalog that opens and a step that can be done again.
//!
//! A new encoder's snapshot is written before the encoder is made ready: who opens the catalog then maps it instead of
//! reading every vector. One that is left over by a kill in between is written again.

use super::catalog::EmbeddedStore;
use super::encoders::{self, Encoders, Entry};
use super::{EmbeddedError, connection};
use crate::store::{EncoderChanges, ImageKey, LackingImage, StoreError};
use lookalike_vision::encoder::EncoderId;
use rusqlite::Connection;
use std::path::PathBuf;

impl EmbeddedStore {
    fn place(&self) -> PathBuf {
        self.folder.root().to_path_buf()
    }

    fn found(&self, name: &str) -> Result<Entry, EmbeddedError> {
        let (entry, all) = self.readers.read("reading its encoders", |moment| {
            Ok((encoders::named(moment, name)?, encoders::all(moment)?))
        })?;
        entry.ok_or_else(|| EmbeddedError::UnknownEncoder {
            path: self.place(),
            asked: name.to_owned(),
            known: all.into_iter().map(|entry| entry.id.name).collect::<Vec<_>>().join(", "),
        })
    }

    /// An encoder that is being added.
    fn begun(&self, name: &str) -> Result<(i64, EncoderId), EmbeddedError> {
        let Entry { number, id, is_ready } = self.found(name)?;
        if is_ready {
            return Err(EmbeddedError::EncoderIsThere { path: self.place(), name: id.name });
        }
        Ok((number, id))
    }

    /// Runs a change of the table on the connection that writes, then takes over the list as it is.
    fn change(
        &mut self,
        doing: &'static str,
        change: impl FnOnce(&mut Connection) -> rusqlite::Result<()>,
    ) -> Result<(), EmbeddedError> {
        self.with_writer(|connection| change(connection), doing)?;
        self.read_encoders_again()
    }
}

impl EncoderChanges for EmbeddedStore {
    fn begin_encoder(&mut self, encoder: &EncoderId) -> Result<(), StoreError> {
        encoders::check_list(std::slice::from_ref(encoder))?;
        let stored =
            self.readers.read("reading its encoders", |moment| encoders::named(moment, &encoder.name))?;
        match stored {
            Some(stored) if stored.id != *encoder => {
                let (path, stored, asked) = (self.place(), stored.id.into(), encoder.clone().into());
                Err(EmbeddedError::EncoderDiffers { path, stored, asked }.into())
            }
            Some(stored) if stored.is_ready => {
                Err(EmbeddedError::EncoderIsThere { path: self.place(), name: stored.id.name }.into())
            }
            Some(_) => Ok(self.with_writer(|_| Ok(()), "adding an encoder")?),
            None => {
                let insert = |connection: &mut Connection| {
                    let transaction = connection.transaction()?;
                    encoders::insert(&transaction, encoder, false)?;
                    transaction.commit()
                };
                Ok(self.change("adding an encoder", insert)?)
            }
        }
    }

    fn lacking(
        &self,
        encoder: &str,
        after: Option<ImageKey>,
        limit: usize,
    ) -> Result<Vec<LackingImage>, StoreError> {
        let (number, _) = self.begun(encoder)?;
        let limit = super::catalog::row_limit(limit);
        Ok(self.readers.read("looking for what an encoder lacks", |moment| {
            encoders::lacking(moment, number, after, limit)
        })?)
    }

    fn put_vectors(&self, encoder: &str, vectors: &[(ImageKey, Vec<f32>)]) -> Result<u64, StoreError> {
        let (number, id) = self.begun(encoder)?;
        encoders::check(vectors, &id).map_err(EmbeddedError::from)?;
        Ok(self.with_writer(|connection| encoders::put(connection, number, vectors), "storing vectors")?)
    }

    fn finish_encoder(&mut self, encoder: &str) -> Result<(), StoreError> {
        let (number, id) = self.begun(encoder)?;
        let count = |connection: &mut Connection| encoders::count_lacking(connection, number);
        let lacking = self.with_writer(count, "finishing an encoder")?;
        if lacking > 0 {
            return Err(
                EmbeddedError::EncoderUnfinished { path: self.place(), name: id.name, lacking }.into()
            );
        }
        let mut alone = Encoders::default();
        alone.push(number, id);
        self.derived.write_snapshots_of(alone)?;
        self.change("finishing an encoder", |connection| encoders::finish(connection, number).map(|_| ()))?;
        Ok(())
    }

    fn remove_encoder(&mut self, encoder: &str) -> Result<(), StoreError> {
        let Entry { number, id, is_ready } = self.found(encoder)?;
        if is_ready && self.encoders.len() == 1 {
            return Err(EmbeddedError::LastEncoder { path: self.place(), name: id.name }.into());
        }
        self.change("removing an encoder", |connection| encoders::remove(connection, number))?;
        self.derived.remove_strays()?;
        Ok(())
    }

    fn make_primary(&mut self, encoder: &str) -> Result<(), StoreError> {
        let Entry { number, id, is_ready } = self.found(encoder)?;
        if !is_ready {
            let lacking = self.readers.read("looking for what an encoder lacks", |moment| {
                encoders::count_lacking(moment, number)
            })?;
            return Err(
                EmbeddedError::EncoderUnfinished { path: self.place(), name: id.name, lacking }.into()
            );
        }
        Ok(self.change("making an encoder the primary one", |connection| {
            encoders::make_first(connection, number)
        })?)
    }
}

impl EmbeddedStore {
    /// Takes over the encoders as the tables have them now.
    fn read_encoders_again(&mut self) -> Result<(), EmbeddedError> {
        let failed = |e| EmbeddedError::sqlite(&self.folder, "reading its encoders", e);
        let reader = connection::reader(&self.folder.database()).map_err(failed)?;
        let (encoders, derived) = Self::derive(&self.folder, reader)?;
        (self.encoders, self.derived) = (encoders, derived);
        Ok(())
    }
}
