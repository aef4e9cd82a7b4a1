//! HTML's character references, as Python's `html.unescape` and, more cautiously, ftfy read them.
//!
//! `entities.txt` has the names HTML 5 knows, as Python lists them: with `;` all, without it those that HTML accepts so.

use regex::{Captures, Regex};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Name without `&`, and what it stands for.
static NAMED: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    let lines = include_str!("entities.txt").lines().filter_map(|line| line.split_once('\t'));
    lines.map(|(name, points)| (name, points.split(' ').filter_map(character).collect())).collect()
});

/// Names in capitals that HTML does not know, and what they stand for in ftfy: `&EACUTE;` is É.
static SHOUTED: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let quiet = NAMED.iter().filter(|(name, _)| name.ends_with(';') && **name == name.to_lowercase());
    quiet
        .map(|(name, text)| (name.to_uppercase(), text.to_uppercase()))
        .filter(|(name, _)| {
            let reference = format!("&{name}");
            unescape(&reference) == reference
        })
        .collect()
});

fn character(hexadecimal: &str) -> Option<char> {
    u32::from_str_radix(hexadecimal, 16).ok().and_then(char::from_u32)
}

/// Python's `html.unescape`: numbers, names, and names that only begin the text after `&`, each with or without `;`.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"&(?:#([0-9]+);?|#[xX]([0-9a-fA-F]+);?|([^\t\n\x0c <&#;]{1,32};?))").ok()
    });
    match REFERENCE.as_ref().filter(|_| text.contains('&')) {
        Some(reference) => reference.replace_all(text, |found: &Captures<'_>| meant(found)),
        None => Cow::Borrowed(text),
    }
}

/// ftfy's `unescape_html`: only what ends in `;` and is nothing but a reference.
pub(super) fn unescape_whole(text: &str) -> Cow<'_, str> {
    static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("&(#?[0-9A-Za-z]{1,24};)").ok());
    let Some(reference) = REFERENCE.as_ref().filter(|_| text.contains('&')) else {
        return Cow::Borrowed(text);
    };
    reference.replace_all(text, |found: &Captures<'_>| {
        let (whole, [name]) = found.extract();
        if let Some(text) = NAMED.get(name).or_else(|| SHOUTED.get(name)) {
            return text.clone();
        }
        if !name.starts_with('#') {
            return whole.to_owned();
        }
        let unescaped = unescape(whole);
        if unescaped.contains(';') { whole.to_owned() } else { unescaped.into_owned() }
    })
}

fn meant(found: &Captures<'_>) -> String {
    let number = |group, radix| {
        let digits = found.get(group)?.as_str();
        // Only what is too large for any character overflows.
        Some(u32::from_str_radix(digits, radix).unwrap_or(u32::MAX))
    };
    if let Some(number) = number(1, 10).or_else(|| number(2, 16)) {
        return numbered(number).map(String::from).unwrap_or_default();
    }
    let name = found.get(3).map_or("", |name| name.as_str());
    if let Some(text) = NAMED.get(name) {
        return text.clone();
    }
    // The longest name that the text begins with, of at least two characters and not all of it.
    let ends: Vec<usize> = name.char_indices().skip(2).map(|(index, _)| index).collect();
    for (begin, rest) in ends.iter().rev().filter_map(|&end| name.split_at_checked(end)) {
        if let Some(text) = NAMED.get(begin) {
            return format!("{text}{rest}");
        }
    }
    format!("&{name}")
}

/// What a numbered reference stands for, if anything.
fn numbered(number: u32) -> Option<char> {
    match number {
        0 => Some('\u{fffd}'),
        0x0d => Some('\r'),
        0x80..=0x9f => char::from_u32(number).map(super::characters::c1_meant),
        1..=8 | 0x0b | 0x0e..=0x1f | 0x7f | 0xfdd0..=0xfdef => None,
        _ if number <= 0x10_ffff && number & 0xfffe == 0xfffe => None,
        _ => Some(char::from_u32(number).unwrap_or('\u{fffd}')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_python_does() {
        for (escaped, expected) in [
            ("&lt;a&gt &amp;amp;", "<a> &amp;"),
            ("&notit; &notin; &notx &no", "¬it; ∉ ¬x &no"),
            ("&#65;&#x42;&#X43&#68", "ABCD"),
            ("&#0;&#x80;&#xD800;&#1114112;&#99999999999999;", "\u{fffd}€\u{fffd}\u{fffd}\u{fffd}"),
            ("&#1;&#xfffe;&#x1ffff;&#xfdd0;|", "|"),
            ("&#; &; & &#x; &ampé", "&#; &; & &#x; &é"),
            ("&acE;", "∾̳"),
        ] {
            assert_eq!(unescape(escaped), expected, "{escaped}");
        }
    }

    #[test]
    fn ftfy_wants_a_semicolon_and_knows_capitals() {
        for (escaped, expected) in [
            ("&ampx &amp; &notit;", "&ampx & &notit;"),
            ("BUNDESSTRA&SZLIG;E &nTILDE; &NTILDE;", "BUNDESSTRASSE &nTILDE; Ñ"),
            ("&#59; &#x2019; &#xyz;", "&#59; ’ &#xyz;"),
        ] {
            assert_eq!(unescape_whole(escaped), expected, "{escaped}");
        }
    }
}
