//! Photos inside archives on this machine.
//!
//! [`archive`](crate::archive) finds and unpacks them; here they get the limits and the words that photos have. A member is
//! unchanged as long as its archive was not written again: the times in an archive are its maker's.

use super::photo::{Photo, ReadError, Stat};
use crate::archive::{self, Archive, Member};
use lookalike_vision::decode::Limits;
use std::path::Path;
use std::sync::Arc;

/// What is known of the member `name` without unpacking it.
pub(super) fn stat(path: &Path, name: &str) -> Result<Stat, ReadError> {
    let archive = archive::shared(path)?;
    let bytes = find(&archive, name)?.bytes;
    Ok(Stat { bytes, modified_ns: archive.modified_ns() })
}

/// Unpacks the member `name`, unless it is longer than `limits` allow.
pub(super) fn read(path: &Path, name: &str, limits: &Limits) -> Result<Photo, ReadError> {
    let archive: Arc<Archive> = archive::shared(path)?;
    let member = find(&archive, name)?;
    if member.bytes > limits.max_bytes {
        return Err(ReadError::TooLarge { bytes: member.bytes, max_bytes: limits.max_bytes });
    }
    let bytes = archive.read(member)?;
    Ok(Photo { bytes: bytes.into(), modified_ns: archive.modified_ns() })
}

fn find<'a>(archive: &'a Archive, name: &str) -> Result<&'a Member, ReadError> {
    archive.find(name).ok_or(ReadError::Missing)
}
