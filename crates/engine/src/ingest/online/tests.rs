//! Changes of a small catalog on disk, and what they leave there.

use super::*;
use crate::catalog::{Fields, ImageId, Location, ProductId};
use crate::fetch::uploads::Uploads;
use crate::store::embedded::{Access, EmbeddedStore};
use crate::store::{EncoderChanges, Fingerprint, KnownProduct, NewImage, Store};
use bytes::Bytes;
use lookalike_vision::decode::Limits;
use lookalike_vision::encoder::EncoderId;
use lookalike_vision::hash::{DHash, Hashes, PHash, Pdq, PdqHash};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

struct Scene {
    folder: tempfile::TempDir,
    store: Arc<EmbeddedStore>,
    committer: Committer,
}

fn encoder() -> EncoderId {
    EncoderId { name: "two".into(), digest: "1".into(), dimensions: 2 }
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        drop(EmbeddedStore::create(&folder.path().join("shop"), &[encoder()]).unwrap());
        Self::over(folder)
    }

    fn over(folder: tempfile::TempDir) -> Self {
        let place = folder.path().join("shop");
        let store = Arc::new(EmbeddedStore::open(&place, Access::Sharing).unwrap());
        let committer = Committer::new(Arc::clone(&store) as Arc<dyn Store>, Uploads::new(&place)).unwrap();
        Self { folder, store, committer }
    }

    /// Hands in all of `changes` at once; gives what became of each.
    fn change(&self, changes: Vec<Change>) -> Vec<Result<Changed, ChangeError>> {
        let told: Vec<_> = changes
            .into_iter()
            .map(|change| {
                let (tell, told) = mpsc::channel();
                self.committer.submit(change, move |result| tell.send(result).unwrap()).unwrap();
                told
            })
            .collect();
        told.into_iter().map(|told| told.recv().unwrap()).collect()
    }

    fn one(&self, change: Change) -> Result<Changed, ChangeError> {
        self.change(vec![change]).remove(0)
    }

    fn known(&self, product: &str) -> Option<KnownProduct> {
        self.store.known(&id(product)).unwrap()
    }

    /// The photos on disk.
    fn uploads(&self) -> Vec<[u8; 32]> {
        let mut kept = self.committer.uploads().digests().unwrap();
        kept.sort_unstable();
        kept
    }
}

fn id(product: &str) -> ProductId {
    ProductId::new(product).unwrap()
}

fn fields(value: serde_json::Value) -> Fields {
    value.as_object().unwrap().clone()
}

fn sha256(photo: &str) -> [u8; 32] {
    Sha256::digest(photo).into()
}

/// An uploaded photo; what it looks like does not matter here.
fn uploaded(name: &str, photo: &str) -> ImageChange {
    let image = NewImage {
        id: ImageId::new(name).unwrap(),
        location: Location::Uploaded(sha256(photo)),
        fingerprint: Fingerprint { bytes: photo.len() as u64, modified_ns: None, sha256: sha256(photo) },
        width: 3,
        height: 4,
        media_type: "image/png",
        hashes: Hashes {
            phash: PHash(1),
            phash_plain: PHash(2),
            dhash: DHash(3),
            pdq: Pdq { hash: PdqHash([4; 4]), quality: 100 },
        },
        vectors: vec![vec![1.0, 0.0]],
    };
    ImageChange::New { image: Box::new(image), bytes: Some(Bytes::from(photo.to_owned())), is_named: true }
}

fn put(product: &str, images: Vec<ImageChange>) -> Change {
    let kind = Kind::Put { fields: fields(json!({"name": product})), images };
    Change { product: id(product), kind, guard: None }
}

fn delete(product: &str) -> Change {
    Change { product: id(product), kind: Kind::Delete, guard: None }
}

#[test]
fn uploaded_photos_stay_as_long_as_a_product_shows_them() {
    let scene = Scene::new();
    let made = scene.one(put("a", vec![uploaded("1", "red"), uploaded("2", "blue")])).unwrap();
    assert!(made.created);
    assert_eq!(made.product, scene.known("a"));
    assert!(!scene.one(put("a", vec![uploaded("1", "red"), uploaded("2", "blue")])).unwrap().created);
    scene.one(put("b", vec![uploaded("3", "red")])).unwrap();
    let photo = scene.committer.uploads().get(&sha256("red"), &Limits::default()).unwrap();
    assert_eq!(photo, "red");
    assert_eq!(scene.uploads().len(), 2);

    // The order is the caller's, and a photo that is not listed goes.
    scene.one(put("a", vec![ImageChange::Stored(ImageId::new("2").unwrap())])).unwrap();
    assert_eq!(scene.known("a").unwrap().images.len(), 1);
    assert_eq!(scene.uploads().len(), 2, "b shows red");
    scene.one(delete("b")).unwrap();
    assert_eq!(scene.uploads(), [sha256("blue")]);
    scene.one(delete("a")).unwrap();
    assert_eq!(scene.uploads(), [[0; 32]; 0]);
    assert!(matches!(scene.one(delete("a")), Err(ChangeError::NoProduct(_))));
}

#[test]
fn a_patch_changes_what_it_names() {
    let scene = Scene::new();
    scene.one(put("a", vec![uploaded("1", "red")])).unwrap();
    let patch = |value, images| Change {
        product: id("a"),
        kind: Kind::Patch { fields: fields(value), images },
        guard: None,
    };
    let changed = scene.one(patch(json!({"price": 5, "name": null}), None)).unwrap();
    let product = changed.product.unwrap();
    assert_eq!((product.fields, product.images.len()), (fields(json!({"price": 5})), 1));
    let changed = scene.one(patch(json!({}), Some(vec![uploaded("2", "blue")]))).unwrap();
    assert_eq!(changed.product.unwrap().images[0].id.as_str(), "2");
    assert_eq!(scene.uploads(), [sha256("blue")]);
    let nowhere = Change { product: id("none"), ..patch(json!({"x": 1}), None) };
    assert!(matches!(scene.one(nowhere), Err(ChangeError::NoProduct(_))));
}

#[test]
fn what_cannot_be_stored_costs_itself_and_leaves_no_photo() {
    let scene = Scene::new();
    scene.one(put("a", vec![uploaded("shared", "red")])).unwrap();
    let mut nan = uploaded("nan", "green");
    if let ImageChange::New { image, .. } = &mut nan {
        image.vectors = vec![vec![f32::NAN, 0.0]];
    }
    let refused = Change { guard: Some(Box::new(|| false)), ..put("g", vec![uploaded("g", "grey")]) };
    let told = scene.change(vec![
        put("b", vec![uploaded("b", "blue")]),
        put("c", vec![nan]),
        put("d", vec![uploaded("shared", "other")]),
        put("e", vec![uploaded("e", "x"), uploaded("e", "y")]),
        put("f", vec![ImageChange::Stored(ImageId::new("b").unwrap())]),
        refused,
        put("h", vec![uploaded("shared", "red")]),
    ]);
    let [b, c, d, e, f, g, h] = &told[..] else { panic!("{told:?}") };
    assert!(b.is_ok() && h.is_ok(), "{told:?}");
    assert!(matches!(c, Err(ChangeError::Refused(_))), "{c:?}");
    assert!(matches!(d, Err(ChangeError::Taken { .. })), "{d:?}");
    assert!(matches!(e, Err(ChangeError::Repeated(_))), "{e:?}");
    assert!(matches!(f, Err(ChangeError::NoImage(_))), "{f:?}");
    assert!(matches!(g, Err(ChangeError::Guarded)), "{g:?}");
    let mut expected = [sha256("red"), sha256("blue")];
    expected.sort_unstable();
    assert_eq!(scene.uploads(), expected);
    assert!(["c", "d", "e", "f", "g"].iter().all(|product| scene.known(product).is_none()));
}

#[test]
fn changes_of_one_product_follow_each_other_and_a_guard_sees_what_came_before() {
    let scene = Scene::new();
    let seen = Arc::new(AtomicBool::new(false));
    let (store, note) = (Arc::clone(&scene.store), Arc::clone(&seen));
    let guard: Guard = Box::new(move || {
        note.store(store.known(&id("b")).unwrap().is_some(), Ordering::SeqCst);
        true
    });
    let patch = Kind::Patch { fields: fields(json!({"n": 2})), images: None };
    let told = scene.change(vec![
        put("a", vec![]),
        Change { product: id("a"), kind: patch, guard: None },
        put("b", vec![]),
        Change { guard: Some(guard), ..put("c", vec![]) },
        delete("b"),
    ]);
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert_eq!(scene.known("a").unwrap().fields, fields(json!({"name": "a", "n": 2})));
    assert!(seen.load(Ordering::SeqCst) && scene.known("b").is_none());
}

#[test]
fn another_process_has_its_turn_when_this_one_rests_and_is_waited_for() {
    let scene = Scene::new();
    scene.one(put("a", vec![])).unwrap();
    let place = scene.folder.path().join("shop");
    let other = loop {
        match EmbeddedStore::open(&place, Access::ReadWrite) {
            Ok(other) => break other,
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let (tell, told) = mpsc::channel();
    scene.committer.submit(put("b", vec![]), move |result| tell.send(result).unwrap()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    drop(other);
    told.recv().unwrap().unwrap();
    assert!(scene.known("b").is_some());
}

#[test]
fn a_catalog_with_other_encoders_takes_nothing_until_it_is_opened_again() {
    let scene = Scene::new();
    let place = scene.folder.path().join("shop");
    let mut other = EmbeddedStore::open(&place, Access::ReadWrite).unwrap();
    other.begin_encoder(&EncoderId { name: "three".into(), digest: "1".into(), dimensions: 3 }).unwrap();
    other.finish_encoder("three").unwrap();
    drop(other);
    assert!(!scene.store.is_current().unwrap());
    match scene.one(put("a", vec![])) {
        Err(ChangeError::Store(error)) => assert!(error.is_stale(), "{error}"),
        other => panic!("{other:?}"),
    }
    assert!(scene.known("a").is_none());
}

#[test]
fn photos_of_a_killed_process_are_gone_after_the_next_start() {
    let scene = Scene::new();
    scene.one(put("a", vec![uploaded("1", "red")])).unwrap();
    scene.committer.uploads().keep(&sha256("stray"), b"stray").unwrap();
    assert_eq!(scene.uploads().len(), 2);
    let Scene { folder, store, committer } = scene;
    drop((committer, store));
    let scene = Scene::over(folder);
    // Told after the sweep, which comes first.
    scene.one(put("b", vec![])).unwrap();
    assert_eq!(scene.uploads(), [sha256("red")]);
}

#[test]
fn a_merge_patch_does_what_its_rfc_says() {
    // RFC 7396, appendix A, those of objects.
    let cases = [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ];
    for (target, patch, expected) in cases {
        let mut merged = fields(target);
        merge_patch(&mut merged, fields(patch));
        assert_eq!(merged, fields(expected));
    }
}
