//! A catalog file as UTF-8 text that can be read from any place.
//!
//! Most files are that as they are. What is compressed with gzip, or written in UTF-16 as spreadsheets do, is written
//! out once into a temporary file that has no name and is gone with the program; tables read their rows in another
//! order than the file's, and neither kind can be read from the middle. Archives of photos never come here.

use super::SourceError;
use crate::archive::{self, FileAt};
use flate2::read::MultiGzDecoder;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// What unpacks to more than so many times its size, once that is more than so many bytes, is a trap: tables reach 20.
const BOMB_RATIO: u64 = 200;
const BOMB_BYTES: u64 = 1 << 30;

/// UTF-8's mark at the front of a file.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A file of text.
#[derive(Debug, Clone)]
pub(super) struct Text {
    path: PathBuf,
    stamp: Stamp,
    content: Arc<File>,
    /// Its first bytes, without a byte order mark.
    front: Vec<u8>,
    /// Bytes of the byte order mark.
    start: u64,
    notices: Vec<String>,
}

/// Tells whether a file is still what it was.
type Stamp = (u64, Option<SystemTime>);

impl Text {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, its compressed data are damaged, or it is no text.
    pub(super) fn open(path: &Path) -> Result<Self, SourceError> {
        let stamp = stamp(path)?;
        let file = Arc::new(File::open(path).map_err(SourceError::io(path))?);
        let (front, is_gzip) = archive::front(&file).map_err(|error| broken(path, error))?;
        let encoding = Encoding::of(&front);
        let mut text =
            Self { path: path.to_owned(), stamp, content: file, front, start: 0, notices: Vec::new() };
        if let Some(encoding) = &encoding {
            text.notices.push(format!("is written in {}, and was read as that", encoding.name()));
        }
        if is_gzip || encoding.is_some() {
            text.content = Arc::new(text.written_out(is_gzip, encoding)?);
            (text.front, _) = archive::front(&text.content).map_err(SourceError::io(path))?;
        }
        if text.front.starts_with(BYTE_ORDER_MARK) {
            text.start = BYTE_ORDER_MARK.len() as u64;
            text.front.drain(..BYTE_ORDER_MARK.len());
        }
        if text.front.contains(&0) {
            let reason = "holds NUL bytes, so it is no text: a folder, an archive, a table, XML or JSON lines were \
                          expected (a table in UTF-16 without its mark must be saved as UTF-8)";
            return Err(SourceError::malformed(path, reason));
        }
        Ok(text)
    }

    /// The whole content as UTF-8, in a file without a name.
    fn written_out(&self, is_gzip: bool, encoding: Option<Encoding>) -> Result<File, SourceError> {
        let full = |error| SourceError::Io { path: std::env::temp_dir(), source: error };
        let mut out = tempfile::tempfile().map_err(full)?;
        let packed = FileAt::new(self.content.clone());
        let mut input: Box<dyn Read> =
            if is_gzip { Box::new(MultiGzDecoder::new(BufReader::new(packed))) } else { Box::new(packed) };
        let mut decoder = encoding.map(Decoder::new);
        let mut piece = vec![0; 64 << 10];
        let mut unpacked = 0_u64;
        loop {
            let read = input.read(&mut piece).map_err(|error| broken(&self.path, error))?;
            let bytes = piece.get(..read).unwrap_or_default();
            unpacked += read as u64;
            if is_gzip && unpacked > BOMB_BYTES && unpacked / BOMB_RATIO > self.stamp.0 {
                let reason = format!(
                    "unpacks to more than {BOMB_RATIO} times its size, which no catalog does: refused"
                );
                return Err(SourceError::malformed(&self.path, reason));
            }
            match &mut decoder {
                None => out.write_all(bytes),
                Some(decoder) => out.write_all(decoder.decode(bytes, read == 0).as_bytes()),
            }
            .map_err(full)?;
            if read == 0 {
                break;
            }
        }
        out.seek(SeekFrom::Start(0)).map_err(full)?;
        Ok(out)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its first bytes, up to 64 KiB, without a byte order mark.
    pub(super) fn front(&self) -> &[u8] {
        &self.front
    }

    /// Where its text begins, in bytes.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// A reader of its own, at the content's front.
    pub(super) fn reader(&self) -> FileAt {
        FileAt::new(self.content.clone())
    }

    /// What a person should know of how it is read, a sentence each.
    pub(super) fn notices(&self) -> &[String] {
        &self.notices
    }

    /// # Errors
    /// When the file is not what it was when it was opened.
    pub(super) fn expect_unchanged(&self) -> Result<(), SourceError> {
        if stamp(&self.path)? == self.stamp {
            return Ok(());
        }
        Err(SourceError::malformed(&self.path, "has changed since it was opened: start again"))
    }
}

/// The first bytes, up to 64 KiB, of a file of any kind; unpacked if it is gzip, and whether it is.
pub(super) fn front_of(path: &Path) -> Result<(Vec<u8>, bool), SourceError> {
    let file = Arc::new(File::open(path).map_err(SourceError::io(path))?);
    archive::front(&file).map_err(|error| broken(path, error))
}

fn broken(path: &Path, error: io::Error) -> SourceError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            let reason = "ends within its compressed data: it was cut off; fetch or pack it again";
            SourceError::malformed(path, reason)
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => SourceError::malformed(
            path,
            format!("has damaged compressed data ({error}): fetch or pack it again"),
        ),
        _ => SourceError::Io { path: path.to_owned(), source: error },
    }
}

fn stamp(path: &Path) -> Result<Stamp, SourceError> {
    let found = fs::metadata(path).map_err(SourceError::io(path))?;
    Ok((found.len(), found.modified().ok()))
}

/// A way to write text that is told from a file's front and is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf16 {
        is_big_endian: bool,
    },
    /// As an XML declaration says.
    Windows1252,
}

impl Encoding {
    fn of(front: &[u8]) -> Option<Self> {
        match front {
            [0xFF, 0xFE, ..] => Some(Self::Utf16 { is_big_endian: false }),
            [0xFE, 0xFF, ..] => Some(Self::Utf16 { is_big_endian: true }),
            _ => {
                let declaration = front.strip_prefix(b"<?xml")?;
                let end = declaration.iter().position(|&byte| byte == b'>')?;
                let text = String::from_utf8_lossy(declaration.get(..end)?).to_lowercase();
                let name = text.split_once("encoding")?.1.trim_start_matches(['=', ' ', '"', '\'']);
                let is_latin = ["iso-8859-1", "windows-1252", "latin1"]
                    .iter()
                    .any(|latin| name.strip_prefix(latin).is_some_and(|rest| rest.starts_with(['"', '\''])));
                is_latin.then_some(Self::Windows1252)
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Utf16 { .. } => "UTF-16",
            Self::Windows1252 => "Windows-1252 (Latin-1)",
        }
    }
}

/// Makes UTF-8 of pieces of text in another encoding; what cannot be read becomes U+FFFD.
struct Decoder {
    encoding: Encoding,
    /// A byte or a first surrogate that waits for its other half.
    odd_byte: Option<u8>,
    surrogate: Option<u16>,
}

impl Decoder {
    fn new(encoding: Encoding) -> Self {
        Self { encoding, odd_byte: None, surrogate: None }
    }

    fn decode(&mut self, bytes: &[u8], is_last: bool) -> String {
        let Encoding::Utf16 { is_big_endian } = self.encoding else {
            return bytes.iter().map(|&byte| windows_1252(byte)).collect();
        };
        let mut units: Vec<u16> = self.surrogate.take().into_iter().collect();
        for &byte in bytes {
            match self.odd_byte.take() {
                None => self.odd_byte = Some(byte),
                Some(first) if is_big_endian => units.push(u16::from_be_bytes([first, byte])),
                Some(first) => units.push(u16::from_le_bytes([first, byte])),
            }
        }
        if let (false, Some(0xD800..=0xDBFF)) = (is_last, units.last()) {
            self.surrogate = units.pop();
        }
        let half = self.odd_byte.filter(|_| is_last).map(|_| char::REPLACEMENT_CHARACTER);
        let characters = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        characters.chain(half).collect()
    }
}

/// Windows code page 1252; the five bytes it leaves open are read as Latin-1.
pub(super) fn windows_1252(byte: u8) -> char {
    const FROM_80: [u16; 32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152,
        0x8D, 0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122,
        0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
    ];
    let special = byte.checked_sub(0x80).and_then(|index| FROM_80.get(usize::from(index)));
    special.and_then(|&code| char::from_u32(u32::from(code))).unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_decoded_wherever_it_is_cut() {
        let text = "\u{feff}größe 👟\n";
        for is_big_endian in [false, true] {
            let to_bytes = |unit: u16| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
            let bytes: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
            let encoding = Encoding::of(&bytes).unwrap();
            for cut in 0..bytes.len() {
                let mut decoder = Decoder::new(encoding);
                let (first, second) = bytes.split_at(cut);
                let read = [(first, false), (second, false), (&[][..], true)]
                    .map(|(b, last)| decoder.decode(b, last));
                assert_eq!(read.concat(), text);
            }
        }
        let mut decoder = Decoder::new(Encoding::Utf16 { is_big_endian: false });
        assert_eq!(decoder.decode(&[0x41, 0, 0x42], false) + &decoder.decode(&[], true), "A\u{fffd}");
    }

    #[test]
    fn an_xml_declaration_names_its_encoding() {
        let of = |text: &str| Encoding::of(text.as_bytes());
        assert_eq!(of("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"), Some(Encoding::Windows1252));
        assert_eq!(of("<?xml version=\"1.0\" encoding=\"utf-8\"?><a/>"), None);
        assert_eq!(of("<?xml version=\"1.0\" encoding=\"iso-8859-15\"?><a/>"), None);
        assert_eq!(of("id,image\n"), None);
    }
}
