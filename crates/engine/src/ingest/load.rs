//! Brings the bytes of photos and finds out whether they are new.
//!
//! Readers wait for disks and servers, so there may be more of them than cores. Each asks the byte budget before it
//! reads and passes what it was granted on with the bytes.

use super::budget::{Budget, Grant};
use super::event::{Failure, Stage, panic_text};
use super::plan::{Message, Outcome, Purpose, Same, Task};
use super::queue::Reading;
use super::stop::Stop;
use crate::fetch::Validators;
use crate::fetch::photo::{Brought, Photo, PhotoReader, ReadError};
use crate::store::{Fingerprint, Found};
use crossbeam_channel::Sender;
use lookalike_vision::contained::contained;
use lookalike_vision::decode::Limits;
use sha2::{Digest as _, Sha256};

/// What a photo of unknown length is taken for until it is there.
const USUAL_BYTES: u64 = 1 << 20;

/// A photo that was read and is new.
pub(super) struct Loaded<'a> {
    pub(super) task: Task,
    pub(super) photo: Photo,
    pub(super) validators: Option<Validators>,
    pub(super) sha256: [u8; 32],
    pub(super) grant: Grant<'a>,
}

/// One of the readers.
pub(super) struct Loader<'a> {
    pub(super) reader: &'a dyn PhotoReader,
    pub(super) purpose: Purpose,
    pub(super) limits: Limits,
    pub(super) budget: &'a Budget,
    pub(super) stop: &'a Stop<'a>,
    pub(super) tasks: Reading<'a>,
    pub(super) loaded: Sender<Loaded<'a>>,
    pub(super) messages: Sender<Message>,
}

impl<'a> Loader<'a> {
    pub(super) fn run(self) {
        // The turn lasts until the photo is handed on: who is not waited for is not asked for more than can be worked on.
        while let Some((task, _turn)) = self.tasks.take() {
            let (product, slot) = (task.product, task.slot);
            let (read, grant) = self.read(&task);
            if let Some((bytes, outcome)) = self.compare(task, read, grant)
                && self.messages.send(Message::Image { product, slot, bytes, outcome }).is_err()
            {
                return;
            }
        }
    }

    /// Nothing when the run is stopped.
    fn read(&self, task: &Task) -> (Result<Brought, ReadError>, Option<Grant<'a>>) {
        if self.stop.requested() {
            return (Err(ReadError::Stopped), None);
        }
        let expected = task.bytes.unwrap_or(USUAL_BYTES).min(self.limits.max_bytes);
        let mut grant = self.budget.acquire(expected);
        let again = task.before.filter(|_| self.purpose == Purpose::AddVectors);
        let (location, limits) = (&task.image.location, &self.limits);
        let read = contained(|| match again {
            Some(before) => {
                let photo = self.reader.read_again(location, &before.sha256, limits)?;
                Ok(Brought::Photo(photo, None))
            }
            None => self.reader.read_unless_same(location, task.validators.as_ref(), limits),
        });
        let read = read.unwrap_or_else(|panic| Err(ReadError::Failed(panic_text(&*panic).to_owned())));
        if let Ok(Brought::Photo(photo, _)) = &read {
            grant.correct(photo.bytes.len() as u64);
        }
        (read, Some(grant))
    }

    /// Gives an outcome unless the photo has to be worked on.
    fn compare(
        &self,
        task: Task,
        read: Result<Brought, ReadError>,
        grant: Option<Grant<'a>>,
    ) -> Option<(u64, Outcome)> {
        let failed = |reason: &str| Outcome::Failed(Failure::new(&task.image.location, Stage::Fetch, reason));
        let (photo, validators) = match read {
            Ok(Brought::Photo(photo, validators)) => (photo, validators),
            // Only what is stored is asked for on this condition.
            Ok(Brought::Same) => return Some((0, Outcome::Same(Box::default()))),
            Err(ReadError::Stopped) => {
                return Some((0, Outcome::NotReached(self.stop.left_out(&task.image.location))));
            }
            Err(error) => return Some((0, failed(&error.to_string()))),
        };
        let bytes = photo.bytes.len() as u64;
        let sha256: [u8; 32] = Sha256::digest(&photo.bytes).into();
        match (self.purpose, task.before) {
            (Purpose::AddVectors, Some(before)) if before.sha256 != sha256 => {
                let reason = "has changed since it was stored: index its source again";
                return Some((bytes, failed(reason)));
            }
            (Purpose::Images, Some(before)) if before.sha256 == sha256 => {
                return Some((bytes, Outcome::Same(Box::new(same(&task, before, &photo, validators)))));
            }
            _ => {}
        }
        // Nobody works on it any more when this fails; the collector then counts it as not reached.
        let grant = grant?;
        self.loaded.send(Loaded { task, photo, validators, sha256, grant }).ok();
        None
    }
}

/// What is new about a photo whose bytes are `before`'s.
fn same(task: &Task, before: Fingerprint, photo: &Photo, validators: Option<Validators>) -> Same {
    let place = task.moved.then(|| (task.image.location.clone(), photo.modified_ns));
    let is_new_time = !task.moved && photo.modified_ns != before.modified_ns;
    Same {
        modified_ns: photo.modified_ns.filter(|_| is_new_time),
        found: Found { place, validators: validators.filter(|now| task.validators.as_ref() != Some(now)) },
    }
}
