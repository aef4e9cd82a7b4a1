//! How each host is treated: how many requests at a time, when again after it asked for a pause, and whether trying
//! again is worth anybody's time.
//!
//! A host is a name (or address) with its port, as the URL of one hop has it. Nothing is sent from here; `client` asks
//! before every request and tells how it went.

use super::retry::jittered;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

/// Beyond so many, hosts that nobody is asking are forgotten: a catalog can name a million of them.
const MOST_HOSTS: usize = 4096;
/// When so many photos in a row were lost although each was tried again and again, the next ones are tried once.
const LOST_IN_A_ROW: u32 = 16;

/// Every host that was asked lately.
#[derive(Debug)]
pub(super) struct Hosts {
    per_host: usize,
    known: Mutex<HashMap<String, Arc<Host>>>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Host {
    turns: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    not_before: Option<Instant>,
    lost_in_a_row: u32,
}

/// A host wants to be left alone for longer than there is time; how much longer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Busy(pub(super) Duration);

impl Hosts {
    pub(super) fn new(per_host: usize) -> Self {
        Self { per_host: per_host.clamp(1, Semaphore::MAX_PERMITS), known: Mutex::default() }
    }

    pub(super) fn of(&self, url: &Url) -> Arc<Host> {
        let port = url.port_or_known_default().unwrap_or_default();
        let name = format!("{}:{port}", url.host_str().unwrap_or_default());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_HOSTS && !known.contains_key(&name) {
            known.retain(|_, host| Arc::strong_count(host) > 1);
        }
        Arc::clone(known.entry(name).or_insert_with(|| {
            let turns = Arc::new(Semaphore::new(self.per_host));
            Arc::new(Host { turns, state: Mutex::default() })
        }))
    }
}

impl Host {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause_left(&self) -> Option<Duration> {
        let left = self.state().not_before?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Waits until the host may be asked again.
    pub(super) async fn wait_out(&self, until: Instant) -> Result<(), Busy> {
        while let Some(left) = self.pause_left() {
            if Instant::now() + left >= until {
                return Err(Busy(left));
            }
            // Not everybody who waits comes back in the same moment.
            tokio::time::sleep(left + jittered(left / 10)).await;
        }
        Ok(())
    }

    /// Waits for a turn, which lasts until what is given back is dropped.
    pub(super) async fn enter(&self, until: Instant) -> Result<Option<OwnedSemaphorePermit>, Busy> {
        loop {
            self.wait_out(until).await?;
            // The semaphore is never closed; without it there would be no bound, and still an answer.
            let turn = Arc::clone(&self.turns).acquire_owned().await.ok();
            if self.pause_left().is_none() {
                return Ok(turn);
            }
        }
    }

    /// The host asked for a pause.
    pub(super) fn pause(&self, pause: Duration) {
        let (mut state, end) = (self.state(), Instant::now() + pause);
        state.not_before = Some(state.not_before.map_or(end, |before| before.max(end)));
    }

    /// It gave an answer, be it that there is nothing.
    pub(super) fn answered(&self) {
        self.state().lost_in_a_row = 0;
    }

    /// A photo of it was given up.
    pub(super) fn lost(&self) {
        let mut state = self.state();
        state.lost_in_a_row = state.lost_in_a_row.saturating_add(1);
    }

    /// Whether trying again has been in vain for long.
    pub(super) fn is_lost(&self) -> bool {
        self.state().lost_in_a_row >= LOST_IN_A_ROW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_host_is_a_name_with_its_port() {
        let hosts = Hosts::new(2);
        let host = hosts.of(&url("http://shop.example/a"));
        assert!(Arc::ptr_eq(&host, &hosts.of(&url("http://SHOP.example:80/b?c"))));
        assert!(!Arc::ptr_eq(&host, &hosts.of(&url("https://shop.example/a"))));
    }

    #[test]
    fn hosts_that_nobody_asks_are_forgotten() {
        let hosts = Hosts::new(2);
        let asked = hosts.of(&url("http://asked.example/"));
        for n in 0..3 * MOST_HOSTS {
            hosts.of(&url(&format!("http://{n}.example/")));
        }
        assert!(hosts.known.lock().unwrap().len() <= MOST_HOSTS);
        assert!(Arc::ptr_eq(&asked, &hosts.of(&url("http://asked.example/"))));
    }

    #[tokio::test]
    async fn turns_are_given_back_and_a_pause_beyond_the_end_is_told() {
        let host = Hosts::new(1).of(&url("http://shop.example/"));
        let until = Instant::now() + Duration::from_secs(60);
        let turn = host.enter(until).await.unwrap();
        assert_eq!(host.turns.available_permits(), 0);
        drop(turn);
        drop(host.enter(until).await.unwrap());
        host.pause(Duration::from_secs(1000));
        host.pause(Duration::from_secs(1));
        let Busy(left) = host.enter(until).await.unwrap_err();
        assert!(left > Duration::from_secs(900), "the longer pause counts: {left:?}");
    }

    #[test]
    fn a_host_is_lost_until_it_answers() {
        let host = Hosts::new(1).of(&url("http://shop.example/"));
        (1..LOST_IN_A_ROW).for_each(|_| host.lost());
        assert!(!host.is_lost());
        host.lost();
        assert!(host.is_lost());
        host.answered();
        assert!(!host.is_lost());
    }
}
