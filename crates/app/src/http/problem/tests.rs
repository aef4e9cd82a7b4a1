//! What leaves the house of an error, and what does not.

use super::*;
use lookalike_engine::store::embedded::EmbeddedError;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_fails_on_our_side_is_logged_with_its_cause_and_told_without() {
    let log = Log::default();
    let shared = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || shared.clone()).finish();
    let error = || {
        let source = io::Error::other("the disk is on fire");
        StoreError::from(EmbeddedError::Io { action: "read", path: "/srv/shop".into(), source })
    };
    tracing::subscriber::with_default(subscriber, || {
        for problem in
            [Problem::from(error()), Problem::from(SearchError::from(error())), Problem::not_ready(error())]
        {
            assert!(!problem.detail.contains("/srv/shop") && !problem.detail.contains("fire"));
        }
    });
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(logged.matches("/srv/shop").count(), 3, "{logged}");
    assert_eq!(logged.matches("the disk is on fire").count(), 3, "{logged}");
}

#[test]
fn a_detail_does_not_send_back_megabytes() {
    let problem = Problem::malformed("ä".repeat(1 << 20));
    assert_eq!(problem.detail.chars().count(), 4099);
}
