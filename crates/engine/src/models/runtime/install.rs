//! From a wheel to a library in its place: fetched or given, checked, taken out, tried, and renamed into place.
//!
//! The library is there whole or not at all. What was fetched of a wheel is kept beside it until it is complete.

use super::archive;
use super::download::Download;
use super::error::RuntimeError;
use super::find;
use super::release::{LIBRARY, VERSION, Wheel, is_library};
use crate::models::Digest;
use crate::models::digest::Hasher;
use lookalike_vision::neural::session::onnxruntime;
use std::env;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const PYPI: &str = "https://pypi.org/simple";

/// How and where to install.
#[derive(Debug, Clone)]
pub struct Installer {
    /// A package index (PEP 503).
    pub index_url: String,
    /// The folder that the library is put into.
    pub folder: PathBuf,
    /// What is fetched; absent where there is nothing for this machine.
    pub wheel: Option<Wheel>,
    /// Whether proxies named in the environment are used.
    pub proxies: bool,
    /// For one connection, its name's lookup and TLS included.
    pub connect_timeout: Duration,
    /// Longest silence.
    pub stall_timeout: Duration,
    /// Failures after which it is given up.
    pub attempts: u32,
    /// Wait after the first failure; doubled after each.
    pub first_wait: Duration,
    /// Whether the library is loaded before it takes its place, and refused when that fails.
    pub try_loading: bool,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Where the library is.
    pub library: PathBuf,
    /// Nothing had to be done.
    pub already: bool,
    /// Whether it is the library whose digest is pinned; one from a given wheel may be another.
    pub pinned: bool,
}

impl Installer {
    /// Into [`find::folder`], from `PIP_INDEX_URL` or PyPI.
    ///
    /// # Errors
    /// When there is no home for it.
    pub fn from_environment() -> Result<Self, RuntimeError> {
        let index = env::var("PIP_INDEX_URL").ok().map(|url| url.trim().to_owned());
        Ok(Self {
            index_url: index.filter(|url| !url.is_empty()).unwrap_or_else(|| PYPI.to_owned()),
            ..Self::into_folder(find::folder().ok_or(RuntimeError::NoFolder)?)
        })
    }

    /// Into `folder`, from PyPI: 15 s to connect, 30 s of silence, 4 attempts, the first wait a second.
    pub fn into_folder(folder: PathBuf) -> Self {
        Self {
            index_url: PYPI.to_owned(),
            folder,
            wheel: Wheel::for_this_machine(),
            proxies: true,
            connect_timeout: Duration::from_secs(15),
            stall_timeout: Duration::from_secs(30),
            attempts: 4,
            first_wait: Duration::from_secs(1),
            try_loading: true,
        }
    }

    /// Where the library is, or would be.
    pub fn library(&self) -> PathBuf {
        self.folder.join(LIBRARY)
    }

    /// Whether the pinned library is in its place.
    ///
    /// # Errors
    /// When a file is there that cannot be read.
    pub fn is_installed(&self) -> Result<bool, RuntimeError> {
        let Some(wheel) = &self.wheel else { return Ok(false) };
        let library = self.library();
        match File::open(&library) {
            Ok(mut file) => {
                Ok(digest(&mut file).map_err(RuntimeError::io(&library))? == wheel.library_sha256)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(RuntimeError::io(&library)(error)),
        }
    }

    /// Fetches the wheel and installs its library; does nothing when that one is there. `progress` is told how many bytes
    /// have come and how many there will be; `stop` ends the call soon after it is set.
    ///
    /// # Errors
    /// Whatever is in the way, with what to do by hand.
    pub fn install(
        &self,
        progress: &mut dyn FnMut(u64, Option<u64>),
        stop: &AtomicBool,
    ) -> Result<Installed, RuntimeError> {
        let Some(wheel) = &self.wheel else {
            let machine = format!("{} on {}", env::consts::OS, env::consts::ARCH);
            return Err(RuntimeError::NoWheel { machine, library: self.library() });
        };
        let _alone = self.alone()?;
        if self.is_installed()? {
            return Ok(Installed { library: self.library(), already: true, pinned: true });
        }
        let part = self.folder.join(format!("{}.part", wheel.file));
        let download = Download::new(self, &wheel.file, wheel.bytes, stop)?;
        let mut resumed = part.exists();
        loop {
            let url = download.run(&part, progress)?;
            let failed = RuntimeError::io(&part);
            let found = File::open(&part).and_then(|mut file| digest(&mut file)).map_err(&failed)?;
            if found == wheel.sha256 {
                break;
            }
            fs::remove_file(&part).map_err(&failed)?;
            // What was there before may have been wrong; that is worth one try from the beginning.
            if !resumed {
                let (expected, found) = (wheel.sha256.to_string(), found.to_string());
                let (file, folder) = (wheel.file.clone(), self.folder.clone());
                return Err(RuntimeError::Checksum { url, expected, found, file, folder });
            }
            resumed = false;
        }
        let installed = self.take_out(&part)?;
        fs::remove_file(&part).map_err(RuntimeError::io(&part))?;
        Ok(installed)
    }

    /// Installs the library of a wheel at hand, pinned or not.
    ///
    /// # Errors
    /// When it is no wheel of onnxruntime for this machine, or damaged.
    pub fn install_from(&self, wheel: &Path) -> Result<Installed, RuntimeError> {
        let _alone = self.alone()?;
        self.take_out(wheel)
    }

    fn take_out(&self, wheel: &Path) -> Result<Installed, RuntimeError> {
        let (library, part) = (self.library(), self.folder.join(format!(".{LIBRARY}.part")));
        let mut archive = File::open(wheel).map_err(RuntimeError::io(wheel))?;
        let failed = RuntimeError::io(&part);
        let mut to = BufWriter::new(File::create(&part).map_err(&failed)?);
        let taken = archive::extract(&mut archive, is_library, &mut to);
        let outcome = match taken {
            Ok(Some(_)) => to.flush().and_then(|()| to.get_ref().sync_all()).map_err(&failed),
            Ok(None) => Err("it does not hold the library for this machine".to_owned()).map_err(wrong(wheel)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof
                ) =>
            {
                Err(wrong(wheel)(error.to_string()))
            }
            Err(error) => Err(failed(error)),
        };
        drop(to);
        let checked = outcome.and_then(|()| {
            let found = File::open(&part).and_then(|mut file| digest(&mut file)).map_err(&failed)?;
            if self.try_loading {
                onnxruntime::load(&part).map_err(|error| RuntimeError::Unusable {
                    wheel: wheel.to_path_buf(),
                    reason: error.to_string(),
                })?;
            }
            Ok(self.wheel.as_ref().is_some_and(|pinned| pinned.library_sha256 == found))
        });
        match checked {
            Ok(pinned) => {
                fs::rename(&part, &library).map_err(RuntimeError::io(&library))?;
                tracing::info!(version = VERSION, pinned, "installed {}", library.display());
                Ok(Installed { library, already: false, pinned })
            }
            Err(error) => {
                // The reason is told; that rubbish stays is not worth another.
                let _ = fs::remove_file(&part);
                Err(error)
            }
        }
    }

    /// Makes the folder, and keeps others from installing into it until what is given is dropped.
    fn alone(&self) -> Result<File, RuntimeError> {
        fs::create_dir_all(&self.folder).map_err(RuntimeError::io(&self.folder))?;
        let path = self.folder.join(".install.lock");
        let lock = File::create(&path).map_err(RuntimeError::io(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(RuntimeError::Busy(self.folder.clone())),
            Err(TryLockError::Error(error)) => Err(RuntimeError::io(&path)(error)),
        }
    }
}

fn wrong(wheel: &Path) -> impl Fn(String) -> RuntimeError {
    let wheel = wheel.to_path_buf();
    move |reason| RuntimeError::Wheel { wheel: wheel.clone(), reason }
}

fn digest(file: &mut File) -> io::Result<Digest> {
    let mut hasher = Hasher::default();
    hasher.pass(file, &mut io::sink())?;
    Ok(hasher.finish())
}
