//! `--filter`: only some products. The same for every command that has it.

use lookalike_engine::filter::Filter;

/// Which products are looked at.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct FilterOption {
    /// Look only at products whose fields fit, such as 'price<50 and brand in (Acme, "Big & Co")'; `lookalike status
    /// --fields` lists the fields.
    #[arg(long, value_name = "EXPR", value_parser = parse)]
    pub(super) filter: Option<Filter>,
}

/// Reads a filter; the error shows the place in it.
fn parse(text: &str) -> Result<Filter, String> {
    Filter::parse(text).map_err(|error| {
        let pointed: Vec<String> = error.pointed(text).lines().map(|line| format!("  {line}")).collect();
        format!("{error}\n\n{}", pointed.join("\n"))
    })
}
