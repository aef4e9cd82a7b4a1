//! Installing ONNX Runtime: from an index that behaves and ones that do not, and from a wheel at hand.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

mod hub_server;
mod wheels;

use hub_server::{Answer, HubServer, Request};
use lookalike_engine::models::Digest;
use lookalike_engine::models::runtime::{Installer, Wheel};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const FILE: &str = "onnxruntime-1.31.1-cp311-cp311-test.whl";
const TAG: &str = "\"w\"";

/// An installer that asks `index` for a wheel like `wheel`, and is not patient.
fn installer(index: &str, folder: &Path, wheel: &[u8], library: &[u8]) -> Installer {
    Installer {
        index_url: format!("{index}/simple"),
        wheel: Some(Wheel {
            file: FILE.to_owned(),
            bytes: wheel.len() as u64,
            sha256: Digest::of(wheel),
            library_sha256: Digest::of(library),
        }),
        proxies: false,
        connect_timeout: Duration::from_secs(2),
        stall_timeout: Duration::from_millis(300),
        attempts: 3,
        first_wait: Duration::from_millis(10),
        try_loading: false,
        ..Installer::into_folder(folder.join("runtime"))
    }
}

fn page(answer: &mut Answer) {
    let page =
        format!("<a href=\"/files/other.whl\">x</a><a href=\"../../files/{FILE}#sha256=00\">{FILE}</a>");
    answer.reply("200 OK", "content-type: text/html\r\n", page.as_bytes());
}

/// An index whose page is right, and whose file is sent as `file` does; it is told how many times it was asked before.
fn index(file: impl Fn(&Request, &mut Answer, usize) + Send + Sync + 'static) -> HubServer {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    HubServer::start(move |request, answer| {
        if request.target == "/simple/onnxruntime/" {
            page(answer);
        } else {
            assert_eq!(request.target, format!("/files/{FILE}"));
            file(request, answer, asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        }
    })
}

fn install(installer: &Installer) -> Result<bool, String> {
    let installed = installer.install(&mut |_, _| {}, &AtomicBool::new(false));
    installed.map(|done| done.already).map_err(|error| error.to_string())
}

/// What lies in the folder, but for the lock.
fn left(installer: &Installer) -> Vec<String> {
    let entries = fs::read_dir(&installer.folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != ".install.lock").collect();
    names.sort();
    names
}

#[test]
fn the_library_is_fetched_once_and_then_there() {
    let folder = tempfile::tempdir().unwrap();
    let library = wheels::library(300_000);
    let wheel = Arc::new(wheels::wheel(&library));
    let sent = Arc::clone(&wheel);
    let server = index(move |request, answer, _| answer.file(request, &sent, TAG));
    let installer = installer(&server.base, folder.path(), &wheel, &library);
    assert!(!installer.is_installed().unwrap());
    let mut reached = (0, None);
    let installed = installer.install(&mut |done, of| reached = (done, of), &AtomicBool::new(false)).unwrap();
    assert!(!installed.already && installed.pinned);
    assert_eq!(reached, (wheel.len() as u64, Some(wheel.len() as u64)));
    assert_eq!(fs::read(&installed.library).unwrap(), library);
    assert_eq!(left(&installer).len(), 1, "{:?}", left(&installer));
    assert_eq!(server.requests().len(), 2);

    // Again: nothing is asked. Damaged: it is fetched again.
    assert_eq!(install(&installer), Ok(true));
    assert_eq!(server.requests().len(), 2);
    fs::write(installer.library(), b"damaged").unwrap();
    assert_eq!(install(&installer), Ok(false));
    assert_eq!(fs::read(installer.library()).unwrap(), library);
}

#[test]
fn a_download_that_breaks_or_stalls_goes_on_from_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let library = wheels::library(300_000);
    let wheel = Arc::new(wheels::wheel(&library));
    let sent = Arc::clone(&wheel);
    let server = index(move |request, answer, earlier| match earlier {
        0 => answer.drop_after(&sent, 100_000, TAG),
        1 => answer.stall(),
        _ => answer.file(request, &sent, TAG),
    });
    let installer = installer(&server.base, folder.path(), &wheel, &library);
    assert_eq!(install(&installer), Ok(false));
    let ranges: Vec<_> =
        server.requests().iter().filter(|r| r.target.contains("files")).map(Request::range).collect();
    assert_eq!(ranges, [None, Some(100_000), Some(100_000)]);
    assert_eq!(fs::read(installer.library()).unwrap(), library);

    // A server that knows no ranges sends all of it; a rotten beginning is noticed, and all is fetched anew.
    fs::remove_file(installer.library()).unwrap();
    let part = installer.folder.join(format!("{FILE}.part"));
    for (beginning, whole_each_time) in
        [(&wheel[..5000], true), (&[7; 5000][..], false), (&[7; 900_000][..], false)]
    {
        fs::write(&part, beginning).unwrap();
        let sent = Arc::clone(&wheel);
        let server = index(move |request, answer, _| {
            if whole_each_time { answer.reply("200 OK", "", &sent) } else { answer.file(request, &sent, TAG) }
        });
        let installer = Installer { index_url: format!("{}/simple", server.base), ..installer.clone() };
        assert_eq!(install(&installer), Ok(false));
        assert_eq!(fs::read(installer.library()).unwrap(), library);
        fs::remove_file(installer.library()).unwrap();
    }
}

#[test]
fn what_an_index_does_wrong_is_told_with_what_to_do_by_hand() {
    let library = wheels::library(50_000);
    let wheel = Arc::new(wheels::wheel(&library));
    type Behaviour = fn(&[u8], &Request, &mut Answer);
    let cases: &[(Behaviour, &str, usize)] = &[
        (|_, _, answer| answer.status("404 Not Found"), "does not exist (404)", 1),
        (|_, _, answer| answer.status("401 Unauthorized"), "asks for a password", 1),
        (|_, _, answer| answer.status("503 Service Unavailable"), "answered with status 503", 3),
        (|_, _, answer| answer.status("429 Too Many Requests"), "answered with status 429", 3),
        (|_, _, answer| answer.reply("200 OK", "", b"<html>a portal</html>"), "does not list", 1),
        (|_, _, answer| answer.stall(), "does not answer", 3),
        (|wheel, _, answer| answer.drop_after(wheel, 0, TAG), "broke off", 3),
    ];
    for (behave, told, requests) in cases {
        let folder = tempfile::tempdir().unwrap();
        let sent = Arc::clone(&wheel);
        let server = HubServer::start(move |request, answer| behave(&sent, request, answer));
        let installer = installer(&server.base, folder.path(), &wheel, &library);
        let error = install(&installer).unwrap_err();
        assert!(error.contains(told), "{error}");
        for cure in ["runtime install --from", FILE, installer.folder.to_str().unwrap()] {
            assert!(error.contains(cure), "{error}");
        }
        assert_eq!(server.requests().len(), *requests, "{told}");
        assert!(left(&installer).is_empty(), "{:?}", left(&installer));
    }
    // Nobody listens there.
    let folder = tempfile::tempdir().unwrap();
    let error = install(&installer("http://127.0.0.1:9", folder.path(), &wheel, &library)).unwrap_err();
    assert!(error.contains("cannot be reached") && error.contains("HTTPS_PROXY"), "{error}");
    for index in ["pypi.org/simple", "file:///wheels", ""] {
        let with =
            Installer { index_url: index.to_owned(), ..installer("x", folder.path(), &wheel, &library) };
        let error = install(&with).unwrap_err();
        assert!(error.contains("PIP_INDEX_URL"), "{error}");
    }
}

#[test]
fn another_content_than_was_pinned_is_refused_and_deleted() {
    let library = wheels::library(50_000);
    let wheel = Arc::new(wheels::wheel(&library));
    let altered = |change: fn(&mut Vec<u8>)| {
        let mut altered = wheel.to_vec();
        change(&mut altered);
        altered
    };
    for (sent, told) in [
        (altered(|wheel| wheel[9000] ^= 1), "should have"),
        (altered(|wheel| wheel.push(0)), "is longer than"),
        (altered(|wheel| wheel.truncate(40_000)), "ended after 40000"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = index(move |request, answer, _| match request.range() {
            Some(start) if start >= sent.len() => answer.reply("200 OK", "", &sent),
            _ => answer.file(request, &sent, TAG),
        });
        let installer = installer(&server.base, folder.path(), &wheel, &library);
        let error = install(&installer).unwrap_err();
        assert!(error.contains(told) && error.contains("PIP_INDEX_URL"), "{error}");
        assert!(!installer.library().exists());
        if told == "should have" {
            assert!(left(&installer).is_empty());
        }
    }
}

#[test]
fn a_password_in_the_indexs_address_is_sent_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let library = wheels::library(1000);
    let wheel = wheels::wheel(&library);
    let server = index(|_, answer, _| answer.status("404 Not Found"));
    let base = server.base.replace("http://", "http://me:sesame@");
    let error = install(&installer(&base, folder.path(), &wheel, &library)).unwrap_err();
    assert!(!error.contains("sesame"), "{error}");
    for request in server.requests() {
        assert_eq!(request.header("authorization"), Some("Basic bWU6c2VzYW1l"), "{}", request.target);
    }
}

#[test]
fn a_wheel_at_hand_is_installed_without_asking_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let library = wheels::library(100_000);
    let wheel = wheels::wheel(&library);
    let mut installer = installer("http://127.0.0.1:9", folder.path(), &wheel, &library);
    let given = folder.path().join("given.whl");
    fs::write(&given, &wheel).unwrap();
    let installed = installer.install_from(&given).unwrap();
    assert!(installed.pinned && !installed.already);
    assert_eq!(fs::read(&installed.library).unwrap(), library);
    // Another build is taken too, and told apart.
    fs::write(&given, wheels::zip(&[(wheels::member(), b"another build", 0)])).unwrap();
    assert!(!installer.install_from(&given).unwrap().pinned);
    assert_eq!(fs::read(&installed.library).unwrap(), b"another build");
    assert!(given.exists());

    // One whose library does not load is not, and what was there stays.
    installer.try_loading = true;
    fs::write(&given, &wheel).unwrap();
    let error = installer.install_from(&given).unwrap_err().to_string();
    assert!(error.contains("cannot be loaded") && error.contains("given.whl"), "{error}");
    assert_eq!(fs::read(&installed.library).unwrap(), b"another build");
    assert_eq!(left(&installer).len(), 1);
}

#[test]
fn a_file_that_is_no_whole_wheel_is_refused_and_what_was_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let library = wheels::library(100_000);
    let wheel = wheels::wheel(&library);
    let installer = installer("http://127.0.0.1:9", folder.path(), &wheel, &library);
    let given = folder.path().join("given.whl");
    fs::write(&given, &wheel).unwrap();
    installer.install_from(&given).unwrap();

    let refused = |bytes: &[u8], told: &str| {
        fs::write(&given, bytes).unwrap();
        let error = installer.install_from(&given).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains("given.whl"), "{error}");
        assert_eq!(fs::read(installer.library()).unwrap(), library);
        assert_eq!(left(&installer).len(), 1);
    };
    for length in [0, 1, 21, 22, 1000, wheel.len() / 2, wheel.len() - 1] {
        refused(&wheel[..length], "");
    }
    refused(b"<html>not here</html>", "no zip archive");
    refused(&wheels::zip(&[("onnxruntime/__init__.py", b"pass", 8)]), "does not hold the library");
    refused(&wheels::zip(&[("numpy/libonnxruntime.so", b"no", 8)]), "does not hold the library");
    refused(&wheels::zip(&[(wheels::member(), b"squeezed", 12)]), "compression method 12");
    let mut damaged = wheel.clone();
    damaged[20_000] ^= 0x55;
    refused(&damaged, "");
    // Claims of great lengths and far places cost nothing.
    for at in wheel.len() - 22..wheel.len() {
        let mut hostile = wheel.clone();
        hostile[at] = 0xff;
        fs::write(&given, &hostile).unwrap();
        let _ = installer.install_from(&given);
        assert_eq!(fs::read(installer.library()).unwrap(), library);
    }
    let missing = installer.install_from(Path::new("/nowhere/x.whl")).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/x.whl"), "{missing}");
}

#[test]
fn a_stop_ends_it_soon_and_two_at_once_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let library = wheels::library(1000);
    let wheel = wheels::wheel(&library);
    let server = index(|_, answer, _| answer.stall());
    let patient = Installer {
        stall_timeout: Duration::from_secs(60),
        ..installer(&server.base, folder.path(), &wheel, &library)
    };
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| patient.install(&mut |_, _| {}, &stop));
        while server.requests().len() < 2 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let busy = install(&patient).unwrap_err();
        assert!(busy.contains("another `lookalike runtime install`"), "{busy}");
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        let stopped = first.join().expect("no panic").unwrap_err().to_string();
        assert!(stopped.contains("stopped"), "{stopped}");
    });
}

#[test]
fn a_machine_nobody_publishes_for_is_told_where_to_put_a_library() {
    let folder = tempfile::tempdir().unwrap();
    let without = Installer { wheel: None, ..Installer::into_folder(folder.path().join("runtime")) };
    let error = install(&without).unwrap_err();
    assert!(
        error.contains("ORT_DYLIB_PATH") && error.contains(without.library().to_str().unwrap()),
        "{error}"
    );
}
