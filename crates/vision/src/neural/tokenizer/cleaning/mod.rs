//! Text as OpenAI's CLIP cleans it before cutting it into tokens.
//!
//! `basic_clean`, `whitespace_clean` and `lower` of its `simple_tokenizer.py`: `ftfy.fix_text` (whose repair of wrongly
//! decoded text, unescaping and folding of look-alikes decides which tokens come out), `html.unescape` twice, spaces made
//! one, lower case. Equal to ftfy 6.3.1 and Python 3.11, but for characters newer than Unicode 14, which Python 3.11 does not
//! compose or lower-case. Texts without a character outside ASCII and without `&` skip nearly all of it.
//!
//! `mojibake` is ftfy's repair of encodings, `characters` its single-character fixes, `entities` both libraries' HTML
//! unescaping; `tables` is data written by a script.

mod characters;
mod entities;
mod mojibake;
mod tables;

use icu_normalizer::ComposingNormalizerBorrowed;
use std::borrow::Cow;

/// The whole of CLIP's cleaning.
pub(super) fn cleaned(text: &str) -> String {
    let fixed = fix_text(text);
    let unescaped = entities::unescape(&entities::unescape(&fixed)).into_owned();
    let mut single_spaced = String::with_capacity(unescaped.len());
    for word in strip(&unescaped).split(char::is_whitespace).filter(|word| !word.is_empty()) {
        if !single_spaced.is_empty() {
            single_spaced.push(' ');
        }
        single_spaced.push_str(word);
    }
    strip(&single_spaced).to_lowercase()
}

/// Python's `str.strip`, which knows four separators more than Unicode's white space.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

/// `ftfy.fix_text`: each line by itself; entities are left alone from the first line with a `<` on.
fn fix_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut unescape = true;
    for line in text.split_inclusive('\n') {
        unescape &= !line.contains('<');
        out.push_str(&fix_line(line, unescape));
    }
    out
}

/// Every fix in turn, until none changes anything.
fn fix_line(line: &str, unescape: bool) -> Cow<'_, str> {
    if line.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t') && byte != b'&') {
        return Cow::Borrowed(line);
    }
    let normalizer = ComposingNormalizerBorrowed::new_nfc();
    let mut text = line.to_owned();
    // Each round takes an escape or an encoding off the text, so there are fewer rounds than characters.
    for _ in 0..=line.len() {
        let mut fixed = text.clone();
        if unescape {
            fixed = entities::unescape_whole(&fixed).into_owned();
        }
        fixed = characters::fixed(&mojibake::fix_encoding(&fixed));
        fixed = normalizer.normalize(&fixed).into_owned();
        if fixed == text {
            break;
        }
        text = fixed;
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ftfy_documents_is_fixed() {
        for (broken, fixed) in [
            ("âœ” No problems", "✔ No problems"),
            ("&macr;\\_(ã\u{83}\u{84})_/&macr;", "¯\\_(ツ)_/¯"),
            ("Broken text&hellip; it&#x2019;s ï¬‚ubberiﬁc!", "Broken text… it's flubberific!"),
            ("ＬＯＵＤ　ＮＯＩＳＥＳ", "LOUD NOISES"),
            ("voilÃ le travail", "voilà le travail"),
            ("Ã la mode", "à la mode"),
            ("P&EACUTE;REZ", "PÉREZ"),
            ("\u{1b}[36;44mI'm blue\u{1b}[0m", "I'm blue"),
            ("â€œ like this â€\u{fffd}", "\" like this \u{fffd}"),
            ("a <b> &amp; c\n&amp;", "a <b> &amp; c\n&amp;"),
            ("&amp;amp;amp;lt;", "<"),
            ("e\u{301}", "é"),
            ("a\r\nb\u{2028}c\u{85}", "a\nb\nc…"),
        ] {
            assert_eq!(fix_text(broken), fixed, "{broken:?}");
        }
    }

    #[test]
    fn spaces_are_made_one_and_letters_small() {
        assert_eq!(cleaned("  A \t\n\u{a0}\u{3000}B\u{1f} "), "a b");
        assert_eq!(cleaned("ΟΔΥΣΣΕΥΣ İ"), "οδυσσευς i\u{307}");
        assert_eq!(cleaned("&amp;amp;lt; <&amp;lt;"), "&lt; <<");
        assert_eq!(cleaned(" \u{3000}\n"), "");
    }
}
