//! The `lookalike` binary: visual search and duplicate detection for product catalogs.
//!
//! `main` turns the outcome of a command into an exit code and nothing else; `cli` holds a file per command.

use lookalike::cli;
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
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

/// Whoever read our output has seen enough: that is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|io| io.kind() == io::ErrorKind::BrokenPipe)
}
