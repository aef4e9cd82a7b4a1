//! A request's body, whole and bounded in size, in time and in what all bodies together take.
//!
//! A body over a limit, or for which there is no place, is read on for a while without being kept: a caller who is cut off
//! while still sending sees a broken connection instead of the answer that says why. A body that is on its way takes room only
//! for what has arrived, and no place: callers who send slowly hold up nobody. What is in it is not known here, but for how
//! JSON is read.

use super::problem::Problem;
use super::state::AppState;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use serde::de::DeserializeOwned;
use std::future::poll_fn;
use std::pin::Pin;
use tokio::sync::OwnedSemaphorePermit;

/// How many times the limit is read and thrown away before a caller is cut off after all.
const TOLERANCE: usize = 4;
/// In what steps room is taken.
pub(super) const ROOM_STEP_BYTES: usize = 64 << 10;

/// Longer JSON is read on a thread of its own.
const LONG_BYTES: usize = 64 << 10;

/// A body that has arrived, with the room it takes.
struct Received {
    /// The body.
    bytes: Bytes,
    /// Held for as long as the bytes are.
    room: Room,
}

/// Room for one body among all that are in memory.
#[derive(Debug, Default)]
struct Room(Option<OwnedSemaphorePermit>);

impl Room {
    /// Takes what `bytes` need beyond what is held; false where there is no more to be had.
    fn grow(&mut self, state: &AppState, bytes: usize) -> bool {
        let held = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Some(more @ 1..) = bytes.div_ceil(ROOM_STEP_BYTES).checked_sub(held) else { return true };
        let Some(taken) = state.room(more) else { return false };
        match &mut self.0 {
            Some(room) => room.merge(taken),
            none => *none = Some(taken),
        }
        true
    }
}

/// What a question takes until it is answered.
#[derive(Debug)]
pub(super) struct Held {
    _room: Room,
    _place: OwnedSemaphorePermit,
}

/// Reads a body whole, then takes a place.
///
/// # Errors
/// 413, 408, 400, 415, 503.
pub(super) async fn receive(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Bytes, Held), Problem> {
    // A packed body may unpack to anything; pictures do not get smaller by it.
    let packed = headers.get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity");
    if let Some(encoding) = packed {
        let detail = format!("the body is packed ({encoding:?}); send it as it is, without Content-Encoding");
        return Err(Problem::unsupported_media_type(detail));
    }
    let is_crowded = state.has_no_place();
    let received = read(state, body, is_crowded).await?;
    Ok((received.bytes, Held { _room: received.room, _place: state.place()? }))
}

/// The JSON of a body.
///
/// # Errors
/// 400 for what is no JSON, 422 for JSON that is something else than was asked for.
pub(super) async fn json<T: DeserializeOwned + Send + 'static>(
    state: &AppState,
    bytes: Bytes,
) -> Result<T, Problem> {
    let read = |bytes: &[u8]| {
        // A list would be taken for an object's values in their order.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            let detail = "the JSON body is a list; it must be an object";
            return Err(Problem::invalid("invalid_parameter", detail));
        }
        serde_json::from_slice(bytes).map_err(|error| {
            let detail = format!("the JSON body: {error}");
            if error.is_data() {
                Problem::invalid("invalid_parameter", detail)
            } else {
                Problem::malformed(detail)
            }
        })
    };
    if bytes.len() <= LONG_BYTES {
        return read(&bytes);
    }
    state.on_thread(move |_| read(&bytes)).await
}

/// Reads all of `body`, and keeps nothing of it where it `is_crowded`.
///
/// # Errors
/// 413 over the limit, 408 when it takes too long, 400 when it breaks off, 503 when all bodies together take too much.
async fn read(state: &AppState, body: Body, is_crowded: bool) -> Result<Received, Problem> {
    let timeout = state.limits().body_timeout;
    tokio::time::timeout(timeout, read_all(state, body, is_crowded)).await.unwrap_or_else(|_| {
        Err(Problem::too_slow(format!("the body did not arrive within {} s", timeout.as_secs())))
    })
}

async fn read_all(state: &AppState, mut body: Body, mut is_crowded: bool) -> Result<Received, Problem> {
    let limit_bytes = state.limits().body_bytes;
    let announced = body.size_hint().lower();
    if announced > (limit_bytes * TOLERANCE) as u64 {
        return Err(Problem::too_large(limit_bytes));
    }
    let mut kept = Vec::new();
    let mut room = Room::default();
    let mut received = 0_usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| Problem::malformed("the body broke off before its end"))?;
        let Ok(data) = frame.into_data() else { continue };
        received = received.saturating_add(data.len());
        if received > limit_bytes * TOLERANCE {
            break;
        }
        let is_kept = received <= limit_bytes && !is_crowded;
        is_crowded |= is_kept && !room.grow(state, received);
        if !is_kept || is_crowded {
            (kept, room) = (Vec::new(), Room::default());
        } else {
            kept.extend_from_slice(&data);
        }
    }
    if received > limit_bytes {
        Err(Problem::too_large(limit_bytes))
    } else if is_crowded {
        Err(Problem::busy())
    } else {
        Ok(Received { bytes: kept.into(), room })
    }
}
