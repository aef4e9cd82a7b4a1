//! `cargo xtask tidy`: the house rules that a compiler does not check.
//!
//! Each rule is a function from the tracked files to complaints; ARCHITECTURE.md states the invariants they guard.

mod rules;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A tracked text file.
pub(crate) struct SourceFile {
    /// Path from the repository's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

fn main() -> ExitCode {
    let told = match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy(),
        _ => Err("usage: cargo xtask tidy".to_owned()),
    };
    let (code, message) = match told {
        Ok(count) => (ExitCode::SUCCESS, format!("tidy: {count} files keep the house rules")),
        Err(message) => (ExitCode::FAILURE, message),
    };
    // Without a terminal to write to, the exit code still tells.
    let _ = writeln!(io::stderr(), "{message}");
    code
}

fn tidy() -> Result<usize, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask has no parent folder")?;
    let files = tracked_files(root)?;
    let complaints: Vec<String> = rules::ALL.iter().flat_map(|rule| rule(&files)).collect();
    if complaints.is_empty() { Ok(files.len()) } else { Err(complaints.join("\n")) }
}

/// Every text file that git tracks or would track.
fn tracked_files(root: &Path) -> Result<Vec<SourceFile>, String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run git: {error}"))?;
    if !listed.status.success() {
        return Err(format!("git ls-files failed: {}", String::from_utf8_lossy(&listed.stderr)));
    }
    let names = String::from_utf8_lossy(&listed.stdout);
    let mut files = Vec::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        let path: PathBuf = root.join(name);
        // Pictures and weights are no text; files deleted but not yet staged are gone.
        if let Ok(text) = std::fs::read_to_string(&path) {
            files.push(SourceFile { path: name.to_owned(), text });
        }
    }
    Ok(files)
}
