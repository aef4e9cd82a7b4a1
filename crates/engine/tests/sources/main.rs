//! Scenarios of sources, by what is read; folders, plain CSV and JSON lines have files of their own beside this one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, where a failure is the answer")]

mod abo;
mod archive;
mod exports;
mod kit;
mod xml;
