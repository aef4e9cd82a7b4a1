//! What every scenario has: a file that is wanted, a folder for it, and a client without patience.

use crate::hub_server::{COMMIT, HubServer};
use lookalike_engine::models::Digest;
use lookalike_engine::models::hub::{Hub, HubError, HubOptions, Received, Wanted};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tempfile::TempDir;

/// How servers call the content.
pub(crate) const TAG: &str = "\"a-tag\"";

/// Bytes that are not the same anywhere.
pub(crate) fn body() -> Vec<u8> {
    (0..300_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

pub(crate) fn options(base: &str) -> HubOptions {
    HubOptions {
        endpoint: base.to_owned(),
        proxies: false,
        stall_timeout: Duration::from_millis(400),
        attempts: 3,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_secs(2),
        ..HubOptions::default()
    }
}

/// A folder to fetch into, and what is wanted.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
    sha256: Option<Digest>,
    bytes: Option<u64>,
    pub(crate) stop: AtomicBool,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let (body, folder) = (body(), tempfile::tempdir().unwrap());
        let stop = AtomicBool::new(false);
        Self { folder, sha256: Some(Digest::of(&body)), bytes: Some(body.len() as u64), stop }
    }

    /// Nothing known of the file.
    pub(crate) fn unpinned() -> Self {
        Self { sha256: None, bytes: None, ..Self::new() }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("image.onnx")
    }

    pub(crate) fn part(&self) -> PathBuf {
        self.folder.path().join("image.onnx.part")
    }

    pub(crate) fn fetch_with(
        &self,
        options: HubOptions,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Received, HubError> {
        let wanted = Wanted {
            repository: "somebody/model",
            revision: COMMIT,
            path: "onnx/model.onnx",
            bytes: self.bytes,
            sha256: self.sha256,
            limit_bytes: 2_000_000,
        };
        Hub::new(options)?.fetch(&wanted, &self.file(), progress, &self.stop)
    }

    pub(crate) fn fetch(&self, server: &HubServer) -> Result<Received, HubError> {
        self.fetch_with(options(&server.base), &mut |_, _| {})
    }

    pub(crate) fn is_whole(&self) -> bool {
        fs::read(self.file()).unwrap() == body()
    }

    /// What is in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}
