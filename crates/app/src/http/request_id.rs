//! The id of a request, by which a caller's log and ours are laid side by side.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Where it stands, in requests and answers.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MOST_BYTES: usize = 128;
const RANDOM_BYTES: usize = 16;

/// The id that the caller gave, where it is one that can stand in a log; else one made up.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    match headers.get(REQUEST_ID) {
        Some(given) if is_sane(given) => given.clone(),
        _ => made(),
    }
}

/// Letters, digits and what ids are put together with; nothing that could end a line or pass for another field of it.
fn is_sane(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=MOST_BYTES).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(byte))
}

fn made() -> HeaderValue {
    let mut random = [0; RANDOM_BYTES];
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::warn!(%error, "the system gives no random numbers: request ids are not told apart");
    }
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(id: &[u8]) -> String {
        let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_bytes(id).unwrap())]);
        of(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_callers_id_is_kept_where_it_can_stand_in_a_log() {
        let longest = "x".repeat(MOST_BYTES);
        for id in ["a", "01890a5d-ac96-774b-bcce-b302099a8057", "Root=1-67891233-abcdef", &longest] {
            assert_eq!(given(id.as_bytes()), id);
        }
        let too_long = "x".repeat(MOST_BYTES + 1);
        for id in
            ["", "a b", "a\tstatus=200", "\u{1b}[31m".trim_start_matches('\u{1b}'), "ä", "\"", &too_long]
        {
            let made = given(id.as_bytes());
            assert_eq!((made.len(), made.bytes().all(|byte| byte.is_ascii_hexdigit())), (32, true), "{id:?}");
        }
    }

    #[test]
    fn ids_that_are_made_up_differ() {
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
