//! `lookalike export`: a catalog as lines of JSON, or one encoder's vectors as a matrix.
//!
//! Files appear under their names when they are whole; until then they have `.partial` added.

use super::open::Catalog;
use super::progress::Progress;
use super::{Outcome, interrupt};
use crate::report::{json, table};
use anyhow::{Context, bail};
use lookalike_engine::store::embedded::EmbeddedStore;
use lookalike_engine::transfer::{ExportError, Exported, export, write_matrix};
use serde_json::json;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Write all that a catalog holds to a file, or its vectors for other programs
///
/// What is written is the catalog as it is when the command begins, whoever writes to it meanwhile. Photos are not among
/// it, only where they are. A file of that name is replaced when the new one is whole.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    #[command(flatten)]
    catalog: Catalog,
    /// Write everything as lines of JSON, which `lookalike import` takes back; `-` for standard output.
    #[arg(long, value_name = "FILE", required_unless_present = "vectors", conflicts_with = "vectors")]
    to: Option<PathBuf>,
    /// Write vectors as a NumPy matrix of 32-bit floats, a row for each photo, and beside it, as `.ids.csv`, whose row
    /// it is. A name that ends with `.parquet` gives one Parquet file with both.
    #[arg(long, value_name = "FILE")]
    vectors: Option<PathBuf>,
    /// Whose vectors [default: those of the catalog's primary encoder].
    #[arg(long, value_name = "NAME", requires = "vectors")]
    encoder: Option<String>,
    /// Print the counts as JSON.
    #[arg(long)]
    json: bool,
}

impl Export {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let store = self.catalog.open()?;
        let stop = interrupt::stop_flag()?;
        let mut progress = Progress::start(None, "photos");
        let mut tell = |done: Exported, _: u64| progress.reach(done.images, "");
        let (exported, files) = match (&self.to, &self.vectors) {
            (Some(to), _) if to.as_os_str() == "-" => {
                let mut out = BufWriter::new(io::stdout().lock());
                (export(&store, &mut out, &mut tell, &stop), Vec::new())
            }
            (Some(to), _) => {
                let mut file = Unfinished::create(to)?;
                (export(&store, &mut file.writer, &mut tell, &stop), vec![file])
            }
            (None, Some(vectors)) if vectors.extension().is_some_and(|name| name == "parquet") => {
                let mut file = Unfinished::create(vectors)?;
                (parquet(&store, self.encoder.as_deref(), &mut file.writer, &mut tell, &stop)?, vec![file])
            }
            (None, Some(vectors)) => {
                let mut files =
                    [Unfinished::create(vectors)?, Unfinished::create(&vectors.with_extension("ids.csv"))?];
                let [matrix, ids] = &mut files;
                let encoder = self.encoder.as_deref();
                let written =
                    write_matrix(&store, encoder, &mut matrix.writer, &mut ids.writer, &mut tell, &stop);
                (written, files.into())
            }
            (None, None) => bail!("say where to write, with --to or --vectors"),
        };
        progress.finish();
        let exported = match exported {
            Err(ExportError::Stopped) => return Ok(Outcome::Stopped),
            exported => exported?,
        };
        let paths = files.into_iter().map(Unfinished::finish).collect::<anyhow::Result<Vec<_>>>()?;
        self.tell(exported, &paths)?;
        Ok(Outcome::Done)
    }

    fn tell(&self, exported: Exported, paths: &[PathBuf]) -> io::Result<()> {
        let Exported { products, images } = exported;
        let mut out = io::stdout().lock();
        if paths.is_empty() {
            // Standard output has the lines.
            return Ok(());
        }
        if self.json {
            return json::write(&mut out, &json!({"products": products, "images": images, "files": paths}));
        }
        let mut rows = vec![("products", products.to_string()), ("photos", images.to_string())];
        rows.extend(paths.iter().map(|path| ("written", path.display().to_string())));
        table::write_record(&mut out, &self.catalog.catalog.display().to_string(), &rows)
    }
}

#[cfg(feature = "parquet")]
fn parquet(
    store: &EmbeddedStore,
    encoder: Option<&str>,
    out: &mut BufWriter<File>,
    tell: &mut dyn FnMut(Exported, u64),
    stop: &AtomicBool,
) -> anyhow::Result<Result<Exported, ExportError>> {
    Ok(lookalike_engine::transfer::write_parquet(store, encoder, out, tell, stop))
}

#[cfg(not(feature = "parquet"))]
fn parquet(
    _: &EmbeddedStore,
    _: Option<&str>,
    _: &mut BufWriter<File>,
    _: &mut dyn FnMut(Exported, u64),
    _: &AtomicBool,
) -> anyhow::Result<Result<Exported, ExportError>> {
    bail!(
        "this build writes no Parquet: build it with `cargo build --release --features parquet`, or name a file that          ends with .npy"
    )
}

/// A file that gets its name when it is whole, and is removed when it does not become that.
struct Unfinished {
    path: PathBuf,
    partial: PathBuf,
    writer: BufWriter<File>,
    is_finished: bool,
}

impl Unfinished {
    fn create(path: &Path) -> anyhow::Result<Self> {
        if path.is_dir() {
            bail!("cannot write {}: it is a folder", path.display());
        }
        let mut name: OsString = path.as_os_str().to_owned();
        name.push(".partial");
        let partial = PathBuf::from(name);
        let file = File::create(&partial).with_context(|| format!("cannot write {}", path.display()))?;
        let writer = BufWriter::with_capacity(1 << 20, file);
        Ok(Self { path: path.to_owned(), partial, writer, is_finished: false })
    }

    fn finish(mut self) -> anyhow::Result<PathBuf> {
        let written = self.writer.flush().and_then(|()| self.writer.get_ref().sync_all());
        let named = written.and_then(|()| fs::rename(&self.partial, &self.path));
        named.with_context(|| format!("cannot write {}", self.path.display()))?;
        self.is_finished = true;
        Ok(self.path.clone())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            // Where it cannot be removed, its name says what it is.
            let _ = fs::remove_file(&self.partial);
        }
    }
}
