//! Names to checked addresses, once.
//!
//! The addresses given back here are the ones the client dials; there is no second lookup that could answer
//! differently (DNS rebinding). One refused address among a name's refuses the name: a public shop has no
//! business in a private network, and a name with both is how rebinding begins.

use super::guard::{Guard, Refusal};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

/// Asks for a name's addresses; the system does in production.
pub(super) trait Lookup: Send + Sync {
    /// Every address of `host`.
    fn addresses(&self, host: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// `getaddrinfo`: the hosts file, then DNS as the machine is set up.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, host: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        Box::pin(
            async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) },
        )
    }
}

/// Why a name gave no address to dial. Travels inside the client's error and is taken out again there.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    /// The guard said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The resolver did.
    #[error("the name {host} has no address ({reason})")]
    Unresolved { host: String, reason: String, lasting: bool },
}

/// A resolver that gives out only addresses its guard lets pass.
pub(super) struct GuardedResolver {
    pub(super) guard: Guard,
    pub(super) lookup: Arc<dyn Lookup>,
    /// The operator's own proxy, wherever it is. With one, no other name is looked up here.
    pub(super) proxy: Option<String>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let found = self.lookup.addresses(host.clone());
        let guard = self.guard.clone();
        let is_proxy = self.proxy.as_deref() == Some(host.as_str());
        Box::pin(async move {
            let checked = checked_addresses((!is_proxy).then_some(&guard), &host, found.await)?;
            Ok(Box::new(checked.into_iter()) as Addrs)
        })
    }
}

fn checked_addresses(
    guard: Option<&Guard>,
    host: &str,
    found: io::Result<Vec<IpAddr>>,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let unresolved =
        |reason: String, lasting| ResolveError::Unresolved { host: host.to_owned(), reason, lasting };
    // `getaddrinfo` tells a name that does not exist from one that nobody could be asked about (EAI_AGAIN); Rust passes
    // only its words on.
    let found = found.map_err(|error| {
        let reason = error.to_string();
        let lasting = !reason.contains("Temporary failure") && !reason.contains("ry again");
        unresolved(reason, lasting)
    })?;
    if found.is_empty() {
        return Err(unresolved("no records".to_owned(), true));
    }
    for address in &found {
        guard.map_or(Ok(()), |guard| guard.check_address(host, *address))?;
    }
    // The client puts the URL's own port in place of 0.
    Ok(found.into_iter().map(|address| SocketAddr::new(address, 0)).collect())
}
