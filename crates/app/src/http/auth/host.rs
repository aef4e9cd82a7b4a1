//! Which names a server without keys answers to.
//!
//! A page that somebody opens can make their browser send requests to 127.0.0.1, under a name of its own that it has
//! pointed there (DNS rebinding). The browser then says that name as the host; a server that asks for no key therefore
//! answers to its own addresses and names alone.

use axum::http::uri::Authority;
use std::net::IpAddr;

/// Names that a server answers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hosts {
    /// Besides loopback addresses and `localhost`; lower case.
    pub also: Vec<String>,
}

impl Hosts {
    /// Whether `host`, as a request's `Host` header has it, is one of them.
    pub(super) fn knows(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        let is_loopback = address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        is_loopback
            || name == "localhost"
            || name.ends_with(".localhost")
            || self.also.iter().any(|known| known == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_names_and_those_given_are_known() {
        let hosts = Hosts { also: vec!["shop.internal".to_owned()] };
        for known in [
            "127.0.0.1:8000",
            "127.9.9.9",
            "localhost",
            "LOCALHOST:80",
            "a.localhost",
            "[::1]:8000",
            "Shop.Internal:1",
        ] {
            assert!(hosts.knows(known), "{known}");
        }
        for other in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "[::2]",
            "user@localhost@evil.example",
            "shop.internal.evil.example",
            "a b",
        ] {
            assert!(!hosts.knows(other), "{other}");
        }
    }
}
