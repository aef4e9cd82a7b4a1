//! Settings in a TOML file: the flags' names without their dashes in front, all on one level.

use super::setting::{Kind, Setting, suggestion};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The file that is read where none is named.
pub(super) const USUAL: &str = "lookalike.toml";
/// Longer ones are none of ours.
const MOST_BYTES: u64 = 1 << 20;

/// What one place says of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// On or off.
    Switch(bool),
    /// These; of a setting with one value, one.
    Values(Vec<String>),
}

/// What a file says of its settings, by their ids.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) path: Option<PathBuf>,
    pub(super) said: Vec<(String, Said)>,
}

/// Reads the file that was named, or else the usual one where there is one.
///
/// # Errors
/// In words that name the file: when it cannot be read, is no TOML, sets what cannot be set, or to what it cannot be.
pub(super) fn read(named: Option<&Path>, settings: &[Setting]) -> Result<File, String> {
    let path = named.unwrap_or(Path::new(USUAL));
    let shown = path.display();
    let text = match bounded(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(File::default());
        }
        Err(error) => return Err(format!("cannot read the settings in {shown}: {error}")),
    };
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        // Its first line: the rest quotes the file, which may hold secrets.
        let line = error
            .span()
            .map_or(1, |span| 1 + text.get(..span.start).unwrap_or_default().matches('\n').count());
        let reason = error.message().lines().next().unwrap_or_default();
        format!("{shown}, line {line}: {reason}")
    })?;
    let said =
        table.iter().map(|(key, value)| one(key, value, settings).map_err(|told| format!("{shown}: {told}")));
    Ok(File { said: said.collect::<Result<_, _>>()?, path: Some(path.to_path_buf()) })
}

fn bounded(path: &Path) -> io::Result<String> {
    let length = fs::metadata(path)?.len();
    if length > MOST_BYTES {
        return Err(io::Error::other(format!("it has {length} bytes, which no file of settings has")));
    }
    fs::read_to_string(path)
}

fn one(key: &str, value: &Value, settings: &[Setting]) -> Result<(String, Said), String> {
    let wanted = key.replace('_', "-");
    let setting = settings.iter().find(|setting| setting.name == wanted).ok_or_else(|| {
        let known = settings.iter().map(|setting| setting.name.as_str());
        format!("there is no setting `{key}`{}", suggestion(&wanted, known))
    })?;
    let wrong = |must: &str| Err(format!("`{key}` must be {must}, not {}", article(value)));
    let said = match (setting.kind, value) {
        (Kind::Switch | Kind::MaybeValue, Value::Boolean(on)) => Said::Switch(*on),
        (Kind::Switch, _) => return wrong("true or false"),
        (Kind::List, Value::Array(values)) => {
            let Some(texts) = values.iter().map(text).collect::<Option<_>>() else {
                return wrong("a list of texts or numbers");
            };
            Said::Values(texts)
        }
        (kind, value) => match text(value) {
            Some(text) => Said::Values(vec![text]),
            None if kind == Kind::List => return wrong("a list of texts or numbers"),
            None if kind == Kind::MaybeValue => return wrong("a text, true or false"),
            None => return wrong("a text or a number"),
        },
    };
    Ok((setting.id.clone(), said))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

fn article(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, ArgAction, Command};

    fn read_text(text: &str) -> Result<Vec<(String, Said)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.toml");
        fs::write(&path, text).unwrap();
        let command = Command::new("serve")
            .arg(Arg::new("listen").long("listen"))
            .arg(Arg::new("allow_private").long("allow-private").action(ArgAction::SetTrue))
            .arg(Arg::new("hosts").long("host").action(ArgAction::Append))
            .arg(Arg::new("anonymous").long("anonymous").num_args(0..=1));
        let read = read(Some(&path), &Setting::all_of(&command));
        read.map(|file| file.said).map_err(|told| told.replace(&*path.to_string_lossy(), "FILE"))
    }

    #[test]
    fn a_file_says_what_flags_say() {
        let values = |values: &[&str]| Said::Values(values.iter().map(|&value| value.to_owned()).collect());
        let read = read_text(
            "listen = \"[::]:80\"\nallow_private = true\nhost = [\"a\", \"b\"]\nanonymous = \"write\" # all\n",
        );
        let expected = [
            ("allow_private", Said::Switch(true)),
            ("anonymous", values(&["write"])),
            ("hosts", values(&["a", "b"])),
            ("listen", values(&["[::]:80"])),
        ];
        let mut read = read.unwrap();
        read.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(read, expected.map(|(id, said)| (id.to_owned(), said)));
        assert_eq!(read_text("allow-private = false\nanonymous = false\nhost = \"a\"").unwrap().len(), 3);
        assert_eq!(read_text("").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_name_and_without_its_content() {
        for (text, says) in [
            ("listn = \"x\"", "FILE: there is no setting `listn`; did you mean `listen`?"),
            ("zebra = 1", "FILE: there is no setting `zebra`"),
            ("[serve]\nlisten = \"x\"", "FILE: there is no setting `serve`"),
            ("allow-private = \"yes\"", "FILE: `allow-private` must be true or false, not a text"),
            ("listen = true", "FILE: `listen` must be a text or a number, not true or false"),
            ("listen = [\"a\"]", "FILE: `listen` must be a text or a number, not a list"),
            ("host = [[\"a\"]]", "FILE: `host` must be a list of texts or numbers, not a list"),
            ("host = 1979-05-27", "FILE: `host` must be a list of texts or numbers, not a date"),
            ("listen = \"a\"\nlisten = \"b\"", "FILE, line 2: "),
            ("listen = \"a\"\n\npassword hush", "FILE, line 3: "),
        ] {
            let told = read_text(text).unwrap_err();
            assert!(told.starts_with(says), "{text:?}: {told}");
            assert!(!told.contains("hush"), "{told}");
        }
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let told = read(Some(Path::new("no/such.toml")), &[]).unwrap_err();
        assert!(told.contains("no/such.toml"), "{told}");
        let folder = tempfile::tempdir().unwrap();
        assert!(read(Some(folder.path()), &[]).is_err());
    }
}
