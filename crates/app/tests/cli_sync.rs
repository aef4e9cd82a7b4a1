//! Keeping a catalog in step from the command line: `--delete-missing`, `--dry-run`, `--deadline`, `delete`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a failure is the answer"
)]

mod cli_kit;

use cli_kit::{BINARY, Ran, Shop, drawing, png};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

fn products(shop: &Shop) -> u64 {
    shop.run(["status", "shop", "--json"]).is_done().json()["products"].as_u64().unwrap()
}

/// New, changed, unchanged, removed, failed.
fn five(counts: &Value) -> [u64; 5] {
    ["new", "changed", "unchanged", "removed", "failed"].map(|name| counts[name].as_u64().unwrap())
}

#[test]
fn what_a_dry_run_says_the_run_does() {
    let shop = Shop::with_catalog(6);
    fs::remove_file(shop.path("photos/p0.png")).unwrap();
    shop.write("photos/p1.png", png(&drawing(71)));
    shop.write("photos/new.png", png(&drawing(72)));
    let index = |more: &[&str]| -> Ran { shop.run([&["index", "shop", "photos"], more].concat()) };
    let content = || {
        let mut files = shop.content("shop");
        // What SQLite keeps while a catalog is open.
        files.retain(|path, _| {
            !path.to_string_lossy().ends_with("-shm") && !path.to_string_lossy().ends_with("-wal")
        });
        files
    };
    let before = content();
    let dry = index(&["--dry-run", "--delete-missing"]);
    let text = &dry.is_done().stdout;
    assert!(text.contains("6 seen = 1 new + 1 to be read again + 4 unchanged + 0 failed"), "{text}");
    assert!(text.contains("6 seen = 1 new + 1 to be compared + 4 unchanged + 0 failed"), "{text}");
    assert!(text.contains("to be removed  1 products, 1 photos"), "{text}");
    assert!(text.contains("nothing: 2 photos would be read (--dry-run)"), "{text}");
    assert!(dry.stderr.contains("would be removed: p0"), "{dry:#?}");
    assert_eq!(content(), before, "not a byte is another");

    let told = index(&["--dry-run", "--delete-missing", "--json"]).is_done().json();
    let done = index(&["--delete-missing", "--json"]).is_done().json();
    for kind in ["images", "products"] {
        assert_eq!(five(&told[kind]), [1, 1, 4, 1, 0], "{kind}");
        assert_eq!(five(&done[kind]), [1, 1, 4, 1, 0], "{kind}");
    }
    assert_eq!((&told["dry_run"], &told["not_removed"]), (&json!(true), &Value::Null));
    assert_eq!(products(&shop), 6);
    // Of a catalog that is not there, everything is new, and it is not made.
    let new = shop.run(["index", "other", "photos", "--dry-run"]);
    assert!(new.is_done().stdout.contains("6 seen = 6 new"), "{new:#?}");
    assert!(!shop.path("other").exists());
}

#[test]
fn an_empty_or_broken_source_does_not_empty_the_catalog() {
    let shop = Shop::with_catalog(5);
    for n in 0..4 {
        fs::remove_file(shop.path(format!("photos/p{n}.png"))).unwrap();
    }
    let index = |more: &str| shop.run(["index", "shop", "photos", more]);
    let refused = index("--delete-missing");
    let said = "no product was removed: 4 of 5 products are missing in the source, more than half: see whether it is \
                whole, and if so say --delete-missing=all\n";
    assert!(refused.has_failures().stderr.ends_with(said), "{refused:#?}");
    assert_eq!(products(&shop), 5);
    index("--delete-missing=all").is_done();
    assert_eq!(products(&shop), 1);
    let wrong = index("--delete-missing=some");
    assert!(wrong.usage().starts_with("invalid value 'some' for '--delete-missing[=<WHICH>]'"), "{wrong:#?}");
    shop.run(["verify", "shop"]).is_done();
}

#[test]
fn products_are_deleted_by_id_and_unknown_ones_are_named() {
    let shop = Shop::with_catalog(8);
    let ran = shop.run(["delete", "shop", "p0", "p1", "p0", "nobody"]);
    assert!(ran.has_failures().stdout.contains("removed  2 products, 2 photos"), "{ran:#?}");
    assert_eq!(ran.failed(), ["\"nobody\": the catalog has no product of this id"]);
    shop.write("ids.txt", "\u{feff}p2\r\n\n p3\np4\n");
    let ran = shop.run(["delete", "shop", "--from", "ids.txt", "--json"]);
    assert_eq!(
        ran.has_failures().json(),
        json!({"removed": {"products": 2, "images": 2}, "unknown": [" p3"], "cancelled": false})
    );
    let mut command = Command::new(BINARY);
    command.args(["delete", "shop", "p5", "--from", "-"]).current_dir(shop.root());
    let mut run =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    run.stdin.take().unwrap().write_all(b"p6").unwrap();
    Ran::from(run.wait_with_output().unwrap()).is_done();
    assert_eq!(products(&shop), 2);
    shop.run(["verify", "shop"]).is_done();
    // What is deleted and still in the source comes back with its next run.
    let ran = shop.run(["index", "shop", "photos"]);
    assert_eq!(ran.is_done().photos(), [8, 6, 2, 0]);
}

#[test]
fn ids_that_cannot_be_read_leave_everything_as_it_was() {
    let shop = Shop::with_catalog(2);
    shop.write("latin.txt", b"p0\ncaf\xE9\n");
    shop.write("long.txt", [b"p0\n".as_slice(), &[b'x'; 70_000]].concat());
    let error = |file: &str| shop.run(["delete", "shop", "--from", file]).error().to_owned();
    assert!(
        error("latin.txt").ends_with("id 2 is not UTF-8: invalid utf-8 sequence of 1 bytes from index 3")
    );
    assert!(error("long.txt").contains("id 2 is longer than 65536 bytes"));
    assert!(error("none.txt").starts_with("cannot read none.txt"));
    assert_eq!(products(&shop), 2);
    let missing = shop.run(["delete", "shop"]);
    assert_eq!(missing.usage(), "the following required arguments were not provided:");
    let nowhere = shop.run(["delete", "nowhere", "p0"]);
    assert_eq!((nowhere.code, shop.path("nowhere").exists()), (Some(1), false));
}

#[test]
fn what_the_deadline_leaves_out_is_named_and_brought_by_the_next_run() {
    let shop = Shop::new();
    let rows: String = (0..500).map(|n| format!("p{n},photos/p{}.png\n", n % 5)).collect();
    shop.write("shop.csv", format!("id,image\n{rows}"));
    (0..5).for_each(|n| drop(shop.write(format!("photos/p{n}.png"), png(&drawing(n)))));
    // However quick the machine, a millisecond does not do for 500.
    let ran = shop.run(["index", "shop", "shop.csv", "--deadline", "1ms", "--json"]);
    assert_eq!(ran.code, Some(130), "{ran:#?}");
    let counts = ran.json();
    let not_reached = counts["images"]["not_reached"].as_u64().unwrap();
    assert!(not_reached > 0 && counts["cancelled"] == true);
    let named = shop.failures("shop/failures.csv");
    assert_eq!(named.len() as u64, not_reached);
    let reason = "was not reached before the deadline: run again to go on";
    assert!(named.iter().all(|row| row[1..] == ["deadline", reason]));
    let ran = shop.run(["index", "shop", "shop.csv"]);
    assert_eq!(ran.is_done().photos()[0], 500);
    assert_eq!(products(&shop), 500);
    assert!(!shop.path("shop/failures.csv").exists());
}
