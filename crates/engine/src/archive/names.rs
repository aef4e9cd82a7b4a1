//! Names of an archive's members: as text, relative, and without a way out of the archive.
//!
//! Nothing is ever written under these names, so one that climbs could do no harm here; it is refused all the same,
//! because an archive that has one was made to deceive, and because the name becomes an image's id that others may
//! use as a path.

use crate::source::shown::bytes_text;

/// Longest name, in bytes; what is longer is no file's name anywhere.
const MAX_NAME_BYTES: usize = 4096;

/// The member's path below the archive's root: `./` and doubled slashes are gone; `None` for the root itself.
///
/// # Errors
/// A fragment that follows the name: why it is refused.
pub(super) fn member_name(raw: &[u8], backslashes: bool) -> Result<Option<String>, &'static str> {
    if raw.len() > MAX_NAME_BYTES {
        return Err("has a name of more than 4096 bytes");
    }
    if raw.contains(&0) {
        return Err("has a name with a NUL byte in it");
    }
    let text = bytes_text(raw);
    let text = if backslashes { text.replace('\\', "/") } else { text };
    let has_drive =
        text.as_bytes().get(1) == Some(&b':') && text.starts_with(|c: char| c.is_ascii_alphabetic());
    if text.starts_with('/') || has_drive {
        return Err("has an absolute path for a name: refused");
    }
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err("has a name that climbs out of the archive with `..`: refused"),
            part => parts.push(part),
        }
    }
    Ok(Some(parts.join("/")).filter(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_relative_and_those_that_lead_out_are_refused() {
        let name = |raw: &[u8]| member_name(raw, true);
        assert_eq!(name(b"./a//b.jpg").unwrap().unwrap(), "a/b.jpg");
        assert_eq!(name(b"a\\b.jpg").unwrap().unwrap(), "a/b.jpg");
        assert_eq!(member_name(b"a\\b.jpg", false).unwrap().unwrap(), "a\\b.jpg");
        assert_eq!(name(b"caf\xe9.jpg").unwrap().unwrap(), "caf\\xE9.jpg".replace('\\', "/"));
        assert_eq!(name(b"./").unwrap(), None);
        for hostile in [&b"../a.jpg"[..], b"a/../../b.jpg", b"/etc/passwd", b"C:\\x.jpg", b"..\\x", b"a\0b"] {
            assert!(name(hostile).is_err(), "{}", hostile.escape_ascii());
        }
    }
}
