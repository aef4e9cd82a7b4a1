//! Bad input on the command line: each gives one line with a name and a reason, none stops the run, nothing is lost.

mod cli_kit;

use cli_kit::{BINARY, Ran, Shop, drawing, fixture, jpeg, png, reads_everything};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Asserts that exactly these failed, on standard error and in the failures file alike: where, stage, reason.
#[track_caller]
fn assert_failures(shop: &Shop, ran: &Ran, failures_file: &str, expected: &[(&str, &str, &str)]) {
    ran.has_failures();
    let mut expected: Vec<[String; 3]> =
        expected.iter().map(|&(file, stage, reason)| [file, stage, reason].map(str::to_owned)).collect();
    let mut told = shop.failures(failures_file);
    let mut lines: Vec<String> = ran.failed().into_iter().map(str::to_owned).collect();
    let mut expected_lines: Vec<String> =
        expected.iter().map(|row| format!("{}: {}", row[0], row[2])).collect();
    expected.sort();
    told.sort();
    lines.sort();
    expected_lines.sort();
    assert_eq!(told, expected, "{failures_file}");
    assert_eq!(lines, expected_lines, "standard error");
    assert!(ran.stderr.ends_with(&format!("what failed is named in {failures_file}\n")), "{ran:#?}");
    assert_eq!(ran.photos()[3] as usize, expected.len());
}

#[test]
fn every_bad_photo_in_a_folder_is_named_with_its_reason_and_the_good_ones_are_stored() {
    let shop = Shop::new();
    let mut expected: BTreeMap<String, (&str, String)> = BTreeMap::new();
    let mut bad = |name: &str, stage: &'static str, reason: String| {
        expected.insert(shop.path("photos").join(name).to_str().unwrap().to_owned(), (stage, reason));
    };
    for (name, of) in [
        ("good.jpg", "jpeg_420.jpg"),
        ("animated.gif", "gif_animated.gif"),
        ("exif.jpg", "jpeg_bad_exif.jpg"),
    ] {
        shop.write(format!("photos/{name}"), fs::read(fixture("pictures").join(of)).unwrap());
    }
    shop.write("photos/line\nbreak.png", png(&drawing(0)));
    shop.write(Path::new("photos").join(OsStr::from_bytes(b"caf\xe9.png")), png(&drawing(1)));
    shop.write("photos/zero.jpg", b"");
    bad("zero.jpg", "decode", "is empty (0 bytes)".to_owned());
    shop.write("photos/note.png", b"a shopping list\n");
    bad("note.png", "decode", "is text, not a picture".to_owned());
    shop.write("photos/bad\nbreak.png", b"text");
    bad("bad\\nbreak.png", "decode", "is text, not a picture".to_owned());
    shop.write(Path::new("photos").join(OsStr::from_bytes(b"\xff.png")), b"text");
    bad("\\xFF.png", "decode", "is text, not a picture".to_owned());
    shop.write("photos/huge.png", fs::read(fixture("pictures/broken_png_60000.png")).unwrap());
    let huge = "declares 60000x60000 pixels, more than the limit of 100000000: raise --max-pixels";
    bad("huge.png", "decode", huge.to_owned());
    shop.write("photos/sum.png", fs::read(fixture("pictures/broken_png_crc.png")).unwrap());
    bad(
        "sum.png",
        "decode",
        "is a damaged PNG: CRC error: expected 0x1 have 0x5408a3f7 while decoding IDAT chunk".to_owned(),
    );
    fs::create_dir(shop.path("photos/x.jpg")).unwrap();
    bad(
        "x.jpg",
        "source",
        "is an empty folder with a picture's name: remove it, or put the picture in its place".to_owned(),
    );
    for (kind, extension, whole) in [("JPEG", "jpg", jpeg(&drawing(2), 90)), ("PNG", "png", png(&drawing(3)))]
    {
        for tenth in 1..10 {
            let cut = whole.len() * tenth / 10;
            shop.write(format!("photos/cut{tenth}.{extension}.{extension}"), &whole[..cut]);
            let reason =
                format!("is truncated: the {kind} data ends before the picture does ({cut} bytes are there)");
            bad(&format!("cut{tenth}.{extension}.{extension}"), "decode", reason);
        }
    }

    let ran = shop.run(["index", "shop", "photos"]);
    let expected: Vec<_> =
        expected.iter().map(|(file, (stage, reason))| (&**file, *stage, &**reason)).collect();
    assert_failures(&shop, &ran, "shop/failures.csv", &expected);
    assert_eq!(ran.photos()[..2], [5 + expected.len() as u64, 5]);
    assert_eq!(
        ran.stderr.lines().count(),
        expected.len() + 2,
        "the source, each failure, the failures file: {ran:#?}"
    );
    assert!(shop.run(["verify", "shop"]).is_done().stdout.starts_with("sound: 5 products, 5 images"));

    let again = shop.run(["index", "shop", "photos"]);
    assert_failures(&shop, &again, "shop/failures.csv", &expected);
    assert_eq!(again.photos()[1..3], [0, 5]);
    for (file, ..) in &expected {
        fs::remove_dir(file).or_else(|_| fs::remove_file(file.replace("\\n", "\n"))).ok();
    }
    fs::remove_file(shop.path("photos").join(OsStr::from_bytes(b"\xff.png"))).unwrap();
    shop.run(["index", "shop", "photos"]).is_done();
    assert!(!shop.path("shop/failures.csv").exists(), "nothing failed any more");
}

#[test]
fn what_is_no_source_is_an_error_and_makes_no_catalog() {
    let shop = Shop::new();
    fs::create_dir(shop.path("empty")).unwrap();
    shop.write("words/list.txt", b"words");
    shop.write("a.png", png(&drawing(0)));
    shop.write("empty.csv", b"");
    shop.write("prices.csv", b"name,price\nred,1\n");
    shop.write("list.json", b"[{\"id\": 1}]");
    let expected =
        "no picture in this folder (it is empty): expected JPEG, PNG, WebP, GIF, BMP or TIFF files";
    assert_eq!(shop.run(["index", "shop", "empty"]).error(), format!("empty: {expected}"));
    let error = shop.run(["index", "shop", "words"]);
    assert!(error.error().contains(
        "words: no picture in this folder (ignored 1 files that are no pictures by name (.txt 1))"
    ));
    let error = shop.run(["index", "shop", "nowhere"]);
    assert_eq!(error.error(), "cannot read nowhere: No such file or directory (os error 2)");
    let error = shop.run(["index", "shop", "a.png"]);
    assert_eq!(
        error.error(),
        "a.png: is one picture by its name: give the folder it is in, a CSV file or JSON lines"
    );
    let error = shop.run(["index", "shop", "empty.csv"]);
    assert_eq!(error.error(), "empty.csv: is empty: a header row with the columns' names was expected");
    let error = shop.run(["index", "shop", "prices.csv"]);
    assert_eq!(
        error.error(),
        "prices.csv: no column looks like a product's id: name it with `--map id=COLUMN`. There are: name, price"
    );
    let error = shop.run(["index", "shop", "prices.csv", "--map", "id=name,image=foto"]);
    assert_eq!(error.error(), "prices.csv: there is no column `foto`. There are: name, price");
    let error = shop.run(["index", "shop", "prices.csv", "--map", "id=nam,image=price"]);
    assert_eq!(
        error.error(),
        "prices.csv: there is no column `nam`; did you mean `name`? There are: name, price"
    );
    assert!(shop.run(["index", "shop", "list.json"]).error().starts_with("list.json: "));
    assert!(!shop.path("shop").exists());
}

#[test]
fn bad_rows_of_a_csv_cost_themselves_and_latin_1_is_read() {
    let shop = Shop::new();
    for n in 0..3 {
        shop.write(format!("p{n}.png"), png(&drawing(n)));
    }
    fs::create_dir(shop.path("x.jpg")).unwrap();
    let rows = [
        &b"\xef\xbb\xbfsku,photo,name\r\n"[..],
        b"a,p0.png,caf\xe9\r\n",
        b"b,p1.png,\"two\r\nlines\"\r\n",
        b"ragged,p1.png\r\n",
        b"a,p0.png,caf\xe9\r\n",
        b"gone,nowhere.png,x\r\n",
        b"folder,x.jpg,x\r\n",
        b",p2.png,no id\r\n",
        b"c,p2.png,last\r\n",
    ];
    shop.write("list.csv", rows.concat());
    let ran = shop.run(["index", "shop", "list.csv"]);
    let (gone, folder) = (shop.path("nowhere.png"), shop.path("x.jpg"));
    let expected = [
        ("list.csv line 5", "source", "has 2 cells where the header has 3"),
        ("list.csv line 6", "source", "is duplicated: line 2 names the same product and image (p0.png)"),
        ("list.csv line 9", "source", "has no product id: its column `sku` is empty"),
        (gone.to_str().unwrap(), "fetch", "does not exist"),
        (folder.to_str().unwrap(), "fetch", "is a folder, not a file"),
    ];
    assert_failures(&shop, &ran, "shop/failures.csv", &expected);
    assert_eq!(ran.photos(), [8, 3, 0, 5]);
    assert!(ran.stderr.contains("took column `sku` as the product's id and `photo` as its photos\n"));
    assert!(
        ran.stderr
            .contains("rows are not UTF-8 and were read as Windows-1252 (Latin-1), the first on line 2\n")
    );
    let found = shop.run(["search", "shop", "p0.png", "--json"]).is_done().json();
    assert_eq!(found["results"][0]["product_id"], "a");
    assert_eq!(found["results"][0]["fields"]["name"], "café");
}

#[test]
fn a_photo_that_may_not_be_read_is_named() {
    let shop = Shop::new();
    shop.write("photos/good.png", png(&drawing(0)));
    let secret = shop.write("photos/secret.png", png(&drawing(1)));
    fs::set_permissions(&secret, PermissionsExt::from_mode(0o000)).unwrap();
    let ran = if reads_everything(&secret) {
        // As root: again as somebody who may not, from where that one may run programs.
        let program = shop.path("lookalike");
        fs::copy(BINARY, &program).unwrap();
        for (folder, mode) in [("", 0o755), ("out", 0o777)] {
            fs::create_dir_all(shop.path(folder)).unwrap();
            fs::set_permissions(shop.path(folder), PermissionsExt::from_mode(mode)).unwrap();
        }
        let mut nobody = Command::new("setpriv");
        nobody.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(&program);
        match nobody.args(["index", "out/shop", "photos"]).current_dir(shop.root()).output() {
            Ok(output) if output.status.code() != Some(127) && output.status.code() != Some(126) => {
                Ran::from(output)
            }
            other => {
                return println!("skipped: this user reads everything and setpriv does not help: {other:?}");
            }
        }
    } else {
        fs::create_dir(shop.path("out")).unwrap();
        shop.run(["index", "out/shop", "photos"])
    };
    let expected = [(secret.to_str().unwrap(), "fetch", "may not be read: permission denied")];
    assert_failures(&shop, &ran, "out/shop/failures.csv", &expected);
    assert_eq!(ran.photos(), [2, 1, 0, 1]);
}

#[test]
fn photos_over_the_limits_given_are_refused_and_larger_limits_let_them_in() {
    let shop = Shop::new();
    shop.write("photos/a.png", png(&drawing(0)));
    let refused = shop.run(["index", "shop", "photos", "--max-pixels", "4799"]);
    let line = format!(
        "{}: declares 60x80 pixels, more than the limit of 4799: raise --max-pixels",
        shop.path("photos/a.png").display()
    );
    assert_eq!(refused.has_failures().failed(), [line]);
    shop.run(["index", "shop", "photos", "--max-pixels", "4800"]).is_done();
    let error = shop.run(["check", "shop", "photos/a.png", "--max-pixels", "4799"]);
    assert!(error.error().starts_with("photos/a.png: declares 60x80 pixels"));
    let error = shop.run(["search", "shop", "photos/a.png", "--max-bytes", "10"]);
    assert!(error.error().contains("bytes long, more than the"), "{error:?}");
    shop.run(["hash", "photos/a.png", "--max-pixels", "4799"]).has_failures();
}
