//! Texts as people and attackers give them, with CLIP's kind of tokenizer and the small vocabulary of ours.

use super::*;
use crate::neural::description::TokenizerKind;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

const SMALL: &[u8] = include_bytes!("../../../../../fixtures/neural/small_vocabulary.txt.gz");

fn tower(tokenizer: TokenizerKind, context: usize) -> TextTower {
    TextTower {
        input: None,
        mask: None,
        output: None,
        tokenizer,
        context,
        pad: true,
        pad_id: 0,
        lowercase: false,
        template: "{query}".to_owned(),
    }
}

fn clip() -> Tokenizer {
    Tokenizer::new(&tower(TokenizerKind::Clip, 77), SMALL).unwrap()
}

fn zipped(text: &str) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

fn start_and_end(tokenizer: &Tokenizer) -> (i64, i64) {
    let ids = tokenizer.encode("").unwrap().ids;
    (ids[0], ids[1])
}

#[test]
fn a_text_of_nothing_is_a_start_an_end_and_padding() {
    let tokenizer = clip();
    let (start, end) = start_and_end(&tokenizer);
    assert_eq!(end, start + 1);
    for text in ["", "   ", "\t\u{3000}\n", "\u{feff}\u{0}\u{7f}", "&#1;", "\u{345}"] {
        let tokens = tokenizer.encode(text).unwrap();
        assert_eq!((tokens.ids.len(), tokens.mask.len(), tokens.truncated), (77, 77, false), "{text:?}");
        assert_eq!(tokens.ids[..3], [start, end, 0], "{text:?}");
        assert_eq!(tokens.mask[..3], [1, 1, 0], "{text:?}");
    }
}

#[test]
fn a_long_text_is_cut_and_keeps_its_end() {
    let tokenizer = clip();
    let (start, end) = start_and_end(&tokenizer);
    let one = tokenizer.encode("7").unwrap().ids[1];
    // 75 digits are a token each and just fit.
    let full = tokenizer.encode(&"7".repeat(75)).unwrap();
    assert!(!full.truncated && full.ids[75] == one && full.ids[76] == end && full.mask == [1; 77]);
    for text in
        ["7".repeat(76), "7 ".repeat(500_000), format!("{}x", " ".repeat(1 << 20)), "dress".repeat(200_000)]
    {
        let tokens = tokenizer.encode(&text).unwrap();
        assert!(tokens.truncated && tokens.ids.len() == 77 && tokens.ids[0] == start);
        assert!(tokens.ids.contains(&end));
    }
    assert_eq!(tokenizer.encode(&"7".repeat(76)).unwrap(), Tokens { truncated: true, ..full });
}

#[test]
fn hostile_texts_cost_little() {
    let tokenizer = clip();
    for text in ["&amp;".repeat(1 << 18), format!("&{}lt;", "amp;".repeat(1 << 18)), "Ã".repeat(1 << 20)] {
        tokenizer.encode(&text).unwrap();
    }
    // Mojibake of mojibake, as deep as what is read of a text.
    let mut nested = "é".to_owned();
    while nested.len() < 6000 {
        nested = nested.bytes().map(char::from).collect();
    }
    assert_eq!(tokenizer.encode(&nested).unwrap(), tokenizer.encode("é").unwrap());
}

#[test]
fn special_tokens_in_a_text_stand_for_themselves() {
    let tokenizer = clip();
    let (start, end) = start_and_end(&tokenizer);
    let ids = tokenizer.encode("<|StartOfText|><|endoftext|>").unwrap().ids;
    assert_eq!(ids[..5], [start, start, end, end, 0]);
    let unfinished = tokenizer.encode("<|endoftext").unwrap().ids;
    assert_eq!(unfinished.iter().filter(|id| **id == end).count(), 1);
}

#[test]
fn without_padding_there_is_only_the_text() {
    let unpadded = TextTower { pad: false, ..tower(TokenizerKind::Clip, 77) };
    let tokens = Tokenizer::new(&unpadded, SMALL).unwrap().encode("7 7").unwrap();
    assert_eq!((tokens.ids.len(), tokens.mask), (4, vec![1; 4]));
}

#[test]
fn what_is_no_vocabulary_is_named() {
    let merge = |line: &str| zipped(&format!("heading\n{line}\n"));
    let cut = &SMALL[..SMALL.len() / 2];
    for (file, named) in [
        (&b""[..], "EOF"),
        (b"bpe", "expected value"),
        (b"{}", "missing field `model`"),
        (br#"{"model":{"vocab":{"a":0},"merges":[]}}"#, "no token `!`"),
        (br#"{"model":{"vocab":{"!":-1},"merges":[]}}"#, "invalid value"),
        (br#"{"model":{"vocab":{"!":4294967295},"merges":[]}}"#, "4294967295 is too large"),
        (br#"{"model":{"vocab":{},"merges":["ab"]}}"#, "`ab` is no pair"),
        (cut, "cannot be unpacked"),
        (&merge("a"), "`a` is no pair"),
        (&merge("a b c"), "`a b c` is no pair"),
        (&merge("quite unknown"), "no token `quite"),
        (&zipped(&" ".repeat(40 << 20)), "more than"),
        (&zipped("\u{1f}\u{8b}")[..12], "cannot be unpacked"),
    ] {
        let error = Tokenizer::new(&tower(TokenizerKind::Clip, 77), file).unwrap_err().to_string();
        assert!(error.contains(named) && error.contains("bpe_simple_vocab_16e6"), "{error}, not {named}");
        assert!(error.len() < 400, "{error}");
    }
    let large = vec![b' '; LARGEST_FILE_BYTES + 1];
    let error = Tokenizer::new(&tower(TokenizerKind::Clip, 77), &large).unwrap_err().to_string();
    assert!(error.contains("67108865 bytes"), "{error}");
}

const GEMMA_LIKE: &str = include_str!("../../../../../fixtures/neural/tokenizers/gemma_like.json");
const T5_LIKE: &str = include_str!("../../../../../fixtures/neural/tokenizers/t5_like.json");

#[test]
fn what_is_no_tokenizer_json_is_an_error_not_a_panic() {
    let kind = tower(TokenizerKind::TokenizerJson, 16);
    let cut = &T5_LIKE[..T5_LIKE.len() / 2];
    let no_unknown = r#"{"model":{"type":"Unigram","vocab":[["a",0.0]],"unk_id":null}}"#;
    let beyond = r#"{"model":{"type":"Unigram","vocab":[["a",0.0]],"unk_id":7}}"#;
    let unmerged = r#"{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}"#;
    let pattern = GEMMA_LIKE.replace(r#""String":" ""#, r#""Regex":"(""#);
    // The table's length, at its beginning, made four gigabytes.
    let odd_table = T5_LIKE.replace("charsmap\":\"AAQAAAAg", "charsmap\":\"/////wAg");
    assert!(pattern != GEMMA_LIKE && odd_table != T5_LIKE);
    for file in
        ["", "null", "{}", "[[[[", r#"{"model":{}}"#, cut, no_unknown, beyond, unmerged, &pattern, &odd_table]
    {
        let error = Tokenizer::new(&kind, file.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("`tokenizer.json`"), "{error}");
    }
    assert!(Tokenizer::new(&kind, SMALL).is_err());
}

#[test]
fn damaged_tokenizer_files_never_panic() {
    for file in [GEMMA_LIKE, T5_LIKE] {
        // Every 97th byte in turn: quotes, digits, brackets, table and all.
        for at in (0..file.len()).step_by(97) {
            let mut bytes = file.as_bytes().to_vec();
            bytes[at] = b'9';
            let kind = tower(TokenizerKind::TokenizerJson, 16);
            if let Ok(tokenizer) = Tokenizer::new(&kind, &bytes) {
                // What it cannot do with a text is told.
                let tokens = tokenizer.encode("a RED dress ½ 漢");
                assert!(tokens.map_or(true, |tokens| tokens.ids.len() == 16));
            }
        }
    }
}

#[test]
fn a_context_too_small_for_the_special_tokens_is_an_error_or_keeps_the_end() {
    let tokens = Tokenizer::new(&tower(TokenizerKind::TokenizerJson, 2), T5_LIKE.as_bytes()).unwrap();
    let tokens = tokens.encode("a red dress").unwrap();
    assert!(tokens.truncated && tokens.ids.len() == 2 && tokens.ids[1] == 1);
}
