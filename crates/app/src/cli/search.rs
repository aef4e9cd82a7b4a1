//! `lookalike search`: what in the catalog looks like this photo?

use super::Outcome;
use super::open::{Catalog, PhotoLimits, QueryPhoto};
use crate::report::{self, Answer, Format};
use lookalike_engine::search::{Mode, Request};
use std::io;
use std::time::Instant;

/// Find products that look like a photo
///
/// The photo is a file, a web address, or with --id one that the catalog has. Products come best first, each with its
/// best image.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "lookalike search [OPTIONS] <CATALOG> <IMAGE>\n       lookalike search [OPTIONS] <CATALOG> --id <IMAGE_ID>"
)]
pub(super) struct Search {
    #[command(flatten)]
    catalog: Catalog,
    #[command(flatten)]
    query: QueryPhoto,
    /// What counts as a match.
    #[arg(long, value_enum, default_value_t)]
    mode: ModeName,
    /// Products to print at most.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    top: u16,
    /// Leave out matches below this percentage.
    #[arg(long, default_value_t = 0.0, value_name = "PERCENT", value_parser = super::percent)]
    min_percent: f32,
    #[command(flatten)]
    limits: PhotoLimits,
    /// Fetch a photo from this machine or a private network, where IMAGE is an address there.
    #[arg(long)]
    allow_private_urls: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// [`Mode`] as a flag.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum ModeName {
    /// Copies and look-alikes.
    #[default]
    Auto,
    /// Copies of the same photo.
    Duplicate,
    /// Look-alikes.
    Similar,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Auto => Self::Auto,
            ModeName::Duplicate => Self::Duplicate,
            ModeName::Similar => Self::Similar,
        }
    }
}

impl Search {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let started = Instant::now();
        let searcher = self.catalog.searcher()?;
        let probe = self.query.probe(&searcher, &self.limits.limits(), self.allow_private_urls)?;
        let request = Request { mode: self.mode.into(), top: self.top.into(), min_percent: self.min_percent };
        let matches = searcher.search(&probe, &request)?;
        let answer =
            Answer { verdict: None, matches: &matches, encoder: &searcher.encoder().id().name, started };
        report::answer(&mut io::stdout().lock(), Format::chosen(self.json), &answer)?;
        Ok(Outcome::Done)
    }
}
