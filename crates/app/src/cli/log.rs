//! Logging to standard error, so that standard output holds answers alone.

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
}
