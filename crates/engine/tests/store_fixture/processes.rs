//! Another process for a scenario: this test binary again, told by the environment which part to play.

#![allow(dead_code, reason = "each scenario file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what a scenario needs and does not get is its failure"
)]

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PART: &str = "LOOKALIKE_TEST_PART";
const CATALOG: &str = "LOOKALIKE_TEST_CATALOG";
pub(crate) const FIRST: &str = "LOOKALIKE_TEST_FIRST_BATCH";

/// Another process, which does not outlive the scenario.
pub(crate) struct Other(pub(crate) Child);

impl Drop for Other {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn other_process(part: &str, catalog: &Path, first_batch: u64) -> Other {
    let mut command = Command::new(std::env::current_exe().unwrap());
    play(command.env(FIRST, first_batch.to_string()), part, catalog)
}

pub(crate) fn play(command: &mut Command, part: &str, catalog: &Path) -> Other {
    command.args(["--exact", "the_other_process", "--nocapture", "--test-threads", "1"]);
    command.env(PART, part).env(CATALOG, catalog).stdin(Stdio::piped()).stdout(Stdio::piped());
    Other(command.spawn().unwrap())
}

/// Lines the other process says, without the test runner's own.
pub(crate) fn lines(other: &mut Other) -> impl Iterator<Item = String> + use<> {
    let said = BufReader::new(other.0.stdout.take().unwrap()).lines();
    said.map_while(Result::ok).filter_map(|line| line.split_once("says ").map(|(_, said)| said.to_owned()))
}

pub(crate) fn say(what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "says {what}").unwrap();
    out.flush().unwrap();
}

/// The part this process is to play and the catalog to play it on; none when all tests are run.
pub(crate) fn part() -> Option<(String, PathBuf)> {
    Some((std::env::var(PART).ok()?, std::env::var_os(CATALOG).map(PathBuf::from)?))
}
