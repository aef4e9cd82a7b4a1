//! What may succeed when it is tried again, and when to try.
//!
//! Pauses double from try to try and are shortened by chance, so that many who failed together do not come back
//! together ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015: equal jitter). A server's own
//! `Retry-After` (RFC 9110 §10.2.3) goes before them.

use super::error::FetchError;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

/// The longest pause of our own.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Nobody waits longer than this, whatever a server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

impl FetchError {
    /// Whether the same request may succeed at another time.
    pub fn can_succeed_later(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::BrokenOff { .. } | Self::AskedToWait { .. } => true,
            Self::Unreachable { lasting, .. } | Self::Unresolved { lasting, .. } => !lasting,
            Self::Status { status, .. } => {
                matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 507 | 509 | 520..=599)
            }
            Self::Tried { last, .. } => last.can_succeed_later(),
            _ => false,
        }
    }
}

/// The pause before retry number `retry`, counted from 0.
pub(super) fn pause_before(retry: u32, first: Duration) -> Duration {
    let whole = first.saturating_mul(2_u32.saturating_pow(retry)).min(LONGEST_PAUSE);
    whole / 2 + jittered(whole / 2)
}

/// Any time up to `most`.
pub(super) fn jittered(most: Duration) -> Duration {
    // The standard library's keys are random enough to part requests.
    let random = RandomState::new().hash_one(0) >> 32;
    most.mul_f64(random as f64 / f64::from(u32::MAX))
}

/// How long a server asks to be left alone.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(asked.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn asked(text: &'static str) -> Option<Duration> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
        // Wed, 21 Oct 2015 07:28:00 GMT
        retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480))
    }

    #[test]
    fn a_server_may_name_seconds_or_a_date() {
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked(" 0 "), Some(Duration::ZERO));
        assert_eq!(asked("Wed, 21 Oct 2015 07:28:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(asked("Wed, 21 Oct 2015 07:27:00 GMT"), Some(Duration::ZERO), "that is past");
        assert_eq!(asked("18446744073709551615"), Some(LONGEST_WAIT));
        for wrong in ["", "soon", "-1", "1.5", "99999999999999999999"] {
            assert_eq!(asked(wrong), None, "{wrong}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::now()), None);
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_vary() {
        let first = Duration::from_millis(500);
        for (retry, whole_ms) in [(0, 500), (1, 1000), (3, 4000), (40, 30_000)] {
            let pauses: Vec<_> = (0..50).map(|_| pause_before(retry, first).as_millis()).collect();
            assert!(pauses.iter().all(|pause| (whole_ms / 2..=whole_ms).contains(pause)), "{pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
        }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let status = |status| FetchError::Status { url: "u".into(), status }.can_succeed_later();
        for later in [408, 429, 500, 502, 503, 504, 522] {
            assert!(status(later), "{later}");
        }
        for never in [304, 400, 401, 403, 404, 410, 451, 501, 505] {
            assert!(!status(never), "{never}");
        }
        assert!(FetchError::TimedOut { url: "u".into(), seconds: 1.0 }.can_succeed_later());
        assert!(!FetchError::TooLarge { url: "u".into(), limit_bytes: 1 }.can_succeed_later());
    }
}
