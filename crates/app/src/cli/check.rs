//! `lookalike check`: is this photo already listed?

use super::Outcome;
use super::filter::FilterOption;
use super::open::{Catalog, EncoderChoice, PhotoLimits, QueryPhoto};
use crate::report::{self, Answer, Format};
use std::io;
use std::time::Instant;

/// Ask whether a photo is already in the catalog
///
/// The answer is one of: identical, edited copy, similar, none; and the products that speak for it. The exit code is 0
/// whatever the answer is.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("query").required(true).args(["image", "id"])),
    override_usage = "lookalike check [OPTIONS] <CATALOG> <IMAGE>\n       lookalike check [OPTIONS] <CATALOG> --id <IMAGE_ID>"
)]
pub(super) struct Check {
    #[command(flatten)]
    catalog: Catalog,
    #[command(flatten)]
    query: QueryPhoto,
    /// Products to print at most.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    top: u16,
    #[command(flatten)]
    filter: FilterOption,
    #[command(flatten)]
    encoder: EncoderChoice,
    #[command(flatten)]
    limits: PhotoLimits,
    /// Fetch a photo from this machine or a private network, where IMAGE is an address there.
    #[arg(long)]
    allow_private_urls: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let started = Instant::now();
        let searcher = self.catalog.searcher(&self.encoder)?;
        let probe = self.query.probe(&searcher, &self.limits.limits(), self.allow_private_urls)?;
        let check = searcher.check(&probe, self.top.into(), self.filter.filter.as_ref())?;
        let encoder = &searcher.encoder_of(&probe)?.name;
        let answer = Answer { verdict: Some(check.verdict), matches: &check.matches, encoder, started };
        report::answer(&mut io::stdout().lock(), Format::chosen(self.json), &answer)?;
        Ok(Outcome::Done)
    }
}
