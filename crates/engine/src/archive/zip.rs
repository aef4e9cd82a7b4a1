//! The members of a zip archive, by the `zip` crate: stored or deflated, nothing else.

use super::at::FileAt;
use super::names::member_name;
use super::{Index, Place};
use crate::source::shown::bytes_text;
use std::io::{self, Read as _};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// Reads the directory at the archive's end.
pub(super) fn open(file: FileAt) -> io::Result<ZipArchive<FileAt>> {
    ZipArchive::new(file).map_err(|error| match error {
        ZipError::Io(error) => error,
        other => {
            io::Error::new(io::ErrorKind::InvalidData, format!("its directory cannot be read ({other})"))
        }
    })
}

/// Takes every member into `index`.
pub(super) fn index(archive: &ZipArchive<FileAt>, index: &mut Index) {
    for number in 0..archive.len() {
        let Ok(entry) = archive.by_index_data(number) else { continue };
        if entry.is_dir() {
            continue;
        }
        // Old archives have names in the code page of some PC, which `name` decodes; they are known by their bytes.
        let decoded = entry.name().ok().map(|name| name.into_owned().into_bytes());
        let raw = decoded.as_deref().unwrap_or_else(|| entry.name_raw());
        let refusal = match entry.compression() {
            _ if entry.is_symlink() => Some("is a link: links in archives are refused"),
            _ if entry.encrypted() => Some("is encrypted: pack it anew without a password"),
            CompressionMethod::Stored | CompressionMethod::Deflated => None,
            _ => Some("is compressed in a way that is not read: pack it anew with deflate, or store it"),
        };
        match (member_name(raw, true), refusal) {
            (Ok(None), _) => {}
            (Ok(Some(name)), None) => index.add(name, entry.size(), Place::Number(number)),
            (Ok(Some(name)), Some(reason)) => index.refuse(name, reason),
            (Err(reason), _) => index.refuse(bytes_text(raw), reason),
        }
    }
}

/// Reads a member of `bytes` bytes; what unpacks to more is an error, and its check sum is verified.
pub(super) fn read(archive: &ZipArchive<FileAt>, number: usize, bytes: u64) -> io::Result<Vec<u8>> {
    let mut reader = archive.clone();
    let mut entry = reader.by_index(number).map_err(|error| io::Error::other(error.to_string()))?;
    let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
    entry.by_ref().take(bytes + 1).read_to_end(&mut content)?;
    Ok(content)
}
