//! Which URLs may be contacted at all: the guard against requests forged through this server.
//!
//! The same guard is asked in three places: for a URL's host before any socket is opened (an IP literal never
//! reaches a resolver), for every redirect's target, and inside the resolver, whose checked addresses are the
//! ones dialled, so that no second lookup can answer differently. URLs arrive parsed by the WHATWG rules,
//! which turn `127.1`, `2130706433`, `0x7f.1` and `0177.0.0.1` into the address they mean. It opens no socket itself.

use super::address::{Reach, reach};
use std::net::IpAddr;
use url::{Host, Url};

/// Decides what may be contacted.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allow_private: bool,
    ports: Option<Vec<u16>>,
}

/// Why a URL or an address is not contacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something other than http and https.
    #[error("its scheme is {0:?}; only http and https are fetched")]
    Scheme(String),
    /// `user:password@` in the URL.
    #[error("it carries a user name or password; leave them out")]
    Credentials,
    /// No host to contact.
    #[error("it names no host")]
    NoHost,
    /// A port the operator has not allowed.
    #[error("port {0} is not among the allowed ones")]
    Port(u16),
    /// An address of somebody's own network, or a name with one.
    #[error("{host} is a {kind} address; an operator can allow private ones with --allow-private-urls")]
    Private {
        /// As the URL writes it; the address behind a name is kept to ourselves.
        host: String,
        /// The kind of address.
        kind: &'static str,
    },
    /// An address that is never contacted, or a name with one.
    #[error("{host} is a {kind} address, which is never contacted")]
    Never {
        /// As the URL writes it.
        host: String,
        /// The kind of address.
        kind: &'static str,
    },
}

impl Guard {
    /// A guard that lets public addresses pass, and with `allow_private` private ones too (never link-local,
    /// metadata, multicast or reserved ones).
    ///
    /// Any port passes: photos are served from odd ones, and what a list of ports would protect, services on inner
    /// networks, the addresses protect already. [`Guard::with_ports`] narrows that.
    pub fn new(allow_private: bool) -> Self {
        Self { allow_private, ports: None }
    }

    /// Lets only these ports pass.
    #[must_use]
    pub fn with_ports(self, ports: Vec<u16>) -> Self {
        Self { ports: Some(ports), ..self }
    }

    /// Checks everything a URL says by itself: scheme, credentials, port, and the host where it is an address.
    ///
    /// # Errors
    /// The reason it may not be contacted.
    pub fn check_url(&self, url: &Url) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Credentials);
        }
        let port = url.port_or_known_default().ok_or(Refusal::NoHost)?;
        if self.ports.as_ref().is_some_and(|allowed| !allowed.contains(&port)) {
            return Err(Refusal::Port(port));
        }
        match url.host() {
            None | Some(Host::Domain("")) => Err(Refusal::NoHost),
            Some(Host::Domain(_)) => Ok(()),
            Some(Host::Ipv4(v4)) => self.check_address(&v4.to_string(), IpAddr::V4(v4)),
            Some(Host::Ipv6(v6)) => self.check_address(&v6.to_string(), IpAddr::V6(v6)),
        }
    }

    /// Checks one address that `host` stands for.
    ///
    /// # Errors
    /// The reason it may not be contacted; it names `host`, not the address.
    pub fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Refusal> {
        match reach(address) {
            Reach::Public => Ok(()),
            Reach::Private(_) if self.allow_private => Ok(()),
            Reach::Private(kind) => Err(Refusal::Private { host: host.to_owned(), kind }),
            Reach::Never(kind) => Err(Refusal::Never { host: host.to_owned(), kind }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(guard: &Guard, text: &str) -> Result<(), Refusal> {
        guard.check_url(&Url::parse(text).unwrap())
    }

    #[test]
    fn every_spelling_of_an_inner_address_is_refused() {
        let spellings = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://127.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://0x7f.0.0.0x1/",
            "http://127.0.0.1./",
            "http:\\\\127.0.0.1\\",
            "http:127.0.0.1",
            "http://１２７.０.０.１/",
            "http://127。0。0。1/",
            "http://%31%32%37.0.0.1/",
            "http://[::1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::127.0.0.1]/",
            "http://[2002:7f00:1::]/",
            "http://[fe80::1]/",
            "http://[::]/",
            "http://0/",
            "http://0.0.0.0:8080/",
            "https://10.0.0.1:8443/",
            "http://169.254.169.254/latest/",
            "http://2852039166/",
            "http://192.168.1.1/x.jpg",
            "http://172.16.0.1/",
            "http://100.64.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://198.18.0.1/",
            "http://[fd00::1]/",
            "http://[fec0::1]/",
            "http://[ff02::1]/",
            "http://\t127.0.0.1/",
            "http://127.0.0.1\n/",
        ];
        for spelling in spellings {
            let refused = check(&Guard::new(false), spelling);
            assert!(
                matches!(refused, Err(Refusal::Private { .. } | Refusal::Never { .. })),
                "{spelling}: {refused:?}"
            );
        }
    }

    #[test]
    fn only_plain_web_urls_pass() {
        let guard = Guard::new(true);
        for text in
            ["file:///etc/passwd", "ftp://example.com/", "gopher://x/", "data:image/png;base64,AA", "ws://a/"]
        {
            assert!(matches!(check(&guard, text), Err(Refusal::Scheme(_))), "{text}");
        }
        for text in ["http://me@example.com/", "http://me:pw@example.com/", "http://:pw@127.0.0.1/"] {
            assert_eq!(check(&guard, text), Err(Refusal::Credentials), "{text}");
        }
        for text in [
            "http://example.com/",
            "https://example.com:8443/a?b#c",
            "HTTP://EXAMPLE.com",
            "http://8.8.8.8:81/",
        ] {
            assert_eq!(check(&Guard::new(false), text), Ok(()), "{text}");
        }
    }

    #[test]
    fn allowing_private_addresses_opens_those_and_no_others() {
        let guard = Guard::new(true);
        for text in [
            "http://127.0.0.1:9/",
            "http://10.0.0.1/",
            "http://[::1]/",
            "http://[fd00::1]/",
            "http://100.64.0.1/",
        ] {
            assert_eq!(check(&guard, text), Ok(()), "{text}");
        }
        for text in [
            "http://169.254.169.254/",
            "http://0.0.0.0/",
            "http://[fe80::1]/",
            "http://224.0.0.1/",
            "http://[::]/",
        ] {
            assert!(matches!(check(&guard, text), Err(Refusal::Never { .. })), "{text}");
        }
    }

    #[test]
    fn a_list_of_ports_narrows_what_passes() {
        let guard = Guard::new(false).with_ports(vec![443]);
        assert_eq!(check(&guard, "https://example.com/"), Ok(()));
        assert_eq!(check(&guard, "http://example.com/"), Err(Refusal::Port(80)));
    }
}
