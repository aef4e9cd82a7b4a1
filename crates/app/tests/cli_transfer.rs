//! `lookalike export` and `lookalike import`: out of one catalog, into another, and what is said when that goes wrong.

mod cli_kit;

use cli_kit::{BINARY, Shop};
use serde_json::json;
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn a_catalog_goes_out_and_comes_in_as_it_was() {
    let shop = Shop::with_catalog(3);
    let out = shop.run(["export", "shop", "--to", "shop.jsonl"]);
    assert_eq!(out.is_done().stdout, "shop\n  products  3\n  photos    3\n  written   shop.jsonl\n");
    let lines = fs::read(shop.path("shop.jsonl")).unwrap();
    let brought = shop.run(["import", "copy", "shop.jsonl"]);
    let expected = "copy\n  photos    3 stored + 0 unchanged + 0 failed\n  products  3 stored + 0 unchanged + 0 failed\n";
    assert_eq!(brought.is_done().stdout, expected);
    shop.run(["export", "copy", "--to", "copy.jsonl"]).is_done();
    assert_eq!(fs::read(shop.path("copy.jsonl")).unwrap(), lines);
    let again = shop.run(["import", "copy", "shop.jsonl", "--json"]).is_done().json();
    let unchanged = json!({"stored": 0, "unchanged": 3, "failed": 0});
    assert_eq!(again, json!({"products": unchanged, "images": unchanged, "cancelled": false}));
    let found = shop.run(["search", "copy", "photos/p1.png", "--json"]).is_done().json();
    assert_eq!(found["results"][0]["product_id"], "p1");
    let left: Vec<_> = fs::read_dir(shop.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".partial")), "{left:?}");
}

#[test]
fn lines_go_through_pipes() {
    let shop = Shop::with_catalog(2);
    let out = shop.run(["export", "shop", "--to", "-"]);
    assert_eq!(out.is_done().stdout.lines().count(), 5);
    let mut import = Command::new(BINARY);
    import
        .args(["import", "copy", "-"])
        .current_dir(shop.root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut import = import.stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut import.stdin.take().unwrap(), out.stdout.as_bytes()).unwrap();
    assert!(import.wait_with_output().unwrap().status.success());
    assert_eq!(shop.run(["export", "copy", "--to", "-"]).stdout, out.stdout);
}

#[test]
fn vectors_go_out_with_their_ids() {
    let shop = Shop::with_catalog(3);
    let out = shop.run(["export", "shop", "--vectors", "v.npy", "--json"]).is_done().json();
    assert_eq!(out, json!({"products": 3, "images": 3, "files": ["v.npy", "v.ids.csv"]}));
    let matrix = fs::read(shop.path("v.npy")).unwrap();
    assert!(matrix.starts_with(b"\x93NUMPY\x01\x00"));
    let ids = fs::read_to_string(shop.path("v.ids.csv")).unwrap();
    // In the order they were stored, which several workers decide.
    let mut rows: Vec<&str> = ids.lines().collect();
    rows[1..].sort_unstable();
    assert_eq!(rows, ["product_id,image_id", "p0,p0.png", "p1,p1.png", "p2,p2.png"]);
    let unknown = shop.run(["export", "shop", "--vectors", "w.npy", "--encoder", "clip"]);
    assert!(unknown.error().starts_with("the catalog has no encoder \"clip\", it has "), "{unknown:?}");
    assert!(!shop.path("w.npy").exists() && !shop.path("w.npy.partial").exists());
}

#[test]
fn what_is_wrong_is_told_and_leaves_nothing_behind() {
    let shop = Shop::with_catalog(2);
    shop.run(["export", "shop", "--to", "shop.jsonl"]).is_done();
    let text = fs::read_to_string(shop.path("shop.jsonl")).unwrap();

    shop.write("list.csv", "id,image\n1,a.jpg\n");
    let refused = shop.run(["import", "new", "list.csv"]);
    let expected = "list.csv: line 1 is not JSON: expected value at column 1: what `lookalike export` writes was expected";
    assert_eq!(refused.error(), expected);
    assert_eq!(
        shop.run(["import", "new", "none.jsonl"]).error(),
        "cannot read none.jsonl: No such file or directory (os error 2)"
    );
    assert!(!shop.path("new").exists(), "no catalog is made for nothing");

    shop.write("other.jsonl", text.replace("\"digest\":\"", "\"digest\":\"x"));
    let other = shop.run(["import", "shop", "other.jsonl"]);
    assert!(other.error().contains("import into a new folder"), "{other:?}");

    shop.write("cut.jsonl", &text[..text.len() - 50]);
    let cut = shop.run(["import", "new", "cut.jsonl"]);
    assert_eq!(cut.has_failures().failed(), ["cut.jsonl line 5: is cut off: the file ends within it"]);
    assert!(cut.stdout.contains("1 stored + 0 unchanged + 1 failed"), "{cut:?}");

    let nowhere = shop.run(["export", "shop", "--to", "no/where.jsonl"]);
    assert_eq!(nowhere.error(), "cannot write no/where.jsonl: No such file or directory (os error 2)");
    assert_eq!(shop.run(["export", "shop", "--to", "photos"]).error(), "cannot write photos: it is a folder");
    shop.run(["export", "shop"]).usage();
    shop.run(["export", "shop", "--to", "a", "--vectors", "b"]).usage();
}
