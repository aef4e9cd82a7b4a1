//! `lookalike keys`: API keys for a server that others reach.

use super::Outcome;
use super::open::Catalog;
use crate::http::auth::{Keys, Role};
use crate::report::json;
use anyhow::Context;
use indicatif::HumanDuration;
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Make, list and revoke API keys
///
/// A server that others reach asks for a key. A running one takes over changes within a second or two, so that a key can
/// be replaced without a pause: make the next one, hand it out, revoke the old one.
#[derive(Debug, clap::Args)]
pub(super) struct KeysCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Add(Add),
    List(List),
    Revoke(Revoke),
}

/// Where keys are kept.
#[derive(Debug, clap::Args)]
struct Place {
    #[command(flatten)]
    catalog: Catalog,
    /// The file of keys [default: keys.toml in the catalog].
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Make a key and print it, this once
///
/// Only its digest is kept.
#[derive(Debug, clap::Args)]
struct Add {
    #[command(flatten)]
    place: Place,
    /// What it allows; each role may do what those before it may.
    #[arg(long, value_name = "ROLE", default_value = "read")]
    role: Role,
    /// Who has it, or what it is for.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
}

/// List the keys: their ids, never the keys themselves
#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    place: Place,
}

/// Take a key back
#[derive(Debug, clap::Args)]
struct Revoke {
    #[command(flatten)]
    place: Place,
    /// Its id, as `keys list` prints it.
    #[arg(value_name = "ID")]
    id: String,
}

/// The file of keys of a catalog.
pub(super) fn keys_file(given: Option<&Path>, catalog: &Catalog) -> anyhow::Result<PathBuf> {
    Ok(match given {
        Some(path) => path.to_path_buf(),
        None => catalog.folder()?.join("keys.toml"),
    })
}

impl Place {
    fn file(&self) -> anyhow::Result<PathBuf> {
        let path = keys_file(self.keys.as_deref(), &self.catalog)?;
        if self.keys.is_none() {
            // So that a slip of the pen makes no folder of keys that no server reads.
            self.catalog.open().context("keys are kept in a catalog")?;
        }
        Ok(path)
    }
}

impl KeysCommand {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let mut out = io::stdout().lock();
        match self.action {
            Action::Add(Add { place, role, note }) => {
                let (key, entry) = Keys::add(&place.file()?, role, &note)?;
                if place.json {
                    json::write(&mut out, &json!({"key": key, "id": entry.id, "role": role}))?;
                } else {
                    writeln!(out, "{key}")?;
                    let told =
                        "keep it: it is not shown again; callers send it as `Authorization: Bearer KEY`";
                    writeln!(io::stderr(), "key {} of the role {}; {told}", entry.id, role.as_str())?;
                }
            }
            Action::List(List { place }) => {
                let keys = Keys::read(&place.file()?)?;
                if place.json {
                    let listed = keys.entries().iter().map(|entry| {
                        json!({"id": entry.id, "role": entry.role, "note": entry.note, "created": entry.created})
                    });
                    json::write(&mut out, &json!({"keys": listed.collect::<Vec<_>>()}))?;
                } else if keys.entries().is_empty() {
                    writeln!(out, "no keys; `lookalike keys add` makes one")?;
                } else {
                    for entry in keys.entries() {
                        let age = HumanDuration(since(entry.created));
                        writeln!(
                            out,
                            "{}  {:5}  made {age} ago  {}",
                            entry.id,
                            entry.role.as_str(),
                            entry.note
                        )?;
                    }
                }
            }
            Action::Revoke(Revoke { place, id }) => {
                let entry = Keys::revoke(&place.file()?, &id)?;
                if place.json {
                    json::write(&mut out, &json!({"revoked": entry.id}))?;
                } else {
                    writeln!(out, "revoked {} {}", entry.id, entry.note)?;
                }
            }
        }
        Ok(Outcome::Done)
    }
}

fn since(seconds: u64) -> Duration {
    let then = UNIX_EPOCH + Duration::from_secs(seconds);
    SystemTime::now().duration_since(then).unwrap_or_default()
}
