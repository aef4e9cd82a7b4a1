//! The rules, one function each.

use crate::SourceFile;

/// Longest source file, in lines, unit tests included.
const MAX_LINES: usize = 400;

type Rule = fn(&[SourceFile]) -> Vec<String>;

/// Every rule.
pub(crate) const ALL: &[Rule] = &[file_length, module_docs, crate_arrows, rooms, no_soft_spots];

fn is_source(path: &str) -> bool {
    [".rs", ".js", ".css", ".py"].iter().any(|ending| path.ends_with(ending))
}

/// A file is one idea.
fn file_length(files: &[SourceFile]) -> Vec<String> {
    let long = files.iter().filter(|file| is_source(&file.path));
    long.filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > MAX_LINES).then(|| format!("{}: {lines} lines, more than {MAX_LINES}", file.path))
    })
    .collect()
}

/// Every module says what it is for.
fn module_docs(files: &[SourceFile]) -> Vec<String> {
    let silent = files.iter().filter(|file| {
        let ours = file.path.starts_with("crates/") || file.path.starts_with("xtask/");
        let opening = file.text.lines().next().unwrap_or_default();
        ours && file.path.ends_with(".rs") && !opening.starts_with("//!") && !opening.starts_with("#!")
    });
    silent.map(|file| format!("{}: does not open with what it is for (`//!`)", file.path)).collect()
}

/// app → engine → vision, and what each crate must not depend on.
fn crate_arrows(files: &[SourceFile]) -> Vec<String> {
    const BARRED: &[(&str, &[&str])] = &[
        ("crates/vision/Cargo.toml", &["lookalike-engine", "tokio", "reqwest", "rusqlite", "tracing"]),
        ("crates/engine/Cargo.toml", &["axum", "clap", "utoipa", "indicatif", "anyhow"]),
    ];
    let mut complaints = Vec::new();
    for (manifest, barred) in BARRED {
        for file in files.iter().filter(|file| file.path == *manifest) {
            let dependencies = file.text.split("[dev-dependencies]").next().unwrap_or_default();
            for name in *barred {
                let depends = dependencies.lines().any(|line| {
                    line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '.', '=']))
                });
                if depends {
                    complaints.push(format!("{manifest}: must not depend on {name}"));
                }
            }
        }
    }
    complaints
}

/// Words that belong to one room: (folder searched, rooms allowed, words, why).
const ROOMS: &[(&str, &[&str], &[&str], &str)] = &[
    (
        "crates/vision/src/",
        &[],
        &["std::fs", "std::net", "std::time", "std::env", "std::process", "File::open"],
        "vision does no IO and reads no clock",
    ),
    (
        "crates/engine/src/",
        &["crates/engine/src/store/embedded/"],
        &["rusqlite"],
        "only store/embedded knows SQL",
    ),
    (
        "crates/engine/src/",
        // The hub and PyPI are the operator's choice, not a catalog's or a caller's.
        &["crates/engine/src/fetch/", "crates/engine/src/models/hub/", "crates/engine/src/models/runtime/"],
        &["reqwest", "std::net::TcpStream", "tokio::net"],
        "only fetch opens sockets to addresses that others name",
    ),
    ("crates/app/src/", &["crates/app/src/http/"], &["StatusCode"], "only http knows status codes"),
];

/// What belongs to one room stays in it.
fn rooms(files: &[SourceFile]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (folder, allowed, words, why) in ROOMS {
        let outside = files.iter().filter(|file| {
            let path = &file.path;
            path.starts_with(folder) && !allowed.iter().any(|room| path.starts_with(room)) && !is_test(path)
        });
        for file in outside {
            // Unit tests stand at a file's end and may do what the code may not.
            let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, line) in (1..).zip(code.lines()) {
                let said = line.trim_start();
                if !said.starts_with("//") && words.iter().any(|word| said.contains(word)) {
                    complaints.push(format!("{}:{number}: {why}", file.path));
                }
            }
        }
    }
    complaints
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Nothing is left open, ignored or allowed.
fn no_soft_spots(files: &[SourceFile]) -> Vec<String> {
    let soft = ["todo!(", "unimplemented!(", "FIXME", "XXX", "#[ignore", "#[allow("];
    let mut complaints = Vec::new();
    let sources = files.iter().filter(|f| f.path.ends_with(".rs") && !f.path.starts_with("xtask/"));
    for file in sources {
        for (number, line) in (1..).zip(file.text.lines()) {
            if soft.iter().any(|word| line.contains(word)) {
                complaints.push(format!("{}:{number}: left open, ignored or allowed", file.path));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_clock_in_vision_is_found_and_one_in_its_tests_is_not() {
        let code = file("crates/vision/src/a.rs", "//! x\nuse std::time::Instant;\n");
        assert_eq!(rooms(&[code]), ["crates/vision/src/a.rs:2: vision does no IO and reads no clock"]);
        let test =
            file("crates/vision/src/a.rs", "//! x\n#[cfg(test)]\nmod tests { use std::time::Instant; }\n");
        assert!(rooms(&[test]).is_empty());
    }

    #[test]
    fn sql_is_allowed_in_its_room_only() {
        let text = "//! x\nuse rusqlite::Connection;\n";
        assert!(rooms(&[file("crates/engine/src/store/embedded/a.rs", text)]).is_empty());
        assert_eq!(rooms(&[file("crates/engine/src/search/a.rs", text)]).len(), 1);
    }

    #[test]
    fn an_arrow_the_wrong_way_is_found() {
        let manifest = "[dependencies]\nlookalike-engine.workspace = true\n";
        assert_eq!(crate_arrows(&[file("crates/vision/Cargo.toml", manifest)]).len(), 1);
        let dev = "[dependencies]\n[dev-dependencies]\ntokio = \"1\"\n";
        assert!(crate_arrows(&[file("crates/vision/Cargo.toml", dev)]).is_empty());
    }

    #[test]
    fn long_files_and_silent_modules_are_found() {
        let long = file("crates/app/src/a.rs", &"//! x\n".repeat(401));
        assert_eq!(file_length(&[long]).len(), 1);
        assert_eq!(module_docs(&[file("crates/app/src/a.rs", "fn a() {}\n")]).len(), 1);
    }
}
