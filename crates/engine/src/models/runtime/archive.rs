//! One file out of a wheel, which is a zip archive (PKWARE's APPNOTE, 4.3).
//!
//! Members that are stored or deflated, in archives of one part below 4 GiB: what wheels are. Offsets and lengths are the
//! archive's own word and are checked; a member is never longer than it says, nor longer than [`LONGEST_BYTES`].

use flate2::read::DeflateDecoder;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// No library is longer.
const LONGEST_BYTES: u64 = 512 << 20;
/// No list of members is longer.
const LONGEST_LIST_BYTES: u64 = 16 << 20;
/// The record at an archive's end, without its comment.
const END_BYTES: u64 = 22;
/// What stands before a member in the list, and before its content.
const ENTRY_BYTES: usize = 46;
const HEADER_BYTES: u64 = 30;

/// Copies the member that `wanted` says yes to, and gives its name; `None` where there is no such member.
///
/// # Errors
/// When the archive is damaged, cut short or of another kind, or reading or writing fails.
pub(super) fn extract(
    archive: &mut (impl Read + Seek),
    wanted: impl Fn(&str) -> bool,
    to: &mut impl Write,
) -> io::Result<Option<String>> {
    let Some(member) = find(archive, wanted)? else { return Ok(None) };
    archive.seek(SeekFrom::Start(u64::from(member.offset)))?;
    let header = read(archive, HEADER_BYTES)?;
    if header.get(..4) != Some(b"PK\x03\x04") {
        return Err(damaged("a member is not where it is said to be"));
    }
    // Name and extra fields may differ from the list's, so their lengths are the header's own.
    let skipped = i64::from(number16(&header, 26)?) + i64::from(number16(&header, 28)?);
    archive.seek_relative(skipped)?;
    let packed = archive.take(u64::from(member.packed_bytes));
    let copied = match member.method {
        0 => copy(packed, &member, to)?,
        8 => copy(DeflateDecoder::new(packed), &member, to)?,
        other => return Err(damaged(&format!("compression method {other} is not known here"))),
    };
    if copied != member.crc32 {
        return Err(damaged("its checksum does not match"));
    }
    Ok(Some(member.name))
}

struct Member {
    name: String,
    method: u16,
    crc32: u32,
    packed_bytes: u32,
    bytes: u32,
    offset: u32,
}

fn find(archive: &mut (impl Read + Seek), wanted: impl Fn(&str) -> bool) -> io::Result<Option<Member>> {
    let length = archive.seek(SeekFrom::End(0))?;
    // The last record may be followed by a comment of up to 65,535 bytes.
    let tail_bytes = length.min(END_BYTES + u64::from(u16::MAX));
    archive.seek(SeekFrom::Start(length - tail_bytes))?;
    let tail = read(archive, tail_bytes)?;
    let end = tail
        .windows(4)
        .rposition(|window| window == b"PK\x05\x06")
        .and_then(|at| tail.get(at..))
        .filter(|end| end.len() as u64 >= END_BYTES)
        .ok_or_else(|| damaged("it is no zip archive, or one that was cut short"))?;
    let (count, list_bytes, list_offset) = (number16(end, 10)?, number32(end, 12)?, number32(end, 16)?);
    if u64::from(list_bytes) > LONGEST_LIST_BYTES || list_offset == u32::MAX {
        return Err(damaged("its list of members is too long"));
    }
    archive.seek(SeekFrom::Start(u64::from(list_offset)))?;
    let list = read(archive, u64::from(list_bytes))?;
    let mut rest = list.as_slice();
    for _ in 0..count {
        let (entry, after) =
            rest.split_at_checked(ENTRY_BYTES).ok_or_else(|| damaged("its list of members is cut short"))?;
        if entry.get(..4) != Some(b"PK\x01\x02") {
            return Err(damaged("its list of members is damaged"));
        }
        let name_bytes = usize::from(number16(entry, 28)?);
        let skipped = usize::from(number16(entry, 30)?) + usize::from(number16(entry, 32)?);
        let cut = || damaged("its list of members is cut short");
        let (name, after) = after.split_at_checked(name_bytes).ok_or_else(cut)?;
        rest = after.get(skipped..).ok_or_else(cut)?;
        let name = String::from_utf8_lossy(name).into_owned();
        if wanted(&name) {
            return Ok(Some(Member {
                name,
                method: number16(entry, 10)?,
                crc32: number32(entry, 16)?,
                packed_bytes: number32(entry, 20)?,
                bytes: number32(entry, 24)?,
                offset: number32(entry, 42)?,
            }));
        }
    }
    Ok(None)
}

/// Copies as many bytes as the member has, and gives their CRC-32.
fn copy(from: impl Read, member: &Member, to: &mut impl Write) -> io::Result<u32> {
    let bytes = u64::from(member.bytes);
    if bytes > LONGEST_BYTES {
        return Err(damaged("it is longer than any library"));
    }
    let mut from = from.take(bytes);
    let mut piece = vec![0; 1 << 16];
    let mut crc32 = crc32fast::Hasher::new();
    let mut copied = 0;
    loop {
        let length = from.read(&mut piece)?;
        let read = piece.get(..length).unwrap_or_default();
        if read.is_empty() {
            break;
        }
        crc32.update(read);
        to.write_all(read)?;
        copied += length as u64;
    }
    if copied == bytes { Ok(crc32.finalize()) } else { Err(damaged("it is cut short")) }
}

fn read(from: &mut impl Read, bytes: u64) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    from.take(bytes).read_to_end(&mut read)?;
    if read.len() as u64 == bytes { Ok(read) } else { Err(damaged("it is cut short")) }
}

fn number16(record: &[u8], at: usize) -> io::Result<u16> {
    let bytes = record.get(at..).and_then(|bytes| bytes.first_chunk::<2>());
    bytes.map(|bytes| u16::from_le_bytes(*bytes)).ok_or_else(|| damaged("it is cut short"))
}

fn number32(record: &[u8], at: usize) -> io::Result<u32> {
    let bytes = record.get(at..).and_then(|bytes| bytes.first_chunk::<4>());
    bytes.map(|bytes| u32::from_le_bytes(*bytes)).ok_or_else(|| damaged("it is cut short"))
}

fn damaged(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_owned())
}
