//! `lookalike search`: what in the catalog looks like this photo?

use super::Outcome;
use super::open::{Catalog, QueryPhoto};
use crate::report::{self, Format};
use lookalike_engine::search::{Mode, Request};
use std::io;

/// Find products that look like a photo.
#[derive(Debug, clap::Args)]
pub(super) struct Search {
    #[command(flatten)]
    catalog: Catalog,
    #[command(flatten)]
    query: QueryPhoto,
    /// What counts as a match.
    #[arg(long, value_enum, default_value_t)]
    mode: ModeName,
    /// Products at most.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    top: u16,
    /// Leave out matches below this percentage.
    #[arg(long, default_value_t = 0.0, value_name = "PERCENT", value_parser = super::percent)]
    min_percent: f32,
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
        let searcher = self.catalog.searcher()?;
        let probe = self.query.probe(&searcher, self.allow_private_urls)?;
        let request = Request { mode: self.mode.into(), top: self.top.into(), min_percent: self.min_percent };
        let matches = searcher.search(&probe, &request)?;
        report::matches(&mut io::stdout().lock(), Format::chosen(self.json), None, &matches)?;
        Ok(Outcome::Done)
    }
}
