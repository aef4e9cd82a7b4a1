//! Ctrl-C and SIGTERM: the first asks work to stop cleanly, the second ends the process at once.

use anyhow::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Exit code of a process that was interrupted, by the shells' convention.
pub(super) const INTERRUPTED: u8 = 130;

/// Resolves when the process is asked to stop.
///
/// # Errors
/// When signals cannot be listened to.
pub(super) async fn asked_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot listen for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}

/// Tells `stop` when the process is asked to stop; asked again, the process ends.
pub(super) async fn stop_then_end(stop: oneshot::Sender<()>) {
    match asked_to_stop().await {
        Ok(()) => {
            // Nobody listens any more when the server has ended by itself.
            let _ = stop.send(());
            if asked_to_stop().await.is_ok() {
                std::process::exit(INTERRUPTED.into());
            }
        }
        Err(error) => tracing::error!("{error:#}"),
    }
}

/// A flag that is set when the process is asked to stop; asked again, the process ends.
///
/// # Errors
/// When signals cannot be listened to.
pub(super) fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async move {
            while asked_to_stop().await.is_ok() {
                if raised.swap(true, Ordering::SeqCst) {
                    std::process::exit(INTERRUPTED.into());
                }
            }
        });
    })?;
    Ok(flag)
}
