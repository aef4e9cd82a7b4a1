//! A request's body, whole and bounded in size and time.
//!
//! A body over the limit is read on for a while without being kept: a caller who is cut off while still sending
//! sees a broken connection instead of the answer that says why.

use super::problem::Problem;
use axum::body::{Body, Bytes, HttpBody};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

/// How many times the limit is read and thrown away before a caller is cut off after all.
const TOLERANCE: usize = 4;

/// Reads all of `body`.
///
/// # Errors
/// 413 over `limit_bytes`, 408 when it takes longer than `timeout`, 400 when it breaks off.
pub(super) async fn read(body: Body, limit_bytes: usize, timeout: Duration) -> Result<Bytes, Problem> {
    tokio::time::timeout(timeout, read_all(body, limit_bytes)).await.unwrap_or_else(|_| {
        Err(Problem::too_slow(format!("the body did not arrive within {} s", timeout.as_secs())))
    })
}

async fn read_all(mut body: Body, limit_bytes: usize) -> Result<Bytes, Problem> {
    let announced = body.size_hint().lower();
    if announced > (limit_bytes * TOLERANCE) as u64 {
        return Err(Problem::too_large(limit_bytes));
    }
    let mut kept = Vec::new();
    let mut received = 0_usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| Problem::malformed("the body broke off before its end"))?;
        let Ok(data) = frame.into_data() else { continue };
        received = received.saturating_add(data.len());
        if received > limit_bytes * TOLERANCE {
            break;
        }
        if received > limit_bytes {
            kept = Vec::new();
        } else {
            kept.extend_from_slice(&data);
        }
    }
    if received > limit_bytes { Err(Problem::too_large(limit_bytes)) } else { Ok(kept.into()) }
}
