//! Any bytes at all through the decoders: no panic, no undefined behaviour, no more pixels than allowed.
//!
//! `cargo +nightly fuzz run decode -- -max_len=65536`, best begun from a copy of `fixtures/pictures`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lookalike_vision::decode::{Limits, decode, decode_at_least, probe};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 20, max_pixels: 1 << 20 };
    let header = probe(bytes, &limits);
    for picture in [decode(bytes, &limits), decode_at_least(bytes, &limits, 32)] {
        match picture {
            Ok(picture) => {
                assert!(header.is_ok());
                assert!(u64::from(picture.width()) * u64::from(picture.height()) <= limits.max_pixels);
            }
            Err(error) => assert!(!error.to_string().contains("panicked"), "{error}"),
        }
    }
});
