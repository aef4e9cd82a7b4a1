//! Token ids against OpenAI's own tokenizer: the golden tokens where they are, and ten thousand strings.
//!
//! `fixtures/neural/tokens.tsv.gz` and the small vocabulary are written by `fixtures/neural/tokens.py`; the other kinds of
//! tokenizers, and what Hugging Face's own library gives with them, by `fixtures/neural/hugging_face.py`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a failure is the answer"
)]

use flate2::read::GzDecoder;
use lookalike_vision::neural::description::{TextTower, TokenizerKind};
use lookalike_vision::neural::tokenizer::Tokenizer;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn tower(tokenizer: TokenizerKind, context: usize) -> TextTower {
    TextTower {
        input: None,
        mask: None,
        output: None,
        tokenizer,
        context,
        pad: false,
        pad_id: 0,
        lowercase: false,
        template: "{query}".to_owned(),
    }
}

fn tokenizer(file: &Path, context: usize) -> Tokenizer {
    let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Tokenizer::new(&tower(TokenizerKind::Clip, context), &bytes).unwrap()
}

/// The ten thousand strings, each with the CRC-32 of its ids in OpenAI's and in the small vocabulary.
fn strings() -> Vec<(String, [u32; 2])> {
    let file = std::fs::read(root().join("fixtures/neural/tokens.tsv.gz")).unwrap();
    let mut lines = String::new();
    GzDecoder::new(&file[..]).read_to_string(&mut lines).unwrap();
    let read = |line: &str| {
        let mut parts = line.splitn(3, '\t');
        let mut crc = || u32::from_str_radix(parts.next().unwrap(), 16).unwrap();
        let crcs = [crc(), crc()];
        (serde_json::from_str(parts.next().unwrap()).unwrap(), crcs)
    };
    lines.lines().map(read).collect()
}

/// The strings whose ids are not the reference's.
fn differing(file: &Path, vocabulary: usize) -> Vec<String> {
    let tokenizer = tokenizer(file, 8192);
    let strings = strings();
    assert_eq!(strings.len(), 10_000);
    let differ = |(text, crcs): &(String, [u32; 2])| {
        let tokens = tokenizer.encode(text).unwrap();
        let mut crc = flate2::Crc::new();
        for id in &tokens.ids[1..tokens.ids.len() - 1] {
            crc.update(&(*id as i32).to_le_bytes());
        }
        tokens.truncated || crc.sum() != crcs[vocabulary]
    };
    strings.into_iter().filter(differ).map(|(text, _)| text).collect()
}

#[test]
fn ten_thousand_strings_have_the_references_ids_in_a_small_vocabulary() {
    let differing = differing(&root().join("fixtures/neural/small_vocabulary.txt.gz"), 1);
    assert!(differing.is_empty(), "{} differ: {:#?}", differing.len(), &differing[..differing.len().min(20)]);
}

#[test]
fn ten_thousand_strings_have_the_references_ids_in_openais_vocabulary() {
    for name in ["bpe_simple_vocab_16e6.txt.gz", "tokenizer.json"] {
        let file = root().join("../shared/clip").join(name);
        if !file.exists() {
            println!("skipped: {} does not exist", file.display());
            continue;
        }
        let differing = differing(&file, 0);
        assert!(differing.is_empty(), "{name}: {} differ: {differing:#?}", differing.len());
    }
}

#[test]
fn the_golden_tokens_are_met() {
    let folder = root().join("../shared/clip");
    if !folder.exists() {
        println!("skipped: {} does not exist", folder.display());
        return;
    }
    let golden: Value =
        serde_json::from_slice(&std::fs::read(folder.join("golden_tokens.json")).unwrap()).unwrap();
    let golden = golden.as_array().unwrap();
    assert_eq!(golden.len(), 24);
    for name in ["bpe_simple_vocab_16e6.txt.gz", "tokenizer.json"] {
        let tokenizer = tokenizer(&folder.join(name), 77);
        for entry in golden {
            let text = entry["text"].as_str().unwrap();
            let ids: Vec<i64> = serde_json::from_value(entry["ids"].clone()).unwrap();
            let tokens = tokenizer.encode(text).unwrap();
            assert_eq!(tokens.ids, ids, "{name}: {text:?}");
            assert_eq!(tokens.truncated, entry["untruncated_len"].as_u64().unwrap() > 77, "{text:?}");
        }
    }
}

#[test]
fn files_of_other_kinds_give_what_hugging_faces_own_library_gives() {
    let folder = root().join("fixtures/neural/tokenizers");
    for name in ["gemma_like", "t5_like"] {
        let expected = std::fs::read(folder.join(format!("{name}.expected.json"))).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        let tower = TextTower {
            pad: true,
            pad_id: expected["pad_id"].as_i64().unwrap(),
            lowercase: expected["lowercase"].as_bool().unwrap(),
            ..tower(TokenizerKind::TokenizerJson, expected["context"].as_u64().unwrap() as usize)
        };
        let file = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
        let tokenizer = Tokenizer::new(&tower, &file).unwrap();
        for entry in expected["texts"].as_array().unwrap() {
            let text = entry["text"].as_str().unwrap();
            let ids: Vec<i64> = serde_json::from_value(entry["ids"].clone()).unwrap();
            let tokens = tokenizer.encode(text).unwrap();
            assert_eq!(tokens.ids, ids, "{name}: {text:?}");
            assert_eq!(Some(tokens.truncated), entry["truncated"].as_bool(), "{name}: {text:?}");
            let text_tokens = tokens.mask.iter().filter(|one| **one == 1).count();
            assert!(tokens.mask[..text_tokens].iter().all(|one| *one == 1) && text_tokens > 0);
        }
        // A megabyte is cut without being read to its end.
        let long = tokenizer.encode(&"red dress ".repeat(100_000)).unwrap();
        assert!(long.truncated && long.ids.len() == tower.context);
        assert_eq!(long.ids.last(), Some(&1), "{name}: the end token is lost");
    }
}
