//! `kill -9` at random moments of an indexing run, or while an encoder is added, costs nothing that was written and
//! leaves nothing wrong.
//!
//! Indexes real photos where they are at hand, else pictures drawn here. `LOOKALIKE_KILLS` sets how many kills.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

use lookalike_engine::catalog::ProductId;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, Store, StoredImage, StoredProduct};
use lookalike_vision::encoder::EncoderId;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_lookalike");
const PHOTOS: usize = 400;

#[test]
fn killed_at_any_moment_a_catalog_opens_is_sound_and_ends_equal() {
    let kills: u32 = std::env::var("LOOKALIKE_KILLS")
        .map_or(12, |text| text.parse().expect("LOOKALIKE_KILLS is a number"));
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("photos");
    lay_out_photos(&photos);
    let whole = folder.path().join("whole.lookalike");
    let began = Instant::now();
    assert!(index(&whole, &photos).output().unwrap().status.success());
    let uninterrupted = began.elapsed();

    let mut catalog = folder.path().join("killed-0.lookalike");
    let mut dice = 0x5eed_u64;
    let mut interrupted = 0;
    for round in 0..kills {
        let mut run = index(&catalog, &photos).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // At most half of a whole run, so that a catalog is killed several times before it is complete.
        std::thread::sleep(uninterrupted.mul_f64((dice >> 40) as f64 / (1 << 25) as f64));
        run.kill().unwrap();
        let finished = run.wait().unwrap().success();
        interrupted += u32::from(!finished);
        // Killed before there was anything to open, the next run must make it.
        if catalog.join("catalog.sqlite").exists() {
            let verified = verify(&catalog);
            assert!(verified.status.success(), "round {round}: {verified:?}");
        }
        if finished {
            assert_eq!(content(&catalog), content(&whole), "round {round}");
            catalog = folder.path().join(format!("killed-{}.lookalike", round + 1));
        }
    }
    assert!(interrupted * 2 > kills, "only {interrupted} of {kills} kills came while the run was going on");
    let resumed = index(&catalog, &photos).output().unwrap();
    assert!(resumed.status.success(), "{resumed:?}");
    assert_eq!(content(&catalog), content(&whole));
    println!("{interrupted} of {kills} kills hit a running index");
}

#[test]
fn killed_while_an_encoder_is_added_a_catalog_is_sound_and_ends_equal() {
    let kills: u32 = std::env::var("LOOKALIKE_KILLS").map_or(12, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("photos");
    lay_out_photos(&photos);
    let (whole, catalog) = (folder.path().join("whole.lookalike"), folder.path().join("killed.lookalike"));
    assert!(index(&whole, &photos).output().unwrap().status.success());
    assert!(index(&catalog, &photos).output().unwrap().status.success());
    take_look_away(&catalog);
    let add = || {
        let mut command = Command::new(BINARY);
        command.args(["encoders", "add"]).arg(&catalog).arg("look-1");
        command
    };
    let (mut dice, mut interrupted) = (0xadd_u64, 0);
    for round in 0..kills {
        let mut run = add().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros(dice >> 44));
        run.kill().unwrap();
        interrupted += u32::from(!run.wait().unwrap().success());
        let verified = verify(&catalog);
        assert!(verified.status.success(), "round {round}: {verified:?}");
    }
    // It may have come to its end before the last kill; then there is nothing left to add.
    let ended = add().output().unwrap();
    let text = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() || text.contains("every vector of look-1 already"), "{text}");
    let mut store = EmbeddedStore::open(&catalog, Access::ReadWrite).unwrap();
    store.remove_encoder("stand-in").unwrap();
    drop(store);
    assert_eq!(content(&catalog), content(&whole));
    println!("{interrupted} of {kills} kills hit a running addition");
}

/// Leaves a catalog with vectors of another encoder, so that `look-1` can be added.
fn take_look_away(catalog: &Path) {
    let mut store = EmbeddedStore::open(catalog, Access::ReadWrite).unwrap();
    let stand_in = EncoderId { name: "stand-in".into(), digest: "1".into(), dimensions: 1 };
    store.begin_encoder(&stand_in).unwrap();
    let lacking = store.lacking("stand-in", None, usize::MAX).unwrap();
    let vectors: Vec<_> = lacking.iter().map(|image| (image.key, vec![1.0])).collect();
    store.put_vectors("stand-in", &vectors).unwrap();
    store.finish_encoder("stand-in").unwrap();
    store.remove_encoder("look-1").unwrap();
}

#[test]
fn interrupted_a_run_says_so_and_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("photos");
    lay_out_photos(&photos);
    let catalog = folder.path().join("shop.lookalike");
    let run =
        index(&catalog, &photos).arg("--json").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // The failures file is begun once the catalog is open, right before signals are listened to.
    while !catalog.join("failures.csv.partial").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(50));
    let interrupt = Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let first: serde_json::Value = serde_json::from_slice(&run.wait_with_output().unwrap().stdout).unwrap();
    let second = index(&catalog, &photos).arg("--json").output().unwrap();
    let second: serde_json::Value = serde_json::from_slice(&second.stdout).unwrap();
    let stored = |run: &serde_json::Value| run["images"]["new"].as_u64().unwrap();
    assert_eq!(stored(&first) + stored(&second), PHOTOS as u64);
    assert_eq!(second["images"]["unchanged"], first["images"]["new"]);
    assert_eq!(second["cancelled"], false);
}

fn index(catalog: &Path, photos: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("index").arg(catalog).arg(photos);
    command
}

fn verify(catalog: &Path) -> Output {
    Command::new(BINARY).arg("verify").arg(catalog).output().unwrap()
}

/// Everything in a catalog but the handles, which count attempts.
fn content(catalog: &Path) -> Vec<(StoredImage, Option<StoredProduct>)> {
    let store = EmbeddedStore::open(catalog, Access::ReadOnly).unwrap();
    let mut images = store.scan(None, 100_000).unwrap();
    images.sort_by(|a, b| (&a.product, &a.id).cmp(&(&b.product, &b.id)));
    let with_product = images.into_iter().map(|mut image| {
        image.key.0 = 0;
        let ids: [ProductId; 1] = [image.product.clone()];
        let mut product = store.products(&ids).unwrap().pop();
        product.iter_mut().for_each(|product| product.image_keys.clear());
        (image, product)
    });
    with_product.collect()
}

fn lay_out_photos(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    let shared = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/images/dev"));
    if shared.exists() {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(&shared).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths.iter().take(PHOTOS) {
            std::fs::copy(path, folder.join(path.file_name().unwrap())).unwrap();
        }
        return;
    }
    for number in 0..PHOTOS as u32 {
        let picture = image::RgbImage::from_fn(400, 300, |x, y| {
            let phase = f64::from(x * (number % 7 + 1) + y * (number / 7 + 1)) / 60.0;
            image::Rgb([(phase.sin() * 100.0 + 128.0) as u8, (x / 2) as u8 ^ number as u8, y as u8])
        });
        picture.save(folder.join(format!("photo-{number:03}.jpg"))).unwrap();
    }
}
