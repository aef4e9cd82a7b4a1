//! Settings from everywhere, written onto the command line.
//!
//! The command line is read twice: once to see what it says by itself, and again with what it left open filled in from the
//! environment and the file. So clap judges all of it, whatever it comes from; an error then names the place too.

use super::HIDDEN;
use super::environment;
use super::file::{self, File, Said};
use super::setting::{PREFIX, Setting, without_passwords};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// The command whose flags are settings.
const SERVE: &str = "serve";

/// Where a setting that is no flag comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// This variable.
    Environment(String),
    /// This file.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(variable) => write!(formatter, "environment {variable}"),
            Self::File(path) => write!(formatter, "file {}", path.display()),
        }
    }
}

/// Which settings came from where; a setting that is not here is a flag's or the usual one.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Layers {
    pub(super) origins: BTreeMap<String, Origin>,
    pub(super) file: Option<PathBuf>,
}

/// The command line `given` with what the environment and the file add, and what that was. Commands without settings are
/// left as they are.
///
/// # Errors
/// Wrong usage: a file or a variable that cannot be read or sets what is no setting.
pub(in crate::cli) fn layered(
    root: &Command,
    given: Vec<OsString>,
) -> Result<(Vec<OsString>, Layers), clap::Error> {
    // Mistakes of the command line itself are told when it is read in earnest.
    let Ok(matches) = root.clone().ignore_errors(true).try_get_matches_from(&given) else {
        return Ok((given, Layers::default()));
    };
    let (Some(words), Some(serve)) = (words(&matches), root.find_subcommand(SERVE)) else {
        return Ok((given, Layers::default()));
    };
    let settings = Setting::all_of(serve);
    let own = words.iter().try_fold(&matches, |matches, word| matches.subcommand_matches(word));
    let refuse = |told: String| refusal(root, words, ErrorKind::UnknownArgument, &told);
    let is_given = |id: &str| own.is_some_and(|own| own.value_source(id) == Some(ValueSource::CommandLine));

    let named: Option<PathBuf> =
        own.and_then(|own| own.get_one::<PathBuf>("config").cloned()).or_else(|| {
            env::var_os(format!("{PREFIX}CONFIG")).filter(|path| !path.is_empty()).map(PathBuf::from)
        });
    // Naming the file is no setting of the file's own.
    let in_file: Vec<Setting> = settings.iter().filter(|setting| setting.id != "config").cloned().collect();
    let File { path, said } = file::read(named.as_deref(), &in_file).map_err(refuse)?;
    let mut layers = Layers { file: path.clone(), ..Layers::default() };
    let mut found: BTreeMap<String, (Said, Origin)> = BTreeMap::new();
    if let Some(path) = path {
        found.extend(said.into_iter().map(|(id, said)| (id, (said, Origin::File(path.clone())))));
    }
    for variable in environment::read(&settings, env::vars_os()).map_err(refuse)? {
        found.insert(variable.id, (variable.said, Origin::Environment(variable.name)));
    }

    let (mut by_place, mut flags) = (Vec::new(), Vec::new());
    for setting in settings.iter().filter(|setting| !is_given(&setting.id)) {
        let Some((said, origin)) = found.remove(&setting.id) else { continue };
        let words = words_of(setting, said);
        if setting.is_flag {
            flags.extend(words)
        } else {
            by_place.extend(words)
        }
        layers.origins.insert(setting.id.clone(), origin);
    }
    Ok((with(given, words, by_place, flags), layers))
}

/// The words that name the command, where its settings are `serve`'s.
fn words(matches: &ArgMatches) -> Option<&'static [&'static str]> {
    match matches.subcommand()? {
        (SERVE, _) => Some(&[SERVE]),
        ("config", config) if config.subcommand_name() == Some("show") => Some(&["config", "show"]),
        _ => None,
    }
}

/// What a person would have typed.
fn words_of(setting: &Setting, said: Said) -> Vec<OsString> {
    let flag = |value: String| format!("--{}={value}", setting.name).into();
    match said {
        Said::Switch(true) => vec![format!("--{}", setting.name).into()],
        Said::Switch(false) => Vec::new(),
        Said::Values(values) if setting.is_flag => values.into_iter().map(flag).collect(),
        Said::Values(values) => values.into_iter().map(OsString::from).collect(),
    }
}

/// `given` with arguments by position right behind the command, where no flag before them can take them for its value, and
/// flags at the end.
fn with(
    given: Vec<OsString>,
    words: &[&str],
    by_place: Vec<OsString>,
    flags: Vec<OsString>,
) -> Vec<OsString> {
    let mut rest = given.into_iter();
    let mut all = Vec::new();
    for word in words {
        for argument in rest.by_ref() {
            let is_it = argument == *word;
            all.push(argument);
            if is_it {
                break;
            }
        }
    }
    all.extend(by_place);
    let rest: Vec<OsString> = rest.collect();
    let end = rest.iter().position(|argument| argument == "--").unwrap_or(rest.len());
    let (before, behind) = rest.split_at_checked(end).unwrap_or((&rest, &[]));
    all.extend_from_slice(before);
    all.extend(flags);
    all.extend_from_slice(behind);
    all
}

/// `error` with the place named where the value came from, where that is not the command line.
pub(in crate::cli) fn named(root: &Command, layers: &Layers, error: clap::Error) -> clap::Error {
    // Only then does an argument know how it is written.
    let mut built = root.clone();
    built.build();
    let Some(serve) = built.find_subcommand(SERVE) else { return error };
    let Some(ContextValue::String(about)) = error.get(ContextKind::InvalidArg) else { return error };
    // It is written as in the usage: `--listen <HOST:PORT>`, `<CATALOG>`.
    let argument = serve.get_arguments().find(|argument| argument.to_string() == *about);
    let Some(argument) = argument else { return error };
    let Some(origin) = layers.origins.get(argument.get_id().as_str()) else { return error };
    let is_secret =
        Setting::all_of(serve).iter().any(|one| one.is_secret && one.id == argument.get_id().as_str());
    let rendered = error.to_string();
    let first: Vec<&str> = rendered.lines().take_while(|line| !line.trim().is_empty()).collect();
    let told = match is_secret {
        true => format!("the value of {about} is none that it can have {HIDDEN}"),
        false => without_passwords(first.join("\n").trim_start_matches("error: ")),
    };
    refusal(root, &[SERVE], error.kind(), &format!("{origin}: {told}"))
}

/// Wrong usage of the command that `words` name, told as clap tells it.
fn refusal(root: &Command, words: &[&str], kind: ErrorKind, told: &str) -> clap::Error {
    let mut root = root.clone();
    // So that a command knows its whole name.
    root.build();
    let command = words.iter().try_fold(&root, |command, word| command.find_subcommand(word));
    command.unwrap_or(&root).clone().error(kind, told)
}

/// The path as an absolute one where that can be told, for a person who looks for the file.
pub(super) fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn what_is_added_takes_nothing_from_what_was_typed() {
        let add = |given: &[&str]| {
            with(line(given), &["serve"], line(&["shop"]), line(&["--anonymous", "--rate=2"]))
        };
        for (given, expected) in [
            (&["x", "serve"][..], "x serve shop --anonymous --rate=2"),
            (&["x", "-v", "serve", "--private"], "x -v serve shop --private --anonymous --rate=2"),
            (&["x", "serve", "--anonymous"], "x serve shop --anonymous --anonymous --rate=2"),
            (&["x", "serve", "--private", "--"], "x serve shop --private --anonymous --rate=2 --"),
        ] {
            let words: Vec<String> =
                add(given).iter().map(|word| word.to_string_lossy().into_owned()).collect();
            assert_eq!(words.join(" "), expected);
        }
    }
}
