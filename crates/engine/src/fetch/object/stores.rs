//! [`Objects`]: the buckets that may be read, each opened when it is first asked for.
//!
//! The stores' client speaks async; one small runtime of its own drives it, and any number of threads may ask at once. It
//! retries what can succeed later. An object's time, as far as this program goes, is the second it was last modified in,
//! with a number made of its ETag for the nanoseconds: so it changes with the content even where a second is too coarse.

use super::ObjectInfo;
use super::address::{Bucket, ObjectAddress, Scheme};
use super::aws;
use super::error::ObjectError;
use crate::fetch::photo::Stat;
use crate::source::shown::one_line;
use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::path::Path as Key;
use object_store::{GetOptions, GetResult, ObjectMeta, ObjectStore};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use tokio::runtime::{Builder, Runtime};

/// How much of a download waits for the disk.
const CHUNKS_AHEAD: usize = 8;

/// Reads the objects of some buckets. Share one by reference or `Arc`.
#[derive(Debug)]
pub struct Objects {
    allowed: Vec<Bucket>,
    opened: Mutex<HashMap<Bucket, Arc<dyn ObjectStore>>>,
    /// What listings said of objects that were not asked for yet.
    listed: Mutex<HashMap<String, Stat>>,
    /// `Some` until dropped.
    runtime: Option<Runtime>,
}

impl Objects {
    /// Will read the buckets `allowed` and no others. Nothing is contacted yet.
    ///
    /// # Errors
    /// When the threads that drive the connections cannot be started.
    pub fn new(allowed: Vec<Bucket>) -> Result<Self, ObjectError> {
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("objects")
            .enable_all()
            .build()
            .map_err(|error| ObjectError::Setup(error.to_string()))?;
        Ok(Self { allowed, opened: Mutex::default(), listed: Mutex::default(), runtime: Some(runtime) })
    }

    /// Length, time and ETag of an object.
    ///
    /// # Errors
    /// When it is missing, not allowed or cannot be read; the same holds for every method here.
    pub fn head(&self, address: &ObjectAddress) -> Result<ObjectInfo, ObjectError> {
        let (store, key) = self.open(address)?;
        let found = self.wait(async move {
            let options = GetOptions { head: true, ..GetOptions::default() };
            store.get_opts(&key, options).await.map(|found| found.meta)
        })?;
        Ok(ObjectInfo { key: address.key.clone(), stat: stat_of(&found) })
    }

    /// Reads an object, unless it is longer than `max_bytes`.
    ///
    /// # Errors
    /// See [`Self::head`].
    pub fn read(&self, address: &ObjectAddress, max_bytes: u64) -> Result<(Bytes, Stat), ObjectError> {
        let mut bytes = Vec::new();
        let stat = self.bring(address, max_bytes, &mut |chunk| {
            bytes.extend_from_slice(chunk);
            Ok(())
        })?;
        Ok((bytes.into(), stat))
    }

    /// Writes an object to `to`, unless it is longer than `max_bytes`.
    ///
    /// # Errors
    /// See [`Self::head`]; also when `to` cannot be written.
    pub fn download(
        &self,
        address: &ObjectAddress,
        to: &mut dyn Write,
        max_bytes: u64,
    ) -> Result<(), ObjectError> {
        self.bring(address, max_bytes, &mut |chunk| {
            to.write_all(chunk).map_err(|error| ObjectError::Failed(format!("the disk: {error}")))
        })
        .map(|_| ())
    }

    fn bring(
        &self,
        address: &ObjectAddress,
        max_bytes: u64,
        take: &mut dyn FnMut(&Bytes) -> Result<(), ObjectError>,
    ) -> Result<Stat, ObjectError> {
        let (store, key) = self.open(address)?;
        let found = self.wait(async move { store.get_opts(&key, GetOptions::default()).await })?;
        let stat = stat_of(&found.meta);
        if found.meta.size > max_bytes {
            return Err(ObjectError::TooLarge { bytes: found.meta.size, max_bytes });
        }
        let mut chunks = self.chunks(found)?;
        let mut length = 0;
        while let Some(chunk) = chunks.blocking_recv() {
            let chunk = chunk.map_err(explained)?;
            length += chunk.len() as u64;
            // What a server announces is a hint.
            if length > max_bytes {
                return Err(ObjectError::TooLarge { bytes: length, max_bytes });
            }
            take(&chunk)?;
        }
        if length != stat.bytes {
            let reason = format!("broke off after {length} of {} bytes; try again", stat.bytes);
            return Err(ObjectError::Failed(reason));
        }
        Ok(stat)
    }

    /// The chunks of an answer, brought while the caller works on those before.
    fn chunks(
        &self,
        found: GetResult,
    ) -> Result<tokio::sync::mpsc::Receiver<object_store::Result<Bytes>>, ObjectError> {
        let (ahead, waiting) = tokio::sync::mpsc::channel(CHUNKS_AHEAD);
        self.runtime()?.spawn(async move {
            let mut stream = found.into_stream();
            while let Some(chunk) = stream.next().await {
                if ahead.send(chunk).await.is_err() {
                    return;
                }
            }
        });
        Ok(waiting)
    }

    /// The store of an address that is allowed, and the name as the store's client has it.
    pub(super) fn open(&self, address: &ObjectAddress) -> Result<(Arc<dyn ObjectStore>, Key), ObjectError> {
        let ObjectAddress { bucket, key } = address;
        let key = Key::parse(key).map_err(|error| ObjectError::Failed(error.to_string()))?;
        if !self.allowed.contains(bucket) {
            return Err(ObjectError::NotAllowed(bucket.clone()));
        }
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match opened.get(bucket) {
            Some(store) => Arc::clone(store),
            None => {
                let store = self.client(bucket)?;
                opened.insert(bucket.clone(), Arc::clone(&store));
                store
            }
        };
        Ok((store, key))
    }

    fn client(&self, bucket: &Bucket) -> Result<Arc<dyn ObjectStore>, ObjectError> {
        match bucket.scheme {
            Scheme::S3 => {
                let name = bucket.name.clone();
                self.wait_for(async move { aws::bucket(&name).await })
            }
            #[cfg(feature = "cloud")]
            Scheme::Gcs => object_store::gcp::GoogleCloudStorageBuilder::from_env()
                .with_bucket_name(&bucket.name)
                .with_retry(aws::retries())
                .build()
                .map(|store| Arc::new(store) as _)
                .map_err(explained),
            #[cfg(feature = "cloud")]
            Scheme::Azure => object_store::azure::MicrosoftAzureBuilder::from_env()
                .with_container_name(&bucket.name)
                .with_retry(aws::retries())
                .build()
                .map(|store| Arc::new(store) as _)
                .map_err(explained),
            #[cfg(not(feature = "cloud"))]
            other => Err(ObjectError::not_built(other)),
        }
    }

    /// Runs `future` on the runtime and waits for it.
    fn wait<T: Send + 'static>(
        &self,
        future: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Result<T, ObjectError> {
        self.wait_for(async move { future.await.map_err(explained) })
    }

    pub(super) fn wait_for<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, ObjectError>> + Send + 'static,
    ) -> Result<T, ObjectError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.runtime()?.spawn(async move {
            // Nobody waits any more only when the asking thread is gone.
            let _ = sender.send(future.await);
        });
        receiver.recv().unwrap_or_else(|_| Err(gone()))
    }

    pub(super) fn runtime(&self) -> Result<&Runtime, ObjectError> {
        self.runtime.as_ref().ok_or_else(gone)
    }

    /// Remembers what a listing said of an object that will be asked for next.
    pub(super) fn remember(&self, address: String, stat: Stat) {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).insert(address, stat);
    }

    /// What a listing said of an object; once.
    pub(super) fn take_listed(&self, address: &str) -> Option<Stat> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).remove(address)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // Dropping a runtime inside another one panics.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn gone() -> ObjectError {
    ObjectError::Setup("its threads have stopped".to_owned())
}

pub(super) fn stat_of(found: &ObjectMeta) -> Stat {
    let tag = found.e_tag.as_deref().unwrap_or_default().trim_matches('"');
    let digest = Sha256::digest(tag.as_bytes());
    let number =
        digest.iter().take(4).fold(0_i64, |number, byte| number << 8 | i64::from(*byte)) % 1_000_000_000;
    let modified_ns =
        found.last_modified.timestamp().checked_mul(1_000_000_000).map(|second| second + number);
    Stat { bytes: found.size, modified_ns }
}

/// The store's own words, without what repeats the address.
pub(super) fn explained(error: object_store::Error) -> ObjectError {
    use object_store::Error as E;
    let reason = || {
        let error: &(dyn Error + 'static) = &error;
        let causes = std::iter::successors(Some(error), |cause| (*cause).source());
        causes.last().map(|cause| one_line(&cause.to_string())).unwrap_or_default()
    };
    match &error {
        E::NotFound { .. } => ObjectError::Missing,
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => ObjectError::Permission(reason()),
        _ => ObjectError::Failed(reason()),
    }
}
