//! The files in `index/`: one snapshot per encoder, named after the catalog so that one of another is never taken.
//!
//! Only the holder of the writer lock writes or removes them. A snapshot that does not fit the catalog is logged and
//! left out; the rows it would have given are then read from the tables.

use super::changes::{self, Position, Trouble};
use super::encoders::{self, Encoders};
use super::folder::Folder;
use crate::index::{Index, IndexError, Snapshot, SnapshotWriter};
use crate::store::Problem;
use lookalike_vision::encoder::EncoderId;
use rusqlite::{Connection, Transaction};
use std::collections::HashSet;
use std::error::Error;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Where a catalog's snapshots are.
#[derive(Debug)]
pub(super) struct Snapshots {
    folder: Folder,
    uuid: String,
    encoders: Encoders,
}

impl Snapshots {
    pub(super) fn new(folder: Folder, uuid: String, encoders: Encoders) -> Self {
        Self { folder, uuid, encoders }
    }

    /// The same catalog's, of other encoders.
    pub(super) fn of(&self, encoders: Encoders) -> Self {
        Self::new(self.folder.clone(), self.uuid.clone(), encoders)
    }

    pub(super) fn encoders(&self) -> &Encoders {
        &self.encoders
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    fn path(&self, number: i64) -> PathBuf {
        self.folder.index().join(format!("{}-{number}.snapshot", self.uuid))
    }

    /// An index of one encoder as the catalog is at `moment`: from its snapshot where there is one that fits, and
    /// from the tables for the rest.
    pub(super) fn load(&self, moment: &Transaction<'_>, of: (i64, &EncoderId)) -> Result<Index, Trouble> {
        let now = changes::position(moment)?;
        let (mut index, since) = match self.open_fitting(of, now) {
            Some(snapshot) => {
                let since = snapshot.sequence().cast_signed();
                (Index::with_base(snapshot), since)
            }
            None => (Index::empty(of.1.dimensions)?, 0),
        };
        advance(moment, &mut index, of, since)?;
        Ok(index)
    }

    /// The snapshot, unless it is missing, damaged or of another moment than the tables can continue from.
    fn open_fitting(&self, (number, id): (i64, &EncoderId), now: Position) -> Option<Snapshot> {
        let path = self.path(number);
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
    pub(super) fn is_newer(&self, (number, id): (i64, &EncoderId), index: &Index, now: Position) -> bool {
        Snapshot::open(&self.path(number), id)
            .is_ok_and(|snapshot| fits(&snapshot, now) && Some(snapshot.sequence()) > index.sequence())
    }

    /// The write up to which every snapshot holds everything and the rows in them, or `None` where one is missing or
    /// does not fit. Those that do not fit are removed: what they hold must not come to fit by later writes.
    pub(super) fn newest(&self, moment: &Connection) -> Result<Option<(i64, u64)>, Trouble> {
        let now = changes::position(moment)?;
        let mut newest = Some((now.seq, 0));
        for (number, id) in self.encoders.iter() {
            match self.open_fitting((number, id), now) {
                Some(snapshot) => {
                    let (seq, rows) = (snapshot.sequence().cast_signed(), snapshot.rows() as u64);
                    newest = newest.map(|(least, most): (i64, u64)| (least.min(seq), most.max(rows)));
                }
                None => {
                    remove(self.path(number))?;
                    newest = None;
                }
            }
        }
        Ok(newest)
    }

    /// Removes this catalog's snapshots of encoders that it has no more, which a process killed while removing one can
    /// leave behind.
    pub(super) fn remove_strays(&self, moment: &Connection) -> Result<(), Trouble> {
        let known: HashSet<PathBuf> =
            encoders::all(moment)?.iter().map(|encoder| self.path(encoder.number)).collect();
        // Without a folder there is nothing to remove.
        let Ok(entries) = std::fs::read_dir(self.folder.index()) else { return Ok(()) };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with(&self.uuid) && name.ends_with(".snapshot") && !known.contains(&path) {
                remove(path)?;
            }
        }
        Ok(())
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
        for (number, id) in self.encoders.iter() {
            let mut writer = SnapshotWriter::create(&self.path(number), id, seq.cast_unsigned(), rows)?;
            changes::stored_since(moment, (number, id), 0, |row| Ok(writer.push(row)?))?;
            writer.finish()?;
        }
        Ok((seq, rows))
    }

    /// Compares every snapshot with its checksums and with the tables, row by row.
    pub(super) fn verify(&self, moment: &Transaction<'_>, found: &mut Vec<Problem>) -> Result<(), Trouble> {
        let present = encoders::present(moment)?;
        for (number, id) in self.encoders.iter().filter(|(number, _)| present.contains(number)) {
            let wrong = match Snapshot::open(&self.path(number), id) {
                Ok(snapshot) => match snapshot.verify() {
                    Ok(()) => self.compare(moment, (number, id), &snapshot)?,
                    Err(error) => Some(error.to_string()),
                },
                Err(IndexError::Missing(_)) => None,
                Err(error) => Some(error.to_string()),
            };
            if let Some(wrong) = wrong {
                let subject = self.path(number).display().to_string();
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
        of: (i64, &EncoderId),
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

/// Brings an index that was right after write `since` to `moment`.
pub(super) fn advance(
    moment: &Transaction<'_>,
    index: &mut Index,
    of: (i64, &EncoderId),
    since: i64,
) -> Result<(), Trouble> {
    changes::stored_since(moment, of, since, |row| Ok(index.push(row)?))?;
    for key in changes::removed_since(moment, since)? {
        index.mask(key);
    }
    Ok(())
}

fn remove(path: PathBuf) -> Result<(), IndexError> {
    match std::fs::remove_file(&path) {
        Ok(()) => Ok(()),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
        Err(source) => Err(IndexError::Io { action: "remove", path, source }),
    }
}

/// Whether the tables can continue from the moment of `snapshot`.
fn fits(snapshot: &Snapshot, now: Position) -> bool {
    let seq = snapshot.sequence().cast_signed();
    (now.log_start..=now.seq).contains(&seq)
}
