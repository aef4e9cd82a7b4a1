//! `lookalike runtime`: the library that runs networks faster.

use super::progress::Progress;
use super::{Outcome, interrupt};
use crate::report::{json, table};
use anyhow::bail;
use clap::Subcommand;
use lookalike_engine::models::runtime::{self, Found, Installer, RuntimeError, VERSION};
use serde_json::json;
use std::io::{self, Write};
use std::path::PathBuf;

/// Install or look at ONNX Runtime, which runs networks faster
///
/// Without it networks run in the engine that is built in, rten: right, but slower, and int8 networks without gain.
#[derive(Debug, clap::Args)]
pub(super) struct RuntimeCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Install(Install),
    Status(Status),
}

/// Fetch ONNX Runtime's library and put it where it is found
///
/// It is taken out of the wheel on PyPI, whose version and SHA-256 are pinned; no Python is needed. PIP_INDEX_URL names a
/// mirror, HTTPS_PROXY a proxy. What was fetched stays when it is interrupted, and the next run goes on from there.
#[derive(Debug, clap::Args)]
struct Install {
    /// Take the library out of this wheel instead of fetching one.
    #[arg(long, value_name = "FILE.whl")]
    from: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Show which ONNX Runtime is used, or where one would be found
#[derive(Debug, clap::Args)]
struct Status {
    /// Print the path of the library alone, or fail where there is none.
    #[arg(long, conflicts_with = "json")]
    library: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl RuntimeCommand {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        match self.command {
            Command::Install(command) => command.run(),
            Command::Status(command) => command.run(),
        }
    }
}

impl Install {
    fn run(self) -> anyhow::Result<Outcome> {
        let installer = Installer::from_environment()?;
        let installed = match &self.from {
            Some(wheel) => installer.install_from(wheel)?,
            None => {
                let stop = interrupt::stop_flag()?;
                let mut bar: Option<Progress> = None;
                let whole = |bytes: u64| bytes / 1_000_000;
                let mut tell = |done: u64, of: Option<u64>| {
                    let bar = bar.get_or_insert_with(|| Progress::start(of.map(whole), "MB of ONNX Runtime"));
                    bar.reach(whole(done), "");
                };
                let installed = installer.install(&mut tell, &stop);
                if let Some(bar) = bar {
                    bar.finish();
                }
                match installed {
                    Err(error @ RuntimeError::Stopped) => {
                        writeln!(io::stderr(), "lookalike: {error}")?;
                        return Ok(Outcome::Stopped);
                    }
                    installed => installed?,
                }
            }
        };
        let mut out = io::stdout().lock();
        if self.json {
            let value = json!({
                "library": installed.library,
                "already": installed.already,
                "pinned": installed.pinned,
            });
            json::write(&mut out, &value)?;
            return Ok(Outcome::Done);
        }
        let what = if installed.already { "was there already" } else { "installed" };
        let which = if installed.pinned { VERSION } else { "of the given wheel" };
        writeln!(out, "ONNX Runtime {which} {what}: {}", installed.library.display())?;
        Ok(Outcome::Done)
    }
}

impl Status {
    fn run(self) -> anyhow::Result<Outcome> {
        let found = runtime::find_and_load();
        let places: Vec<String> = runtime::places().iter().map(|place| place.display().to_string()).collect();
        let mut out = io::stdout().lock();
        if self.library {
            let Found::Loaded { path, .. } = found else {
                bail!("ONNX Runtime is not there: `lookalike runtime install` brings it");
            };
            writeln!(out, "{}", path.display())?;
            return Ok(Outcome::Done);
        }
        match (found, self.json) {
            (Found::Loaded { path, version }, true) => {
                json::write(
                    &mut out,
                    &json!({"loaded": true, "version": version.to_string(), "library": path}),
                )?;
            }
            (Found::Loaded { path, version }, false) => {
                let rows = [("version", version.to_string()), ("library", path.display().to_string())];
                table::write_record(&mut out, "ONNX Runtime", &rows)?;
            }
            (Found::Absent { unusable }, true) => {
                let unusable: Vec<_> = unusable
                    .iter()
                    .map(|tried| json!({"library": tried.path, "reason": tried.reason}))
                    .collect();
                json::write(&mut out, &json!({"loaded": false, "unusable": unusable, "places": places}))?;
            }
            (Found::Absent { unusable }, false) => {
                writeln!(
                    out,
                    "ONNX Runtime is not there; `lookalike runtime install` brings it. Looked at:"
                )?;
                for place in places {
                    let of_this = |tried: &&runtime::Tried| tried.path.display().to_string() == place;
                    let why = unusable.iter().find(of_this).map(|tried| format!(": {}", tried.reason));
                    writeln!(out, "  {place}{}", why.unwrap_or_default())?;
                }
            }
        }
        Ok(Outcome::Done)
    }
}
