//! Draws the demo catalog into a folder: pictures, `products.csv`, and queries to try on it.
//!
//! Everything is written to a file beside its place and renamed, so a killed run leaves only whole files and the
//! next run draws what is missing. `demo.json` says whose folder it is; a folder without it is left alone.
//! Neighbours: `catalog` says what exists, `view` photographs it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};
use serde::{Deserialize, Serialize};

use super::catalog::{DemoProduct, catalog, unlisted};
use super::dice::Dice;
use super::edits::{EDITS, Edit};
use super::stock::Kind;
use super::view::{Angle, Model, photograph};

/// JPEG quality of the shop's own pictures.
const QUALITY: u8 = 88;
/// Changes whenever the same seed would draw other pictures.
const RECIPE: u32 = 1;
const MOST_PRODUCTS: usize = 20_000;

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DemoOptions {
    pub(crate) seed: u64,
    /// Listings, 1 to 20,000; each has about three pictures.
    pub(crate) products: usize,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { seed: 7, products: 240 }
    }
}

/// What a folder holds after [`write`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) products: usize,
    /// Listed pictures.
    pub(crate) pictures: usize,
    /// Pictures in `queries/`.
    pub(crate) queries: usize,
    /// How many of both were drawn now; the rest were there already.
    pub(crate) drawn: usize,
}

/// Why a demo could not be drawn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("cannot draw {0} products: choose 1 to {MOST_PRODUCTS}")]
    Count(usize),
    #[error("{} is not a folder: name one that is empty or does not exist yet", .0.display())]
    NotAFolder(PathBuf),
    #[error("{} already holds other files: name a folder that is empty or does not exist yet", .0.display())]
    Occupied(PathBuf),
    #[error("{} holds the demo of seed {seed} with {products} products (recipe {recipe}): ask for the same, or name another folder", .dir.display())]
    OtherDemo { dir: PathBuf, seed: u64, products: usize, recipe: u32 },
    #[error("{} is not a demo's description: name another folder, or delete this one", .path.display())]
    Manifest { path: PathBuf, source: serde_json::Error },
    #[error("{} is being drawn by another process: wait for it, or name another folder", .0.display())]
    Busy(PathBuf),
    #[error("cannot write {}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("cannot write {}", .path.display())]
    Csv { path: PathBuf, source: csv::Error },
    #[error("cannot encode {}", .path.display())]
    Encode { path: PathBuf, source: image::ImageError },
    #[error("not enough memory to draw {0}")]
    Memory(String),
}

/// `demo.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    drawn_by: String,
    recipe: u32,
    seed: u64,
    products: usize,
}

/// Draws what is missing of the demo into `dir`, on all cores. `progress` hears how many pictures are there, of
/// how many. A second call with the same options draws nothing.
pub(crate) fn write(
    dir: &Path,
    options: DemoOptions,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Written, DemoError> {
    if options.products == 0 || options.products > MOST_PRODUCTS {
        return Err(DemoError::Count(options.products));
    }
    let _lock = claim(dir, options)?;
    let products = catalog(options.seed, options.products);
    let jobs = jobs(&products, options.seed);
    let total = jobs.iter().map(|job| job.pictures.len()).sum();
    let drawn = draw_all(dir, &jobs, total, progress)?;
    write_csv(&dir.join("products.csv"), &products)?;
    let pictures = products.iter().map(|product| product.views.len()).sum();
    Ok(Written { products: products.len(), pictures, queries: total - pictures, drawn })
}

/// Makes the folder ours, or says why it cannot be; the lock lasts as long as the file that is returned.
fn claim(dir: &Path, options: DemoOptions) -> Result<File, DemoError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| DemoError::Io { path, source }
    };
    if dir.exists() && !dir.is_dir() {
        return Err(DemoError::NotAFolder(dir.to_owned()));
    }
    let manifest_path = dir.join("demo.json");
    let lock_path = dir.join(".demo.lock");
    if dir.is_dir() && !manifest_path.exists() {
        for entry in fs::read_dir(dir).map_err(fail(dir))? {
            let name = entry.map_err(fail(dir))?.file_name();
            if name != ".demo.lock" && name != "demo.json.part" {
                return Err(DemoError::Occupied(dir.to_owned()));
            }
        }
    }
    for folder in [dir.to_owned(), dir.join("pictures"), dir.join("queries")] {
        // The manifest comes before the folders, or a killed run would leave a folder nobody may touch.
        if folder.as_path() != dir && !manifest_path.exists() {
            break;
        }
        fs::create_dir_all(&folder).map_err(fail(&folder))?;
    }
    let lock = File::create(&lock_path).map_err(fail(&lock_path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(DemoError::Busy(dir.to_owned())),
        Err(TryLockError::Error(source)) => return Err(DemoError::Io { path: lock_path, source }),
    }
    let wanted = Manifest {
        drawn_by: "lookalike demo".to_owned(),
        recipe: RECIPE,
        seed: options.seed,
        products: options.products,
    };
    if manifest_path.exists() {
        let text = fs::read(&manifest_path).map_err(fail(&manifest_path))?;
        let found: Manifest = serde_json::from_slice(&text)
            .map_err(|source| DemoError::Manifest { path: manifest_path, source })?;
        if (found.recipe, found.seed, found.products) != (RECIPE, options.seed, options.products) {
            let Manifest { recipe, seed, products, .. } = found;
            return Err(DemoError::OtherDemo { dir: dir.to_owned(), seed, products, recipe });
        }
    } else {
        let text = serde_json::to_vec_pretty(&wanted)
            .map_err(|source| DemoError::Manifest { path: manifest_path.clone(), source })?;
        put(&manifest_path, &text)?;
    }
    for folder in ["pictures", "queries"] {
        let folder = dir.join(folder);
        fs::create_dir_all(&folder).map_err(fail(&folder))?;
    }
    Ok(lock)
}

/// Writes beside the place and renames, so that no half file ever has the name.
fn put(path: &Path, bytes: &[u8]) -> Result<(), DemoError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|source| DemoError::Io { path: path.to_owned(), source })
}

/// The pictures that need one product's model.
struct Job<'a> {
    product: std::borrow::Cow<'a, DemoProduct>,
    pictures: Vec<Shot>,
}

struct Shot {
    file: String,
    angle: Angle,
    /// Which of the possible photographs from that angle.
    take: &'static str,
    edit: Option<(Edit, String)>,
}

fn jobs(products: &[DemoProduct], seed: u64) -> Vec<Job<'_>> {
    let mut jobs: Vec<Job<'_>> = products
        .iter()
        .map(|product| {
            let shots = product.views.iter().map(|view| Shot {
                file: view.file.clone(),
                angle: view.angle,
                take: "listed",
                edit: product.copy.as_ref().map(|copy| (copy.edit, product.id.clone())),
            });
            Job { product: std::borrow::Cow::Borrowed(product), pictures: shots.collect() }
        })
        .collect();
    jobs.extend(queries(products, seed));
    jobs
}

/// Photos that are not in the catalog, named after what should be found.
fn queries(products: &[DemoProduct], seed: u64) -> Vec<Job<'_>> {
    let mut dice = Dice::new(seed).fork("queries");
    let mut originals: Vec<&DemoProduct> = products.iter().filter(|product| product.copy.is_none()).collect();
    let mut jobs = Vec::new();
    for number in 0..originals.len().min(10) {
        let product = originals.swap_remove(dice.below(originals.len()));
        let shot = if number % 5 < 3 {
            let edit = EDITS.get(dice.below(EDITS.len())).copied().unwrap_or(Edit::Recompressed);
            Shot {
                file: format!("queries/edited-copy-of-{}.jpg", product.id),
                angle: Angle::Front,
                take: "listed",
                edit: Some((edit, format!("query {}", product.id))),
            }
        } else {
            Shot {
                file: format!("queries/other-photo-of-{}.jpg", product.id),
                angle: Angle::ThreeQuarter,
                take: "a customer's",
                edit: None,
            }
        };
        jobs.push(Job { product: std::borrow::Cow::Borrowed(product), pictures: vec![shot] });
    }
    for product in unlisted(seed, &[Kind::Lamp, Kind::Boot, Kind::Tee, Kind::Backpack]) {
        let slug = product.style.split('-').next().unwrap_or_default();
        let shot = Shot {
            file: format!("queries/not-listed-{slug}.jpg"),
            angle: Angle::Front,
            take: "listed",
            edit: None,
        };
        jobs.push(Job { product: std::borrow::Cow::Owned(product), pictures: vec![shot] });
    }
    jobs
}

/// How many pictures were drawn.
fn draw_all(
    dir: &Path,
    jobs: &[Job<'_>],
    total: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<usize, DemoError> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len().max(1));
    let (sender, receiver) = mpsc::channel::<Result<bool, DemoError>>();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            scope.spawn(move || {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let mut tell = |news| {
                        // The receiver outlives the workers; when it is gone there is nobody to tell.
                        let _ = sender.send(news);
                    };
                    if let Err(error) = draw(dir, job, &mut tell) {
                        stop.store(true, Ordering::Relaxed);
                        tell(Err(error));
                    }
                }
            });
        }
        drop(sender);
        let (mut done, mut drawn, mut failure) = (0, 0, None);
        progress(0, total);
        for news in receiver {
            match news {
                Ok(new) => {
                    done += 1;
                    drawn += usize::from(new);
                    progress(done, total);
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(drawn), Err)
    })
}

fn draw(dir: &Path, job: &Job<'_>, tell: &mut dyn FnMut(Result<bool, DemoError>)) -> Result<(), DemoError> {
    let mut model: Option<Model> = None;
    for shot in &job.pictures {
        let path = dir.join(&shot.file);
        if fs::metadata(&path).is_ok_and(|found| found.is_file() && found.len() > 0) {
            tell(Ok(false));
            continue;
        }
        if model.is_none() {
            model = job.product.model();
        }
        let Some(model) = &model else { return Err(DemoError::Memory(job.product.id.clone())) };
        let bytes = develop(model, &job.product, shot)
            .map_err(|source| DemoError::Encode { path: path.clone(), source })?;
        put(&path, &bytes)?;
        tell(Ok(true));
    }
    Ok(())
}

/// The picture's bytes. An edited copy is made from the listed picture's own JPEG, as a re-uploader has to.
fn develop(model: &Model, product: &DemoProduct, shot: &Shot) -> Result<Vec<u8>, image::ImageError> {
    let picture = photograph(model, shot.angle, &product.camera().fork(shot.take));
    let bytes = jpeg(&picture, QUALITY)?;
    let Some((edit, label)) = &shot.edit else { return Ok(bytes) };
    let seen = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg)?.into_rgb8();
    jpeg(&edit.apply(&seen, &mut product.camera().fork(label)), edit.quality())
}

fn jpeg(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = Vec::with_capacity(96 * 1024);
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture)?;
    Ok(bytes)
}

/// The columns of `products.csv`; one row for each picture.
const COLUMNS: [&str; 16] = [
    "id",
    "image",
    "name",
    "category",
    "price",
    "currency",
    "color",
    "pattern",
    "material",
    "brand",
    "style",
    "view",
    "seller",
    "description",
    "copy_of",
    "edit",
];

fn write_csv(path: &Path, products: &[DemoProduct]) -> Result<(), DemoError> {
    let fail = |source| DemoError::Csv { path: path.to_owned(), source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(fail)?;
    for product in products {
        let (copy_of, edit) =
            product.copy.as_ref().map_or(("", ""), |copy| (copy.of.as_str(), copy.edit.name()));
        for view in &product.views {
            writer
                .write_record([
                    &product.id,
                    &view.file,
                    &product.name,
                    product.category,
                    &product.price(),
                    product.currency,
                    product.color,
                    &product.pattern,
                    product.material,
                    product.brand,
                    &product.style,
                    view.angle.name(),
                    product.seller,
                    &product.description,
                    copy_of,
                    edit,
                ])
                .map_err(fail)?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| DemoError::Io { path: path.to_owned(), source: error.into_error() })?;
    if fs::read(path).is_ok_and(|found| found == bytes) { Ok(()) } else { put(path, &bytes) }
}
