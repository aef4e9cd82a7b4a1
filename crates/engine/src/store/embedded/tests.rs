//! What needs the inside of the store to be brought about: other schemas, a full disk, damaged rows.

use super::catalog::{Access, EmbeddedStore};
use super::schema::MIGRATIONS;
use super::{EmbeddedError, connection};
use crate::catalog::{ImageId, Location, ProductId};
use crate::store::{EncoderChanges, Fingerprint, ImageKey, ImageWrite, NewImage, Store, StoreError, Write};
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{DHash, Hashes, PHash, Pdq, PdqHash};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

fn encoder() -> EncoderId {
    EncoderId { name: "test".into(), digest: "1".into(), dimensions: 4 }
}

fn product(id: &str, title: &str) -> Write {
    let image = NewImage {
        id: ImageId::new(format!("{id}.jpg")).unwrap(),
        location: Location::Url(format!("https://shop.example/{id}.jpg")),
        fingerprint: Fingerprint { bytes: 1, modified_ns: None, sha256: [7; 32] },
        width: 2,
        height: 3,
        media_type: "image/png",
        hashes: Hashes {
            phash: PHash(u64::MAX),
            phash_plain: PHash(1),
            dhash: DHash(2),
            pdq: Pdq { hash: PdqHash([1, 2, 3, 4]), quality: 50 },
        },
        vectors: vec![vec![0.5; 4]],
    };
    let mut fields = serde_json::Map::new();
    fields.insert("title".into(), title.into());
    Write::Product { id: ProductId::new(id).unwrap(), fields, images: vec![ImageWrite::Put(Box::new(image))] }
}

/// A catalog with three products, closed, and its database opened directly.
fn catalog(folder: &Path) -> PathBuf {
    let path = folder.join("shop.lookalike");
    let store = EmbeddedStore::create(&path, &[encoder()]).unwrap();
    store.apply(&[product("a", "red mug"), product("b", "blue mug"), product("c", "jar")]).unwrap();
    path
}

fn database(path: &Path) -> Connection {
    Connection::open(path.join("catalog.sqlite")).unwrap()
}

const ADD_COLOR: &str = "ALTER TABLE product ADD COLUMN color TEXT; UPDATE product SET color = 'red';";
const ADD_TABLE: &str = "CREATE TABLE note (product INTEGER REFERENCES product (row), text TEXT);";

#[test]
fn an_older_catalog_is_brought_to_the_newest_version_when_opened_for_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = catalog(folder.path());
    let newest: Vec<&str> = MIGRATIONS.iter().copied().chain([ADD_COLOR, ADD_TABLE]).collect();

    let error = EmbeddedStore::open_at(&path, Access::ReadOnly, &newest).unwrap_err().to_string();
    assert!(
        error.contains("schema version 3 and needs to be brought to 5: open it for writing once"),
        "{error}"
    );

    let store = EmbeddedStore::open_at(&path, Access::ReadWrite, &newest).unwrap();
    store.apply(&[product("d", "after")]).unwrap();
    assert_eq!(store.summary().unwrap().products, 4);
    assert_eq!(store.verify().unwrap(), []);
    drop(store);
    let red = "SELECT count(*) FROM product WHERE color = 'red'";
    assert_eq!(database(&path).query_row(red, (), |row| row.get::<_, i64>(0)).unwrap(), 3);

    // Migrated once: the second opening runs nothing, and a program that knows only version 3 refuses.
    drop(EmbeddedStore::open_at(&path, Access::ReadWrite, &newest).unwrap());
    let error = EmbeddedStore::open(&path, Access::ReadOnly).unwrap_err();
    assert!(matches!(error, EmbeddedError::Newer { found: 5, known: 3, .. }), "{error}");
}

/// A catalog as the first version of this program left it, with one product, one photo and two encoders.
fn catalog_of_version_1(folder: &Path) -> PathBuf {
    let path = folder.join("old.lookalike");
    std::fs::create_dir(&path).unwrap();
    let mut connection = connection::create(&path.join("catalog.sqlite")).unwrap();
    super::schema::make(&mut connection, &MIGRATIONS[..1]).unwrap();
    connection
        .execute_batch(
            "INSERT INTO encoder VALUES (0, 'test', '1', 4), (1, 'other', '2', 2);
             INSERT INTO product VALUES (1, 'a', '{\"title\":\"red mug\"}', 1);
             INSERT INTO product_text (rowid, text) VALUES (1, 'red mug' || char(10));
             INSERT INTO image VALUES (1, 1, 'a.jpg', 0, 1, CAST('https://shop.example/a.jpg' AS BLOB), 1, NULL, zeroblob(32),
                 2, 3, 'image/png', 1, 2, 3, zeroblob(32), 50, 1);
             INSERT INTO vector VALUES (1, 0, x'0000803f000000000000000000000000'), (1, 1, x'0000803f00000000');
             UPDATE catalog SET seq = 1;",
        )
        .unwrap();
    assert_eq!(connection::use_log(&connection).unwrap(), "wal");
    path
}

#[test]
fn a_catalog_of_version_1_keeps_everything_and_its_encoders_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = catalog_of_version_1(folder.path());
    let error = EmbeddedStore::open(&path, Access::ReadOnly).unwrap_err().to_string();
    assert!(error.contains("schema version 1 and needs to be brought to 3: open it for writing"), "{error}");

    let mut store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    assert_eq!(store.verify().unwrap(), []);
    let names: Vec<_> = store.encoders().iter().map(|id| id.to_string()).collect();
    assert_eq!(names, ["test (4 dimensions, digest 1)", "other (2 dimensions, digest 2)"]);
    assert_eq!(store.scan(None, 9).unwrap()[0].vectors, [vec![1.0, 0.0, 0.0, 0.0], vec![1.0, 0.0]]);
    assert_eq!(store.search_text("mug", 9).unwrap().len(), 1);

    // A third encoder gets a number of its own, and so does one that comes after one that went.
    let third = EncoderId { name: "third".into(), digest: "3".into(), dimensions: 1 };
    let number = || -> i64 {
        database(&path)
            .query_row("SELECT number FROM encoder WHERE name = 'third'", (), |r| r.get(0))
            .unwrap()
    };
    store.begin_encoder(&third).unwrap();
    assert_eq!(number(), 2);
    store.remove_encoder("third").unwrap();
    store.begin_encoder(&third).unwrap();
    assert_eq!(number(), 3);
    assert_eq!(store.verify().unwrap(), []);
}

#[test]
fn a_migration_that_fails_leaves_the_version_it_began_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = catalog(folder.path());
    let broken: Vec<&str> =
        MIGRATIONS.iter().copied().chain([ADD_COLOR, "CREATE TABLE product (x)"]).collect();
    let error = EmbeddedStore::open_at(&path, Access::ReadWrite, &broken).unwrap_err().to_string();
    assert!(error.contains("bringing it to the newest version"), "{error}");
    let store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    assert_eq!(store.summary().unwrap().products, 3);
    let columns = "SELECT count(*) FROM pragma_table_info('product') WHERE name = 'color'";
    assert_eq!(database(&path).query_row(columns, (), |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn a_full_disk_refuses_the_batch_and_keeps_the_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let path = catalog(folder.path());
    let store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    store.limit_pages(1);
    let big: Vec<Write> = (0..200).map(|n| product(&format!("n{n}"), &"long title ".repeat(50))).collect();
    let error = store.apply(&big).unwrap_err();
    assert!(matches!(error, StoreError::Embedded(EmbeddedError::DiskFull(_))), "{error}");
    assert!(error.to_string().contains("is full: free some space and run the same command again"), "{error}");
    assert_eq!(store.summary().unwrap().products, 3);
    assert_eq!(store.verify().unwrap(), []);
    // Space was freed.
    store.limit_pages(1_000_000);
    store.apply(&big).unwrap();
    drop(store);
    let store = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_eq!(store.summary().unwrap().products, 203);
    assert_eq!(store.verify().unwrap(), []);
}

#[test]
fn the_log_stays_bounded_while_batches_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = catalog(folder.path());
    let store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    let log = path.join("catalog.sqlite-wal");
    let title = "words of a title ".repeat(600);
    let mut written = 0;
    while written < 200 << 20 {
        let batch: Vec<Write> =
            (0..64).map(|n| product(&format!("p{n}"), &format!("{written} {title}"))).collect();
        store.apply(&batch).unwrap();
        written += 64 * title.len() * 2;
        assert!(
            log.metadata().unwrap().len() < 64 << 20,
            "the log has {} bytes",
            log.metadata().unwrap().len()
        );
    }
    drop(store);
    assert!(!log.exists(), "a closed catalog is one file");
}

#[test]
fn each_kind_of_damage_is_found_and_named() {
    let damages = [
        ("UPDATE vector SET numbers = x'0000' WHERE rowid = 2", "image \"b.jpg\" (key 2)", "2 bytes"),
        (
            "UPDATE vector SET numbers = x'0000c07f0000c07f0000c07f0000c07f' WHERE rowid = 1",
            "\"a.jpg\"",
            "not finite",
        ),
        ("UPDATE vector SET encoder = 9 WHERE rowid = 1", "vector row 1", "no row of encoder"),
        ("DELETE FROM vector WHERE rowid = 3", "\"c.jpg\"", "no vector of test"),
        ("UPDATE catalog SET next_encoder = 0", "encoders", "test has the number 0 and 0 is the next"),
        ("UPDATE image SET pdq = x'00' WHERE key = 1", "\"a.jpg\"", "key 1"),
        ("UPDATE image SET sha256 = 'text' WHERE key = 1", "\"a.jpg\"", "sha256"),
        ("UPDATE image SET location_kind = 5 WHERE key = 1", "\"a.jpg\"", "unknown kind 5"),
        ("UPDATE image SET width = 0 WHERE key = 1", "\"a.jpg\"", "0 x 3 pixels"),
        ("UPDATE image SET position = 4 WHERE key = 1", "product \"a\"", "not numbered"),
        ("UPDATE image SET seq = 40 WHERE key = 1", "writes", "of write 40"),
        ("INSERT INTO removed VALUES (1, 2)", "writes", "1 removed images are still there"),
        ("UPDATE product SET fields = '[1]' WHERE row = 1", "product \"a\"", "not a JSON object"),
        ("UPDATE product SET fields = '{\"title\": \"other\"}' WHERE row = 1", "words", "is due"),
        ("DELETE FROM product_text WHERE rowid = 2", "words", "is due"),
        ("DELETE FROM image WHERE key = 1", "vector row 1", "no row of image"),
        ("DELETE FROM product WHERE row = 3", "image row 3", "no row of product"),
        ("DELETE FROM product_text_data WHERE id > 10", "catalog.sqlite", ""),
    ];
    for (sql, subject, reason) in damages {
        let folder = tempfile::tempdir().unwrap();
        let path = catalog(folder.path());
        let connection = database(&path);
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        connection.execute(sql, ()).unwrap();
        connection.close().unwrap();
        let problems = EmbeddedStore::open(&path, Access::ReadOnly).unwrap().verify().unwrap();
        let found = problems
            .iter()
            .any(|p| format!("{} {}", p.subject, p.reason).contains(reason) && p.subject.contains(subject));
        assert!(found, "{sql}: {problems:#?}");
        assert!(
            problems.iter().all(|p| p.reason.contains("restore") || p.reason.contains("index its source"))
        );
    }
}

fn keys(store: &EmbeddedStore) -> Vec<ImageKey> {
    store.scan(None, usize::MAX).unwrap().iter().map(|image| image.key).collect()
}

fn found(store: &EmbeddedStore) -> Vec<ImageKey> {
    let mut found: Vec<_> =
        store.nearest_vectors(0, &[1.0; 4], usize::MAX).unwrap().into_iter().map(|(key, _)| key).collect();
    found.sort_unstable();
    found
}

#[test]
fn the_index_is_written_while_a_large_catalog_grows_and_what_is_removed_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = catalog(folder.path());
    let store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    let reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_eq!(found(&reader).len(), 3);
    let log_rows =
        || database(&path).query_row("SELECT count(*) FROM removed", (), |r| r.get::<_, i64>(0)).unwrap();
    let (mut snapshots, mut most_rows) = (0, 0);
    for round in 0..20 {
        // Each round replaces the images of the one before.
        let batch: Vec<Write> =
            (0..40).map(|n| product(&format!("p{n}"), &format!("round {round}"))).collect();
        store.apply(&batch).unwrap();
        most_rows = most_rows.max(log_rows());
        snapshots = std::fs::read_dir(path.join("index")).map_or(0, |entries| entries.count());
        // A reader that is asked seldom finds its place in the log gone, and is right all the same.
        if round % 9 == 8 {
            assert_eq!(found(&reader), keys(&store), "round {round}");
        }
    }
    assert_eq!(snapshots, 1, "the index was written before the catalog was closed");
    assert!(
        (100..700).contains(&most_rows) && log_rows() < 400,
        "{most_rows} rows at most, {} left",
        log_rows()
    );
    assert_eq!(found(&reader), keys(&store));
    assert_eq!(found(&store), keys(&store));
    assert_eq!(store.verify().unwrap(), []);
}

#[test]
fn an_index_that_cannot_be_written_costs_no_write_and_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = catalog(folder.path());
    std::fs::write(path.join("index"), "a file, where the folder should be").unwrap();
    let store = EmbeddedStore::open(&path, Access::ReadWrite).unwrap();
    for n in 0..700 {
        store.apply(&[product(&format!("p{n}"), "mug")]).unwrap();
    }
    assert_eq!(found(&store), keys(&store));
    let error = store.rebuild_index().unwrap_err().to_string();
    assert!(error.contains("cannot make the folder of index snapshot"), "{error}");
    drop(store);
    let reader = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
    assert_eq!(found(&reader), keys(&reader));
}

#[test]
fn a_reader_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = catalog(folder.path());
    let reader = connection::reader(&path.join("catalog.sqlite")).unwrap();
    let error = reader.execute("DELETE FROM product", ()).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(rusqlite::ffi::ErrorCode::ReadOnly));
}
