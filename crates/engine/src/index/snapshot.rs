//! A snapshot file, mapped: opening reads one page, searching touches the codes and a few vectors.
//!
//! Everything but the vectors is mapped. Vectors are read by position, a handful per question: mapped ones would
//! stay resident with their neighbours, 64 KB for each. The file is only ever replaced as a whole, by renaming (see
//! `writer`), so that a mapping stays valid; somebody who truncates it in place kills the process, as with any
//! mapped file. The layout is written down in `layout`.

use super::dot::Codes;
use super::error::IndexError;
use super::layout::{HEADER_BYTES, Header, Part};
use super::mask::Mask;
use super::quantize::stride;
use super::segment::{Floats, Segment};
use lookalike_vision::encoder::EncoderId;
use memmap2::{Mmap, MmapOptions};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

#[cfg(target_endian = "big")]
compile_error!("snapshots are mapped as they are on disk, which is little-endian");

/// An open snapshot. Cheap to share, never changes.
#[derive(Debug)]
pub struct Snapshot {
    path: PathBuf,
    header: Header,
    keys: Mmap,
    products: Mmap,
    phashes: Mmap,
    pdqs: Mmap,
    scales: Mmap,
    errors: Mmap,
    codes: Mmap,
    floats: FloatFile,
}

/// The vectors of a snapshot, read row by row.
#[derive(Debug)]
pub(super) struct FloatFile {
    file: File,
    path: PathBuf,
    offset: u64,
}

impl FloatFile {
    /// Reads row `row` of as many values as `vector` has.
    pub(super) fn read_row(&self, row: usize, vector: &mut [f32]) -> Result<(), IndexError> {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(vector);
        let offset = self.offset + row as u64 * bytes.len() as u64;
        read_exact_at(&self.file, bytes, offset).map_err(|source| IndexError::Io {
            action: "read a vector of",
            path: self.path.clone(),
            source,
        })
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = bytes.split_at_mut(read).1;
                offset += read as u64;
            }
        }
    }
    Ok(())
}

impl Snapshot {
    /// Opens the snapshot at `path` for vectors of `encoder`. Checks the header, counts and length; the body's
    /// checksums are left to [`Self::verify`], because reading everything takes as long as rebuilding.
    ///
    /// # Errors
    /// See [`IndexError::is_rebuildable`].
    pub fn open(path: &Path, encoder: &EncoderId) -> Result<Self, IndexError> {
        let failed = |action| {
            move |source: io::Error| match source.kind() {
                io::ErrorKind::NotFound => IndexError::Missing(path.into()),
                _ => IndexError::Io { action, path: path.into(), source },
            }
        };
        let file = File::open(path).map_err(failed("open"))?;
        let file_bytes = file.metadata().map_err(failed("open"))?.len();
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        (&file).take(HEADER_BYTES as u64).read_to_end(&mut bytes).map_err(failed("read"))?;
        let header = Header::decode(&bytes, file_bytes, path)?;
        if header.encoder != *encoder {
            return Err(IndexError::OtherEncoder {
                path: path.into(),
                found: header.encoder.to_string(),
                expected: encoder.to_string(),
            });
        }
        let map = |part| map_section(&file, &header, part).map_err(failed("map"));
        Ok(Self {
            path: path.into(),
            keys: map(Part::Keys)?,
            products: map(Part::Products)?,
            phashes: map(Part::Phashes)?,
            pdqs: map(Part::Pdqs)?,
            scales: map(Part::Scales)?,
            errors: map(Part::Errors)?,
            codes: map(Part::Codes)?,
            floats: FloatFile { offset: section(&header, Part::Floats).0, path: path.into(), file },
            header,
        })
    }

    /// What made its vectors.
    pub fn encoder(&self) -> &EncoderId {
        &self.header.encoder
    }

    /// The store's sequence number when it was written.
    pub fn sequence(&self) -> u64 {
        self.header.sequence
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.keys().len()
    }

    /// Reads everything and compares it with its checksums.
    ///
    /// # Errors
    /// [`IndexError::Corrupt`] for the first part that differs, or what reading met.
    pub fn verify(&self) -> Result<(), IndexError> {
        let corrupt = |part: Part| IndexError::Corrupt { path: self.path.clone(), part: part.name() };
        for part in Part::ALL {
            let expected = self.header.sections.get(part as usize).map(|section| section.crc);
            let found = match self.mapped(part) {
                Some(bytes) => crc32fast::hash(bytes),
                None => self.checksum_floats()?,
            };
            if expected != Some(found) {
                return Err(corrupt(part));
            }
        }
        if !self.keys().is_sorted_by(|a, b| a < b) {
            return Err(corrupt(Part::Keys));
        }
        Ok(())
    }

    fn checksum_floats(&self) -> Result<u32, IndexError> {
        let mut hasher = crc32fast::Hasher::new();
        let mut vector = vec![0.0_f32; self.header.encoder.dimensions];
        for row in 0..self.rows() {
            self.floats.read_row(row, &mut vector)?;
            hasher.update(bytemuck::cast_slice(&vector));
        }
        Ok(hasher.finalize())
    }

    fn mapped(&self, part: Part) -> Option<&[u8]> {
        Some(match part {
            Part::Keys => &self.keys,
            Part::Products => &self.products,
            Part::Phashes => &self.phashes,
            Part::Pdqs => &self.pdqs,
            Part::Scales => &self.scales,
            Part::Errors => &self.errors,
            Part::Codes => &self.codes,
            Part::Floats => return None,
        })
    }

    pub(super) fn keys(&self) -> &[u64] {
        bytemuck::cast_slice(&self.keys)
    }

    pub(super) fn phashes(&self) -> &[u64] {
        bytemuck::cast_slice(&self.phashes)
    }

    pub(super) fn segment<'a>(&'a self, mask: &'a Mask) -> Segment<'a> {
        Segment {
            keys: self.keys(),
            products: bytemuck::cast_slice(&self.products),
            phashes: self.phashes(),
            pdqs: bytemuck::cast_slice(&self.pdqs),
            codes: Codes {
                codes: &self.codes,
                stride: stride(self.header.encoder.dimensions),
                scales: bytemuck::cast_slice(&self.scales),
                errors: bytemuck::cast_slice(&self.errors),
            },
            floats: Floats::File(&self.floats),
            longest: self.header.longest,
            mask,
            is_ascending: true,
        }
    }
}

/// Offset and length of a part.
fn section(header: &Header, part: Part) -> (u64, u64) {
    header.sections.get(part as usize).map_or((0, 0), |section| (section.offset, section.bytes))
}

fn map_section(file: &File, header: &Header, part: Part) -> io::Result<Mmap> {
    let (offset, bytes) = section(header, part);
    let length = usize::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
    // SAFETY: the file is written once, under another name, and afterwards only replaced by renaming or unlinked, both
    // of which leave a mapping as it is; see the module's words on truncation.
    unsafe { MmapOptions::new().offset(offset).len(length).map(file) }
}
