//! Settings in the environment: `LOOKALIKE_` and the flag's name.
//!
//! A variable of ours that sets nothing is an error, since whoever wrote it meant something. Those that orchestrators write
//! by themselves for a service that happens to be named like this program are passed over.

use super::file::Said;
use super::setting::{Kind, PREFIX, Setting, suggestion};
use std::ffi::OsString;

/// Variables that others here read.
const READ_ELSEWHERE: [&str; 5] =
    ["LOOKALIKE_MODELS", "LOOKALIKE_KILLS", "LOOKALIKE_RANGE", "LOOKALIKE_ENGINES", "LOOKALIKE_BINARY"];
/// Those of the tests' own servers and processes.
const OF_TESTS: &str = "LOOKALIKE_TEST_";

/// What a variable sets.
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) said: Said,
}

/// What the environment sets; an empty variable sets nothing.
///
/// # Errors
/// In words: a variable that sets nothing, or whose value cannot be one.
pub(super) fn read(
    settings: &[Setting],
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<Variable>, String> {
    let mut read = Vec::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        if READ_ELSEWHERE.contains(&name) || name.starts_with(OF_TESTS) || value.is_empty() {
            continue;
        }
        let Some(setting) = settings.iter().find(|setting| setting.variable() == name) else {
            if is_an_orchestrators(name, &value.to_string_lossy()) {
                continue;
            }
            let known: Vec<String> = settings.iter().map(Setting::variable).collect();
            let meant = suggestion(name, known.iter().map(String::as_str));
            return Err(format!("the environment sets {name}, which is no setting{meant}"));
        };
        let Some(value) = value.to_str() else {
            return Err(format!("{name} in the environment is no UTF-8 text"));
        };
        let said = said(setting, value)
            .ok_or_else(|| format!("{name} in the environment must be true or false, not {value:?}"))?;
        read.push(Variable { name: name.to_owned(), id: setting.id.clone(), said });
    }
    Ok(read)
}

fn said(setting: &Setting, value: &str) -> Option<Said> {
    let truth = truth(value);
    Some(match setting.kind {
        Kind::Switch => Said::Switch(truth?),
        Kind::MaybeValue => truth.map_or_else(|| Said::Values(vec![value.to_owned()]), Said::Switch),
        Kind::Value => Said::Values(vec![value.to_owned()]),
        Kind::List => {
            let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
            Said::Values(parts.map(str::to_owned).collect())
        }
    })
}

fn truth(value: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 4]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    if is_one_of(["true", "1", "yes", "on"]) {
        return Some(true);
    }
    is_one_of(["false", "0", "no", "off"]).then_some(false)
}

/// What Kubernetes and Docker links write for a service named `lookalike` or `lookalike-…`: `…_SERVICE_HOST`,
/// `…_SERVICE_PORT`, `…_SERVICE_PORT_HTTP`, `…_PORT=tcp://…`, `…_PORT_8000_TCP_ADDR`.
fn is_an_orchestrators(name: &str, value: &str) -> bool {
    let is_url = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let ends_so = ["_SERVICE_HOST", "_SERVICE_PORT"].iter().any(|end| name.ends_with(end));
    let of_a_port = name.rsplit_once("_PORT_").is_some_and(|(_, rest)| {
        rest.split('_')
            .next()
            .is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
    });
    ends_so || name.contains("_SERVICE_PORT_") || of_a_port || (name.ends_with("_PORT") && is_url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, ArgAction, Command};

    fn settings() -> Vec<Setting> {
        let command = Command::new("serve")
            .arg(Arg::new("listen").long("listen"))
            .arg(Arg::new("private").long("private").action(ArgAction::SetTrue))
            .arg(Arg::new("hosts").long("host").action(ArgAction::Append))
            .arg(Arg::new("anonymous").long("anonymous").num_args(0..=1));
        Setting::all_of(&command)
    }

    fn read_one(name: &str, value: &str) -> Result<Option<(String, Said)>, String> {
        let read = read(&settings(), [(name.into(), value.into())])?;
        Ok(read.into_iter().next().map(|variable| (variable.id, variable.said)))
    }

    #[test]
    fn variables_are_read_as_their_settings_want_them() {
        let values = |values: &[&str]| Said::Values(values.iter().map(|&value| value.to_owned()).collect());
        for (name, value, id, said) in [
            ("LOOKALIKE_LISTEN", "0.0.0.0:1", "listen", values(&["0.0.0.0:1"])),
            ("LOOKALIKE_LISTEN", "1", "listen", values(&["1"])),
            ("LOOKALIKE_PRIVATE", "YES", "private", Said::Switch(true)),
            ("LOOKALIKE_PRIVATE", "0", "private", Said::Switch(false)),
            ("LOOKALIKE_HOST", "a.example, b.example,", "hosts", values(&["a.example", "b.example"])),
            ("LOOKALIKE_ANONYMOUS", "true", "anonymous", Said::Switch(true)),
            ("LOOKALIKE_ANONYMOUS", "write", "anonymous", values(&["write"])),
        ] {
            assert_eq!(read_one(name, value), Ok(Some((id.to_owned(), said))), "{name}={value}");
        }
        for (name, value) in [("LOOKALIKE_LISTEN", ""), ("PATH", "/bin"), ("LOOKALIKE_MODELS", "/m")] {
            assert_eq!(read_one(name, value), Ok(None), "{name}={value}");
        }
    }

    #[test]
    fn a_variable_that_sets_nothing_is_an_error_unless_an_orchestrator_wrote_it() {
        let told = read_one("LOOKALIKE_LISTN", "x").unwrap_err();
        assert!(
            told.contains("LOOKALIKE_LISTN") && told.contains("did you mean `LOOKALIKE_LISTEN`?"),
            "{told}"
        );
        assert!(read_one("LOOKALIKE_PORT", "8000").is_err());
        assert!(read_one("LOOKALIKE_PRIVATE", "maybe").unwrap_err().contains("true or false"));
        for (name, value) in [
            ("LOOKALIKE_PORT", "tcp://10.3.0.1:80"),
            ("LOOKALIKE_SERVICE_HOST", "10.3.0.1"),
            ("LOOKALIKE_SERVICE_PORT", "80"),
            ("LOOKALIKE_API_SERVICE_PORT_HTTP", "80"),
            ("LOOKALIKE_PORT_8000_TCP", "tcp://10.3.0.1:8000"),
            ("LOOKALIKE_API_PORT_8000_TCP_PROTO", "tcp"),
        ] {
            assert_eq!(read_one(name, value), Ok(None), "{name}");
        }
    }
}
