//! `lookalike models`: which neural encoders there are, and bringing, adding and removing them.
//!
//! Each subcommand that does more than print has a file of its own beside this one: `models_pull`, `models_add`.

use super::Outcome;
use super::models_add::Add;
use super::models_built_in as built_in;
use super::models_pull::Pull;
use super::models_quantize::Quantize;
use crate::report::{json, table};
use lookalike_engine::models::registry::{Origin, RegistryEntry};
use lookalike_engine::models::{Listed, ModelEntry, Models, ModelsError, Pin};
use lookalike_vision::look;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::iter::once;

/// Bring, add and list neural encoders
///
/// They lie in the folder that LOOKALIKE_MODELS names, or else in ~/.local/share/lookalike/models. The encoder look-1 is
/// part of the program and has no files.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct ModelsCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    List(List),
    Show(Show),
    Pull(Pull),
    Add(Add),
    Quantize(Quantize),
    Remove(Remove),
}

/// List the models that are here and those that can be pulled
///
/// `digest` says who vouches for the files: `pinned` for what the hub stated when this program was written, `first use`
/// for what came when the model was pulled, `own` for your own files. `verified` says whether this project has run the
/// model with its real weights. What is built in is part of the program.
#[derive(Debug, clap::Args)]
struct List {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Show what is known of one model
#[derive(Debug, clap::Args)]
struct Show {
    /// Its name.
    name: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Delete a model's files
///
/// Catalogs keep the vectors it made, but cannot encode new photos or queries with it until it is back.
#[derive(Debug, clap::Args)]
struct Remove {
    /// Its name.
    name: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl ModelsCommand {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        match self.action {
            Action::List(action) => action.run(),
            Action::Show(action) => action.run(),
            Action::Pull(action) => action.run(),
            Action::Add(action) => action.run(),
            Action::Quantize(action) => action.run(),
            Action::Remove(action) => action.run(),
        }
    }
}

/// The columns of the list.
pub(super) const HEAD: [&str; 8] =
    ["name", "dimensions", "text", "licence", "size", "state", "verified", "digest"];

/// The models of this machine.
pub(super) fn models() -> anyhow::Result<Models> {
    Ok(Models::at(&Models::default_folder()?))
}

/// Bytes as a person reads them.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

impl List {
    fn run(self) -> anyhow::Result<Outcome> {
        let models = models()?;
        let listed = models.list()?;
        let mut out = io::stdout().lock();
        if self.json {
            let rows: Vec<Value> = once(built_in::as_json()).chain(listed.iter().map(as_json)).collect();
            json::write(&mut out, &json!({"folder": models.folder(), "models": rows}))?;
        } else {
            let rows: Vec<_> = once(built_in::row()).chain(listed.iter().map(as_row)).collect();
            table::write(&mut out, HEAD, &rows)?;
        }
        out.flush()?;
        let mut outcome = Outcome::Done;
        for Listed { name, here, .. } in &listed {
            if let Some(Err(error)) = here {
                outcome = Outcome::SomeFailed;
                writeln!(io::stderr(), "failed: {name}: {error}")?;
            }
        }
        Ok(outcome)
    }
}

/// One word, or two, for where a model is.
fn state(listed: &Listed) -> &'static str {
    match (&listed.here, &listed.known) {
        (Some(Ok(entry)), _) if entry.page.origin.is_some() => "here",
        (Some(Ok(_)), _) => "own",
        (Some(Err(_)), _) => "unusable",
        (None, _) if listed.begun => "half pulled",
        (None, Some(RegistryEntry { origin: Origin::Unavailable(_), .. })) => "add your own",
        (None, _) => "not pulled",
    }
}

fn entry(listed: &Listed) -> Option<&ModelEntry> {
    listed.here.as_ref().and_then(|here| here.as_ref().ok())
}

fn bytes(listed: &Listed) -> Option<u64> {
    match (entry(listed), &listed.known) {
        (Some(entry), _) => Some(entry.page.files.bytes()),
        (None, Some(RegistryEntry { origin: Origin::Hub(hub), .. })) => hub.bytes(),
        _ => None,
    }
}

fn pinned(listed: &Listed) -> Option<Pin> {
    match (entry(listed), &listed.known) {
        (Some(entry), _) => Some(entry.page.files.pinned()),
        (None, Some(RegistryEntry { origin: Origin::Hub(hub), .. })) => {
            Some(if hub.is_pinned() { Pin::Registry } else { Pin::FirstUse })
        }
        _ => None,
    }
}

/// Of the registry's own weights; nobody's word is taken for a user's files.
fn verified(listed: &Listed) -> bool {
    let own = entry(listed).is_some_and(|entry| entry.page.origin.is_none());
    !own && listed.known.as_ref().is_some_and(|known| known.verified)
}

fn as_row(listed: &Listed) -> [String; 8] {
    let description = entry(listed).map(|entry| &entry.page.description);
    let description = description.or(listed.known.as_ref().map(|known| &known.description));
    let dash = || "-".to_owned();
    let digest = match pinned(listed) {
        Some(Pin::Registry) => "pinned",
        Some(Pin::FirstUse) => "first use",
        Some(Pin::Own) => "own",
        None => "-",
    };
    [
        listed.name.clone(),
        description.map_or_else(dash, |description| description.dimensions.to_string()),
        description.map_or("-", |description| yes_or_no(description.text.is_some())).to_owned(),
        description.map_or_else(dash, |description| description.licence.clone()),
        bytes(listed).map_or_else(dash, megabytes),
        state(listed).to_owned(),
        yes_or_no(verified(listed)).to_owned(),
        digest.to_owned(),
    ]
}

fn yes_or_no(answer: bool) -> &'static str {
    if answer { "yes" } else { "no" }
}

fn as_json(listed: &Listed) -> Value {
    let description = entry(listed).map(|entry| &entry.page.description);
    let description = description.or(listed.known.as_ref().map(|known| &known.description));
    json!({
        "name": listed.name,
        "dimensions": description.map(|description| description.dimensions),
        "text": description.map(|description| description.text.is_some()),
        "licence": description.map(|description| &description.licence),
        "bytes": bytes(listed),
        "state": state(listed).replace(' ', "-"),
        "verified": verified(listed),
        "pinned": pinned(listed).map(Pin::as_str),
        "error": listed.here.as_ref().and_then(|here| here.as_ref().err()).map(ToString::to_string),
    })
}

impl Show {
    fn run(self) -> anyhow::Result<Outcome> {
        if self.name == look::NAME {
            return self.run_built_in();
        }
        let models = models()?;
        let found = models.list()?.into_iter().find(|listed| listed.name == self.name);
        let Some(listed) = found else {
            // Says what is wrong with the name, or which names there are.
            return Err(models.entry(&self.name).err().unwrap_or(ModelsError::Name(self.name)).into());
        };
        if let Listed { here: Some(Err(_)), .. } = &listed {
            models.entry(&self.name)?;
        }
        let mut out = io::stdout().lock();
        let page = entry(&listed).map(|entry| &entry.page.description);
        let Some(page) = page.or(listed.known.as_ref().map(|known| &known.description)) else {
            return Err(ModelsError::Name(self.name).into());
        };
        if self.json {
            let mut value = as_json(&listed);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("description".to_owned(), serde_json::to_value(page)?);
                fields.insert("origin".to_owned(), origin_json(&listed));
                fields.insert(
                    "note".to_owned(),
                    json!(listed.known.as_ref().and_then(|known| known.note.as_ref())),
                );
                if let Some(entry) = entry(&listed) {
                    fields.insert("folder".to_owned(), json!(entry.folder));
                    fields.insert("encoder_digest".to_owned(), json!(entry.id().digest));
                    fields.insert("files".to_owned(), serde_json::to_value(&entry.page.files)?);
                }
            }
            json::write(&mut out, &value)?;
        } else {
            table::write_record(&mut out, &listed.name, &record(&listed))?;
            writeln!(out, "\n{}", page.to_toml()?.trim_end())?;
        }
        Ok(Outcome::Done)
    }
}

impl Show {
    fn run_built_in(&self) -> anyhow::Result<Outcome> {
        let mut out = io::stdout().lock();
        if self.json {
            let mut value = built_in::as_json();
            if let Some(fields) = value.as_object_mut() {
                fields.extend(built_in::details().into_iter().map(|(name, value)| (name.to_owned(), value)));
            }
            json::write(&mut out, &value)?;
        } else {
            table::write_record(&mut out, &self.name, &built_in::record())?;
            writeln!(out, "\n{}", look::description().to_toml()?.trim_end())?;
        }
        Ok(Outcome::Done)
    }
}

fn record(listed: &Listed) -> Vec<(&'static str, String)> {
    let mut rows =
        vec![("state", state(listed).to_owned()), ("verified", yes_or_no(verified(listed)).to_owned())];
    if let Some(entry) = entry(listed) {
        rows.push(("folder", entry.folder.display().to_string()));
        rows.push(("encoder digest", entry.id().digest));
        if let Some(origin) = &entry.page.origin {
            let revision = origin.revision.as_deref().unwrap_or("unknown");
            rows.push(("came from", format!("{} at {revision}", origin.repository)));
        }
        for file in entry.page.files.iter() {
            let pinned = file.pinned.as_str();
            rows.push((
                "file",
                format!("{}, {} bytes, SHA-256 {} ({pinned})", file.name, file.bytes, file.sha256),
            ));
        }
    } else if let Some(known) = &listed.known {
        match &known.origin {
            Origin::Hub(hub) => {
                let revision = hub.revision.as_deref().unwrap_or("main, whatever that is when pulled");
                rows.push(("comes from", format!("{} at {revision}", hub.repository)));
                for file in hub.files() {
                    let bytes = file.bytes.map_or_else(String::new, |bytes| format!(", {bytes} bytes"));
                    let sha256 = file.sha256.map_or_else(
                        || "pinned on first use".to_owned(),
                        |sha256| format!("SHA-256 {sha256}"),
                    );
                    rows.push(("file", format!("{}{bytes}, {sha256}", file.path)));
                }
            }
            Origin::Unavailable(reason) => rows.push(("not to be pulled", reason.clone())),
        }
    }
    if let Some(note) = listed.known.as_ref().and_then(|known| known.note.as_ref()) {
        rows.push(("note", note.clone()));
    }
    rows
}

fn origin_json(listed: &Listed) -> Value {
    if let Some(entry) = entry(listed) {
        let origin = entry.page.origin.as_ref();
        return json!(origin.map(|o| json!({"repository": o.repository, "revision": o.revision})));
    }
    match listed.known.as_ref().map(|known| &known.origin) {
        Some(Origin::Hub(hub)) => {
            let files: Vec<Value> = hub
                .files()
                .map(|f| json!({"path": f.path, "bytes": f.bytes, "sha256": f.sha256.map(|d| d.to_string())}))
                .collect();
            json!({"repository": hub.repository, "revision": hub.revision, "files": files})
        }
        Some(Origin::Unavailable(reason)) => json!({"unavailable": reason}),
        None => Value::Null,
    }
}

impl Remove {
    fn run(self) -> anyhow::Result<Outcome> {
        models()?.remove(&self.name)?;
        let mut out = io::stdout().lock();
        if self.json {
            json::write(&mut out, &json!({"name": self.name, "removed": true}))?;
        } else {
            writeln!(out, "removed {}", self.name)?;
        }
        Ok(Outcome::Done)
    }
}
