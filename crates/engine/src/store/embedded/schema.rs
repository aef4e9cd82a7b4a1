//! The tables of `catalog.sqlite`, and how an older file is brought to the newest version.
//!
//! SQLite's `application_id` marks the file as a catalog and `user_version` counts the migrations applied to it.
//! Migrations are only ever appended. All that are missing run in one transaction: a file is of one version or
//! of another, never between.
//!
//! | table | one row is |
//! |---|---|
//! | `catalog` | this catalog: its uuid, its last write's number, where `removed` begins, the next encoder's number |
//! | `encoder` | a maker of vectors; `place` orders those that are ready, the primary first; null: being added |
//! | `product` | a listing; `fields` is a JSON object in the source's order; `seq` is the write that last changed it |
//! | `image` | a photo of a listing; `key` is its handle, never used twice |
//! | `vector` | one encoder's vector of one photo, `dimensions` little-endian 32-bit floats |
//! | `validator` | what the server said by which it can tell whether a photo from the web changed |
//! | `removed` | a handle that was taken out by write `seq` |
//! | `product_text` | full-text index over the values of `product.fields`, by `product.row` |
//!
//! An image is never updated in what it looks like: a replaced photo gets a new row and a new `key`, the old key
//! goes to `removed`. So whoever has everything up to some write needs only the images and the `removed` rows of
//! later ones, and keys ascend with `seq`.
//!
//! An encoder's `number` is never used twice either, so that a process that still knows a removed one finds nothing of
//! another under it. Every image has a vector of every ready encoder. Vectors of one that is being added come without a
//! `seq`: nobody looks at them before it is ready.
//!
//! 64-bit hashes are integers of the same bits; `sha256` and `pdq` are blobs of 32 bytes, most significant first
//! (`hex(pdq)` is the usual notation). `location` is a path's bytes (kind 0), a URL (kind 1), or an archive's path, a NUL
//! and the name of a member (kind 2), or an
//! object's address (kind 3), or the digest of bytes that the catalog keeps itself (kind 4).

use super::folder::Folder;
use super::{EmbeddedError, connection};
use lookalike_vision::encoder::EncoderId;
use rusqlite::{Connection, TransactionBehavior};

/// `LOOK` in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x4C4F_4F4B;

/// `location_kind` of a file on this machine.
pub(super) const LOCATION_FILE: i64 = 0;
/// `location_kind` of a URL.
pub(super) const LOCATION_URL: i64 = 1;
/// `location_kind` of a member of an archive.
pub(super) const LOCATION_MEMBER: i64 = 2;
/// `location_kind` of an object's address.
pub(super) const LOCATION_OBJECT: i64 = 3;

/// `location_kind` of bytes that the catalog keeps itself.
pub(super) const LOCATION_UPLOADED: i64 = 4;

/// Version n + 1 is reached by running the n-th.
pub(super) const MIGRATIONS: &[&str] = &[VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5];

const VERSION_1: &str = "
CREATE TABLE catalog (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    uuid      BLOB    NOT NULL,
    seq       INTEGER NOT NULL,
    log_start INTEGER NOT NULL
);
INSERT INTO catalog VALUES (1, randomblob(16), 0, 0);
CREATE TABLE encoder (
    position   INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    digest     TEXT    NOT NULL,
    dimensions INTEGER NOT NULL
);
CREATE TABLE product (
    row    INTEGER PRIMARY KEY,
    id     TEXT    NOT NULL UNIQUE,
    fields TEXT    NOT NULL,
    seq    INTEGER NOT NULL
);
CREATE TABLE image (
    key           INTEGER PRIMARY KEY AUTOINCREMENT,
    product       INTEGER NOT NULL REFERENCES product (row),
    id            TEXT    NOT NULL,
    position      INTEGER NOT NULL,
    location_kind INTEGER NOT NULL,
    location      BLOB    NOT NULL,
    bytes         INTEGER NOT NULL,
    modified_ns   INTEGER,
    sha256        BLOB    NOT NULL,
    width         INTEGER NOT NULL,
    height        INTEGER NOT NULL,
    media_type    TEXT    NOT NULL,
    phash         INTEGER NOT NULL,
    phash_plain   INTEGER NOT NULL,
    dhash         INTEGER NOT NULL,
    pdq           BLOB    NOT NULL,
    pdq_quality   INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    UNIQUE (product, id)
);
CREATE INDEX image_by_id ON image (id);
CREATE INDEX image_by_seq ON image (seq);
CREATE TABLE vector (
    image   INTEGER NOT NULL REFERENCES image (key) ON DELETE CASCADE,
    encoder INTEGER NOT NULL REFERENCES encoder (position),
    numbers BLOB    NOT NULL,
    UNIQUE (image, encoder)
);
CREATE TABLE removed (
    seq   INTEGER NOT NULL,
    image INTEGER NOT NULL,
    PRIMARY KEY (seq, image)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE product_text USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
";

/// Encoders can be added and removed.
const VERSION_2: &str = "
ALTER TABLE encoder RENAME COLUMN position TO number;
ALTER TABLE encoder ADD COLUMN place INTEGER;
UPDATE encoder SET place = number;
ALTER TABLE catalog ADD COLUMN next_encoder INTEGER NOT NULL DEFAULT 0;
UPDATE catalog SET next_encoder = (SELECT coalesce(max(number) + 1, 0) FROM encoder);
";

/// Photos from the web can be asked for on condition that they changed.
const VERSION_3: &str = "
CREATE TABLE validator (
    image         INTEGER PRIMARY KEY REFERENCES image (key) ON DELETE CASCADE,
    etag          TEXT,
    last_modified TEXT
);
";

/// Whoever keeps fields in memory reads those of products that changed since.
const VERSION_4: &str = "
CREATE INDEX product_by_seq ON product (seq);
";

/// Photos can be the catalog's own; whether any product still shows one is asked often.
const VERSION_5: &str = "
CREATE INDEX image_uploaded ON image (location) WHERE location_kind = 4;
";
/// Builds the whole database under the name of an unfinished one.
pub(super) fn make_database(folder: &Folder, encoders: &[EncoderId]) -> Result<(), EmbeddedError> {
    let failed = |e| EmbeddedError::sqlite(folder, "making it", e);
    let mut connection = connection::create(&folder.database_begun()).map_err(failed)?;
    make(&mut connection, MIGRATIONS).map_err(failed)?;
    for encoder in encoders {
        super::encoders::insert(&connection, encoder, true).map_err(failed)?;
    }
    let mode = connection::use_log(&connection).map_err(failed)?;
    if mode != "wal" {
        return Err(EmbeddedError::io(
            "use a write-ahead log in",
            folder.root(),
            std::io::Error::new(
                std::io::ErrorKind::Unsupported,
                "the file system has no shared memory: put the catalog on a local disk",
            ),
        ));
    }
    connection.close().map_err(|(_, error)| failed(error))
}

/// Whether the file is a catalog, and of which version.
pub(super) fn version(connection: &Connection, folder: &Folder) -> Result<i64, EmbeddedError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let read = |name| pragma(name).map_err(|e| EmbeddedError::sqlite(folder, "reading its version", e));
    let (application, version) = (read("application_id")?, read("user_version")?);
    if application != APPLICATION_ID || version < 1 {
        return Err(EmbeddedError::NotACatalog {
            path: folder.root().to_path_buf(),
            reason: "its catalog.sqlite is another application's database: is this the right folder?".into(),
        });
    }
    Ok(version)
}

/// Fails unless the file is of the newest version.
pub(super) fn expect_newest(
    connection: &Connection,
    folder: &Folder,
    migrations: &[&str],
) -> Result<(), EmbeddedError> {
    let path = || folder.root().to_path_buf();
    let (found, known) = (version(connection, folder)?, newest(migrations));
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(EmbeddedError::Newer { path: path(), found, known }),
        std::cmp::Ordering::Less => Err(EmbeddedError::Older { path: path(), found, needed: known }),
    }
}

/// Brings a catalog to the newest version.
pub(super) fn migrate(
    connection: &mut Connection,
    folder: &Folder,
    migrations: &[&str],
) -> Result<(), EmbeddedError> {
    let found = version(connection, folder)?;
    let known = newest(migrations);
    if found > known {
        return Err(EmbeddedError::Newer { path: folder.root().to_path_buf(), found, known });
    }
    if found < known {
        run(connection, found, migrations)
            .map_err(|e| EmbeddedError::sqlite(folder, "bringing it to the newest version", e))?;
        tracing::info!(catalog = %folder.root().display(), from = found, to = known, "migrated");
    }
    Ok(())
}

/// Makes the tables in an empty file.
pub(super) fn make(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    run(connection, 0, migrations)
}

fn run(connection: &mut Connection, from: i64, migrations: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (version, sql) in (1_i64..).zip(migrations).skip_while(|(version, _)| *version <= from) {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", version)?;
    }
    transaction.commit()
}

fn newest(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}
