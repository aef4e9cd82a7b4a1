//! `lookalike search`: what in the catalog looks like this photo, or fits these words?

use super::Outcome;
use super::filter::FilterOption;
use super::open::{Catalog, EncoderChoice, PhotoLimits, QueryPhoto};
use crate::report::{self, Answer, Format};
use lookalike_engine::search::{Mode, Request, Searcher, TextAnswer, TextRequest};
use std::io;
use std::time::Instant;

/// Find products that look like a photo or fit words
///
/// The photo is a file, a web address, or with --id one that the catalog has. Words are compared with the photos where
/// one of the catalog's encoders reads words, and else with the words in the products' fields. Products come best first,
/// each with its best image.
#[derive(Debug, clap::Args)]
#[command(
    group(clap::ArgGroup::new("query").required(true).args(["image", "id", "text"])),
    override_usage = "lookalike search [OPTIONS] <CATALOG> <IMAGE>\n       lookalike search [OPTIONS] <CATALOG> --id <IMAGE_ID>\n       lookalike search [OPTIONS] <CATALOG> --text <WORDS>"
)]
pub(super) struct Search {
    #[command(flatten)]
    catalog: Catalog,
    #[command(flatten)]
    query: QueryPhoto,
    /// Look for products that fit these words.
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    #[command(flatten)]
    filter: FilterOption,
    #[command(flatten)]
    encoder: EncoderChoice,
    /// What counts as a match.
    #[arg(long, value_enum, default_value_t, conflicts_with = "text")]
    mode: ModeName,
    /// Products to print at most.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    top: u16,
    /// Of products with the same value in this field show the best alone: one item listed in several marketplaces.
    #[arg(long, value_name = "FIELD", conflicts_with = "text")]
    fold_by: Option<String>,
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
        let searcher = self.catalog.searcher(&self.encoder)?;
        let (mut out, format) = (io::stdout().lock(), Format::chosen(self.json));
        if let Some(text) = &self.text {
            let found = self.by_text(&searcher, text)?;
            report::text_answer(&mut out, format, &found, started)?;
            return Ok(Outcome::Done);
        }
        let probe = self.query.probe(&searcher, &self.limits.limits(), self.allow_private_urls)?;
        let request = Request {
            mode: self.mode.into(),
            top: self.top.into(),
            min_percent: self.min_percent,
            filter: self.filter.filter.clone(),
            fold_by: self.fold_by.clone(),
        };
        let matches = searcher.search(&probe, &request)?;
        let encoder = &searcher.encoder_of(&probe)?.name;
        report::answer(&mut out, format, &Answer { verdict: None, matches: &matches, encoder, started })?;
        Ok(Outcome::Done)
    }

    fn by_text(&self, searcher: &Searcher, text: &str) -> anyhow::Result<TextAnswer> {
        let request = TextRequest {
            text: text.to_owned(),
            encoder: self.encoder.encoder.clone(),
            top: self.top.into(),
            min_percent: self.min_percent,
            filter: self.filter.filter.clone(),
        };
        Ok(searcher.search_text(&request)?)
    }
}
