//! Catalog folders that are none, damaged, too new or in use: a clear error, and nothing in them is touched.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a failure is the answer")]

mod cli_kit;

use cli_kit::{Shop, drawing, png};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;

/// Every command that opens a catalog, on `shop`.
const COMMANDS: [&[&str]; 6] = [
    &["index", "shop", "photos"],
    &["search", "shop", "photos/p0.png"],
    &["check", "shop", "photos/p0.png"],
    &["status", "shop"],
    &["verify", "shop"],
    &["evaluate", "shop"],
];

/// The content of `shop` but for what opening leaves: the lock with the last opener's pid, and SQLite's empty log.
fn data(shop: &Shop) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = shop.content("shop");
    files.retain(|path, bytes| match path.file_name().and_then(|name| name.to_str()) {
        Some("writer.lock" | "catalog.sqlite-shm") => false,
        Some("catalog.sqlite-wal") => !bytes.is_empty(),
        _ => true,
    });
    files
}

/// Asserts that each command says in one line why it does not touch `shop`, and does not.
#[track_caller]
fn assert_refused(shop: &Shop, commands: &[&[&str]], reason: &str) {
    let before = data(shop);
    for command in commands {
        let ran = shop.run(*command);
        assert!(ran.error().contains(reason), "{command:?}: {ran:#?}");
        let after = data(shop);
        assert!(before == after, "{command:?} changed {:?} to {:?}", before.keys(), after.keys());
    }
}

#[test]
fn a_folder_that_is_no_catalog_is_named_and_left_alone() {
    let shop = Shop::new();
    shop.write("photos/p0.png", png(&drawing(0)));
    for command in &COMMANDS[1..] {
        assert_eq!(
            shop.run(*command).error(),
            "shop does not exist: make a catalog with `lookalike index shop SOURCE`"
        );
    }
    shop.write("shop/letter.txt", b"not for you");
    assert_refused(&shop, &COMMANDS[1..], "shop is not a catalog: it holds no catalog.sqlite");
    assert_refused(
        &shop,
        &COMMANDS[..1],
        "shop already holds other files (letter.txt): give a new or an empty folder",
    );
    shop.write("shop/catalog.sqlite", b"something else than a database");
    assert_refused(&shop, &COMMANDS, "its catalog.sqlite is not an SQLite database");
    shop.write("shop/catalog.sqlite", b"");
    assert_refused(&shop, &COMMANDS, "its catalog.sqlite is empty");
    fs::remove_dir_all(shop.path("shop")).unwrap();
    fs::write(shop.path("shop"), b"a file").unwrap();
    for command in COMMANDS {
        let ran = shop.run(command);
        assert!(ran.error().starts_with("shop is "), "{ran:#?}");
        assert_eq!(fs::read(shop.path("shop")).unwrap(), b"a file");
    }
    let engine = shop.run(["status", "opensearch+https://host:9200/shop"]);
    assert!(engine.error().contains("this build keeps catalogs in folders"), "{engine:#?}");
}

#[test]
fn a_catalog_cut_short_is_never_taken_for_an_empty_one() {
    let shop = Shop::with_catalog(4);
    let database = shop.path("shop/catalog.sqlite");
    let whole = fs::read(&database).unwrap();
    for share in [2, 5, 8] {
        fs::write(&database, &whole[..whole.len() * share / 10]).unwrap();
        assert_refused(&shop, &COMMANDS, "the catalog shop is damaged");
    }
    fs::write(&database, &whole).unwrap();
    shop.run(["verify", "shop"]).is_done();
}

#[test]
fn a_catalog_of_a_newer_program_is_left_alone() {
    let shop = Shop::with_catalog(1);
    let database = shop.path("shop/catalog.sqlite");
    let mut bytes = fs::read(&database).unwrap();
    // SQLite keeps its `user_version`, here the schema's, in bytes 60 to 63: https://www.sqlite.org/fileformat.html
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&database, &bytes).unwrap();
    assert_refused(&shop, &COMMANDS, "99");
    assert!(shop.run(["status", "shop"]).error().contains("newer"));
}

#[test]
fn while_somebody_writes_a_second_writer_is_told_who_and_readers_read() {
    let shop = Shop::with_catalog(2);
    let held = EmbeddedStore::open(&shop.path("shop"), Access::ReadWrite).unwrap();
    let second = shop.run(["index", "shop", "photos"]);
    let pid = std::process::id();
    assert_eq!(
        second.error(),
        format!(
            "shop is open for writing by another process (pid {pid}): wait for it or stop it; reading is possible \
             meanwhile"
        )
    );
    assert!(!shop.path("shop/failures.csv.partial").exists());
    let found = shop.run(["search", "shop", "photos/p1.png", "--json"]).is_done().json();
    assert_eq!(found["results"][0]["product_id"], "p1");
    for command in &COMMANDS[1..5] {
        shop.run(*command).is_done();
    }
    drop(held);
    shop.run(["index", "shop", "photos"]).is_done();
}

/// Takes a request for a photo, to be answered when the test is ready.
fn request(listener: &TcpListener) -> TcpStream {
    let (mut socket, _) = listener.accept().unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    socket
}

#[test]
fn of_two_runs_at_once_the_second_names_the_first_and_two_catalogs_do_not_meet() {
    let shop = Shop::with_catalog(2);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    shop.write("web.csv", format!("id,image\nweb,http://{address}/photo.png\n"));
    let mut command = shop.command(["index", "shop", "web.csv", "--allow-private-urls"]);
    let first = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It has asked for its photo and waits for it, in the midst of its run.
    let mut asked = request(&listener);

    let second = shop.run(["index", "shop", "photos"]);
    let holder = format!("shop is open for writing by another process (pid {})", first.id());
    assert!(second.error().starts_with(&holder), "{second:#?}");
    let found = shop.run(["search", "shop", "photos/p0.png", "--json"]).is_done().json();
    assert_eq!(found["results"][0]["product_id"], "p0");
    let other = shop.run(["index", "other", "photos"]);
    assert_eq!(other.is_done().photos(), [2, 2, 0, 0]);

    let photo = png(&drawing(7));
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", photo.len());
    asked.write_all(&[head.as_bytes(), &photo].concat()).unwrap();
    drop(asked);
    let first = cli_kit::Ran::from(first.wait_with_output().unwrap());
    assert_eq!(first.is_done().photos(), [1, 1, 0, 0]);
    let counted = shop.run(["verify", "shop"]);
    assert_eq!(counted.is_done().stdout, "sound: 3 products, 3 images\n");
}
