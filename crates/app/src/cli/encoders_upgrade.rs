//! `lookalike encoders upgrade`: a catalog made with the descriptor of before gets the encoder of now.

use super::counts::outcome;
use super::encoders::{Encoding, report_as_json, report_rows};
use super::open::{Catalog, USUAL_ENCODER};
use super::{Outcome, retired};
use crate::report::{json, table};
use anyhow::bail;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, Store};
use std::io;

/// Give a catalog made with look-0 vectors of look-1, and take those of look-0 away
///
/// Photos are read where they were, those from the web out of the catalog's cache or fetched again, and taken only when
/// their bytes are those that were stored. Meanwhile the catalog answers by its hashes, and by its other encoders where
/// it has some. A run that was stopped goes on where it was when the same command is run again. Where look-0 was the
/// primary encoder, look-1 is then.
///
/// A photo that cannot be read any more is named, the exit code is 3, and look-0 stays until it can be, or until the
/// command is run with --skip-unreadable: such photos are then found by their hashes alone.
#[derive(Debug, clap::Args)]
pub(super) struct Upgrade {
    #[command(flatten)]
    catalog: Catalog,
    #[command(flatten)]
    how: Encoding,
}

impl Upgrade {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let folder = self.catalog.folder()?;
        let mut store = EmbeddedStore::open(folder, Access::ReadWrite)?;
        if !retired::is_in(&store) {
            let has: Vec<&str> = store.encoders().iter().map(|id| id.name.as_str()).collect();
            let (place, has) = (folder.display(), has.join(", "));
            bail!(
                "{place} has no vectors of {}, it has those of {has}: nothing is to be done",
                retired::NAME
            );
        }
        let was_primary = store.encoders().first().is_some_and(|id| id.name == retired::NAME);
        // A run that was stopped after that goes on behind it.
        let has_new = store.encoders().iter().any(|id| id.name == USUAL_ENCODER);
        let added = if has_new { None } else { Some(self.how.add(&mut store, folder, USUAL_ENCODER)?) };
        let finished = added.as_ref().is_none_or(|added| added.finished);
        if finished {
            if was_primary {
                store.make_primary(USUAL_ENCODER)?;
            }
            store.remove_encoder(retired::NAME)?;
        }
        let mut out = io::stdout().lock();
        if self.how.json {
            let mut value = added.as_ref().map_or_else(
                || serde_json::json!({"encoder": USUAL_ENCODER, "finished": true}),
                |added| report_as_json(USUAL_ENCODER, added),
            );
            if let Some(fields) = value.as_object_mut() {
                fields.insert("removed".to_owned(), finished.then_some(retired::NAME).into());
            }
            json::write(&mut out, &value)?;
        } else {
            let mut rows = added.as_ref().map_or_else(Vec::new, |added| report_rows(USUAL_ENCODER, added));
            if finished {
                rows.push(("removed", format!("{} and its vectors", retired::NAME)));
            }
            table::write_record(&mut out, &folder.display().to_string(), &rows)?;
        }
        Ok(added.map_or(Outcome::Done, |added| outcome(&added.report)))
    }
}
