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

/// Has glibc return what photos took when they were decoded: blocks of a megabyte and more once they are freed, smaller ones
/// when four megabytes of them lie together. Left to itself it keeps blocks of any size, for each thread apart: a busy server
/// then takes two to three times the memory, and more every minute (`benches/load.py`). Told the first alone, it returns and asks for
/// the smaller ones with every photo, which costs a request to `/find_similar/` a seventh of its time.
#[cfg(target_env = "gnu")]
fn give_back_freed_memory() {
    const MAPPED_FROM_BYTES: libc::c_int = 1 << 20;
    const RETURNED_FROM_BYTES: libc::c_int = 4 << 20;
    // SAFETY: sets numbers of the allocator's, and no other thread runs yet. What is refused stays as it was.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
        libc::mallopt(libc::M_TRIM_THRESHOLD, RETURNED_FROM_BYTES);
    }
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
