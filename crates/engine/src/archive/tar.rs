//! Where the members of a tar archive are.
//!
//! The `tar` crate reads headers; names longer than a header holds (GNU's `L`, POSIX's `x`) are read here, because they
//! come out of the archive and must be bounded. Members are not read.

use super::names::member_name;
use super::{Index, Place};
use std::io::{self, Read};
use tar::{Entry, EntryType, PaxExtensions};

/// Longest text that may stand before a member to name it.
const MAX_EXTENSION_BYTES: u64 = 64 << 10;

/// What extension headers say of the member that follows them.
#[derive(Default)]
struct Told {
    name: Option<Vec<u8>>,
    /// It is stored in pieces.
    is_sparse: bool,
    /// Its length, beside that in its header.
    bytes: Option<u64>,
}

/// Takes every member of `entries` into `index`; what ends it early is its damage.
pub(super) fn index<R: Read>(entries: io::Result<tar::Entries<'_, R>>, index: &mut Index) {
    let outcome = entries.and_then(|entries| {
        let mut told = Told::default();
        for entry in entries.raw(true) {
            take(&mut entry?, &mut told, index)?;
        }
        Ok(())
    });
    if let Err(error) = outcome {
        index.damage = Some(error.to_string());
    }
}

fn take<R: Read>(entry: &mut Entry<'_, R>, told: &mut Told, index: &mut Index) -> io::Result<()> {
    let kind = entry.header().entry_type();
    match kind {
        EntryType::GNULongName => {
            let mut name = extension(entry)?;
            name.truncate(name.iter().position(|&byte| byte == 0).unwrap_or(name.len()));
            told.name = Some(name);
            return Ok(());
        }
        EntryType::XHeader => {
            let text = extension(entry)?;
            for pair in PaxExtensions::new(&text).filter_map(Result::ok) {
                match pair.key_bytes() {
                    b"path" => told.name = Some(pair.value_bytes().to_vec()),
                    b"size" => told.bytes = pair.value().ok().and_then(|number| number.parse().ok()),
                    key if key.starts_with(b"GNU.sparse.") => told.is_sparse = true,
                    _ => {}
                }
            }
            return Ok(());
        }
        EntryType::GNULongLink | EntryType::XGlobalHeader => return Ok(()),
        _ => {}
    }
    let Told { name, is_sparse, bytes: told_bytes } = std::mem::take(told);
    let raw = name.unwrap_or_else(|| entry.path_bytes().into_owned());
    let bytes = entry.header().entry_size()?;
    if told_bytes.is_some_and(|told| told != bytes) {
        // A member of 8 GiB or more; or a trick to make readers disagree on where the next one begins.
        return Err(io::Error::other("has a member with two lengths"));
    }
    let refusal = match kind {
        EntryType::Directory => return Ok(()),
        EntryType::Regular | EntryType::Continuous if is_sparse => {
            Some("is stored in pieces (sparse): pack it anew")
        }
        EntryType::Regular | EntryType::Continuous => None,
        EntryType::GNUSparse => Some("is stored in pieces (sparse): pack it anew"),
        EntryType::Link | EntryType::Symlink => Some("is a link: links in archives are refused"),
        _ => Some("is a device or something else that is no file: refused"),
    };
    match (member_name(&raw, false), refusal) {
        (Ok(None), _) => {}
        (Ok(Some(name)), None) => index.add(name, bytes, Place::Offset(entry.raw_file_position())),
        (Ok(Some(name)), Some(reason)) => index.refuse(name, reason),
        (Err(reason), _) => index.refuse(crate::source::shown::bytes_text(&raw), reason),
    }
    Ok(())
}

fn extension<R: Read>(entry: &mut Entry<'_, R>) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    entry.take(MAX_EXTENSION_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_EXTENSION_BYTES {
        return Err(io::Error::other("has a member with a name longer than any file's"));
    }
    Ok(text)
}
