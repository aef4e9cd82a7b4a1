//! What `hash`, `search`, `check`, `status` and `verify` print, for programs and for people.

#![expect(clippy::unwrap_used, reason = "helpers of tests, where a failure is the answer")]

mod cli_kit;

use cli_kit::{Shop, drawing, fixture, jpeg, png};
use lookalike_vision::hash::PdqHash;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn hashes_are_those_of_the_reference_in_the_order_asked_for() {
    let shop = Shop::new();
    let entries: Value = serde_json::from_slice(&fs::read(fixture("hashes.json")).unwrap()).unwrap();
    let entries = entries.as_array().unwrap();
    let files = entries.iter().map(|entry| fixture("hashes").join(entry["file"].as_str().unwrap()));
    let files: Vec<String> = files.map(|path| path.to_str().unwrap().to_owned()).collect();
    let hashed = shop.run(["hash", "--json"].into_iter().chain(files.iter().map(String::as_str)));
    assert_eq!(hashed.is_done().stderr, "");
    let hashed = hashed.json();
    assert_eq!(hashed.as_array().unwrap().len(), entries.len());
    for ((ours, expected), file) in hashed.as_array().unwrap().iter().zip(entries).zip(&files) {
        assert_eq!(keys(ours), ["file", "phash", "phash_plain", "dhash", "pdq", "pdq_quality"]);
        assert_eq!(ours["file"], **file);
        for key in ["phash", "phash_plain", "dhash", "pdq_quality"] {
            assert_eq!(ours[key], expected[key], "{file}, {key}");
        }
        let [ours, expected, undecided] = [&ours["pdq"], &expected["pdq"], &expected["pdq_undecided"]]
            .map(|hash| hash.as_str().unwrap().parse::<PdqHash>().unwrap());
        let wrong = [0, 1, 2, 3].map(|n| (ours.0[n] ^ expected.0[n]) & !undecided.0[n]);
        assert_eq!(wrong, [0; 4], "{file}");
    }
}

#[test]
fn files_that_cannot_be_hashed_keep_their_place() {
    let shop = Shop::new();
    shop.write("good.png", png(&drawing(0)));
    shop.write("bad\nname.png", b"text");
    fs::create_dir(shop.path("folder.png")).unwrap();
    shop.write(OsStr::from_bytes(b"\xe9.png"), b"");
    let files = ["nowhere.png", "good.png", "bad\nname.png", "folder.png"];
    let files: Vec<&OsStr> =
        files.map(OsStr::new).into_iter().chain([OsStr::from_bytes(b"\xe9.png")]).collect();

    let ran = shop.run([OsStr::new("hash"), OsStr::new("--json")].iter().chain(&files));
    let hashed = ran.has_failures().json();
    assert_eq!(hashed[0], json!({"file": "nowhere.png", "error": "does not exist"}));
    assert_eq!(hashed[1]["file"], "good.png");
    assert_eq!(hashed[2], json!({"file": "bad\nname.png", "error": "is text, not a picture"}));
    assert_eq!(hashed[3], json!({"file": "folder.png", "error": "is a folder, not a file"}));
    assert_eq!(hashed[4], json!({"file": "\\xE9.png", "error": "is empty (0 bytes)"}));

    let ran = shop.run([OsStr::new("hash")].iter().chain(&files));
    let expected = "nowhere.png: does not exist\nbad\\nname.png: is text, not a picture\n\
                    folder.png: is a folder, not a file\n\\xE9.png: is empty (0 bytes)\n";
    assert_eq!(ran.has_failures().stderr, expected);
    let phash = hashed[1]["phash"].as_str().unwrap();
    assert!(ran.stdout.starts_with(&format!("good.png\n  phash         {phash}\n")), "{ran:#?}");
}

#[test]
fn search_and_check_answer_in_one_shape() {
    let shop = Shop::with_catalog(5);
    shop.write("copy.jpg", jpeg(&drawing(3), 60));
    let found = shop.run(["search", "shop", "copy.jpg", "--json", "--top", "2"]).is_done().json();
    assert_eq!(keys(&found), ["results", "encoder", "took_ms"]);
    let results = found["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    let first = &results[0];
    let expected =
        ["product_id", "image_id", "match_percent", "score", "class", "fields", "image_url", "evidence"];
    assert_eq!(keys(first), expected);
    assert_eq!([&first["product_id"], &first["image_id"]], ["p3", "p3.png"]);
    assert_eq!(first["image_url"], "/v1/images/p3.png");
    let scores: Vec<f64> = results.iter().map(|one| one["score"].as_f64().unwrap()).collect();
    assert!(scores[0] > scores[1] && scores[0] <= 1.0, "{scores:?}");
    let evidence = [
        "same_bytes",
        "phash_bits",
        "pdq_bits",
        "pdq_quality",
        "orientation",
        "cosine",
        "likeness",
        "region",
        "region_cosine",
    ];
    assert_eq!(keys(&first["evidence"]), evidence);
    assert_eq!(first["evidence"]["same_bytes"], false);

    let checked = shop.run(["check", "shop", "photos/p1.png", "--json"]).is_done().json();
    assert_eq!(keys(&checked), ["verdict", "matches", "encoder", "took_ms"]);
    let first = &checked["matches"][0];
    assert_eq!((&checked["verdict"], &first["class"]), (&json!("identical"), &json!("identical")));
    assert_eq!((&first["product_id"], &first["match_percent"]), (&json!("p1"), &json!(100.0)));
    assert!(first["evidence"]["cosine"].as_f64().unwrap() <= 1.0);

    let table = shop.run(["check", "shop", "photos/p1.png", "--top", "1"]);
    let expected = "identical: this photo is already in the catalog\n\
                    match    class      product  image   name\n\
                    100.0 %  identical  p1       p1.png\n";
    assert_eq!(table.is_done().stdout, expected);
}

#[test]
fn a_stored_photo_is_looked_for_by_its_id() {
    let shop = Shop::with_catalog(3);
    let found = shop.run(["search", "shop", "--id", "p2.png", "--json"]).is_done().json();
    assert_eq!(found["results"][0]["image_id"], "p2.png");
    let nothing = shop.run(["search", "shop", "--id", "photos/p2.png"]);
    let expected =
        "photos/p2.png: the catalog has no image of this id (for a photo from disk, leave out --id)";
    assert_eq!(nothing.error(), expected);
    assert!(shop.run(["check", "shop", "--id", ""]).error().contains("id"));
    let none = shop.run(["search", "shop", "--id", "p2.png", "--min-percent", "100", "--mode", "duplicate"]);
    assert!(none.is_done().stdout.lines().count() <= 2, "itself at most: {none:#?}");
}

#[test]
fn a_query_that_is_no_photo_is_told_by_name() {
    let shop = Shop::with_catalog(1);
    shop.write("note.png", b"a shopping list");
    for command in ["search", "check"] {
        let error = |query: &str| shop.run([command, "shop", query]).error().to_owned();
        assert_eq!(error("note.png"), "note.png: is text, not a picture");
        assert_eq!(error("nowhere.png"), "nowhere.png: does not exist");
        assert_eq!(error("photos"), "photos: is a folder, not a file");
        let huge = fixture("pictures/broken_png_60000.png");
        assert!(
            error(huge.to_str().unwrap()).contains("declares 60000x60000 pixels, more than the limit of")
        );
    }
}

#[test]
fn a_private_address_is_fetched_only_when_allowed() {
    let shop = Shop::with_catalog(2);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let photos = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut request = [0; 2048];
            let length = socket.read(&mut request).unwrap();
            let found = request[..length].starts_with(b"GET /p1.jpg ");
            let (status, body) =
                if found { ("200 OK", jpeg(&drawing(1), 80)) } else { ("404 Not Found", vec![]) };
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            socket.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        }
    });
    let (photo, missing) = (format!("{photos}/p1.jpg"), format!("{photos}/p9.jpg"));
    let refused = shop.run(["search", "shop", &photo]);
    let reason = "is not fetched: 127.0.0.1 is a loopback address";
    assert!(refused.error().starts_with(&format!("{photo}: {reason}")), "named once: {refused:#?}");
    assert!(refused.error().ends_with("--allow-private-urls"));
    let found = shop.run(["search", "shop", &photo, "--allow-private-urls", "--json"]).is_done().json();
    assert_eq!(found["results"][0]["product_id"], "p1");
    let gone = shop.run(["check", "shop", &missing, "--allow-private-urls"]);
    assert_eq!(gone.error(), format!("{missing}: does not exist"));
}

#[test]
fn status_and_verify_answer_for_programs_and_for_people() {
    let shop = Shop::with_catalog(3);
    let status = shop.run(["status", "shop", "--json"]).is_done().json();
    assert_eq!(keys(&status), ["catalog", "products", "images", "encoders", "kept_photos", "bytes"]);
    assert_eq!([&status["products"], &status["images"]], [3, 3]);
    assert_eq!(keys(&status["encoders"][0]), ["name", "dimensions", "digest", "state", "text"]);
    let table = shop.run(["status", "shop"]);
    assert!(
        table.is_done().stdout.starts_with("shop\n  products  3\n  images    3\n  encoders  look-1 ("),
        "{table:#?}"
    );
    let sound = shop.run(["verify", "shop", "--json"]).is_done().json();
    assert_eq!(sound, json!({"sound": true, "problems": []}));
    assert_eq!(shop.run(["verify", "shop"]).is_done().stdout, "sound: 3 products, 3 images\n");
}

#[test]
fn a_catalog_is_measured_by_edited_copies_of_its_photos() {
    let shop = Shop::with_catalog(3);
    // Given three photos, two of which are edited in every way,
    let evaluate = ["evaluate", "shop", "--trials", "2", "--seed", "5", "--threads", "2", "--json"];
    let measured = shop.run(evaluate).is_done().json();
    // then every answerer has its figures, in all and for each edit,
    let answerers = measured["suite"]["answerers"].as_array().unwrap();
    let names: Vec<_> = answerers.iter().map(|row| row["answered_by"].as_str().unwrap()).collect();
    assert_eq!(names[2..], ["PDQ", "pHash", "check"]);
    assert!(names[1].starts_with(names[0]) && names[1].ends_with(", regions, background"), "{names:?}");
    for row in answerers {
        assert_eq!(row["all"]["queries"], 44, "{row}");
        assert_eq!(row["edits"].as_object().unwrap().len(), 22);
        assert_eq!(row["edits"]["collage"]["queries"], 2);
        assert!((0.0..=1.0).contains(&row["all"]["r1"].as_f64().unwrap()), "{row}");
    }
    assert_eq!(measured["themselves"]["trials"], 3);
    // and the same seed measures the same on any number of threads.
    let again = ["evaluate", "shop", "--trials", "2", "--seed", "5", "--threads", "1", "--json"];
    assert_eq!(shop.run(again).is_done().json(), measured);
    let markdown = shop.run(["evaluate", "shop", "--trials", "1", "--markdown"]);
    let tables = &markdown.is_done().stdout;
    assert!(tables.starts_with("| answered by | queries | R@1 | recall at 99 % precision |"), "{tables}");
    assert!(tables.contains("\n| collage | check | 1 | "), "{tables}");

    // The evidence is a row for each candidate of each query.
    shop.run(["evaluate", "shop", "--trials", "1", "--evidence", "evidence.csv"]).is_done();
    let evidence = std::fs::read_to_string(shop.path("evidence.csv")).unwrap();
    assert!(
        evidence.starts_with("query,edit,right,unrelated,unlike,background,grey,near,cosine,"),
        "{evidence}"
    );
    assert_eq!(evidence.lines().filter(|row| row.starts_with("21,collage,1,")).count(), 1, "{evidence}");

    let missing = shop.run(["evaluate", "shop", "--trials", "1", "--tiles", "nowhere.tar"]);
    assert!(missing.error().contains("cannot read nowhere.tar"), "{missing:#?}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let shop = Shop::with_catalog(2);
    let commands: [&[&str]; 11] = [
        &["hash", "photos/p0.png", "photos/p1.png"],
        &["hash", "--json", "photos/p0.png"],
        &["search", "shop", "photos/p0.png"],
        &["search", "shop", "photos/p0.png", "--json"],
        &["check", "shop", "photos/p0.png"],
        &["status", "shop"],
        &["status", "shop", "--json"],
        &["verify", "shop"],
        &["evaluate", "shop", "--trials", "1"],
        &["--help"],
        &["--version"],
    ];
    for command in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = shop.command(command).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((ran.status.code(), &*ran.stderr), (Some(0), &b""[..]), "{command:?}");
    }
}

#[test]
fn with_nobody_to_read_errors_the_exit_code_still_tells() {
    let shop = Shop::with_catalog(1);
    shop.write("photos/bad.png", b"text");
    for command in [&["hash", "photos/bad.png", "photos/p0.png"][..], &["index", "shop", "photos"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = shop.command(command).stderr(writer).stdout(Stdio::piped()).output().unwrap();
        assert_eq!(ran.status.code(), Some(3), "{command:?}");
        assert!(!ran.stdout.is_empty());
    }
}
