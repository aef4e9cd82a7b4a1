//! What a path can be when a catalog is to be made or opened in it, and what is said then.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what a scenario needs and does not get is its failure"
)]

mod store_fixture;

use lookalike_engine::store::embedded::{Access, EmbeddedError, EmbeddedStore};
use lookalike_engine::store::{Store, StoreError};
use lookalike_vision::encoder::EncoderId;
use std::fs;
use std::path::{Path, PathBuf};
use store_fixture::{encoder, one, product_id};

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A catalog of three products, closed.
fn catalog_in(folder: &Path) -> PathBuf {
    let path = folder.join("shop.lookalike");
    let encoders = [encoder(8)];
    let store = EmbeddedStore::create(&path, &encoders).unwrap();
    store.apply(&[one("a", 1, &encoders), one("b", 2, &encoders), one("c", 3, &encoders)]).unwrap();
    path
}

fn refusal(path: &Path, access: Access) -> String {
    match EmbeddedStore::open(path, access) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

/// Both ways of opening refuse with the same message, and leave the file as it was.
fn refused_untouched(path: &Path, database: &[u8], expected: &str) {
    fs::create_dir_all(path).unwrap();
    fs::write(path.join("catalog.sqlite"), database).unwrap();
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let message = refusal(path, access);
        assert!(message.contains(expected), "{access:?}: {message}");
        assert!(message.contains(&path.display().to_string()), "{message}");
    }
    assert_eq!(fs::read(path.join("catalog.sqlite")).unwrap(), database, "the file was changed");
    let error = EmbeddedStore::create(path, &[encoder(8)]).unwrap_err();
    assert!(matches!(error, EmbeddedError::AlreadyACatalog(_)), "{error}");
}

#[test]
fn a_catalog_is_made_written_closed_and_opened_again() {
    let folder = temporary();
    let path = catalog_in(folder.path());
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let store = EmbeddedStore::open(&path, access).unwrap();
        let summary = store.summary().unwrap();
        assert_eq!((summary.products, summary.images), (3, 3));
        assert_eq!(summary.encoders, [encoder(8)]);
        assert_eq!(summary.place, path.display().to_string());
        assert!(summary.bytes.unwrap() > 4096);
        assert_eq!(store.verify().unwrap(), []);
    }
}

#[test]
fn paths_that_are_no_catalog_are_named_with_the_cure() {
    let folder = temporary();
    let missing = folder.path().join("nothing.lookalike");
    assert!(
        refusal(&missing, Access::ReadOnly).contains("does not exist: make a catalog with `lookalike index")
    );

    let file = folder.path().join("file.lookalike");
    fs::write(&file, "text").unwrap();
    assert!(refusal(&file, Access::ReadWrite).contains("is a file, and a catalog is a folder"));
    assert!(matches!(EmbeddedStore::create(&file, &[encoder(8)]), Err(EmbeddedError::NotAFolder(_))));
    assert!(matches!(EmbeddedStore::open_or_create(&file, &[encoder(8)]), Err(EmbeddedError::NotAFolder(_))));

    let photos = folder.path().join("photos");
    fs::create_dir(&photos).unwrap();
    fs::write(photos.join("a.jpg"), "jpeg").unwrap();
    assert!(refusal(&photos, Access::ReadOnly).contains("holds no catalog.sqlite"));
    let error = EmbeddedStore::open_or_create(&photos, &[encoder(8)]).unwrap_err().to_string();
    assert!(error.contains("already holds other files (a.jpg)"), "{error}");
    assert_eq!(fs::read_dir(&photos).unwrap().count(), 1, "nothing was put beside the photos");
}

#[test]
fn a_database_that_is_not_a_catalogs_is_refused_and_left_alone() {
    let folder = temporary();
    refused_untouched(&folder.path().join("empty"), b"", "catalog.sqlite is empty");
    refused_untouched(
        &folder.path().join("text"),
        b"title,price\nmug,4\n".repeat(500).as_slice(),
        "not an SQLite",
    );
    refused_untouched(&folder.path().join("short"), b"SQLite format 3\0", "is not a catalog");

    let other = folder.path().join("other.sqlite");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection
        .execute_batch("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x');")
        .unwrap();
    connection.close().unwrap();
    refused_untouched(
        &folder.path().join("other"),
        &fs::read(other).unwrap(),
        "another application's database",
    );
}

#[test]
fn a_catalog_cut_short_or_overwritten_is_an_error_and_never_a_new_catalog() {
    let folder = temporary();
    let whole = fs::read(catalog_in(folder.path()).join("catalog.sqlite")).unwrap();
    for tenths in 1..10 {
        let path = folder.path().join(format!("cut-{tenths}"));
        let cut = &whole[..whole.len() * tenths / 10];
        refused_untouched(&path, cut, "damaged");
    }
    // Pages overwritten in the middle are found by reading, at the latest by verify; nothing panics.
    for page in 1..whole.len() / 8192 {
        let path = folder.path().join(format!("overwritten-{page}"));
        fs::create_dir(&path).unwrap();
        let mut database = whole.clone();
        database[page * 8192..(page + 1) * 8192].fill(0xa5);
        fs::write(path.join("catalog.sqlite"), &database).unwrap();
        let problems =
            EmbeddedStore::open(&path, Access::ReadOnly).map_err(StoreError::from).and_then(|store| {
                let _ = store.nearest_vectors(0, &[1.0; 8], 3);
                store.verify()
            });
        match problems {
            Ok(problems) => {
                assert!(!problems.is_empty(), "page {page} was overwritten and nothing was found")
            }
            Err(error) => assert!(error.to_string().contains("damaged"), "page {page}: {error}"),
        }
    }
}

#[test]
fn a_catalog_of_a_newer_program_is_refused_with_both_versions() {
    let folder = temporary();
    let path = catalog_in(folder.path());
    let connection = rusqlite::Connection::open(path.join("catalog.sqlite")).unwrap();
    connection.pragma_update(None, "user_version", 77).unwrap();
    connection.close().unwrap();
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let message = refusal(&path, access);
        assert!(message.contains("schema version 77 and this program knows versions up to 3"), "{message}");
        assert!(message.contains("use a newer lookalike"), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_an_error_that_names_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = temporary();
    let path = catalog_in(folder.path());
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    set(&path.join("catalog.sqlite"), 0o000);
    if fs::File::open(path.join("catalog.sqlite")).is_ok() {
        println!("skipped: this user may read everything, so no permission can be missing");
        return;
    }
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let message = refusal(&path, access);
        assert!(
            message.contains("catalog.sqlite") && message.contains("give this user the right"),
            "{message}"
        );
    }
    set(&path.join("catalog.sqlite"), 0o444);
    assert!(refusal(&path, Access::ReadWrite).contains("give this user the right"));
    set(&path, 0o000);
    assert!(refusal(&path, Access::ReadOnly).contains("give this user the right"));
    set(&path, 0o755);
}

#[test]
fn a_creation_that_was_killed_is_begun_again() {
    let folder = temporary();
    let path = folder.path().join("shop.lookalike");
    fs::create_dir(&path).unwrap();
    for leftover in ["writer.lock", "catalog.sqlite.new", "catalog.sqlite.new-journal"] {
        fs::write(path.join(leftover), "half").unwrap();
    }
    let store = EmbeddedStore::open_or_create(&path, &[encoder(8)]).unwrap();
    store.apply(&[one("a", 1, &[encoder(8)])]).unwrap();
    assert_eq!(store.verify().unwrap(), []);
    assert!(!path.join("catalog.sqlite.new").exists());
}

#[test]
fn encoders_must_make_sense_and_be_the_catalogs_own() {
    let folder = temporary();
    let path = catalog_in(folder.path());
    let other = EncoderId { digest: "2".into(), ..encoder(8) };
    let error = EmbeddedStore::open_or_create(&path, &[other]).unwrap_err().to_string();
    assert!(error.contains("digest 1") && error.contains("digest 2"), "{error}");

    let fresh = folder.path().join("fresh");
    let bad: [(&[EncoderId], &str); 4] = [
        (&[], "none"),
        (&[encoder(0)], "dimensions"),
        (&[encoder(1 << 20)], "dimensions"),
        (&[encoder(8), encoder(8)], "twice"),
    ];
    for (encoders, expected) in bad {
        let error = EmbeddedStore::create(&fresh, encoders).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!fresh.exists(), "a folder was made for {error}");
    }
}

#[cfg(unix)]
#[test]
fn a_catalogs_path_may_hold_anything_a_path_can() {
    use std::os::unix::ffi::OsStrExt;
    let folder = temporary();
    let encoders = [encoder(8)];
    for name in [&b"a b?mode=ro#%20.lookalike"[..], b"new\nline", b"not-utf8-\xff\xfe"] {
        let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
        let store = EmbeddedStore::create(&path, &encoders).unwrap();
        store.apply(&[one("a", 1, &encoders)]).unwrap();
        drop(store);
        let store = EmbeddedStore::open(&path, Access::ReadOnly).unwrap();
        assert!(store.known(&product_id("a")).unwrap().is_some());
    }
}
