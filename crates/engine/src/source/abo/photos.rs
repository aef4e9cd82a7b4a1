//! ABO's `images.csv`: from an image's id to where its file is, in as little memory as that takes.
//!
//! 398,212 images are about 15 MB: their ids and paths in one run of bytes, and a hash table of offsets into it.

use super::input::open;
use crate::source::SourceError;
use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

/// Where images' files are.
#[derive(Debug)]
pub(super) struct Photos {
    /// Of each image: length of its id, its id, length of its path, its path.
    bytes: Vec<u8>,
    /// Places in `bytes`, by the hashes of the ids there.
    places: HashTable<u32>,
    hasher: RandomState,
}

impl Photos {
    /// Reads `images.csv` or `images.csv.gz`.
    ///
    /// # Errors
    /// When it cannot be read, or lacks the columns `image_id` and `path`.
    pub(super) fn read(path: &Path) -> Result<Self, SourceError> {
        let malformed = |reason: String| SourceError::malformed(path, reason);
        let broken = |error: csv::Error| {
            let line =
                error.position().map(|position| format!(" line {}", position.line())).unwrap_or_default();
            malformed(format!("cannot be read{line}: {error}"))
        };
        let mut reader = csv::ReaderBuilder::new().from_reader(open(path).map_err(SourceError::io(path))?);
        let header = reader.byte_headers().map_err(broken)?;
        let column = |name: &str| {
            let plain =
                |cell: &[u8]| cell.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(cell).trim_ascii().to_owned();
            header.iter().position(|cell| plain(cell) == name.as_bytes())
        };
        let (Some(id_column), Some(path_column)) = (column("image_id"), column("path")) else {
            let reason = "is no table of ABO's images: columns `image_id` and `path` were expected";
            return Err(malformed(reason.to_owned()));
        };
        let mut photos = Self { bytes: Vec::new(), places: HashTable::new(), hasher: RandomState::new() };
        let mut row = csv::ByteRecord::new();
        while reader.read_byte_record(&mut row).map_err(broken)? {
            let (id, file) =
                (row.get(id_column).unwrap_or_default(), row.get(path_column).unwrap_or_default());
            let (Ok(id_length), Ok(length)) = (u8::try_from(id.len()), u16::try_from(file.len())) else {
                let line = row.position().map(csv::Position::line).unwrap_or_default();
                return Err(malformed(format!("has an id or a path that is too long, in line {line}")));
            };
            let at =
                u32::try_from(photos.bytes.len()).map_err(|_| malformed("is larger than 4 GB".to_owned()))?;
            let hash = photos.hasher.hash_one(id);
            if photos.find(hash, id).is_some() {
                continue;
            }
            photos.bytes.push(id_length);
            photos.bytes.extend_from_slice(id);
            photos.bytes.extend_from_slice(&length.to_le_bytes());
            photos.bytes.extend_from_slice(file);
            let Self { bytes, places, hasher } = &mut photos;
            places.insert_unique(hash, at, |at| hasher.hash_one(entry(bytes, *at).unwrap_or_default().0));
        }
        if photos.places.is_empty() {
            return Err(malformed("has no images in it".to_owned()));
        }
        photos.bytes.shrink_to_fit();
        Ok(photos)
    }

    /// How many images there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Path of the file of image `id`, relative to the folder of images; where several rows name it, the first's.
    pub(super) fn path(&self, id: &str) -> Option<&str> {
        let hash = self.hasher.hash_one(id.as_bytes());
        let (_, path) = self.find(hash, id.as_bytes())?;
        str::from_utf8(path).ok()
    }

    fn find(&self, hash: u64, id: &[u8]) -> Option<(&[u8], &[u8])> {
        let is_it = |at: &u32| entry(&self.bytes, *at).is_some_and(|(known, _)| known == id);
        entry(&self.bytes, *self.places.find(hash, is_it)?)
    }
}

/// The id and the path that stand in `bytes` from `at` on.
fn entry(bytes: &[u8], at: u32) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = bytes.get(usize::try_from(at).ok()?..)?.split_first()?;
    let (id, rest) = rest.split_at_checked(usize::from(length))?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    Some((id, rest.get(..usize::from(u16::from_le_bytes(*length)))?))
}
