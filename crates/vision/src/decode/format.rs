//! Which format bytes are in, told from the bytes alone.
//!
//! Also recognises what people put in picture folders that is not read here (AVIF, HEIC, SVG, PDF, web pages, plain
//! text), so that the error can say what the file is. Does not validate anything past the first kilobyte.

use std::fmt;

use super::DecodeError;

/// A picture format this build reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the formats' own")]
pub enum Format {
    Jpeg,
    Png,
    WebP,
    Gif,
    Bmp,
    Tiff,
}

/// How the formats that are read begin. WebP and BMP have more to check, below.
const SIGNATURES: [(&[u8], Format); 9] = [
    (b"\xFF\xD8\xFF", Format::Jpeg),
    (b"\x89PNG\r\n\x1A\n", Format::Png),
    (b"GIF87a", Format::Gif),
    (b"GIF89a", Format::Gif),
    (b"II*\0", Format::Tiff),
    (b"MM\0*", Format::Tiff),
    // BigTIFF.
    (b"II+\0", Format::Tiff),
    (b"MM\0+", Format::Tiff),
    (b"RIFF", Format::WebP),
];

/// Pictures that are recognised only to be named in the error.
const UNREAD_SIGNATURES: [(&[u8], &str); 14] = [
    (b"\xFF\x0A", "a JPEG XL picture"),
    (b"\0\0\0\x0CJXL ", "a JPEG XL picture"),
    (b"\0\0\0\x0CjP  ", "a JPEG 2000 picture"),
    (b"\xFF\x4F\xFF\x51", "a JPEG 2000 picture"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\x01\0", "a Windows icon"),
    (b"\0\0\x02\0", "a Windows cursor"),
    (b"qoif", "a QOI picture"),
    (b"DDS ", "a DDS texture"),
    (b"\x76\x2F\x31\x01", "an OpenEXR picture"),
    (b"#?RADIANCE", "a Radiance HDR picture"),
    (b"gimp xcf", "a GIMP document"),
    (b"\x8AMNG", "an MNG animation"),
    (b"\xD7\xCD\xC6\x9A", "a Windows metafile"),
];

/// What is no picture, but is found where pictures should be.
const OTHER_SIGNATURES: [(&[u8], &str); 7] = [
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1F\x8B", "a gzip archive"),
    (b"\x1A\x45\xDF\xA3", "a Matroska or WebM video"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7FELF", "a program"),
    (b"%!PS", "a PostScript document"),
];

impl Format {
    /// Tells the format from the first bytes.
    ///
    /// # Errors
    /// When it is none that is read here; the error says what it is instead, where that is known.
    pub fn sniff(bytes: &[u8]) -> Result<Self, DecodeError> {
        let truncated = |format| DecodeError::Truncated { format, bytes: bytes.len() as u64 };
        for (signature, format) in SIGNATURES {
            if !bytes.starts_with(signature) {
                continue;
            }
            return match format {
                Self::WebP => match bytes.get(8..12) {
                    Some(b"WEBP") => Ok(Self::WebP),
                    Some(b"AVI ") => Err(DecodeError::NotAPicture("an AVI video")),
                    Some(b"WAVE") => Err(DecodeError::NotAPicture("a WAVE sound")),
                    Some(_) => Err(unknown(bytes)),
                    None => Err(truncated(Self::WebP)),
                },
                _ => Ok(format),
            };
        }
        if bytes.starts_with(b"BM") {
            // Two letters are little to go by, so the header's length must be one that is in use.
            match bytes.get(14..18) {
                Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]) => return Ok(Self::Bmp),
                None if !is_text(bytes) => return Err(truncated(Self::Bmp)),
                _ => {}
            }
        }
        if let Some(error) = other(bytes) {
            return Err(error);
        }
        // The first bytes of a signature and nothing after them: a download that barely began.
        match SIGNATURES.iter().find(|(signature, _)| signature.starts_with(bytes)) {
            Some((_, format)) => Err(truncated(*format)),
            None if is_text(bytes) => Err(DecodeError::NotAPicture(kind_of_text(bytes))),
            None => Err(unknown(bytes)),
        }
    }

    /// The IANA media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
        })
    }
}

fn unknown(bytes: &[u8]) -> DecodeError {
    let first: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    DecodeError::Unknown(first.join(" "))
}

/// Names what is recognised and not read.
fn other(bytes: &[u8]) -> Option<DecodeError> {
    let unread = UNREAD_SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature));
    if let Some((_, name)) = unread {
        return Some(DecodeError::UnreadFormat(name));
    }
    if let Some((_, name)) = OTHER_SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature)) {
        return Some(DecodeError::NotAPicture(name));
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        // ISO base media: the brand tells pictures from films. `mif1` is shared by AVIF and HEIC; the compatible
        // brands after it decide.
        let brands = bytes.get(8..64.min(bytes.len())).unwrap_or_default();
        let has = |wanted: [&[u8]; 2]| brands.chunks(4).any(|brand| wanted.contains(&brand));
        return Some(if has([b"avif", b"avis"]) {
            DecodeError::UnreadFormat("an AVIF picture")
        } else if has([b"heic", b"heix"]) || has([b"mif1", b"msf1"]) {
            DecodeError::UnreadFormat("a HEIC picture")
        } else {
            DecodeError::NotAPicture("an MP4 or QuickTime video")
        });
    }
    let text = is_text(bytes).then(|| opening(bytes))?;
    if text.contains("<svg") {
        return Some(DecodeError::UnreadFormat("an SVG drawing"));
    }
    let netpbm = matches!(text.as_bytes(), [b'p', b'1'..=b'7', after, ..] if after.is_ascii_whitespace());
    netpbm.then_some(DecodeError::UnreadFormat("a Netpbm picture"))
}

/// Whether the first kilobyte has no byte that text does not use.
fn is_text(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return true;
    }
    bytes
        .iter()
        .take(1024)
        .all(|&byte| byte >= 0x20 && byte != 0x7F || matches!(byte, b'\t' | b'\n' | 0x0C | b'\r'))
}

/// The first kilobyte, in lower case and without leading space or byte order mark.
fn opening(bytes: &[u8]) -> String {
    let head = bytes.get(..1024).unwrap_or(bytes);
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    String::from_utf8_lossy(head).trim_start().to_ascii_lowercase()
}

fn kind_of_text(bytes: &[u8]) -> &'static str {
    let text = opening(bytes);
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        "an HTML page"
    } else if text.starts_with("<?xml") {
        "an XML document"
    } else if text.starts_with('{') || text.starts_with('[') {
        "JSON text"
    } else {
        "text"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        Format::sniff(bytes).unwrap_err().to_string()
    }

    #[test]
    fn each_format_is_told_by_its_first_bytes() {
        assert_eq!(Format::sniff(b"\xFF\xD8\xFF\xE0"), Ok(Format::Jpeg));
        assert_eq!(Format::sniff(b"\x89PNG\r\n\x1A\n\0\0"), Ok(Format::Png));
        assert_eq!(Format::sniff(b"RIFF\x10\0\0\0WEBPVP8 "), Ok(Format::WebP));
        assert_eq!(Format::sniff(b"GIF89a\x01\0"), Ok(Format::Gif));
        assert_eq!(Format::sniff(b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"), Ok(Format::Bmp));
        assert_eq!(Format::sniff(b"II*\0\x08\0\0\0"), Ok(Format::Tiff));
    }

    #[test]
    fn what_is_not_read_is_named_with_its_cure() {
        let avif = b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf";
        assert_eq!(
            message(avif),
            "is an AVIF picture, which this build does not read: convert it to JPEG, PNG or WebP"
        );
        assert!(message(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").starts_with("is a HEIC picture"));
        assert!(message(b"<?xml version='1.0'?>\n<svg xmlns=''/>").starts_with("is an SVG drawing"));
        assert!(message(b"P6 3 3 255 ").starts_with("is a Netpbm picture"));
    }

    #[test]
    fn what_is_no_picture_is_named() {
        assert_eq!(message(b"%PDF-1.7\n%\xE2\xE3"), "is a PDF document, not a picture");
        assert_eq!(message(b"\xEF\xBB\xBF\n <!DOCTYPE html><html>"), "is an HTML page, not a picture");
        assert_eq!(message(b"id,title\r\n1,caf\xE9\r\n"), "is text, not a picture");
        assert_eq!(message(b"BMW 320i, blue, one owner"), "is text, not a picture");
        assert_eq!(message(b"{\"error\":\"not found\"}"), "is JSON text, not a picture");
        assert_eq!(message(b"\0\0\0\x18ftypisom\0\0\x02\0"), "is an MP4 or QuickTime video, not a picture");
        assert_eq!(
            message(b"\0\x01\x02\x03"),
            "is not a picture in any known format (its first bytes are 00 01 02 03)"
        );
    }

    #[test]
    fn a_signature_cut_short_is_truncation() {
        assert!(message(b"\xFF\xD8").starts_with("is truncated: the JPEG"));
        assert!(message(b"\x89PN").starts_with("is truncated: the PNG"));
        assert!(message(b"RIFF\0\0").starts_with("is truncated: the WebP"));
        assert!(message(b"BM\x10\0").starts_with("is truncated: the BMP"));
    }
}
