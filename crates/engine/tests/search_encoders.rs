//! Searching a catalog that has several encoders, and by words.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what a scenario needs and does not get is its failure"
)]

mod store_fixture;

use lookalike_engine::search::{
    Class, EncoderSource, EncoderUnavailable, MatchedBy, Mode, Request, SearchError, Searcher, TextAnswer,
    TextEvidence, TextRequest,
};
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use lookalike_engine::store::{EncoderChanges, NewImage, Store, Write};
use lookalike_vision::Picture;
use lookalike_vision::encoder::{EncodeError, Encoder, EncoderId, TextEncoder, TextVector};
use lookalike_vision::hash::Hashes;
use lookalike_vision::look::Look;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store_fixture::{image, put};

/// Words and colours in one space: red, green, blue and what all photos share.
struct ColourWords(EncoderId);

impl ColourWords {
    fn new() -> Self {
        Self(EncoderId { name: "colour-words".into(), digest: "v1".into(), dimensions: 4 })
    }

    fn vector(colour: [f32; 3], shared: f32) -> Vec<f32> {
        let raw = [colour[0], colour[1], colour[2], shared];
        let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
        raw.iter().map(|x| x / length).collect()
    }
}

impl Encoder for ColourWords {
    fn id(&self) -> &EncoderId {
        &self.0
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let first = |p: &&Picture| [0, 1, 2].map(|channel| f32::from(p.rgb()[channel]) / 255.0);
        Ok(pictures.iter().map(|picture| Self::vector(first(picture), 1.0)).collect())
    }

    fn text(&self) -> Option<&dyn TextEncoder> {
        Some(self)
    }
}

impl TextEncoder for ColourWords {
    fn encode_text(&self, texts: &[&str]) -> Result<Vec<TextVector>, EncodeError> {
        let vector = |text: &&str| {
            let has = |word| if text.contains(word) { 1.0 } else { 0.0 };
            let vector = Self::vector(["red", "green", "blue"].map(has), 0.1);
            TextVector { vector, truncated: text.len() > 40 }
        };
        Ok(texts.iter().map(vector).collect())
    }
}

/// Both encoders, and how often one was loaded.
#[derive(Default)]
struct Models {
    loads: AtomicUsize,
    lacks: Option<&'static str>,
    other_weights: bool,
}

impl EncoderSource for Models {
    fn load(&self, name: &str) -> Result<Arc<dyn Encoder>, EncoderUnavailable> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        match name {
            _ if self.lacks == Some(name) => Err(EncoderUnavailable(format!("no model {name}"))),
            "colour-words" if self.other_weights => {
                let id = EncoderId { digest: "v2".into(), ..ColourWords::new().0 };
                Ok(Arc::new(ColourWords(id)))
            }
            "colour-words" => Ok(Arc::new(ColourWords::new())),
            _ => Ok(Arc::new(Look::default())),
        }
    }

    fn reads_text(&self, name: &str) -> bool {
        name == "colour-words"
    }
}

fn plain(colour: [u8; 3]) -> Picture {
    Picture::new(40, 40, colour.repeat(1600), None).unwrap()
}

fn colour(n: u64) -> [u8; 3] {
    match n {
        0 => [250, 5, 5],
        1 => [5, 250, 5],
        2 => [5, 5, 250],
        n => [100 + n as u8, 110, 120 - n as u8],
    }
}

fn photo(n: u64, encoders: &[&dyn Encoder]) -> NewImage {
    let picture = plain(colour(n));
    let vectors = encoders.iter().map(|encoder| encoder.encode(&[&picture]).unwrap().remove(0)).collect();
    NewImage { hashes: Hashes::of(&picture), vectors, ..image(&format!("{n}.png"), n, &[]) }
}

/// Twelve mugs, the first three red, green and blue; encoders look-1 and colour-words.
fn catalog(folder: &Path) -> Arc<EmbeddedStore> {
    let (look, words) = (Look::default(), ColourWords::new());
    let path = folder.join("shop.lookalike");
    let store = EmbeddedStore::create(&path, &[look.id().clone(), words.id().clone()]).unwrap();
    let names = ["crimson mug", "emerald mug", "navy mug"];
    let batch: Vec<Write> = (0..12)
        .map(|n| {
            let name = names.get(n as usize).copied().unwrap_or("grey jar");
            put(&format!("p{n}"), name, vec![photo(n, &[&look, &words])])
        })
        .collect();
    store.apply(&batch).unwrap();
    Arc::new(store)
}

fn searcher(store: &Arc<EmbeddedStore>, models: Models) -> Searcher {
    Searcher::with_encoders(Arc::clone(store) as Arc<dyn Store>, Arc::new(models))
}

fn ask(searcher: &Searcher, text: &str, encoder: Option<&str>) -> Result<TextAnswer, SearchError> {
    let encoder = encoder.map(str::to_owned);
    searcher.search_text(&TextRequest {
        text: text.to_owned(),
        encoder,
        top: 3,
        min_percent: 0.0,
        filter: None,
    })
}

#[test]
fn a_question_is_compared_by_the_encoder_it_names_and_by_the_primary_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = catalog(folder.path());
    let searcher = searcher(&store, Models::default());
    let picture = plain([255, 0, 0]);
    let request = Request { mode: Mode::Similar, top: 3, ..Request::default() };
    let mut cosines = Vec::new();
    for (named, is) in [(None, "look-1"), (Some("look-1"), "look-1"), (Some("colour-words"), "colour-words")]
    {
        let probe = searcher.probe(&picture, None, named).unwrap();
        assert_eq!(searcher.encoder_of(&probe).unwrap().name, is);
        let found = searcher.search(&probe, &request).unwrap();
        assert_eq!(found[0].product.as_str(), "p0", "{named:?}");
        cosines.push(found.iter().map(|found| found.evidence.cosine).collect::<Vec<_>>());
        let key = store.find_image(&found[0].image).unwrap().unwrap();
        let stored = searcher.probe_stored(key, named).unwrap();
        assert!(searcher.search(&stored, &request).unwrap()[0].evidence.same_bytes);
    }
    assert_eq!(cosines[0], cosines[1]);
    assert_ne!(cosines[0], cosines[2]);

    let error = searcher.probe(&picture, None, Some("resnet50")).unwrap_err().to_string();
    assert!(error.contains("no encoder \"resnet50\", it has look-1, colour-words"), "{error}");
    assert!(error.contains("encoders add"), "{error}");
    let by_words = searcher.with_default("colour-words").unwrap();
    assert_eq!(by_words.default_encoder().unwrap().name, "colour-words");
}

#[test]
fn an_encoder_is_loaded_once_when_first_needed_however_many_threads_ask() {
    let folder = tempfile::tempdir().unwrap();
    let store = catalog(folder.path());
    let models = Arc::new(Models::default());
    let searcher = Searcher::with_encoders(store, Arc::clone(&models) as Arc<dyn EncoderSource>);
    assert_eq!(models.loads.load(Ordering::SeqCst), 0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| searcher.probe(&plain([9, 9, 9]), None, Some("colour-words")).unwrap());
        }
    });
    assert_eq!(models.loads.load(Ordering::SeqCst), 1);
    searcher.load_encoders().unwrap();
    assert_eq!(models.loads.load(Ordering::SeqCst), 2);
}

#[test]
fn a_model_that_is_missing_or_another_is_an_error_that_names_both() {
    let folder = tempfile::tempdir().unwrap();
    let store = catalog(folder.path());
    let missing = searcher(&store, Models { lacks: Some("colour-words"), ..Models::default() });
    assert_eq!(missing.load_encoders().unwrap_err().to_string(), "no model colour-words");
    // The others answer all the same.
    missing.probe(&plain([1, 2, 3]), None, None).unwrap();
    let other = searcher(&store, Models { other_weights: true, ..Models::default() });
    let error = other.probe(&plain([1, 2, 3]), None, Some("colour-words")).unwrap_err().to_string();
    for part in ["digest v1)", "digest v2)", "bring back the model", "lookalike encoders"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn words_are_answered_by_vector_where_an_encoder_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = catalog(folder.path());
    let searcher = searcher(&store, Models::default());
    for (text, product) in [("something red", "p0"), ("a green one", "p1"), ("blue", "p2")] {
        // The primary reads none, so the first that does is asked.
        let answer = ask(&searcher, text, None).unwrap();
        assert_eq!(answer.matched_by, MatchedBy::Vector { encoder: "colour-words".into() });
        assert!(!answer.truncated);
        let best = &answer.matches[0];
        assert_eq!((best.product.as_str(), answer.matches.len()), (product, 3), "{text}");
        assert!(best.image.is_some() && matches!(best.evidence, TextEvidence::Cosine(c) if c > 0.5));
        assert!(best.match_percent > 30.0 && best.match_percent > 2.0 * answer.matches[1].match_percent);
        assert!(answer.matches.is_sorted_by(|a, b| a.score >= b.score));
        assert!(answer.matches.iter().all(|m| matches!(m.class, Class::Described | Class::None)));
        assert_eq!(ask(&searcher, text, Some("colour-words")).unwrap(), answer);
    }
    assert!(ask(&searcher, &"red ".repeat(30), None).unwrap().truncated);
    let strict = TextRequest { text: "red".into(), encoder: None, top: 3, min_percent: 101.0, filter: None };
    assert_eq!(searcher.search_text(&strict).unwrap().matches, []);
}

#[test]
fn without_such_an_encoder_the_products_own_words_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    let look = Look::default();
    let store = EmbeddedStore::create(&path, &[look.id().clone()]).unwrap();
    let batch = [
        put("cup", "Crimson mug, red as wine", vec![photo(0, &[&look])]),
        put("plate", "Plate, white", vec![photo(5, &[&look])]),
        put("bare", "A red scarf", vec![]),
    ];
    store.apply(&batch).unwrap();
    let searcher = Searcher::new(Arc::new(store), Arc::new(look)).unwrap();
    let answer = ask(&searcher, "RED mug", None).unwrap();
    assert_eq!((&answer.matched_by, answer.truncated), (&MatchedBy::Words, false));
    let found: Vec<_> = answer.matches.iter().map(|m| (m.product.as_str(), m.image.is_some())).collect();
    assert_eq!(found, [("cup", true), ("bare", false)]);
    assert_eq!((answer.matches[0].match_percent, answer.matches[0].class), (99.0, Class::Described));
    assert!(answer.matches[1].match_percent < 99.0);
    assert_eq!(ask(&searcher, "nothing of the kind", None).unwrap().matches, []);
    assert!(ask(&searcher, &"word ".repeat(100), None).unwrap().truncated);

    for (text, encoder, says) in [
        ("", None, "blank"),
        (" \n\t\0 ", None, "blank"),
        ("?!", None, "no letter and no digit"),
        (&*"x".repeat(5000), None, "5000 characters long; the longest allowed is 4096"),
        ("mug", Some("clip"), "no encoder \"clip\", it has look-1"),
        ("mug", Some("look-1"), "look-1 reads pictures, not words: leave the encoder out"),
    ] {
        let error = ask(&searcher, text, encoder).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn words_for_an_encoder_that_reads_none_name_those_that_do() {
    let folder = tempfile::tempdir().unwrap();
    let searcher = searcher(&catalog(folder.path()), Models::default());
    let error = ask(&searcher, "mug", Some("look-1")).unwrap_err().to_string();
    assert!(error.contains("ask with colour-words, or leave the encoder out"), "{error}");
}

#[test]
fn a_searcher_whose_encoder_is_removed_meanwhile_says_so_and_answers_by_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.lookalike");
    drop(catalog(folder.path()));
    let reader = Arc::new(EmbeddedStore::open(&path, Access::ReadOnly).unwrap());
    let searcher = searcher(&reader, Models::default());
    let picture = plain([255, 0, 0]);
    let (look, words) = (
        searcher.probe(&picture, None, None).unwrap(),
        searcher.probe(&picture, None, Some("colour-words")).unwrap(),
    );
    searcher.search(&words, &Request::default()).unwrap();
    EmbeddedStore::open(&path, Access::ReadWrite).unwrap().remove_encoder("colour-words").unwrap();
    for mode in [Mode::Auto, Mode::Duplicate, Mode::Similar] {
        let request = Request { mode, ..Request::default() };
        assert!(!searcher.search(&look, &request).unwrap().is_empty());
        let error = searcher.search(&words, &request).unwrap_err();
        assert!(matches!(&error, SearchError::EncoderGone(name) if name == "colour-words"), "{error}");
        assert!(error.to_string().contains("open it again"), "{error}");
    }
    let key = reader.scan(None, 1).unwrap()[0].key;
    assert!(matches!(searcher.probe_stored(key, Some("colour-words")), Err(SearchError::EncoderGone(_))));
    assert!(matches!(ask(&searcher, "red", None), Err(SearchError::EncoderGone(_))));
}
