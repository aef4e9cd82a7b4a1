//! `lookalike models pull`: a model from the hub, with a bar for each file.

use super::models::{megabytes, models};
use super::progress::Progress;
use super::{Outcome, interrupt};
use crate::report::json;
use lookalike_engine::models::hub::{Hub, HubOptions};
use lookalike_engine::models::registry::{self, RegistryEntry};
use lookalike_engine::models::{ModelsError, Pin, PullProgress, Pulled};
use serde_json::json;
use std::io::{self, Write};
use std::path::PathBuf;

/// Fetch a model from the Hugging Face hub
///
/// What was fetched stays when it is interrupted, and the next pull goes on from there. HF_ENDPOINT names a mirror,
/// HF_TOKEN a token of yours, HTTPS_PROXY a proxy.
#[derive(Debug, clap::Args)]
pub(super) struct Pull {
    /// A model that `lookalike models list` shows.
    #[arg(required_unless_present = "page")]
    name: Option<String>,
    /// A page of your own with an [origin] table, as the built-in ones have.
    #[arg(long, value_name = "FILE.toml", conflicts_with = "name")]
    page: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Pull {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let models = models()?;
        let page = self.page.as_deref().map(RegistryEntry::read).transpose()?;
        let hub = Hub::new(HubOptions::from_environment())?;
        let stop = interrupt::stop_flag()?;
        let mut bar: Option<(String, Progress)> = None;
        let mut tell = |progress: PullProgress<'_>| {
            let whole = |bytes: u64| bytes / 1_000_000;
            if bar.as_ref().is_none_or(|(file, _)| file != progress.file)
                && let Some((_, done)) = bar.replace((
                    progress.file.to_owned(),
                    Progress::start(progress.total_bytes.map(whole), &format!("MB of {}", progress.file)),
                ))
            {
                done.finish();
            }
            if let Some((_, bar)) = &mut bar {
                bar.reach(whole(progress.done_bytes), "");
            }
        };
        let pulled = match (&page, &self.name) {
            (Some(page), _) => models.pull_entry(page, &hub, &mut tell, &stop),
            (None, name) => models.pull(name.as_deref().unwrap_or_default(), &hub, &mut tell, &stop),
        };
        if let Some((_, bar)) = bar {
            bar.finish();
        }
        let (entry, already) = match pulled {
            Ok(Pulled::Now(entry)) => (entry, false),
            Ok(Pulled::Already(entry)) => (entry, true),
            Err(error @ ModelsError::Stopped { .. }) => {
                writeln!(io::stderr(), "lookalike: {error}")?;
                return Ok(Outcome::Stopped);
            }
            Err(error) => return Err(error.into()),
        };
        let description = &entry.page.description;
        let bytes = entry.page.files.bytes();
        let mut out = io::stdout().lock();
        if self.json {
            let value = json!({
                "name": description.name,
                "already": already,
                "dimensions": description.dimensions,
                "licence": description.licence,
                "bytes": bytes,
                "pinned": entry.page.files.pinned().as_str(),
                "encoder_digest": entry.id().digest,
                "folder": entry.folder,
            });
            json::write(&mut out, &value)?;
            return Ok(Outcome::Done);
        }
        let what = if already { "was there already" } else { "pulled" };
        writeln!(
            out,
            "{} {what}: {} dimensions, {}, licence {}, in {}",
            description.name,
            description.dimensions,
            megabytes(bytes),
            description.licence,
            entry.folder.display()
        )?;
        if entry.page.files.pinned() == Pin::FirstUse {
            writeln!(
                out,
                "nobody vouches for its files: they were taken as they came, and are pinned from now on"
            )?;
        }
        let known = page.or_else(|| registry::find(&description.name));
        if known.is_some_and(|known| !known.verified) {
            writeln!(
                out,
                "this project has not run it with its real weights: see with `lookalike evaluate` what it does on yours"
            )?;
        }
        Ok(Outcome::Done)
    }
}
