//! The command line: one file per command, each with its flags and what they do.
//!
//! Exit codes: 0 done, 1 error, 2 usage (clap's), 3 done but some items failed, 130 stopped by a signal.

mod check;
mod compat;
mod config;
mod cost;
mod counts;
mod delete;
mod demo;
mod encoders;
mod encoders_upgrade;
mod evaluate;
mod export;
mod fields;
mod filter;
mod hash;
mod import;
mod index;
mod interrupt;
mod keys;
mod log;
mod models;
mod models_add;
mod models_built_in;
mod models_pull;
mod models_quantize;
mod objects;
mod open;
mod progress;
mod reading;
mod retired;
mod runtime;
mod search;
mod serve;
mod status;
mod verify;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 error, 2 wrong usage, 3 done but some items failed (each is named on standard error), \
130 stopped before the end.";

/// Visual search and duplicate detection for product catalogs
///
/// A CATALOG is a folder that `lookalike index` makes. Start with `lookalike demo`.
#[derive(Debug, Parser)]
#[command(
    name = "lookalike",
    bin_name = "lookalike",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    /// Say more on standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 998)]
    pub verbose: u8,
    #[command(subcommand)]
    command: Command,
    /// What came from the environment or a file.
    #[arg(skip)]
    layers: config::Layers,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Index(index::Index),
    Search(search::Search),
    Check(check::Check),
    Serve(serve::Serve),
    Keys(keys::KeysCommand),
    Config(config::ConfigCommand),
    Status(status::Status),
    Verify(verify::Verify),
    Evaluate(evaluate::Evaluate),
    Models(models::ModelsCommand),
    Encoders(encoders::Encoders),
    Export(export::Export),
    Import(import::Import),
    Runtime(runtime::RuntimeCommand),
    Hash(hash::Hash),
    Delete(delete::Delete),
}

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything asked for was done.
    Done,
    /// Done, but some items failed; each was named.
    SomeFailed,
    /// Stopped on request before everything was done; what was done stays.
    Stopped,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::SomeFailed => Self::from(3),
            Outcome::Stopped => Self::from(interrupt::INTERRUPTED),
        }
    }
}

impl Cli {
    /// The command line, with what the environment and the file of settings add to it. Wrong usage ends the process.
    pub fn read() -> Self {
        Self::layered(std::env::args_os().collect()).unwrap_or_else(|error| error.exit())
    }

    fn layered(given: Vec<OsString>) -> Result<Self, clap::Error> {
        let mut root = Self::command();
        let (line, layers) = config::layered(&root, given)?;
        let matches = root.clone().try_get_matches_from(line);
        let matches = matches.map_err(|error| config::named(&root, &layers, error))?;
        let read = Self::from_arg_matches(&matches).map_err(|error| error.format(&mut root))?;
        Ok(Self { layers, ..read })
    }

    /// Starts logging as the command wants it.
    pub fn start_logging(&self) {
        let usual = log::Logging::default();
        let logging = match &self.command {
            Command::Serve(serve) => serve.logging(),
            Command::Demo(demo) => demo.logging(),
            _ => &usual,
        };
        log::start(self.verbose, logging);
    }

    /// Runs the command that was named.
    ///
    /// # Errors
    /// Whatever kept it from being done, in words for a person.
    pub fn run(self) -> anyhow::Result<Outcome> {
        match self.command {
            Command::Demo(command) => command.run(),
            Command::Index(command) => command.run(),
            Command::Search(command) => command.run(),
            Command::Check(command) => command.run(),
            Command::Serve(command) => command.run(),
            Command::Keys(command) => command.run(),
            Command::Config(command) => command.run(&self.layers),
            Command::Status(command) => command.run(),
            Command::Verify(command) => command.run(),
            Command::Evaluate(command) => command.run(),
            Command::Models(command) => command.run(),
            Command::Encoders(command) => command.run(),
            Command::Export(command) => command.run(),
            Command::Import(command) => command.run(),
            Command::Runtime(command) => command.run(),
            Command::Hash(command) => command.run(),
            Command::Delete(command) => command.run(),
        }
    }
}

/// A percentage flag: 0 to 100.
fn percent(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=100.0).contains(&value) => Ok(value),
        _ => Err("must be a number from 0 to 100".to_owned()),
    }
}
