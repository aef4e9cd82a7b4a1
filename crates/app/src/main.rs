//! The `lookalike` binary: visual search and duplicate detection for product catalogs.
//!
//! `main` turns the outcome of a command into an exit code and nothing else; `cli` holds a file per command.

use lookalike::cli;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    give_back_freed_memory();
    let command = cli::Cli::read();
    command.start_logging();
    match command.run() {
        Ok(outcome) => outcome.into(),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell when standard error is gone too.
            let _ = writeln!(io::stderr(), "lookalike: {error:#}");
            ExitCode::from(1)
        }
    }
}

/// Has glibc return blocks of a megabyte and more, as photos take when they are decoded, once they are freed. Left to itself
/// it keeps them, for each thread apart: a busy server then takes four times the memory, and more every minute
/// (`benches/load.py`).
#[cfg(target_env = "gnu")]
fn give_back_freed_memory() {
    const MAPPED_FROM_BYTES: libc::c_int = 1 << 20;
    // SAFETY: sets a number of the allocator's, and no other thread runs yet. Where it is refused all stays as it was.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM_BYTES) };
}

#[cfg(not(target_env = "gnu"))]
fn give_back_freed_memory() {}

/// Whoever read our output has seen enough: that is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|io| io.kind() == io::ErrorKind::BrokenPipe)
}
