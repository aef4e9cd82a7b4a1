//! `lookalike config show`: the settings that `serve` would run with, and where each comes from.

use super::HIDDEN;
use super::layers::{Layers, whole};
use super::setting::{Kind, Setting, without_passwords};
use crate::cli::Outcome;
use crate::cli::serve::Serve;
use crate::report::json;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Show how the server is set
///
/// `lookalike serve` takes each setting from its flag, else from the environment (LOOKALIKE_ and the flag's name:
/// --tls-cert is LOOKALIKE_TLS_CERT), else from a TOML file (`tls-cert = "..."`), else as it usually is. The file is the
/// one that --config or LOOKALIKE_CONFIG names, else lookalike.toml in the working folder.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ConfigCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Show(Show),
}

/// Print every setting of `serve` with its value and where that comes from
///
/// Takes the flags of `serve`, to see what they would change. Secrets are not printed.
#[derive(Debug)]
struct Show {
    settings: Vec<Shown>,
    json: bool,
}

#[derive(Debug)]
struct Shown {
    setting: Setting,
    /// None where nothing is set and nothing is usual.
    value: Option<Value>,
    source: Option<ValueSource>,
}

impl Args for Show {
    fn augment_args(command: Command) -> Command {
        let command = Serve::augment_args(command).mut_arg("catalog", |catalog| catalog.required(false));
        let json = Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON");
        command
            .arg(json)
            .about("Print every setting of `serve` with its value and where that comes from")
            .long_about(
                "Print every setting of `serve` with its value and where that comes from\n\nTakes the flags of `serve`, \
                 to see what they would change. Secrets are not printed.",
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Show {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let settings = Setting::all_of(&Serve::augment_args(Command::new("serve")));
        let shown = |setting: Setting| Shown {
            source: matches.value_source(&setting.id),
            value: value(matches, &setting),
            setting,
        };
        Ok(Self { settings: settings.into_iter().map(shown).collect(), json: matches.get_flag("json") })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn value(matches: &ArgMatches, setting: &Setting) -> Option<Value> {
    if setting.kind == Kind::Switch {
        return Some(Value::Bool(matches.get_flag(&setting.id)));
    }
    let raw = matches.get_raw(&setting.id)?;
    let shown = |text: &std::ffi::OsStr| match setting.is_secret {
        true => HIDDEN.to_owned(),
        false => without_passwords(&text.to_string_lossy()),
    };
    let mut values: Vec<Value> = raw.map(|text| Value::String(shown(text))).collect();
    if setting.kind == Kind::List { Some(Value::Array(values)) } else { values.pop() }
}

impl ConfigCommand {
    pub(in crate::cli) fn run(self, layers: &Layers) -> anyhow::Result<Outcome> {
        let Action::Show(show) = self.action;
        let mut out = io::stdout().lock();
        if show.json {
            let settings = show.settings.iter().map(|shown| {
                let Shown { setting, value, .. } = shown;
                json!({
                    "name": setting.name, "value": value, "origin": origin(shown, layers),
                    "variable": setting.variable(),
                })
            });
            let file = layers.file.as_deref().map(|path| whole(path).display().to_string());
            json::write(&mut out, &json!({"file": file, "settings": settings.collect::<Vec<_>>()}))?;
            return Ok(Outcome::Done);
        }
        let file = layers.file.as_deref();
        match file.map(whole) {
            Some(path) => writeln!(out, "file {}\n", path.display())?,
            None => writeln!(out, "no file of settings\n")?,
        }
        let rows: Vec<[String; 3]> = show
            .settings
            .iter()
            .map(|shown| [shown.setting.name.clone(), plain(shown.value.as_ref()), origin(shown, layers)])
            .collect();
        let width = |column: fn(&[String; 3]) -> &String| {
            rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0)
        };
        let (names, values) = (width(|[name, ..]| name), width(|[_, value, _]| value));
        for [name, value, origin] in &rows {
            writeln!(out, "{name:names$}  {value:values$}  {origin}")?;
        }
        Ok(Outcome::Done)
    }
}

fn origin(shown: &Shown, layers: &Layers) -> String {
    if let Some(origin) = layers.origins.get(&shown.setting.id) {
        return origin.to_string();
    }
    match shown.source {
        Some(ValueSource::CommandLine) => "flag".to_owned(),
        Some(_) => "default".to_owned(),
        None => "not set".to_owned(),
    }
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) if values.is_empty() => "-".to_owned(),
        Some(Value::Array(values)) => {
            values.iter().map(|value| plain(Some(value))).collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    }
}
