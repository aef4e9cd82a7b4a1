//! The gate: who asks, whether they may, and whether they ask too often.
//!
//! A key comes as `Authorization: Bearer KEY` or `X-API-Key: KEY`. One that is not known is refused even where none is
//! needed: whoever shows a key wants to know that it counts.

use super::host::Hosts;
use super::keys::Role;
use super::rate::{Counted, Limiter, Rate};
use super::ring::KeyRing;
use crate::http::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Who may ask without a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the server may do everything: for servers that only this machine reaches, under these names.
    Local(Hosts),
    /// Anybody may do what this role may; for more, a key is needed.
    Anonymous(Role),
    /// Nobody.
    Keys,
}

/// Decides about requests. Shared by all of them.
pub struct Gate {
    access: Access,
    ring: Option<KeyRing>,
    limiter: Option<Limiter>,
    /// Proxies between callers and this server, whose word about a caller's address is taken.
    trusted_hops: usize,
}

/// The address a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Peer(pub(in crate::http) SocketAddr);

impl Gate {
    /// A gate without keys and limits.
    pub fn new(access: Access) -> Self {
        Self { access, ring: None, limiter: None, trusted_hops: 0 }
    }

    /// Recognises the keys of `ring`.
    pub fn with_keys(mut self, ring: KeyRing) -> Self {
        self.ring = Some(ring);
        self
    }

    /// Lets every caller ask so often, counted by key or else by address; of `X-Forwarded-For` the `trusted_hops`-th from
    /// the right is believed, none for 0.
    pub fn with_rate(mut self, rate: Rate, trusted_hops: usize) -> Self {
        self.limiter = Some(Limiter::new(rate));
        self.trusted_hops = trusted_hops;
        self
    }

    /// Lets a request through, or says why not.
    fn admit(&self, needed: Role, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<(), Problem> {
        let address = self.address(headers, peer);
        let entry = match shown(headers)? {
            None => None,
            Some(key) => {
                let found = self.ring.as_ref().and_then(|ring| ring.recognise(key));
                if found.is_none() {
                    // Guesses are counted by address.
                    self.count(address.map(Counted::address))?;
                    return Err(Problem::unauthorised("this key is not known; it may have been revoked"));
                }
                found
            }
        };
        let counted = match &entry {
            Some(entry) => Some(Counted::Key(entry.id.clone())),
            None => address.map(Counted::address),
        };
        self.count(counted)?;
        let allowed = match (&self.access, &entry) {
            (Access::Local(hosts), None) => {
                let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
                if !hosts.knows(host) {
                    return Err(Problem::misdirected(format!(
                        "this server does not go by the name {host:?}; start it with --host to add a name"
                    )));
                }
                Some(Role::Admin)
            }
            (Access::Local(_), Some(_)) => Some(Role::Admin),
            (Access::Anonymous(role), entry) => {
                Some(entry.as_ref().map_or(*role, |entry| entry.role.max(*role)))
            }
            (Access::Keys, entry) => entry.as_ref().map(|entry| entry.role),
        };
        match allowed {
            Some(role) if role >= needed => Ok(()),
            Some(_) if entry.is_some() => Err(Problem::forbidden(format!(
                "this key may not do that; it takes one of the role {}",
                needed.as_str()
            ))),
            _ => Err(Problem::unauthorised(
                "this takes a key: send it as `Authorization: Bearer KEY`; `lookalike keys add` makes one",
            )),
        }
    }

    fn count(&self, who: Option<Counted>) -> Result<(), Problem> {
        match (&self.limiter, who) {
            (Some(limiter), Some(who)) => limiter.count(&who).map_err(Problem::too_often),
            _ => Ok(()),
        }
    }

    fn address(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<IpAddr> {
        let Some(back) = self.trusted_hops.checked_sub(1) else { return peer };
        let forwarded = headers.get_all("x-forwarded-for");
        let said: Vec<&str> =
            forwarded.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).collect();
        // The one on the right was written by the proxy next to us.
        said.iter().rev().nth(back).and_then(|address| address.trim().parse().ok()).or(peer)
    }
}

/// The key that a request shows.
fn shown(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let unreadable =
        || Problem::unauthorised("the key cannot be read; send it as `Authorization: Bearer KEY`");
    if let Some(value) = headers.get("x-api-key") {
        return value.to_str().map(|key| Some(key.trim())).map_err(|_| unreadable());
    }
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_| unreadable())?;
    match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(key.trim())),
        // A proxy's own, such as Basic: none of ours.
        _ => Ok(None),
    }
}

/// Lets requests through that may read; for use with `from_fn_with_state`.
pub(in crate::http) async fn read(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    pass(&gate, Role::Read, request, next).await
}

/// Lets requests through that may change products.
pub(in crate::http) async fn write(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    pass(&gate, Role::Write, request, next).await
}

/// Lets requests through that may run the server.
pub(in crate::http) async fn admin(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    pass(&gate, Role::Admin, request, next).await
}

async fn pass(gate: &Gate, needed: Role, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    match gate.admit(needed, request.headers(), peer) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::Keys;
    use super::*;
    use axum::http::{HeaderName, HeaderValue, StatusCode};
    use std::num::NonZero;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    /// What becomes of a request: 200 when it is let through.
    fn status(gate: &Gate, needed: Role, pairs: &[(&'static str, &str)]) -> u16 {
        let peer = Some([192, 0, 2, 7].into());
        match gate.admit(needed, &headers(pairs), peer) {
            Ok(()) => StatusCode::OK.as_u16(),
            Err(problem) => problem.status.as_u16(),
        }
    }

    fn ring(roles: &[Role]) -> (tempfile::TempDir, KeyRing, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        let keys = roles.iter().map(|role| Keys::add(&path, *role, "").unwrap().0).collect();
        (folder, KeyRing::open(path).unwrap(), keys)
    }

    #[test]
    fn a_server_that_others_reach_asks_for_a_key_of_the_right_role() {
        let (_folder, ring, keys) = ring(&[Role::Read, Role::Write]);
        let gate = Gate::new(Access::Keys).with_keys(ring);
        let [read, write] = &keys[..] else { panic!() };
        let bearer = |key: &str| format!("Bearer {key}");
        assert_eq!(status(&gate, Role::Read, &[]), 401);
        assert_eq!(status(&gate, Role::Read, &[("authorization", &bearer(read))]), 200);
        assert_eq!(status(&gate, Role::Read, &[("x-api-key", read)]), 200);
        assert_eq!(status(&gate, Role::Read, &[("authorization", &format!("bearer  {read} "))]), 200);
        assert_eq!(status(&gate, Role::Write, &[("authorization", &bearer(read))]), 403);
        assert_eq!(status(&gate, Role::Write, &[("authorization", &bearer(write))]), 200);
        assert_eq!(status(&gate, Role::Admin, &[("authorization", &bearer(write))]), 403);
        assert_eq!(status(&gate, Role::Read, &[("authorization", &bearer("lk_00000000_x"))]), 401);
        assert_eq!(status(&gate, Role::Read, &[("authorization", &format!("Basic {read}"))]), 401);
        assert_eq!(status(&gate, Role::Read, &[("authorization", "Bearer ä")]), 401);
    }

    #[test]
    fn anybody_may_do_what_the_operator_said_and_no_more() {
        let (_folder, ring, keys) = ring(&[Role::Admin]);
        let gate = Gate::new(Access::Anonymous(Role::Read)).with_keys(ring);
        assert_eq!(status(&gate, Role::Read, &[]), 200);
        assert_eq!(status(&gate, Role::Write, &[]), 401);
        assert_eq!(status(&gate, Role::Admin, &[("x-api-key", &keys[0])]), 200);
        assert_eq!(status(&gate, Role::Read, &[("x-api-key", "lk_wrong_key")]), 401);
    }

    #[test]
    fn a_local_server_answers_to_its_own_names() {
        let gate = Gate::new(Access::Local(Hosts::default()));
        assert_eq!(status(&gate, Role::Admin, &[("host", "127.0.0.1:8000")]), 200);
        assert_eq!(status(&gate, Role::Read, &[("host", "evil.example")]), 421);
        assert_eq!(status(&gate, Role::Read, &[]), 421);
    }

    #[test]
    fn who_asks_too_often_is_told_when_to_come_back() {
        let rate = Rate { per_second: NonZero::<u32>::MIN, burst: NonZero::new(2).unwrap() };
        let (_folder, ring, keys) = ring(&[Role::Read, Role::Read]);
        let gate = Gate::new(Access::Anonymous(Role::Read)).with_keys(ring).with_rate(rate, 0);
        let anonymous: Vec<u16> = (0..4).map(|_| status(&gate, Role::Read, &[])).collect();
        assert_eq!(anonymous, [200, 200, 429, 429]);
        // What a caller says of itself is not believed, keys have counts of their own, and guessing is counted.
        assert_eq!(status(&gate, Role::Read, &[("x-forwarded-for", "198.51.100.1")]), 429);
        assert_eq!(status(&gate, Role::Read, &[("x-api-key", &keys[0])]), 200);
        assert_eq!(status(&gate, Role::Read, &[("x-api-key", &keys[1])]), 200);
        assert_eq!(status(&gate, Role::Read, &[("x-api-key", "lk_wrong_key")]), 429);
        let problem = gate.admit(Role::Read, &HeaderMap::new(), Some([192, 0, 2, 7].into())).unwrap_err();
        assert_eq!(problem.retry_after_s, Some(1));
    }

    #[test]
    fn behind_a_trusted_proxy_callers_are_told_apart() {
        let rate = Rate { per_second: NonZero::<u32>::MIN, burst: NonZero::<u32>::MIN };
        let gate = Gate::new(Access::Anonymous(Role::Read)).with_rate(rate, 1);
        let from = |said: &str| status(&gate, Role::Read, &[("x-forwarded-for", said)]);
        assert_eq!(from("198.51.100.1"), 200);
        assert_eq!(from("198.51.100.2"), 200);
        // Whatever a caller puts before what the proxy writes does not count.
        assert_eq!(from("203.0.113.9, 198.51.100.1"), 429);
    }
}
