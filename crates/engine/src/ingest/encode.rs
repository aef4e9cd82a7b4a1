//! Makes signatures of photos: decodes one at a time, hashes, and hands pictures to the encoders in batches.
//!
//! Photos of all products are batched together, as they come. A decoder or an encoder that panics costs the picture
//! it was at. Pictures are held until a batch is full, as far as the pixel budget goes: a worker waits for pixels
//! only when it holds none itself, so whoever holds some always gets on and gives them back. Decoding is paid for by
//! its worst case, a picture that waits for its batch by what it takes.

use super::budget::{Budget, Grant};
use super::event::{Failure, Stage, panic_text, whole};
use super::load::Loaded;
use super::plan::{Message, Outcome, Purpose, Task};
use super::stop::Stop;
use crate::fetch::Validators;
use crate::fetch::photo::PhotoReader;
use crate::store::{Fingerprint, NewImage};
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use lookalike_vision::Picture;
use lookalike_vision::contained::contained;
use lookalike_vision::decode::{self, DecodeError, Header, Limits};
use lookalike_vision::encoder::Encoder;
use lookalike_vision::hash::Hashes;

/// Bytes that decoding takes per pixel at the worst: 16-bit RGBA.
const BYTES_PER_PIXEL: u64 = 8;

/// How bytes become a picture.
#[derive(Clone, Copy)]
pub(super) struct Decoder {
    pub(super) probe: fn(&[u8], &Limits) -> Result<Header, DecodeError>,
    pub(super) decode: fn(&[u8], &Limits) -> Result<Picture, DecodeError>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { probe: decode::probe, decode: decode::decode }
    }
}

/// One of the workers.
pub(super) struct Worker<'a> {
    pub(super) decoder: Decoder,
    pub(super) purpose: Purpose,
    pub(super) encoders: &'a [&'a dyn Encoder],
    pub(super) limits: Limits,
    pub(super) batch: usize,
    pub(super) pixels: &'a Budget,
    /// Told of every photo that turned out to be one.
    pub(super) reader: &'a dyn PhotoReader,
    pub(super) stop: &'a Stop<'a>,
    pub(super) loaded: Receiver<Loaded<'a>>,
    pub(super) messages: Sender<Message>,
}

/// A picture that waits for its batch.
struct Held<'a> {
    task: Task,
    fingerprint: Fingerprint,
    validators: Option<Validators>,
    media_type: &'static str,
    picture: Picture,
    /// Unless vectors alone are wanted.
    hashes: Option<Hashes>,
    _pixels: Grant<'a>,
}

impl<'a> Worker<'a> {
    pub(super) fn run(self) {
        let mut held = Vec::new();
        loop {
            let loaded = match self.loaded.try_recv() {
                Ok(loaded) => loaded,
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => {
                    // Nothing to do but what is held.
                    self.encode(&mut held);
                    match self.loaded.recv() {
                        Ok(loaded) => loaded,
                        Err(_) => break,
                    }
                }
            };
            self.take(loaded, &mut held);
            if held.len() >= self.batch.max(1) {
                self.encode(&mut held);
            }
        }
        self.encode(&mut held);
    }

    fn take(&self, loaded: Loaded<'a>, held: &mut Vec<Held<'a>>) {
        let Loaded { task, photo, validators, sha256, grant } = loaded;
        let bytes = photo.bytes.len() as u64;
        if self.stop.requested() {
            let left_out = self.stop.left_out(&task.image.location);
            return self.tell(&task, bytes, Outcome::NotReached(left_out));
        }
        let failed = |reason: &str| {
            let failure = Failure::new(&task.image.location, Stage::Decode, reason);
            self.tell(&task, bytes, Outcome::Failed(failure));
        };
        let header = match caught("decoder", || {
            (self.decoder.probe)(&photo.bytes, &self.limits).map_err(|e| whole(&e))
        }) {
            Ok(header) => header,
            Err(reason) => return failed(&reason),
        };
        let cost = u64::from(header.width) * u64::from(header.height) * BYTES_PER_PIXEL;
        let mut pixels = self.pixels.try_acquire(cost).unwrap_or_else(|| {
            self.encode(held);
            self.pixels.acquire(cost)
        });
        let made = caught("decoder", || {
            let picture = (self.decoder.decode)(&photo.bytes, &self.limits).map_err(|e| whole(&e))?;
            let hashes = (self.purpose == Purpose::Images).then(|| Hashes::of(&picture));
            Ok((picture, hashes))
        });
        if made.is_ok() {
            self.reader.keep(&task.image.location, &sha256, &photo.bytes);
        }
        let fingerprint = Fingerprint { bytes, modified_ns: photo.modified_ns, sha256 };
        drop((photo, grant));
        match made {
            Err(reason) => failed(&reason),
            Ok((picture, hashes)) => {
                let media_type = header.format.media_type();
                pixels.correct((picture.rgb().len() + picture.alpha().map_or(0, <[u8]>::len)) as u64);
                let held_now =
                    Held { task, fingerprint, validators, media_type, picture, hashes, _pixels: pixels };
                held.push(held_now);
            }
        }
    }

    /// Encodes and passes on everything that is held.
    fn encode(&self, held: &mut Vec<Held<'a>>) {
        if held.is_empty() {
            return;
        }
        let pictures: Vec<&Picture> = held.iter().map(|held| &held.picture).collect();
        let vectors: Vec<Result<Vec<Vec<f32>>, String>> = match vectors_of(self.encoders, &pictures) {
            Ok(vectors) => vectors.into_iter().map(Ok).collect(),
            // One picture spoiled the batch; find out which.
            Err(_) if pictures.len() > 1 => pictures
                .iter()
                .map(|&picture| {
                    let alone = vectors_of(self.encoders, &[picture]);
                    alone.map(|vectors| vectors.into_iter().flatten().collect())
                })
                .collect(),
            Err(reason) => vec![Err(reason)],
        };
        for (held, vectors) in held.drain(..).zip(vectors) {
            let Held { task, fingerprint, validators, media_type, picture, hashes, _pixels } = held;
            let outcome = match vectors {
                Err(reason) => Outcome::Failed(Failure::new(&task.image.location, Stage::Encode, &reason)),
                Ok(vectors) => match hashes {
                    Some(hashes) => {
                        let image = Box::new(NewImage {
                            id: task.image.id.clone(),
                            location: task.image.location.clone(),
                            fingerprint,
                            width: picture.width(),
                            height: picture.height(),
                            media_type,
                            hashes,
                            vectors,
                        });
                        Outcome::Ready { image, validators }
                    }
                    None => Outcome::Encoded(vectors.into_iter().flatten().collect()),
                },
            };
            self.tell(&task, fingerprint.bytes, outcome);
        }
    }

    fn tell(&self, task: &Task, bytes: u64, outcome: Outcome) {
        // Without a collector the run is over, and it is told by other means.
        self.messages.send(Message::Image { product: task.product, slot: task.slot, bytes, outcome }).ok();
    }
}

/// For each picture a vector of each encoder, or why there are none.
pub(super) fn vectors_of(
    encoders: &[&dyn Encoder],
    pictures: &[&Picture],
) -> Result<Vec<Vec<Vec<f32>>>, String> {
    let mut all: Vec<Vec<Vec<f32>>> = pictures.iter().map(|_| Vec::new()).collect();
    for encoder in encoders {
        let id = encoder.id();
        let made = caught("encoder", || encoder.encode(pictures).map_err(|error| whole(&error)))?;
        let sound = |vector: &Vec<f32>| vector.len() == id.dimensions && vector.iter().all(|x| x.is_finite());
        if made.len() != pictures.len() || !made.iter().all(sound) {
            return Err(format!("encoder {} gave something else than {} numbers", id.name, id.dimensions));
        }
        for (vectors, vector) in all.iter_mut().zip(made) {
            vectors.push(vector);
        }
    }
    Ok(all)
}

/// Runs what may panic on hostile bytes.
pub(super) fn caught<T>(what: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    contained(work).unwrap_or_else(|panic| Err(format!("{what} fault: {}", panic_text(&*panic))))
}
