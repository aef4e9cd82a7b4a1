//! UTF-8 that went through programs which knew better: ftfy's `restore_byte_a0`, `replace_lossy_sequences` and
//! `utf-8-variants`.

use regex::bytes::Regex;
use std::sync::LazyLock;

/// Stands for a byte that was lost.
pub(super) const LOST: u8 = 0x1a;

/// Puts no-break spaces back that became spaces, where they complete a likely UTF-8 sequence.
pub(super) fn with_lost_spaces(mut bytes: Vec<u8>) -> Vec<u8> {
    static ALTERED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let expression = r"(?s-u)[\xc2\xc3\xc5\xce\xd0\xd9][ ]|[\xe2\xe3][ ][\x80-\x84\x86-\x9f\xa1-\xbf]|[\xe0-\xe3][\x80-\x84\x86-\x9f\xa1-\xbf][ ]|[\xf0][ ][\x80-\xbf][\x80-\xbf]|[\xf0][\x80-\xbf][ ][\x80-\xbf]|[\xf0][\x80-\xbf][\x80-\xbf][ ]";
        Regex::new(expression).ok()
    });
    let Some(altered) = ALTERED.as_ref().filter(|altered| altered.is_match(&bytes)) else {
        return bytes;
    };
    bytes = with_lone_a_grave(&bytes);
    let mut out = bytes.clone();
    for found in altered.find_iter(&bytes) {
        for byte in out.get_mut(found.range()).into_iter().flatten().filter(|byte| **byte == b' ') {
            *byte = 0xa0;
        }
    }
    out
}

/// Keeps the space after what was the word `à`: it lost its no-break space to the space that followed.
fn with_lone_a_grave(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        out.push(first);
        if first != 0xc3 {
            continue;
        }
        if let Some(after) = rest.strip_prefix(b" ") {
            // Portuguese `às` and `àquele` are one word.
            let one_word: [&[u8]; 5] = [b" ", b"quele", b"quela", b"quilo", b"s "];
            if !one_word.iter().any(|word| after.starts_with(word)) {
                out.extend([0xa0, b' ']);
                rest = after;
            }
        }
    }
    out
}

/// Makes U+FFFD of sequences that lack a byte.
pub(super) fn with_lost_bytes(bytes: Vec<u8>) -> Vec<u8> {
    static LOSSY: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let expression = r"(?s-u)[\xc2-\xdf][\x1a]|[\xc2-\xc3][?]|\xed[\xa0-\xaf][\x1a?]\xed[\xb0-\xbf][\x1a?\x80-\xbf]|\xed[\xa0-\xaf][\x1a?\x80-\xbf]\xed[\xb0-\xbf][\x1a?]|[\xe0-\xef][\x1a?][\x1a\x80-\xbf]|[\xe0-\xef][\x1a\x80-\xbf][\x1a?]|[\xf0-\xf4][\x1a?][\x1a\x80-\xbf][\x1a\x80-\xbf]|[\xf0-\xf4][\x1a\x80-\xbf][\x1a?][\x1a\x80-\xbf]|[\xf0-\xf4][\x1a\x80-\xbf][\x1a\x80-\xbf][\x1a?]|\x1a";
        Regex::new(expression).ok()
    });
    match LOSSY.as_ref() {
        Some(lossy) => lossy.replace_all(&bytes, "\u{fffd}".as_bytes()).into_owned(),
        None => bytes,
    }
}

/// Decodes UTF-8, surrogate pairs of three bytes each (CESU-8) and Java's two-byte zero among it.
pub(super) fn decode(mut bytes: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(bytes.len());
    while !bytes.is_empty() {
        let special = (0..bytes.len()).find_map(|at| Some((at, special(bytes.get(at..)?)?)));
        let (plain, length, character) = match special {
            Some((at, (length, character))) => (at, length, Some(character)),
            None => (bytes.len(), 0, None),
        };
        out.push_str(std::str::from_utf8(bytes.get(..plain)?).ok()?);
        out.extend(character);
        bytes = bytes.get(plain + length..)?;
    }
    Some(out)
}

/// What the first bytes are where UTF-8 forbids them: their number and the character meant.
fn special(bytes: &[u8]) -> Option<(usize, char)> {
    match *bytes {
        // The reference's `$` also stands before a line break that is last.
        [0xc0, 0x80, ..] | [0xc0, b'\n'] => Some((2, '\0')),
        [0xed, a @ 0xa0..=0xaf, b @ 0x80..=0xbf, 0xed, c @ 0xb0..=0xbf, d, ref rest @ ..]
            if (0x80..=0xbf).contains(&d) || (d == b'\n' && rest.is_empty()) =>
        {
            let bits = |byte: u8, mask: u8, shift: u32| u32::from(byte & mask) << shift;
            let point = bits(a, 0x0f, 16) + bits(b, 0x3f, 10) + bits(c, 0x0f, 6) + bits(d, 0x3f, 0);
            char::from_u32(0x1_0000 + point).map(|character| (6, character))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_utf8_are_read() {
        assert_eq!(decode(b"a\xc0\x80\xed\xa0\xbd\xed\xb8\x8d\xed\x95\x9c").unwrap(), "a\0😍한");
        for broken in [&b"\xed\xa0\xbd"[..], b"\xc0", b"\xc0a", b"\xff", b"\xe2\x82\xc0\x80"] {
            assert!(decode(broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn lost_spaces_and_bytes_are_put_back() {
        assert_eq!(with_lost_spaces(b"voil\xc3 le".to_vec()), b"voil\xc3\xa0 le");
        assert_eq!(with_lost_spaces(b"\xc3 s \xc2 ".to_vec()), b"\xc3\xa0s \xc2\xa0");
        assert_eq!(with_lost_bytes(b"\xe2\x80\x1a.\x1a".to_vec()), "\u{fffd}.\u{fffd}".as_bytes());
    }
}
