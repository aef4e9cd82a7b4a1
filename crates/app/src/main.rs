//! The `lookalike` binary.

#[expect(dead_code, reason = "the demo subcommand is wired by a later commit")]
mod demo;

fn main() {}
