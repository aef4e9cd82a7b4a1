//! The files in `index/`: one snapshot per encoder, named after the catalog so that one of another is never taken.
//!
//! Only the holder of the writer lock writes or removes them. A snapshot that does not fit the catalog is logged and
//! left out; the rows it would have given are then read from the tables.

use super::changes::{self, Position, Trouble};
use super::folder::Folder;
use crate::index::{Index, IndexError, Snapshot, SnapshotWriter};
use crate::store::Problem;
use lookalike_vision::encoder::EncoderId;
use rusqlite::{Connection, Transaction};
use std::error::Error;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Where a catalog's snapshots are.
#[derive(Debug)]
pub(super) struct Snapshots {
    folder: Folder,
    uuid: String,
    encoders: Vec<EncoderId>,
}

impl Snapshots {
    pub(super) fn new(folder: Folder, uuid: String, encoders: Vec<EncoderId>) -> Self {
        Self { folder, uuid, encoders }
    }

    pub(super) fn encoders(&self) -> &[EncoderId] {
        &self.encoders
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    fn path(&self, encoder: usize) -> PathBuf {
        self.folder.index().join(format!("{}-{encoder}.snapshot", self.uuid))
    }

    /// An index of one encoder as the catalog is at `moment`: from its snapshot where there is one that fits, and
    /// from the tables for the rest.
    pub(super) fn load(&self, moment: &Transaction<'_>, encoder: usize) -> Result<Index, Trouble> {
        let Some(id) = self.encoders.get(encoder) else {
            return Err(IndexError::UnsupportedDimensions(0).into());
        };
        let now = changes::position(moment)?;
        let (mut index, since) = match self.open_fitting(encoder, id, now) {
            Some(snapshot) => {
                let since = snapshot.sequence().cast_signed();
                (Index::with_base(snapshot), since)
            }
            None => (Index::empty(id.dimensions)?, 0),
        };
        self.advance(moment, &mut index, encoder, since)?;
        Ok(index)
    }

    /// Brings an index that was right after write `since` to `moment`.
    pub(super) fn advance(
        &self,
        moment: &Transaction<'_>,
        index: &mut Index,
        encoder: usize,
        since: i64,
    ) -> Result<(), Trouble> {
        let Some(id) = self.encoders.get(encoder) else {
            return Err(IndexError::UnsupportedDimensions(0).into());
        };
        changes::stored_since(moment, (encoder, id), since, |row| Ok(index.push(row)?))?;
        for key in changes::removed_since(moment, since)? {
            index.mask(key);
        }
        Ok(())
    }

    /// The snapshot, unless it is missing, damaged or of another moment than the tables can continue from.
    fn open_fitting(&self, encoder: usize, id: &EncoderId, now: Position) -> Option<Snapshot> {
        let path = self.path(encoder);
        match Snapshot::open(&path, id) {
            Ok(snapshot) if fits(&snapshot, now) => Some(snapshot),
            Ok(snapshot) => {
                let (snapshot, catalog) = (snapshot.sequence(), now.seq);
                tracing::warn!(path = %path.display(), snapshot, catalog, "the index is of another history: not used");
                None
            }
            Err(IndexError::Missing(_)) => None,
            // Whatever keeps it from being read: the tables have everything that it has.
            Err(error) => {
                tracing::warn!(error = &error as &dyn Error, "the index is not used");
                None
            }
        }
    }

    /// Whether the snapshot on disk continues further than `index` stands on.
    pub(super) fn is_newer(&self, encoder: usize, index: &Index, now: Position) -> bool {
        let Some(id) = self.encoders.get(encoder) else { return false };
        Snapshot::open(&self.path(encoder), id)
            .is_ok_and(|snapshot| fits(&snapshot, now) && Some(snapshot.sequence()) > index.sequence())
    }

    /// The write up to which every snapshot holds everything and the rows in them, or `None` where one is missing or
    /// does not fit. Those that do not fit are removed: what they hold must not come to fit by later writes.
    pub(super) fn newest(&self, moment: &Connection) -> Result<Option<(i64, u64)>, Trouble> {
        let now = changes::position(moment)?;
        let mut newest = Some((now.seq, 0));
        for (encoder, id) in self.encoders.iter().enumerate() {
            match self.open_fitting(encoder, id, now) {
                Some(snapshot) => {
                    let (seq, rows) = (snapshot.sequence().cast_signed(), snapshot.rows() as u64);
                    newest = newest.map(|(least, most): (i64, u64)| (least.min(seq), most.max(rows)));
                }
                None => {
                    self.remove(encoder)?;
                    newest = None;
                }
            }
        }
        Ok(newest)
    }

    fn remove(&self, encoder: usize) -> Result<(), IndexError> {
        let path = self.path(encoder);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
            Err(source) => Err(IndexError::Io { action: "remove", path, source }),
        }
    }

    /// Writes every encoder's snapshot from the tables at `moment`, in flat memory. Gives the write they hold
    /// everything of, and their rows.
    pub(super) fn write(&self, moment: &Transaction<'_>) -> Result<(i64, u64), Trouble> {
        let folder = self.folder.index();
        std::fs::create_dir_all(&folder).map_err(|source| IndexError::Io {
            action: "make the folder of",
            path: folder,
            source,
        })?;
        let seq = changes::position(moment)?.seq;
        let rows: i64 = moment.query_row("SELECT count(*) FROM image", (), |row| row.get(0))?;
        let rows = rows.cast_unsigned();
        for (encoder, id) in self.encoders.iter().enumerate() {
            let mut writer = SnapshotWriter::create(&self.path(encoder), id, seq.cast_unsigned(), rows)?;
            changes::stored_since(moment, (encoder, id), 0, |row| Ok(writer.push(row)?))?;
            writer.finish()?;
        }
        Ok((seq, rows))
    }

    /// Compares every snapshot with its checksums and with the tables, row by row.
    pub(super) fn verify(&self, moment: &Transaction<'_>, found: &mut Vec<Problem>) -> Result<(), Trouble> {
        for (encoder, id) in self.encoders.iter().enumerate() {
            let wrong = match Snapshot::open(&self.path(encoder), id) {
                Ok(snapshot) => match snapshot.verify() {
                    Ok(()) => self.compare(moment, (encoder, id), &snapshot)?,
                    Err(error) => Some(error.to_string()),
                },
                Err(IndexError::Missing(_)) => None,
                Err(error) => Some(error.to_string()),
            };
            if let Some(wrong) = wrong {
                let subject = self.path(encoder).display().to_string();
                let folder = self.folder.index();
                let cure = format!("delete the folder {}, it is made again", folder.display());
                found.push(Problem { subject, reason: format!("{wrong}: {cure}") });
            }
        }
        Ok(())
    }

    /// The first difference between a snapshot and what the tables say it must hold.
    fn compare(
        &self,
        moment: &Transaction<'_>,
        of: (usize, &EncoderId),
        snapshot: &Snapshot,
    ) -> Result<Option<String>, Trouble> {
        let now = changes::position(moment)?;
        if !fits(snapshot, now) {
            let seq = snapshot.sequence();
            return Ok(Some(format!("it is of write {seq} and the catalog at write {}", now.seq)));
        }
        let since = snapshot.sequence().cast_signed();
        let mut removed = changes::removed_since(moment, since)?;
        removed.sort_unstable();
        let stored_later: i64 =
            moment.query_row("SELECT count(*) FROM image WHERE seq > ?1", (since,), |row| row.get(0))?;
        let (mut next, mut wrong, mut missing) = (0, None, 0_i64);
        let mut vector = vec![0.0; of.1.dimensions];
        changes::stored_since(moment, of, 0, |stored| {
            // Handles ascend on both sides; what the snapshot has before this one was removed since.
            while wrong.is_none() {
                match snapshot.row(next, &mut vector)? {
                    Some(row) if row.key < stored.key => {
                        if removed.binary_search(&row.key).is_err() {
                            wrong = Some(format!("it holds image {} and the catalog does not", row.key.0));
                        }
                        next += 1;
                    }
                    Some(row) if row.key == stored.key => {
                        if row != *stored {
                            wrong = Some(format!("its row of image {} is not the catalog's", row.key.0));
                        }
                        next += 1;
                        return Ok(());
                    }
                    _ => break,
                }
            }
            missing += 1;
            Ok(())
        })?;
        while wrong.is_none()
            && let Some(row) = snapshot.row(next, &mut vector)?
        {
            if removed.binary_search(&row.key).is_err() {
                wrong = Some(format!("it holds image {} and the catalog does not", row.key.0));
            }
            next += 1;
        }
        if wrong.is_none() && missing != stored_later {
            wrong = Some(format!("it lacks {} images of the catalog", missing - stored_later));
        }
        Ok(wrong)
    }
}

/// Whether the tables can continue from the moment of `snapshot`.
fn fits(snapshot: &Snapshot, now: Position) -> bool {
    let seq = snapshot.sequence().cast_signed();
    (now.log_start..=now.seq).contains(&seq)
}
