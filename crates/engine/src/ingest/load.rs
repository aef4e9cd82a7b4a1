//! Brings the bytes of photos and finds out whether they are new.
//!
//! Readers wait for disks and servers, so there may be more of them than cores. Each asks the byte budget before it
//! reads and passes what it was granted on with the bytes.

use super::budget::{Budget, Grant};
use super::event::{Failure, Stage, panic_text};
use super::plan::{Message, Outcome, Purpose, Task};
use super::run::Stop;
use crate::fetch::photo::{Photo, PhotoReader, ReadError};
use crossbeam_channel::{Receiver, Sender};
use lookalike_vision::contained::contained;
use lookalike_vision::decode::Limits;
use sha2::{Digest as _, Sha256};

/// What a photo of unknown length is taken for until it is there.
const USUAL_BYTES: u64 = 1 << 20;

/// A photo that was read and is new.
pub(super) struct Loaded<'a> {
    pub(super) task: Task,
    pub(super) photo: Photo,
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
    pub(super) tasks: Receiver<Task>,
    pub(super) loaded: Sender<Loaded<'a>>,
    pub(super) messages: Sender<Message>,
}

impl Loader<'_> {
    pub(super) fn run(self) {
        while let Ok(task) = self.tasks.recv() {
            let (product, slot) = (task.product, task.slot);
            if let Some((bytes, outcome)) = self.load(task)
                && self.messages.send(Message::Image { product, slot, bytes, outcome }).is_err()
            {
                return;
            }
        }
    }

    /// Gives an outcome unless the photo has to be worked on.
    fn load(&self, task: Task) -> Option<(u64, Outcome)> {
        if self.stop.requested() {
            return Some((0, Outcome::NotReached));
        }
        let mut grant = self.budget.acquire(task.bytes.unwrap_or(USUAL_BYTES).min(self.limits.max_bytes));
        let again = task.before.filter(|_| self.purpose == Purpose::AddVectors);
        let read = contained(|| match again {
            Some(before) => self.reader.read_again(&task.image.location, &before.sha256, &self.limits),
            None => self.reader.read(&task.image.location, &self.limits),
        });
        let read = read.unwrap_or_else(|panic| Err(ReadError::Failed(panic_text(&*panic).to_owned())));
        let photo = match read {
            Ok(photo) => photo,
            Err(error) => {
                let failure = Failure::new(&task.image.location, Stage::Fetch, &error.to_string());
                return Some((0, Outcome::Failed(failure)));
            }
        };
        let bytes = photo.bytes.len() as u64;
        grant.correct(bytes);
        let sha256: [u8; 32] = Sha256::digest(&photo.bytes).into();
        if again.is_some_and(|before| before.sha256 != sha256) {
            let reason = "has changed since it was stored: index its source again";
            let failure = Failure::new(&task.image.location, Stage::Fetch, reason);
            return Some((bytes, Outcome::Failed(failure)));
        }
        if let Some(before) = task.before.filter(|before| again.is_none() && before.sha256 == sha256) {
            let modified_ns = photo.modified_ns.filter(|_| photo.modified_ns != before.modified_ns);
            return Some((bytes, Outcome::Same(modified_ns)));
        }
        // Nobody works on it any more when this fails; the collector then counts it as not reached.
        self.loaded.send(Loaded { task, photo, sha256, grant }).ok();
        None
    }
}
