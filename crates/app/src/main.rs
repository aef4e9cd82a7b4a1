//! The `lookalike` binary.

#[allow(dead_code, unused_imports, reason = "the demo subcommand is wired by a later commit")]
mod demo;

fn main() {}
