//! Photos inside archives (`.tar`, `.tar.gz`, `.zip`), read where they lie: nothing is unpacked to disk.
//!
//! Opening an archive goes through it once and keeps where each member is: a tar's headers, a zip's directory, and for
//! `.tar.gz` places to go on inflating from (`gzip`). After that any member is read by itself, from several threads at
//! once. Names that lead out of the archive, links, devices and encrypted members are refused by name; of two members
//! of one name the later counts, as it would when unpacked.
//!
//! `source::archive` makes products of what is in one, `fetch::member` reads their photos. Opened archives are shared
//! ([`shared`]): one that a whole catalog lies in is not gone through for every photo.

mod at;
mod gzip;
mod names;
mod tar;
mod zip;

pub(crate) use at::FileAt;

use gzip::{FirstPass, Gzip};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

/// Members of one archive, at most: about 100 bytes of memory each.
const MOST_MEMBERS: usize = 5_000_000;
/// Archives that are kept open.
const MOST_OPEN: usize = 4;
/// What a tar is made of.
const TAR_BLOCK_BYTES: u64 = 512;

/// A kind of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// Tar, not compressed.
    Tar,
    /// Tar in gzip.
    TarGz,
    /// Zip, its members stored or deflated.
    Zip,
}

impl ArchiveKind {
    /// What it is called, for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tar => "tar archive",
            Self::TarGz => "tar.gz archive",
            Self::Zip => "zip archive",
        }
    }

    /// Told from a file's first bytes; those of a gzip file unpacked, at least 512 of them.
    pub fn of(front: &[u8], is_gzip: bool) -> Option<Self> {
        // Every tar header has its checksum, and all but the very oldest have this mark.
        let is_tar = front.get(257..262) == Some(b"ustar");
        match (is_tar, is_gzip) {
            (true, true) => Some(Self::TarGz),
            (true, false) => Some(Self::Tar),
            (false, false) if front.starts_with(b"PK\x03\x04") || front.starts_with(b"PK\x05\x06") => {
                Some(Self::Zip)
            }
            _ => None,
        }
    }
}

/// A photo, or anything else that is a file, in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Path below the archive's root, with `/`.
    pub name: Box<str>,
    /// Unpacked length.
    pub bytes: u64,
    place: Place,
}

/// Where a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Of its bytes, in the unpacked tar.
    Offset(u64),
    /// In a zip's directory.
    Number(usize),
}

/// A member that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// As the archive has it.
    pub name: String,
    /// A fragment that follows the name.
    pub reason: &'static str,
}

/// What is in an archive, while it is gone through.
#[derive(Debug, Default)]
struct Index {
    members: Vec<Member>,
    refused: Vec<Refused>,
    damage: Option<String>,
}

impl Index {
    fn add(&mut self, name: String, bytes: u64, place: Place) {
        if self.has_room() {
            self.members.push(Member { name: name.into_boxed_str(), bytes, place });
        }
    }

    fn refuse(&mut self, name: String, reason: &'static str) {
        if self.has_room() {
            self.refused.push(Refused { name, reason });
        }
    }

    fn has_room(&mut self) -> bool {
        let has_room = self.members.len() + self.refused.len() < MOST_MEMBERS;
        if !has_room {
            self.damage = Some(format!("has more than {MOST_MEMBERS} members: split it"));
        }
        has_room
    }
}

/// An archive whose members can be read.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    stamp: Stamp,
    content: Content,
    /// In the archive's order, of each name the last.
    members: Vec<Member>,
    /// Into `members`, by name.
    by_name: Vec<usize>,
    refused: Vec<Refused>,
    shadowed: usize,
    damage: Option<String>,
}

#[derive(Debug)]
enum Content {
    Tar(Arc<File>),
    TarGz(Gzip),
    Zip(::zip::ZipArchive<FileAt>),
}

/// Tells whether a file is still what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified_ns: Option<i64>,
}

impl Archive {
    /// Goes through the archive at `path` once.
    ///
    /// # Errors
    /// When it cannot be read, or is none of its kind. One that is cut off has the members before the cut, and
    /// [`Archive::damage`] says so.
    pub fn open(path: &Path) -> io::Result<Self> {
        // A pipe would be waited for.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "is no file"));
        }
        let file = Arc::new(File::open(path)?);
        let stamp = stamp(path)?;
        let (front, is_gzip) = front(&file)?;
        let kind = ArchiveKind::of(&front, is_gzip)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "is no tar, tar.gz or zip archive"))?;
        let mut index = Index::default();
        let (content, unpacked_bytes) = match kind {
            ArchiveKind::Tar => {
                let mut reader = ::tar::Archive::new(FileAt::new(file.clone()));
                tar::index(reader.entries_with_seek(), &mut index);
                (Content::Tar(file), Some(stamp.bytes))
            }
            ArchiveKind::TarGz => {
                let mut pass = FirstPass::new(file);
                tar::index(::tar::Archive::new(&mut pass).entries(), &mut index);
                // What follows the last member shows whether the stream is whole.
                if index.damage.is_none() {
                    index.damage = io::copy(&mut pass, &mut io::sink()).err().map(|error| error.to_string());
                }
                let unpacked_bytes = pass.unpacked_bytes();
                (Content::TarGz(pass.finish()), Some(unpacked_bytes))
            }
            ArchiveKind::Zip => {
                let archive = zip::open(FileAt::new(file))?;
                zip::index(&archive, &mut index);
                (Content::Zip(archive), None)
            }
        };
        let Index { mut members, refused, mut damage } = index;
        if let Some(end) = unpacked_bytes {
            let is_whole =
                |member: &Member| matches!(member.place, Place::Offset(at) if at + member.bytes <= end);
            let listed = members.len();
            members.retain(is_whole);
            if members.len() < listed && damage.is_none() {
                damage = Some("ends within a member".to_owned());
            }
            // Empty blocks mark the end of a tar; one that was cut between two members has none.
            let whole_blocks = members.iter().map(|member| match member.place {
                Place::Offset(at) => (at + member.bytes).next_multiple_of(TAR_BLOCK_BYTES),
                Place::Number(_) => 0,
            });
            if whole_blocks.max().is_some_and(|last| end < last + TAR_BLOCK_BYTES) && damage.is_none() {
                damage = Some("ends without the mark of its end".to_owned());
            }
        }
        let listed = members.len();
        let by_name = last_of_each_name(&mut members);
        let shadowed = listed - members.len();
        Ok(Self { path: path.to_owned(), stamp, content, members, by_name, refused, shadowed, damage })
    }

    /// What kind it is.
    pub fn kind(&self) -> ArchiveKind {
        match self.content {
            Content::Tar(_) => ArchiveKind::Tar,
            Content::TarGz(_) => ArchiveKind::TarGz,
            Content::Zip(_) => ArchiveKind::Zip,
        }
    }

    /// Everything in it that is a file, in its order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What is not read, and why.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// How many members a later one of the same name stands for.
    pub fn shadowed(&self) -> usize {
        self.shadowed
    }

    /// Why what follows the last member cannot be read.
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// When the archive was last written, in nanoseconds since 1970: what its members' times are taken to be, since
    /// their own say nothing of whether the archive was replaced.
    pub fn modified_ns(&self) -> Option<i64> {
        self.stamp.modified_ns
    }

    /// The member called `name`.
    pub fn find(&self, name: &str) -> Option<&Member> {
        let name_of = |index: &usize| self.members.get(*index).map(|member| &*member.name);
        let found = self.by_name.binary_search_by(|index| name_of(index).cmp(&Some(name))).ok()?;
        self.members.get(*self.by_name.get(found)?)
    }

    /// Reads a member's bytes. Whether there may be so many, the caller has asked [`Member::bytes`].
    ///
    /// # Errors
    /// When it is damaged, or not as long as the archive says.
    pub fn read(&self, member: &Member) -> io::Result<Vec<u8>> {
        let length = usize::try_from(member.bytes).map_err(io::Error::other)?;
        let bytes = match (&self.content, member.place) {
            (Content::Tar(file), Place::Offset(offset)) => {
                let mut bytes = vec![0; length];
                let mut filled = 0;
                while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
                    match at::read_at(file, rest, offset + filled as u64)? {
                        0 => break,
                        read => filled += read,
                    }
                }
                bytes.truncate(filled);
                bytes
            }
            (Content::TarGz(gzip), Place::Offset(offset)) => gzip.read_at(offset, length)?,
            (Content::Zip(archive), Place::Number(number)) => zip::read(archive, number, member.bytes)?,
            _ => Vec::new(),
        };
        if bytes.len() != length {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is not as long as its archive says: the archive is damaged, or made to deceive",
            ));
        }
        Ok(bytes)
    }

    fn is_as_it_was(&self) -> io::Result<bool> {
        Ok(stamp(&self.path)? == self.stamp)
    }
}

/// Leaves of members of one name only the last; gives their order by name.
fn last_of_each_name(members: &mut Vec<Member>) -> Vec<usize> {
    let order = |members: &[Member]| {
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by(|a, b| members.get(*a).map(|m| &m.name).cmp(&members.get(*b).map(|m| &m.name)));
        order
    };
    let by_name = order(members);
    let mut shadowed = vec![false; members.len()];
    for pair in by_name.windows(2) {
        if let [earlier, later] = pair
            && members.get(*earlier).map(|m| &m.name) == members.get(*later).map(|m| &m.name)
            && let Some(shadowed) = shadowed.get_mut(*earlier)
        {
            *shadowed = true;
        }
    }
    if !shadowed.contains(&true) {
        return by_name;
    }
    let mut shadowed = shadowed.into_iter();
    members.retain(|_| shadowed.next() == Some(false));
    order(members)
}

/// The first bytes of a file, unpacked if it is gzip, and whether it is.
pub(crate) fn front(file: &Arc<File>) -> io::Result<(Vec<u8>, bool)> {
    use std::io::Read as _;
    const FRONT_BYTES: u64 = 64 << 10;
    let mut front = Vec::new();
    FileAt::new(file.clone()).take(FRONT_BYTES).read_to_end(&mut front)?;
    if !front.starts_with(&[0x1f, 0x8b]) {
        return Ok((front, false));
    }
    let mut unpacked = Vec::new();
    let outcome = FirstPass::new(file.clone()).take(FRONT_BYTES).read_to_end(&mut unpacked);
    // Enough to see what it is; whoever reads on meets the fault again.
    if unpacked.is_empty() {
        outcome?;
    }
    Ok((unpacked, true))
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let found = fs::metadata(path)?;
    let since_1970 = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified_ns = since_1970.and_then(|since| i64::try_from(since.as_nanos()).ok());
    Ok(Stamp { bytes: found.len(), modified_ns })
}

/// An archive that is opened for the first who asks, while others who ask for the same one wait.
type Slot = Arc<Mutex<Option<Arc<Archive>>>>;

/// The archives opened last, the latest at the end.
static OPENED: Mutex<Vec<(PathBuf, Slot)>> = Mutex::new(Vec::new());

/// The archive at `path`, as it is now; gone through only when it was not before, or has changed since.
///
/// # Errors
/// As [`Archive::open`].
pub fn shared(path: &Path) -> io::Result<Arc<Archive>> {
    let slot = {
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let known = opened.iter().position(|(known, _)| known == path);
        let entry = known.map_or_else(|| (path.to_owned(), Slot::default()), |index| opened.remove(index));
        let slot = entry.1.clone();
        opened.push(entry);
        if opened.len() > MOST_OPEN {
            opened.remove(0);
        }
        slot
    };
    let mut archive = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(archive) = archive.as_ref()
        && archive.is_as_it_was()?
    {
        return Ok(archive.clone());
    }
    let opened = Arc::new(Archive::open(path)?);
    *archive = Some(opened.clone());
    Ok(opened)
}
