//! The bytes of a snapshot file, version 1. All numbers are little-endian.
//!
//! ```text
//! offset  bytes  header, 4096 bytes
//!      0      8  magic "lookidx\n"
//!      8      4  layout version, 1
//!     12      4  dimensions of the vectors
//!     16      8  rows
//!     24      8  sequence number of the store when it was written
//!     32      8  length of the file
//!     40      4  upper bound of the vectors' lengths, f32
//!     44      4  zero
//!     48  8x 24  the sections: offset u64, bytes u64, CRC-32 u32, zero u32
//!    240  2+n    encoder's name: bytes u16, UTF-8
//!      …  2+n    encoder's digest: bytes u16, UTF-8
//!      …         zeros
//!   4092      4  CRC-32 of the 4092 bytes before
//!
//! section         per row
//! keys            u64, ascending
//! products        u64
//! phashes         u64
//! pdqs            4 x u64
//! scales          f32
//! errors          f32
//! codes           stride bytes: the dimensions' codes plus 128, then 128s up to a multiple of 64
//! floats          dimensions x f32
//! ```
//!
//! Sections begin at multiples of 4096, in this order; between them may be unused space.

use super::error::IndexError;
use super::quantize::{check_dimensions, stride};
use lookalike_vision::encoder::EncoderId;
use std::path::Path;

pub(super) const HEADER_BYTES: usize = 4096;
const MAGIC: &[u8; 8] = b"lookidx\n";
const VERSION: u32 = 1;
const SECTIONS_AT: usize = 48;
const SECTION_BYTES: usize = 24;
const NAMES_AT: usize = SECTIONS_AT + SECTION_BYTES * Part::ALL.len();
const CHECKSUM_AT: usize = HEADER_BYTES - 4;
const MAX_NAME_BYTES: usize = 1024;
const ALIGNMENT: u64 = 4096;

/// A column of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Keys,
    Products,
    Phashes,
    Pdqs,
    Scales,
    Errors,
    Codes,
    Floats,
}

impl Part {
    /// In the order of the file.
    pub(super) const ALL: [Self; 8] = [
        Self::Keys,
        Self::Products,
        Self::Phashes,
        Self::Pdqs,
        Self::Scales,
        Self::Errors,
        Self::Codes,
        Self::Floats,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Products => "products",
            Self::Phashes => "phashes",
            Self::Pdqs => "pdqs",
            Self::Scales => "scales",
            Self::Errors => "errors",
            Self::Codes => "codes",
            Self::Floats => "floats",
        }
    }

    fn bytes_per_row(self, dimensions: usize) -> u64 {
        let bytes = match self {
            Self::Keys | Self::Products | Self::Phashes => 8,
            Self::Pdqs => 32,
            Self::Scales | Self::Errors => 4,
            Self::Codes => stride(dimensions),
            Self::Floats => 4 * dimensions,
        };
        bytes as u64
    }
}

/// Where a part is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Section {
    pub offset: u64,
    pub bytes: u64,
    pub crc: u32,
}

/// Everything a header says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    pub encoder: EncoderId,
    pub rows: u64,
    pub sequence: u64,
    pub file_bytes: u64,
    pub longest: f32,
    /// In the order of [`Part::ALL`].
    pub sections: [Section; 8],
}

/// Sections with room for `rows` each; `None` when that is more than a file can hold.
pub(super) fn plan(rows: u64, dimensions: usize) -> Option<[Section; 8]> {
    let mut sections = [Section::default(); 8];
    let mut offset = HEADER_BYTES as u64;
    for (section, part) in sections.iter_mut().zip(Part::ALL) {
        let bytes = rows.checked_mul(part.bytes_per_row(dimensions))?;
        *section = Section { offset, bytes, crc: 0 };
        offset = offset.checked_add(bytes)?.checked_next_multiple_of(ALIGNMENT)?;
    }
    (offset < u64::MAX / 4).then_some(sections)
}

impl Header {
    /// # Errors
    /// When the encoder's name or digest is too long.
    pub(super) fn encode(&self) -> Result<Vec<u8>, IndexError> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        let dimensions = u32::try_from(self.encoder.dimensions)
            .map_err(|_| IndexError::UnsupportedDimensions(self.encoder.dimensions))?;
        bytes.extend(dimensions.to_le_bytes());
        bytes.extend(self.rows.to_le_bytes());
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend(self.file_bytes.to_le_bytes());
        bytes.extend(self.longest.to_le_bytes());
        bytes.extend([0; 4]);
        for section in &self.sections {
            bytes.extend(section.offset.to_le_bytes());
            bytes.extend(section.bytes.to_le_bytes());
            bytes.extend(section.crc.to_le_bytes());
            bytes.extend([0; 4]);
        }
        for name in [&self.encoder.name, &self.encoder.digest] {
            let length = u16::try_from(name.len()).ok().filter(|&n| usize::from(n) <= MAX_NAME_BYTES);
            let length = length.ok_or_else(|| IndexError::EncoderName(self.encoder.name.clone()))?;
            bytes.extend(length.to_le_bytes());
            bytes.extend(name.as_bytes());
        }
        bytes.resize(CHECKSUM_AT, 0);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Reads and checks the header of a file of `file_bytes`; only the body's contents remain unchecked.
    ///
    /// # Errors
    /// When it is not a header, of another version, damaged, or promises more than the file has.
    pub(super) fn decode(bytes: &[u8], file_bytes: u64, path: &Path) -> Result<Self, IndexError> {
        let corrupt = |part| IndexError::Corrupt { path: path.into(), part };
        if !bytes.starts_with(MAGIC) {
            return Err(IndexError::NotASnapshot(path.into()));
        }
        let header = bytes.get(..HEADER_BYTES).ok_or_else(|| IndexError::Truncated {
            path: path.into(),
            found: file_bytes,
            expected: HEADER_BYTES as u64,
        })?;
        let mut reader = Reader(header.get(MAGIC.len()..).unwrap_or_default());
        let version = reader.u32().ok_or_else(|| corrupt("header"))?;
        if version != VERSION {
            return Err(IndexError::OtherVersion { path: path.into(), found: version, expected: VERSION });
        }
        let (content, checksum) = header.split_at(CHECKSUM_AT);
        if checksum != crc32fast::hash(content).to_le_bytes() {
            return Err(corrupt("header"));
        }
        let decoded = Self::decode_fields(&mut reader).ok_or_else(|| corrupt("header"))?;
        if file_bytes != decoded.file_bytes {
            return Err(IndexError::Truncated {
                path: path.into(),
                found: file_bytes,
                expected: decoded.file_bytes,
            });
        }
        if !decoded.is_consistent() {
            return Err(corrupt("header"));
        }
        Ok(decoded)
    }

    fn decode_fields(reader: &mut Reader<'_>) -> Option<Self> {
        let dimensions = usize::try_from(reader.u32()?).ok()?;
        let (rows, sequence, file_bytes) = (reader.u64()?, reader.u64()?, reader.u64()?);
        let longest = f32::from_bits(reader.u32()?);
        reader.u32()?;
        let mut sections = [Section::default(); 8];
        for section in &mut sections {
            *section = Section { offset: reader.u64()?, bytes: reader.u64()?, crc: reader.u32()? };
            reader.u32()?;
        }
        let (name, digest) = (reader.text()?, reader.text()?);
        let encoder = EncoderId { name, digest, dimensions };
        Some(Self { encoder, rows, sequence, file_bytes, longest, sections })
    }

    /// Whether the counts agree and every section lies in the file.
    fn is_consistent(&self) -> bool {
        check_dimensions(self.encoder.dimensions).is_ok()
            && u32::try_from(self.rows).is_ok()
            && self.longest.is_finite()
            && self.sections.iter().zip(Part::ALL).all(|(section, part)| {
                section.offset.is_multiple_of(ALIGNMENT)
                    && self.rows.checked_mul(part.bytes_per_row(self.encoder.dimensions))
                        == Some(section.bytes)
                    && section.offset.checked_add(section.bytes).is_some_and(|end| end <= self.file_bytes)
            })
    }
}

/// Takes numbers off the front of a header.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*number))
    }

    fn u64(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    fn text(&mut self) -> Option<String> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (text, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }
}

const _: () = assert!(NAMES_AT + 2 * (2 + MAX_NAME_BYTES) <= CHECKSUM_AT, "the names fit");
