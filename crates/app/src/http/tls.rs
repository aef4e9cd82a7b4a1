//! TLS, with certificates that are renewed while the server runs.
//!
//! The files are looked at every second; new ones count from the next handshake on, so that no connection is dropped for them.
//! Files that cannot be used, such as a certificate whose key is not written yet, leave the old ones in place. HTTP/1.1
//! alone is spoken, TLS 1.2 and 1.3; ciphers are rustls' choice.

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio_rustls::TlsAcceptor;

/// How long a new certificate may go unnoticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The files of a certificate, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The server's certificate and behind it those that vouch for it.
    pub certificates: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// The files cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    /// One cannot be read, or holds no PEM of that kind.
    #[error("cannot read {what} in {}: {reason}", path.display())]
    Unreadable { what: &'static str, path: PathBuf, reason: pem::Error },
    /// There is nothing in it.
    #[error("there is no certificate in {}: it must be PEM, beginning with BEGIN CERTIFICATE", .0.display())]
    Empty(PathBuf),
    /// The two do not go together, or rustls does not know the kind of key.
    #[error("the certificate in {} and the key in {} cannot be used together: {reason}", certificates.display(), key.display())]
    Unusable { certificates: PathBuf, key: PathBuf, reason: rustls::Error },
    /// rustls does not offer what is asked of it.
    #[error("cannot set up TLS: {0}")]
    Setup(rustls::Error),
}

/// What can be told of a file without reading it: when it was changed, how long it is, and which file it is, since a file
/// that is put in its place may be as old.
type Version = Option<(Option<SystemTime>, u64, u64)>;

/// Certificates as a running server knows them.
#[derive(Debug)]
pub(super) struct Certificates {
    files: Tls,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
    looked_at: Mutex<[Version; 2]>,
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// When they cannot be used.
    pub(super) fn open(files: Tls) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let versions = files.versions();
        let current = RwLock::new(Arc::new(files.read(&provider)?));
        Ok(Arc::new(Self { files, provider, current, looked_at: Mutex::new(versions) }))
    }

    /// What makes TLS out of connections.
    ///
    /// # Errors
    /// Never: these versions and ciphers are rustls' own.
    pub(super) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?;
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(self) as _;
        let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Looks whether the files have changed, and takes over what they say if they can be used. Reads files: not for async
    /// threads.
    fn look(&self) {
        let versions = self.files.versions();
        let mut looked_at = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        if *looked_at == versions {
            return;
        }
        *looked_at = versions;
        match self.files.read(&self.provider) {
            Ok(key) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                tracing::info!("the certificate has changed");
            }
            // The other of the two files may be about to change, which is seen at the next look.
            Err(error) => {
                tracing::error!(%error, "the new certificate cannot be used; the old one still counts")
            }
        }
    }

    /// Looks for new files for ever.
    pub(super) async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let this = Arc::clone(&self);
            if tokio::task::spawn_blocking(move || this.look()).await.is_err() {
                tracing::error!("looking for a new certificate failed; the old one still counts");
            }
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    fn versions(&self) -> [Version; 2] {
        [version(&self.certificates), version(&self.key)]
    }

    fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let unreadable = |what, path: &Path| {
            let path = path.to_path_buf();
            move |reason| TlsError::Unreadable { what, path, reason }
        };
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&self.certificates)
            .and_then(Iterator::collect)
            .map_err(unreadable("certificates", &self.certificates))?;
        if certificates.is_empty() {
            return Err(TlsError::Empty(self.certificates.clone()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(unreadable("a private key", &self.key))?;
        CertifiedKey::from_der(certificates, key, provider).map_err(|reason| TlsError::Unusable {
            certificates: self.certificates.clone(),
            key: self.key.clone(),
            reason,
        })
    }
}

fn version(path: &Path) -> Version {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok(), metadata.len(), file_number(&metadata)))
}

#[cfg(unix)]
fn file_number(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn file_number(_: &fs::Metadata) -> u64 {
    0
}

/// A handshake that failed is the caller's business; one that took too long costs a connection's place.
pub(super) fn took_too_long() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long")
}
