//! Names as a person, a terminal and an id can hold them: any bytes in, readable text out.
//!
//! File names are bytes on Unix. Here they become text without losing any: what is UTF-8 stays, every other byte
//! becomes `\xNN`. This does not make names unique (a file may be called `\xFF` in earnest); whoever needs that
//! checks for it. Neighbours: `folder` makes ids of it, every failure shows its place with it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Component, Path};

/// Text of a file name: bytes that are not UTF-8, and only those, become `\xNN`.
pub fn name_text(name: &OsStr) -> String {
    bytes_text(name.as_encoded_bytes())
}

/// [`name_text`] of a name that did not come from this system.
pub(crate) fn bytes_text(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

/// Text of a relative path with `/` between its parts, whatever the system writes there.
pub fn relative_text(path: &Path) -> String {
    let mut text = String::with_capacity(path.as_os_str().len());
    for part in path.components() {
        if let Component::Normal(name) = part {
            if !text.is_empty() {
                text.push('/');
            }
            text.push_str(&name_text(name));
        }
    }
    text
}

/// Text on one line: line breaks and other control characters become `\n`, `\r`, `\t`, `\u{7f}`.
pub fn one_line(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// A path for a message: as text, on one line.
pub fn path_line(path: &Path) -> String {
    one_line(&name_text(path.as_os_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_nothing_else_is_changed() {
        assert_eq!(one_line("größe\nXL\u{1b}[31m"), "größe\\nXL\\u{1b}[31m");
        assert_eq!(one_line("plain \\n"), "plain \\n");
        assert_eq!(relative_text(Path::new("a/./b/c d.jpg")), "a/b/c d.jpg");
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_shown_as_hexadecimal() {
        use std::os::unix::ffi::OsStrExt as _;
        assert_eq!(name_text(OsStr::from_bytes(b"caf\xe9-\xc3\xa9.jpg")), "caf\\xE9-é.jpg");
        assert_eq!(path_line(Path::new(OsStr::from_bytes(b"/a\nb/\xff"))), "/a\\nb/\\xFF");
    }
}
