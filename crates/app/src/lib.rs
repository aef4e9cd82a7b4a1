//! What the `lookalike` binary is made of, as a library so that tests can drive it without a process.

pub mod cli;
mod demo;
pub mod http;
pub mod page;
pub mod report;
