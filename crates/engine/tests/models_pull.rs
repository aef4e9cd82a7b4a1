//! Models pulled from a hub on this machine: whole, interrupted, refused, altered, and by two at once.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

mod hub_server;

use hub_server::{Answer, COMMIT, HubServer, Request};
use lookalike_engine::models::hub::{Hub, HubOptions};
use lookalike_engine::models::registry::RegistryEntry;
use lookalike_engine::models::{Digest, Load, Models, ModelsError, Pin, Pulled};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tempfile::TempDir;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/neural/sessions")).join(name))
        .unwrap()
}

const PAGE: &str = r#"
name = "tiny"
dimensions = 8
licence = "MIT"
[image]
output = "embedding"
resize = { rule = "squash", px = 8, filter = "bilinear" }
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
[text]
tokenizer = "tokenizer-json"
context = 6
[origin]
repository = "somebody/tiny"
"#;

/// An entry of the registry, its files pinned or not.
fn entry(folder: &Path, pinned: bool) -> RegistryEntry {
    let mut page = PAGE.to_owned();
    if pinned {
        page.push_str(&format!("revision = \"{COMMIT}\"\n"));
    }
    for (kind, path, file) in [
        ("image", "onnx/image.onnx", "image.onnx"),
        ("text", "onnx/text.onnx", "text.onnx"),
        ("tokenizer", "tokenizer.json", "tokenizer.json"),
    ] {
        page.push_str(&format!("[origin.{kind}]\npath = \"{path}\"\n"));
        if pinned {
            let bytes = fixture(file);
            page.push_str(&format!("bytes = {}\nsha256 = \"{}\"\n", bytes.len(), Digest::of(&bytes)));
        }
    }
    let path = folder.join("entry.toml");
    fs::write(&path, page).unwrap();
    RegistryEntry::read(&path).unwrap()
}

fn serve(request: &Request, answer: &mut Answer) {
    let name = request.target.rsplit('/').next().unwrap_or_default().to_owned();
    let body = fixture(&name);
    let tag = format!("\"{name}\"");
    // The hub names the commit in its own answers.
    if request.range().is_some() {
        return answer.file(request, &body, &tag);
    }
    answer.reply("200 OK", &format!("etag: {tag}\r\nx-repo-commit: {COMMIT}\r\n"), &body);
}

fn hub(server: &HubServer) -> Hub {
    let options = HubOptions {
        endpoint: server.base.clone(),
        proxies: false,
        attempts: 2,
        first_wait: Duration::from_millis(1),
        stall_timeout: Duration::from_millis(500),
        ..HubOptions::default()
    };
    Hub::new(options).unwrap()
}

fn place() -> (TempDir, Models) {
    let folder = tempfile::tempdir().unwrap();
    let models = Models::at(&folder.path().join("models"));
    (folder, models)
}

fn pull(models: &Models, entry: &RegistryEntry, server: &HubServer) -> Result<Pulled, ModelsError> {
    models.pull_entry(entry, &hub(server), &mut |_| {}, &AtomicBool::new(false))
}

fn targets(server: &HubServer) -> Vec<String> {
    let path = |target: String| target.split("/resolve/").nth(1).unwrap_or_default().to_owned();
    server.requests().into_iter().map(|request| path(request.target)).collect()
}

#[test]
fn a_pinned_model_arrives_and_encodes() {
    let (folder, models) = place();
    let server = HubServer::start(serve);
    let entry = entry(folder.path(), true);
    let mut told = Vec::new();
    let pulled = models.pull_entry(
        &entry,
        &hub(&server),
        &mut |progress| told.push((progress.file.to_owned(), progress.done_bytes, progress.total_bytes)),
        &AtomicBool::new(false),
    );
    let Pulled::Now(there) = pulled.unwrap() else { unreachable!("it was not there") };
    assert_eq!(there.page.files.pinned(), Pin::Registry);
    assert_eq!(there.page.origin.as_ref().unwrap().revision.as_deref(), Some(COMMIT));
    assert!(told.iter().any(|(file, done, total)| file == "onnx/text.onnx" && Some(*done) == *total));
    let encoder = models.load("tiny", &Load::default()).unwrap();
    assert_eq!(encoder.text().unwrap().encode_text(&["red shoe"]).unwrap()[0].vector.len(), 8);
    // Nothing but the model is left, and asking again asks nobody.
    let mut left: Vec<PathBuf> = fs::read_dir(models.folder()).unwrap().map(|e| e.unwrap().path()).collect();
    left.sort();
    assert_eq!(left, [models.folder().join(".tiny.lock"), models.folder().join("tiny")]);
    let asked = server.requests().len();
    assert!(matches!(pull(&models, &entry, &server), Ok(Pulled::Already(again)) if again == there));
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn an_entry_without_digests_is_pinned_by_what_comes_first() {
    let (folder, models) = place();
    let server = HubServer::start(serve);
    let Pulled::Now(there) = pull(&models, &entry(folder.path(), false), &server).unwrap() else {
        unreachable!("it was not there")
    };
    assert_eq!(there.page.files.pinned(), Pin::FirstUse);
    assert_eq!(there.page.origin.unwrap().revision.as_deref(), Some(COMMIT));
    // The first file is asked for at `main`, the others at the commit that it came from.
    let expected =
        ["main/onnx/image.onnx", &format!("{COMMIT}/onnx/text.onnx"), &format!("{COMMIT}/tokenizer.json")];
    assert_eq!(targets(&server), expected);
}

#[test]
fn files_of_one_model_are_of_one_commit_however_often_it_was_interrupted() {
    let (folder, models) = place();
    let server = HubServer::start(|request, answer| match request.earlier {
        1 => answer.status("404 Not Found"),
        _ => serve(request, answer),
    });
    let entry = entry(folder.path(), false);
    pull(&models, &entry, &server).unwrap_err();
    pull(&models, &entry, &server).unwrap();
    let asked = targets(&server);
    assert_eq!(asked[0], "main/onnx/image.onnx");
    assert!(asked[1..].iter().all(|target| target.starts_with(COMMIT)), "{asked:?}");
    assert_eq!(asked.len(), 4, "the image is not asked for again");
}

#[test]
fn a_pull_that_breaks_off_keeps_what_came_and_is_not_listed_as_there() {
    let (folder, models) = place();
    let server = HubServer::start(|request, answer| match request.earlier {
        0 => serve(request, answer),
        1 | 2 => answer.drop_after(&fixture("text.onnx"), 4000, "\"text.onnx\""),
        _ => serve(request, answer),
    });
    let entry = entry(folder.path(), true);
    let error = pull(&models, &entry, &server).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot pull tiny: ") && error.contains("the 4000 bytes that came stay"),
        "{error}"
    );
    let by_hand = format!("fetch {}/somebody/tiny/resolve/{COMMIT}/onnx/image.onnx and ", server.base);
    assert!(error.contains(&by_hand), "{error}");
    let command =
        "run `lookalike models add tiny --image FILE --text FILE --tokenizer FILE --describe PAGE.toml`";
    assert!(error.ends_with(command) && !error.contains('\n'), "{error}");
    assert!(models.list().unwrap().iter().all(|listed| listed.here.is_none()));
    assert!(matches!(models.load("tiny", &Load::default()).map(drop), Err(ModelsError::Unknown { .. })));

    pull(&models, &entry, &server).unwrap();
    let asked = server.requests();
    assert_eq!((asked[3].range(), asked.len()), (Some(4000), 5), "the image is not asked for again");
    models.load("tiny", &Load::default()).unwrap();
}

#[test]
fn what_came_for_another_revision_is_not_used() {
    let (folder, models) = place();
    let server = HubServer::start(serve);
    let partial = models.folder().join(".tiny.partial");
    fs::create_dir_all(&partial).unwrap();
    fs::write(partial.join("origin"), "somebody/tiny 1111111111111111111111111111111111111111\n").unwrap();
    fs::write(partial.join("image.onnx.part"), b"of another time").unwrap();
    pull(&models, &entry(folder.path(), true), &server).unwrap();
    assert_eq!(server.requests()[0].range(), None);
}

#[test]
fn a_completed_file_that_was_altered_since_is_fetched_again() {
    let (folder, models) = place();
    let entry = entry(folder.path(), true);
    let offline = HubServer::start(|request, answer| match request.earlier {
        0 => serve(request, answer),
        _ => answer.status("404 Not Found"),
    });
    pull(&models, &entry, &offline).unwrap_err();
    let image = models.folder().join(".tiny.partial/image.onnx");
    assert_eq!(fs::read(&image).unwrap(), fixture("image.onnx"));
    fs::write(&image, b"altered").unwrap();
    let server = HubServer::start(serve);
    pull(&models, &entry, &server).unwrap();
    assert_eq!(server.requests().len(), 3);
    models.load("tiny", &Load::default()).unwrap();
}

#[test]
fn what_came_as_pinned_but_does_not_work_is_not_accepted() {
    let (folder, models) = place();
    let server = HubServer::start(serve);
    let mut entry = entry(folder.path(), true);
    entry.description.dimensions = 512;
    let error = pull(&models, &entry, &server).unwrap_err().to_string();
    assert!(error.contains("has 8 dimensions, but the description says 512"), "{error}");
    assert!(error.contains(".tiny.partial") && error.contains("--describe FILE.toml"), "{error}");
    assert!(models.list().unwrap().iter().all(|listed| listed.here.is_none()));
    // With a better page nothing is fetched again.
    entry.description.dimensions = 8;
    pull(&models, &entry, &server).unwrap();
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn two_pulls_at_once_do_not_mix() {
    let (folder, models) = place();
    let both_asked = Barrier::new(2);
    let server = HubServer::start(|request, answer| {
        if request.earlier == 0 {
            // Long enough for the other to run into the lock.
            std::thread::sleep(Duration::from_millis(300));
        }
        serve(request, answer);
    });
    let entry = entry(folder.path(), true);
    let results: Vec<_> = std::thread::scope(|scope| {
        let one = || {
            both_asked.wait();
            pull(&models, &entry, &server)
        };
        let threads = [scope.spawn(one), scope.spawn(one)];
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let busy: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    let [ModelsError::Busy { pid, .. }] = &busy[..] else { unreachable!("{results:?}") };
    assert!(pid.is_none_or(|pid| pid == std::process::id()));
    assert!(busy[0].to_string().contains("by another process"), "{}", busy[0]);
    models.load("tiny", &Load::default()).unwrap();
}

#[test]
fn a_stopped_pull_says_how_to_go_on() {
    let (folder, models) = place();
    let server = HubServer::start(serve);
    let entry = entry(folder.path(), true);
    let stopped = models.pull_entry(&entry, &hub(&server), &mut |_| {}, &AtomicBool::new(true));
    let error = stopped.unwrap_err();
    assert!(matches!(error, ModelsError::Stopped { .. }), "{error:?}");
    assert!(error.to_string().contains("the same command goes on from there"), "{error}");
    assert!(!models.folder().join(".tiny.partial").exists(), "nothing had come");
}

#[test]
fn a_pull_of_which_nothing_came_leaves_nothing() {
    let (folder, models) = place();
    let entry = entry(folder.path(), true);
    for status in ["404 Not Found", "401 Unauthorized"] {
        let server = HubServer::start(move |_, answer| answer.status(status));
        pull(&models, &entry, &server).unwrap_err();
        let left: Vec<_> =
            fs::read_dir(models.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [".tiny.lock"], "{status}");
    }
    // What came of the first file stays, though nothing came of the second.
    let server = HubServer::start(|request, answer| match request.earlier {
        0 => serve(request, answer),
        _ => answer.status("404 Not Found"),
    });
    pull(&models, &entry, &server).unwrap_err();
    assert!(models.folder().join(".tiny.partial/image.onnx").exists());
    models.remove("tiny").unwrap();
    assert!(!models.folder().join(".tiny.partial").exists());
}

#[test]
fn something_else_in_place_of_a_file_without_a_checksum_can_be_got_rid_of() {
    let (folder, models) = place();
    let portal = HubServer::start(|_, answer| answer.reply("200 OK", "", b"<html>log in first</html>"));
    let entry = entry(folder.path(), false);
    let error = pull(&models, &entry, &portal).unwrap_err().to_string();
    assert!(error.contains("no ONNX file") && error.contains("no checksum says"), "{error}");
    assert!(error.contains("`lookalike models remove tiny` deletes them"), "{error}");
    models.remove("tiny").unwrap();
    pull(&models, &entry, &HubServer::start(serve)).unwrap();
    models.load("tiny", &Load::default()).unwrap();
}

#[test]
fn files_got_by_other_means_are_known_for_what_they_are() {
    use lookalike_engine::models::{Addition, Recipe};
    let (folder, models) = place();
    let server = HubServer::start(serve);
    pull(&models, &entry(folder.path(), true), &server).unwrap();
    let there = models.entry("tiny").unwrap();
    // The same three files, added by hand to a second model like it.
    let addition = Addition {
        name: "by-hand".to_owned(),
        image: there.image(),
        text: there.text(),
        tokenizer: there.tokenizer(),
        recipe: Recipe::Like("tiny".to_owned()),
        output: None,
        text_output: None,
        dimensions: None,
        licence: None,
        engine: None,
    };
    models.add(&addition).unwrap();
    assert_eq!(models.id("by-hand").unwrap().digest, models.id("tiny").unwrap().digest);
}
