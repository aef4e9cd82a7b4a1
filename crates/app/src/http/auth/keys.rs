//! The file of API keys: made, listed, revoked and recognised.
//!
//! A key is `lk_ID_SECRET`: eight hexadecimal digits that name it and 256 random bits. Its digest is kept, never the key
//! itself; a plain SHA-256 will do, since nobody can guess 256 bits. Several are valid at once, so that one can be taken
//! over by the next without a pause. The file is replaced whole, so that a reader sees the old one or the new one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use subtle::ConstantTimeEq as _;

const SECRET_BYTES: usize = 32;
const ID_BYTES: usize = 4;
/// Longest note that is kept beside a key.
const LONGEST_NOTE: usize = 200;

/// What a key allows; each allows what those before it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Ask: search, check, see products and photos.
    Read,
    /// Change products.
    Write,
    /// Run imports and see how the server does.
    Admin,
}

impl Role {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Names the key; no secret.
    pub id: String,
    /// What it allows.
    pub role: Role,
    /// Who has it, or what for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// SHA-256 of the whole key, in hexadecimal digits.
    sha256: String,
}

/// A file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// It cannot be read or written.
    #[error("cannot {action} the keys in {path}")]
    Io {
        /// Read, write, lock.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is no file of keys.
    #[error("{path} is no file of keys: {reason}; make keys with `lookalike keys add`")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is no such key.
    #[error("there is no key {0}; `lookalike keys list` names them")]
    Unknown(String),
    /// The note is too long, or more than a line.
    #[error("a note is one line of at most {LONGEST_NOTE} characters")]
    Note,
    /// The system gives no random bits.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    key: Vec<Entry>,
}

/// Keys out of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    entries: Vec<Entry>,
}

impl Keys {
    /// Reads the file; where there is none, there are no keys.
    ///
    /// # Errors
    /// When it cannot be read, or is no file of keys.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(KeysError::Io { action: "read", path: path.to_path_buf(), source }),
        };
        let malformed = |reason: String| KeysError::Malformed { path: path.to_path_buf(), reason };
        // Only the first line: the rest of such a message quotes the file.
        let written: Written = toml::from_str(&text)
            .map_err(|error| malformed(error.message().lines().next().unwrap_or_default().to_owned()))?;
        let entries = written.key;
        for (at, entry) in entries.iter().enumerate() {
            if entry.sha256.len() != 64 || !entry.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(malformed(format!("the digest of key {} is not one", entry.id)));
            }
            if entries.iter().take(at).any(|other| other.id == entry.id) {
                return Err(malformed(format!("it has the key {} twice", entry.id)));
            }
        }
        Ok(Self { entries })
    }

    /// Every key, in the order they were made.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The key that somebody shows, if it is one of these. Takes as long whether the secret is nearly right or not.
    pub fn recognise(&self, shown: &str) -> Option<&Entry> {
        let id = shown.strip_prefix("lk_")?.split('_').next()?;
        let entry = self.entries.iter().find(|entry| entry.id == id)?;
        let same = digest(shown).as_bytes().ct_eq(entry.sha256.to_ascii_lowercase().as_bytes());
        bool::from(same).then_some(entry)
    }

    /// Makes a key and keeps its digest in `path`. The key itself is given once and cannot be had again.
    ///
    /// # Errors
    /// When the file cannot be used, or the note is none.
    pub fn add(path: &Path, role: Role, note: &str) -> Result<(String, Entry), KeysError> {
        if note.chars().count() > LONGEST_NOTE || note.chars().any(char::is_control) {
            return Err(KeysError::Note);
        }
        let _lock = lock(path)?;
        let mut keys = Self::read(path)?;
        let id = loop {
            let id = hexadecimal(&random::<ID_BYTES>()?);
            if keys.entries.iter().all(|entry| entry.id != id) {
                break id;
            }
        };
        let key = format!("lk_{id}_{}", URL_SAFE_NO_PAD.encode(random::<SECRET_BYTES>()?));
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let entry = Entry { id, role, note: note.to_owned(), created, sha256: digest(&key) };
        keys.entries.push(entry.clone());
        keys.write(path)?;
        Ok((key, entry))
    }

    /// Takes a key out of `path`; from then on it is no key any more.
    ///
    /// # Errors
    /// When there is none of this id, or the file cannot be used.
    pub fn revoke(path: &Path, id: &str) -> Result<Entry, KeysError> {
        let _lock = lock(path)?;
        let mut keys = Self::read(path)?;
        let at = keys.entries.iter().position(|entry| entry.id == id);
        let revoked = keys.entries.remove(at.ok_or_else(|| KeysError::Unknown(id.to_owned()))?);
        keys.write(path)?;
        Ok(revoked)
    }

    fn write(&self, path: &Path) -> Result<(), KeysError> {
        let failed = |source| KeysError::Io { action: "write", path: path.to_path_buf(), source };
        let written = Written { key: self.entries.clone() };
        let text = toml::to_string(&written).map_err(|error| failed(io::Error::other(error)))?;
        let partial = beside(path, "partial");
        let mut file = private(&partial).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&partial, path).map_err(failed)
    }
}

fn digest(key: &str) -> String {
    hexadecimal(&Sha256::digest(key))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeysError::Random)?;
    Ok(bytes)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// A new, empty file that its owner alone may read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Keeps other processes from changing the file at the same time.
fn lock(path: &Path) -> Result<File, KeysError> {
    let failed = |source| KeysError::Io { action: "lock", path: path.to_path_buf(), source };
    let file = private(&beside(path, "lock")).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        (folder, path)
    }

    #[test]
    fn a_key_is_recognised_until_it_is_revoked() {
        let (_folder, path) = file();
        let (first, entry) = Keys::add(&path, Role::Write, "import job").unwrap();
        let (second, _) = Keys::add(&path, Role::Read, "").unwrap();
        let keys = Keys::read(&path).unwrap();
        assert_eq!(keys.recognise(&first), Some(&entry));
        assert_eq!(keys.recognise(&second).map(|entry| entry.role), Some(Role::Read));

        Keys::revoke(&path, &entry.id).unwrap();
        let keys = Keys::read(&path).unwrap();
        assert_eq!(keys.recognise(&first), None);
        assert!(keys.recognise(&second).is_some());
        assert!(matches!(Keys::revoke(&path, &entry.id), Err(KeysError::Unknown(_))));
    }

    #[test]
    fn nothing_else_is_recognised() {
        let (_folder, path) = file();
        let (key, entry) = Keys::add(&path, Role::Admin, "").unwrap();
        let keys = Keys::read(&path).unwrap();
        let id = &entry.id;
        for shown in [
            "",
            "lk_",
            "lk__",
            &format!("lk_{id}"),
            &format!("lk_{id}_"),
            &key[..key.len() - 1],
            &format!("{key}A"),
            &key.replace("lk_", "LK_"),
            &format!(" {key}"),
            &format!("lk_00000000_{}", &key[12..]),
        ] {
            assert_eq!(keys.recognise(shown), None, "{shown:?}");
        }
    }

    #[test]
    fn the_file_holds_no_key_and_is_its_owners_alone() {
        let (_folder, path) = file();
        let (key, _) = Keys::add(&path, Role::Read, "shop \"front\" = 7").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&key[12..]), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn two_who_add_at_once_both_get_a_key_that_stays() {
        let (_folder, path) = file();
        let keys: Vec<String> = std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Keys::add(&path, Role::Read, "").unwrap().0)).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        let read = Keys::read(&path).unwrap();
        assert!(keys.iter().all(|key| read.recognise(key).is_some()));
        assert_eq!(read.entries().len(), 8);
    }

    #[test]
    fn a_file_that_is_none_is_refused_and_not_taken_for_no_keys() {
        let (_folder, path) = file();
        let (_, entry) = Keys::add(&path, Role::Read, "").unwrap();
        let sound = fs::read_to_string(&path).unwrap();
        for (text, says) in [
            (sound.replace("role", "rule"), "unknown field"),
            (sound.replace("\"read\"", "\"root\""), "unknown variant"),
            (sound.replace("sha256 = \"", "sha256 = \"z"), "digest"),
            (format!("{sound}{sound}"), "twice"),
            ("key = 7".to_owned(), "invalid type"),
            ("\u{0}".to_owned(), ""),
        ] {
            fs::write(&path, &text).unwrap();
            let error = Keys::read(&path).unwrap_err().to_string();
            assert!(error.contains(says), "{text:?}: {error}");
            assert!(!error.contains(&entry.sha256), "{error}");
            // Neither is it overwritten.
            assert!(Keys::add(&path, Role::Read, "").is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(Keys::read(&path.with_file_name("none.toml")).unwrap(), Keys::default());
    }

    #[test]
    fn a_note_is_one_line() {
        let (_folder, path) = file();
        for note in ["two\nlines".to_owned(), "x".repeat(201)] {
            assert!(matches!(Keys::add(&path, Role::Read, &note), Err(KeysError::Note)));
        }
        assert!(!path.exists());
    }
}
