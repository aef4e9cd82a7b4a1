//! Logging to standard error, so that standard output holds answers alone.

use lookalike_vision::contained::is_contained;
use std::panic;
use tracing_subscriber::EnvFilter;

/// Starts logging: warnings, with `-v` what is done, with `-vv` everything of ours. `RUST_LOG` overrides.
pub fn start(verbose: u8) {
    let default = match verbose {
        0 => "warn",
        1 => "info",
        _ => "info,lookalike=trace,lookalike_engine=trace,lookalike_vision=trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
    report_only_panics_that_matter();
}

/// A panic of a decoder becomes an error that names the photo; Rust's own message would only frighten beside it.
fn report_only_panics_that_matter() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if is_contained() {
            tracing::debug!("contained: {panic}");
        } else {
            usual(panic);
        }
    }));
}
