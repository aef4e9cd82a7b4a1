//! What can be set, as clap's definition of a command has it, and under which names.

use clap::{Arg, ArgAction, Command};

/// The environment's variables begin with this.
pub(super) const PREFIX: &str = "LOOKALIKE_";
/// Arguments that are about this run of the program and no settings.
const NONE_OF_OURS: [&str; 3] = ["help", "version", "json"];
/// Words in a name that make its value a secret, besides clap's own `hide_env_values`.
const SECRET_WORDS: [&str; 4] = ["password", "secret", "token", "credential"];

/// How an argument is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// There or not.
    Switch,
    /// With one value.
    Value,
    /// With one value or none.
    MaybeValue,
    /// With a value, and more than once.
    List,
}

/// One argument of a command that can be set elsewhere too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// clap's id of it.
    pub(super) id: String,
    /// Its name in the file: the long flag's, or the argument's own.
    pub(super) name: String,
    /// Whether it is a flag, and no argument by position.
    pub(super) is_flag: bool,
    pub(super) kind: Kind,
    /// Whether its value is never shown.
    pub(super) is_secret: bool,
}

impl Setting {
    /// Everything that can be set about `command`.
    pub(super) fn all_of(command: &Command) -> Vec<Self> {
        let arguments = command.get_arguments().filter(|arg| !NONE_OF_OURS.contains(&arg.get_id().as_str()));
        arguments.filter_map(Self::of).collect()
    }

    fn of(arg: &Arg) -> Option<Self> {
        let range = arg.get_num_args();
        let kind = match arg.get_action() {
            ArgAction::SetTrue => Kind::Switch,
            ArgAction::Append => Kind::List,
            ArgAction::Set if range.is_some_and(|range| range.max_values() > 1) => Kind::List,
            ArgAction::Set if range.is_some_and(|range| range.min_values() == 0) => Kind::MaybeValue,
            ArgAction::Set => Kind::Value,
            // Counts, and what is said on the spot and not set.
            _ => return None,
        };
        let id = arg.get_id().to_string();
        let name = arg.get_long().map_or_else(|| id.replace('_', "-"), str::to_owned);
        let is_secret = arg.is_hide_env_values_set() || SECRET_WORDS.iter().any(|word| name.contains(word));
        Some(Self { id, name, is_flag: arg.get_long().is_some(), kind, is_secret })
    }

    /// The environment's variable of it.
    pub(super) fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.replace('-', "_").to_ascii_uppercase())
    }
}

/// What `word` may have been meant as.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.75;
    let scored = known.map(|name| (strsim::jaro_winkler(word, name), name));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(score, _)| *score >= ALIKE).map(|(_, name)| name)
}

/// "; did you mean …?", where there is something to mean.
pub(super) fn suggestion<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// `text` without the password of a URL in it.
pub(super) fn without_passwords(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}{path}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_what_clap_says_they_are() {
        let command = Command::new("serve")
            .arg(Arg::new("catalog").required(true))
            .arg(Arg::new("allow_private").long("allow-private").action(ArgAction::SetTrue))
            .arg(Arg::new("hosts").long("host").action(ArgAction::Append))
            .arg(Arg::new("anonymous").long("anonymous").num_args(0..=1))
            .arg(Arg::new("pin").long("pin").hide_env_values(true))
            .arg(Arg::new("upstream_token").long("upstream-token"))
            .arg(Arg::new("verbose").short('v').action(ArgAction::Count))
            .arg(Arg::new("json").long("json").action(ArgAction::SetTrue));
        let all = Setting::all_of(&command);
        let told: Vec<_> =
            all.iter().map(|one| (one.name.as_str(), one.variable(), one.kind, one.is_secret)).collect();
        let expected = [
            ("catalog", "LOOKALIKE_CATALOG", Kind::Value, false),
            ("allow-private", "LOOKALIKE_ALLOW_PRIVATE", Kind::Switch, false),
            ("host", "LOOKALIKE_HOST", Kind::List, false),
            ("anonymous", "LOOKALIKE_ANONYMOUS", Kind::MaybeValue, false),
            ("pin", "LOOKALIKE_PIN", Kind::Value, true),
            ("upstream-token", "LOOKALIKE_UPSTREAM_TOKEN", Kind::Value, true),
        ];
        assert_eq!(
            told,
            expected.map(|(name, variable, kind, secret)| (name, variable.to_owned(), kind, secret))
        );
    }

    #[test]
    fn a_slip_of_the_pen_is_told_what_it_may_have_meant() {
        let known = ["listen", "rate", "trusted-proxies", "tls-cert"];
        for (word, meant) in [
            ("listn", Some("listen")),
            ("tls-crt", Some("tls-cert")),
            ("trusted-proxy", Some("trusted-proxies")),
            ("quantum", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), meant, "{word}");
        }
    }

    #[test]
    fn passwords_in_addresses_are_not_shown() {
        for (text, shown) in [
            ("opensearch+https://me:hush@search:9200/shop", "opensearch+https://***@search:9200/shop"),
            ("https://a@b:p@ss@host", "https://***@host"),
            ("https://host/a@b", "https://host/a@b"),
            ("shop.lookalike", "shop.lookalike"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }
}
