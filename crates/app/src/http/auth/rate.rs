//! How often somebody may ask: so many requests a second, after a burst, by key or else by address.

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZero;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Callers that are remembered before those who rest are forgotten.
const FORGET_AFTER: u32 = 4096;

/// How often one caller may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second, in the long run.
    pub per_second: NonZero<u32>,
    /// Requests at once, after a rest.
    pub burst: NonZero<u32>,
}

/// Who is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    Key(String),
    Address(IpAddr),
}

impl Counted {
    /// An IPv6 network of 64 bits counts as one: that is what one customer gets.
    pub(super) fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            v4 => v4,
        })
    }
}

/// Counts requests.
pub(super) struct Limiter {
    limiter: RateLimiter<Counted, HashMapStateStore<Counted>, DefaultClock>,
    seen: AtomicU32,
}

impl Limiter {
    pub(super) fn new(rate: Rate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self { limiter: RateLimiter::hashmap(quota), seen: AtomicU32::new(0) }
    }

    /// Counts a request, or says how long to wait.
    pub(super) fn count(&self, who: &Counted) -> Result<(), Duration> {
        if self.seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_AFTER) {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(who).map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_others_are_not_held_up() {
        let rate = Rate { per_second: NonZero::<u32>::MIN, burst: NonZero::new(3).unwrap() };
        let limiter = Limiter::new(rate);
        let one = Counted::Key("a".to_owned());
        assert_eq!((0..10).filter(|_| limiter.count(&one).is_ok()).count(), 3);
        assert!(limiter.count(&one).unwrap_err() > Duration::ZERO);
        assert!(limiter.count(&Counted::Key("b".to_owned())).is_ok());
    }

    #[test]
    fn addresses_of_one_customer_count_together() {
        let counted = |text: &str| Counted::address(text.parse().unwrap());
        assert_eq!(counted("2001:db8:1:2::1"), counted("2001:db8:1:2:ffff::9"));
        assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"));
        assert_eq!(counted("::ffff:192.0.2.1"), counted("192.0.2.1"));
        assert_ne!(counted("192.0.2.1"), counted("192.0.2.2"));
    }
}
