//! A server whose catalog other processes change while it answers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod http_server;

use http_server::stock::{drawing, jpeg, photo};
use http_server::{IMAGES, Server};
use lookalike_engine::fetch::local::LocalReader;
use lookalike_engine::ingest::Ingest;
use lookalike_engine::source::{FolderOptions, FolderSource};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, Store};
use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId};
use lookalike_vision::look::Look;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// An encoder by its name, of the picture's mean colour.
struct Mean(EncoderId);

impl Mean {
    fn named(name: &str) -> Arc<dyn Encoder> {
        Arc::new(Self(EncoderId { name: name.into(), digest: "v1".into(), dimensions: 3 }))
    }
}

impl Encoder for Mean {
    fn id(&self) -> &EncoderId {
        &self.0
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let mean = |picture: &&Picture| {
            let mut sums = [1.0; 3];
            for pixel in picture.rgb().chunks_exact(3) {
                sums.iter_mut().zip(pixel).for_each(|(sum, level)| *sum += f32::from(*level));
            }
            sums.to_vec()
        };
        Ok(pictures.iter().map(mean).collect())
    }
}

fn encoders(answer: &Value) -> Vec<&str> {
    answer["encoders"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

/// Asks without a pause until `change` is through and the server has seen it; gives how many were answered. Every
/// one has to be.
fn asking_throughout(
    server: &Server,
    change: impl FnOnce() + Send,
    is_seen: impl Fn() -> bool + Send,
) -> usize {
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for asker in 0..3 {
            let (is_over, answered) = (&is_over, &answered);
            scope.spawn(move || {
                let picture = photo(asker + 1);
                while !is_over.load(Ordering::SeqCst) {
                    let found = server.post_form("/v1/search", &[("image", Some("a"), &picture)]).ok();
                    assert_eq!(found["results"][0]["product_id"], format!("p{}", asker + 1));
                    server.post_json("/v1/search", &json!({"text": "product"})).ok();
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let waited = scope.spawn(move || {
            change();
            while !is_seen() {
                thread::sleep(Duration::from_millis(20));
            }
            // And a little longer.
            thread::sleep(Duration::from_millis(300));
        });
        let waited = waited.join();
        is_over.store(true, Ordering::SeqCst);
        waited.unwrap();
    });
    answered.into_inner()
}

fn change_encoders(catalog: &Path, change: impl FnOnce(&mut EmbeddedStore)) {
    let mut store = EmbeddedStore::open(catalog, Access::ReadWrite).unwrap();
    change(&mut store);
}

#[test]
fn encoders_that_come_go_and_change_places_are_taken_over_without_a_failed_request() {
    let look: Arc<dyn Encoder> = Arc::new(Look::default());
    let server = Server::knowing(&[look, Mean::named("mean")], &[Mean::named("other")]);
    let catalog = server.folder.path().join("shop.lookalike");
    assert_eq!(encoders(&server.get("/v1/catalog").ok()), ["look-1", "mean"]);

    // Another becomes the primary one, the first is removed, and a new one is added.
    let answered = asking_throughout(
        &server,
        || {
            change_encoders(&catalog, |store| store.make_primary("mean").unwrap());
            thread::sleep(Duration::from_millis(1500));
            change_encoders(&catalog, |store| store.make_primary("look-1").unwrap());
            change_encoders(&catalog, |store| store.remove_encoder("mean").unwrap());
            change_encoders(&catalog, |store| {
                let other = Mean::named("other");
                store.begin_encoder(other.id()).unwrap();
                let lacking = store.lacking("other", None, usize::MAX).unwrap();
                let vectors: Vec<_> = lacking.iter().map(|image| (image.key, vec![1.0, 2.0, 3.0])).collect();
                store.put_vectors("other", &vectors).unwrap();
                store.finish_encoder("other").unwrap();
            });
        },
        || encoders(&server.get("/v1/catalog").ok()) == ["look-1", "other"],
    );
    println!("{answered} rounds of questions answered meanwhile");
    let by_other = json!({"image_id": IMAGES[1], "encoder": "other"});
    assert_eq!(server.post_json("/v1/search", &by_other).ok()["encoder"], "other");
    let by_gone = json!({"image_id": IMAGES[1], "encoder": "mean"});
    assert_eq!(server.post_json("/v1/search", &by_gone).problem(422).0, "unknown_encoder");
    // What is stored now has a vector of each.
    let body = jpeg(&drawing(50), 90);
    let put = server.send_form("PUT", "/v1/products/new", &[("image", Some("a.jpg"), &body)]);
    assert_eq!(put.status, 201, "{put:?}");
    let store = EmbeddedStore::open(&catalog, Access::ReadOnly).unwrap();
    assert_eq!(store.verify().unwrap(), []);
}

#[test]
fn a_change_that_finds_other_encoders_is_made_with_those() {
    let look: Arc<dyn Encoder> = Arc::new(Look::default());
    let server = Server::knowing(&[look, Mean::named("mean")], &[]);
    let catalog = server.folder.path().join("shop.lookalike");
    for n in 0..3 {
        // Before the server has looked.
        change_encoders(&catalog, |store| store.make_primary(["mean", "look-1"][n % 2]).unwrap());
        let body = jpeg(&drawing(60 + n), 90);
        let put =
            server.send_form("PUT", &format!("/v1/products/new-{n}"), &[("image", Some("a.jpg"), &body)]);
        assert_eq!(put.status, 201, "{put:?}");
        // The server rests before another process writes.
        while EmbeddedStore::open(&catalog, Access::ReadWrite).is_err() {
            thread::sleep(Duration::from_millis(50));
        }
    }
    let store = EmbeddedStore::open(&catalog, Access::ReadOnly).unwrap();
    assert_eq!((store.summary().unwrap().products, store.verify().unwrap()), (9, vec![]));
}

#[test]
fn a_catalog_that_is_put_in_the_place_of_another_is_served_without_a_failed_request() {
    let look: Arc<dyn Encoder> = Arc::new(Look::default());
    let server = Server::knowing(&[Arc::clone(&look)], &[]);
    let (folder, catalog) = (server.folder.path(), server.folder.path().join("shop.lookalike"));
    let answered = asking_throughout(
        &server,
        || {
            // All there was, and one more.
            let photos = folder.join("photos");
            std::fs::create_dir(&photos).unwrap();
            for n in 0..6 {
                std::fs::write(photos.join(format!("p{n}.jpg")), photo(n)).unwrap();
            }
            std::fs::write(photos.join("product-7.jpg"), jpeg(&drawing(7), 90)).unwrap();
            let next = folder.join("next.lookalike");
            let store = EmbeddedStore::create(&next, &[look.id().clone()]).unwrap();
            let source = FolderSource::open(&photos, FolderOptions::default()).unwrap();
            let stop = AtomicBool::new(false);
            Ingest::default()
                .run(&source, &store, &[look.as_ref()], &LocalReader, &mut |_| {}, &stop)
                .unwrap();
            drop(store);
            std::fs::rename(&catalog, folder.join("last.lookalike")).unwrap();
            std::fs::rename(&next, &catalog).unwrap();
        },
        || server.get("/readyz").ok()["products"] == 7,
    );
    println!("{answered} rounds of questions answered meanwhile");
    let found = server.post_form("/v1/search", &[("image", Some("a"), &jpeg(&drawing(7), 90))]).ok();
    assert_eq!(found["results"][0]["product_id"], "product-7");
    // Changes go to the new one.
    assert_eq!(
        server.send_json("PUT", "/v1/products/later", &json!({"fields": {"name": "later"}})).status,
        201
    );
    let store = EmbeddedStore::open(&catalog, Access::ReadOnly).unwrap();
    assert_eq!(store.summary().unwrap().products, 8);
}

#[test]
fn what_another_process_indexes_is_seen_at_once() {
    let look: Arc<dyn Encoder> = Arc::new(Look::default());
    let server = Server::knowing(&[Arc::clone(&look)], &[]);
    let photos = server.folder.path().join("photos");
    std::fs::create_dir(&photos).unwrap();
    std::fs::write(photos.join("new.jpg"), jpeg(&drawing(9), 90)).unwrap();
    let store = EmbeddedStore::open(&server.folder.path().join("shop.lookalike"), Access::ReadWrite).unwrap();
    let source = FolderSource::open(&photos, FolderOptions::default()).unwrap();
    let stop = AtomicBool::new(false);
    Ingest::default().run(&source, &store, &[look.as_ref()], &LocalReader, &mut |_| {}, &stop).unwrap();
    let found = server.post_form("/v1/search", &[("image", Some("a"), &jpeg(&drawing(9), 90))]).ok();
    assert_eq!(found["results"][0]["product_id"], "new");
}
