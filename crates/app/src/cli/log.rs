//! Logging to standard error, so that standard output holds answers alone.

use lookalike_vision::contained::is_contained;
use std::io::IsTerminal;
use std::panic;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How a server logs.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Logging {
    /// What is logged: a level, also by part, such as `info` or `warn,lookalike_engine=debug` [default: RUST_LOG, or else
    /// what -v says].
    #[arg(long, value_name = "FILTER")]
    log: Option<Targets>,
    /// How lines of the log are written.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: Format,
}

/// How lines of the log are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Starts logging: warnings, with `-v` what is done, with `-vv` everything of ours. `RUST_LOG` overrides, in the form
/// `warn,lookalike_engine=debug`; what is not of that form is passed over.
pub(super) fn start(verbose: u8, logging: &Logging) {
    let usual = match verbose {
        0 => Targets::new().with_default(LevelFilter::WARN),
        1 => Targets::new().with_default(LevelFilter::INFO),
        _ => Targets::new().with_default(LevelFilter::INFO).with_targets(
            ["lookalike", "lookalike_engine", "lookalike_vision"].map(|ours| (ours, LevelFilter::TRACE)),
        ),
    };
    let asked = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let asked = asked.and_then(|text| text.parse().ok());
    let targets = logging.log.clone().or(asked).unwrap_or(usual);
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match logging.log_format {
        Format::Text => lines.with_ansi(colours).with_target(false).boxed(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    tracing_subscriber::registry().with(targets).with(lines).init();
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
