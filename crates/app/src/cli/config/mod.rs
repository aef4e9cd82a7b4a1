//! `lookalike config show`, and where the settings of `serve` come from: flags, then the environment, then a file, then
//! what is usual.
//!
//! There is no list of settings here. They are read off clap's own definition of `serve`, so a flag that is added there can be
//! set everywhere at once: `--some-flag` is `LOOKALIKE_SOME_FLAG` and `some-flag = …`. What the environment and the file
//! say is written onto the command line and judged there, by the same rules and in the same words ([`layers`]).
//! `environment` and `file` read, `setting` knows the names, `show` prints.

mod environment;
mod file;
mod layers;
mod setting;
mod show;

pub(super) use layers::{Layers, layered, named};
pub(super) use show::ConfigCommand;

/// What is said where a setting is not to be shown.
const HIDDEN: &str = "(set, not shown)";
