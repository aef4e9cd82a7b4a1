//! `lookalike check`: is this photo already listed?

use super::Outcome;
use super::open::{Catalog, QueryPhoto};
use crate::report::{self, Format};
use std::io;

/// Ask whether a photo is already in the catalog.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    catalog: Catalog,
    #[command(flatten)]
    query: QueryPhoto,
    /// Products at most.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    top: u16,
    /// Fetch a photo from this machine or a private network, where IMAGE is an address there.
    #[arg(long)]
    allow_private_urls: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let searcher = self.catalog.searcher()?;
        let probe = self.query.probe(&searcher, self.allow_private_urls)?;
        let check = searcher.check(&probe, self.top.into())?;
        let format = Format::chosen(self.json);
        report::matches(&mut io::stdout().lock(), format, Some(check.verdict), &check.matches)?;
        Ok(Outcome::Done)
    }
}
