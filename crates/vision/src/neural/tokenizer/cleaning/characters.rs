//! ftfy's fixes of single characters: what C1 control characters stand for, ligatures, widths, quotes, line breaks,
//! terminal escapes and control characters, in that order.
//!
//! All but line breaks and terminal escapes look at one character at a time.

use super::tables::WIDTHS;
use regex::Regex;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Windows-1252 for the bytes 0x80 to 0x9f; unassigned ones stay control characters.
const WINDOWS_1252_C1: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Windows' reading of a C1 control character; any other character is its own.
pub(super) fn c1_meant(character: char) -> char {
    (character as usize)
        .checked_sub(0x80)
        .and_then(|index| WINDOWS_1252_C1.get(index))
        .copied()
        .unwrap_or(character)
}

/// All fixes of this file.
pub(super) fn fixed(text: &str) -> String {
    static ESCAPES: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\x1b\[(?:\p{Nd}|;)*[a-zA-Z]").ok());
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match ligature(c1_meant(character)) {
            Some(letters) => letters.chars().for_each(|letter| push_narrow(letter, &mut out)),
            None => push_narrow(c1_meant(character), &mut out),
        }
    }
    let mut out = out.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}', '\u{85}'], "\n");
    if let Some(escapes) = ESCAPES.as_ref().filter(|_| out.contains('\u{1b}')) {
        out = escapes.replace_all(&out, "").into_owned();
    }
    out.retain(|character| !is_unwanted_control(character));
    out
}

/// Adds `character` in its standard width, its quotes straight.
fn push_narrow(character: char, out: &mut String) {
    static STANDARD: LazyLock<HashMap<char, &str>> = LazyLock::new(|| {
        let entries = WIDTHS.split('\n').filter_map(|line| line.chars().next().map(|first| (first, line)));
        entries.map(|(first, line)| (first, line.get(first.len_utf8()..).unwrap_or_default())).collect()
    });
    // Everything below these is narrow.
    if character >= '\u{3000}'
        && let Some(standard) = STANDARD.get(&character)
    {
        return out.extend(standard.chars().map(straight_quote));
    }
    out.push(straight_quote(character));
}

fn straight_quote(character: char) -> char {
    match character {
        '\u{201c}'..='\u{201f}' => '"',
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => '\'',
        other => other,
    }
}

fn ligature(character: char) -> Option<&'static str> {
    Some(match character {
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'ŉ' => "ʼn",
        'Ǳ' => "DZ",
        'ǲ' => "Dz",
        'ǳ' => "dz",
        'Ǆ' => "DŽ",
        'ǅ' => "Dž",
        'ǆ' => "dž",
        'Ǉ' => "LJ",
        'ǈ' => "Lj",
        'ǉ' => "lj",
        'Ǌ' => "NJ",
        'ǋ' => "Nj",
        'ǌ' => "nj",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' => "ſt",
        'ﬆ' => "st",
        _ => return None,
    })
}

fn is_unwanted_control(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffc}'
    )
}
