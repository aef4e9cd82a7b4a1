//! Going on where it broke: what is kept, what is asked for, and what is begun again.

use crate::desk::{Desk, TAG, body, options};
use crate::hub_server::{COMMIT, HubServer};
use lookalike_engine::models::Digest;
use lookalike_engine::models::hub::{HubError, HubOptions};
use std::fs;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[test]
fn a_file_arrives_whole_and_with_its_commit() {
    let server = HubServer::start(|request, answer| match request.target.as_str() {
        "/cdn" => answer.file(request, &body(), TAG),
        _ => answer.redirect("/cdn"),
    });
    let desk = Desk::unpinned();
    let mut told = Vec::new();
    let received =
        desk.fetch_with(options(&server.base), &mut |done, total| told.push((done, total))).unwrap();
    assert_eq!(received.sha256, Digest::of(&body()));
    assert_eq!((received.bytes, received.revision.as_deref()), (body().len() as u64, Some(COMMIT)));
    assert!(desk.is_whole());
    assert_eq!(desk.names(), ["image.onnx"]);
    let all = body().len() as u64;
    assert_eq!((told[0], *told.last().unwrap()), ((0, Some(all)), (all, Some(all))));
    assert!(told.is_sorted());
    let asked = format!("/somebody/model/resolve/{COMMIT}/onnx/model.onnx");
    assert_eq!(server.requests()[0].target, asked);
}

#[test]
fn a_connection_that_drops_is_taken_up_where_it_broke() {
    let server = HubServer::start(|request, answer| match request.earlier {
        0 => answer.drop_after(&body(), 400_000, TAG),
        _ => answer.file(request, &body(), TAG),
    });
    let desk = Desk::new();
    desk.fetch(&server).unwrap();
    assert!(desk.is_whole());
    let asked = &server.requests()[1];
    // The kernel may have thrown away the last of what was sent.
    assert!((1..=400_000).contains(&asked.range().unwrap()), "{asked:?}");
    assert_eq!(asked.header("if-range"), Some(TAG));
}

#[test]
fn a_pull_that_was_interrupted_goes_on_in_the_next_run() {
    let server = HubServer::start(|request, answer| match request.earlier {
        0..3 => answer.drop_after(&body(), 50_000, TAG),
        _ => answer.file(request, &body(), TAG),
    });
    // Whatever a server sends with 200 replaces what was there, so each of the three drops begins anew.
    let desk = Desk::unpinned();
    let error = desk.fetch(&server).unwrap_err();
    let kept = fs::metadata(desk.part()).unwrap().len();
    assert!(kept > 0 && !desk.file().exists());
    assert!(error.to_string().contains(&format!("the {kept} bytes that came stay")), "{error}");
    desk.fetch(&server).unwrap();
    assert_eq!(server.requests()[3].range(), Some(kept as usize));
    assert!(desk.is_whole());
}

#[test]
fn a_file_that_changed_meanwhile_is_not_glued_to_the_old_beginning() {
    let server = HubServer::start(|request, answer| answer.file(request, &body(), "\"new\""));
    let desk = Desk::unpinned();
    fs::write(desk.part(), vec![0; 1000]).unwrap();
    fs::write(desk.folder.path().join("image.onnx.part.etag"), "\"old\"").unwrap();
    desk.fetch(&server).unwrap();
    assert!(desk.is_whole());
    assert_eq!((server.requests()[0].range(), server.requests().len()), (Some(1000), 1));
}

#[test]
fn without_a_tag_or_a_digest_a_part_is_begun_again() {
    let server = HubServer::start(|request, answer| answer.file(request, &body(), "W/\"weak\""));
    let desk = Desk::unpinned();
    fs::write(desk.part(), vec![0; 1000]).unwrap();
    desk.fetch(&server).unwrap();
    assert!(desk.is_whole());
    assert_eq!(server.requests()[0].range(), None);
}

#[test]
fn a_server_that_ignores_ranges_is_read_from_the_beginning() {
    let server = HubServer::start(|_, answer| answer.reply("200 OK", "", &body()));
    let desk = Desk::new();
    fs::write(desk.part(), &body()[..5000]).unwrap();
    desk.fetch(&server).unwrap();
    assert_eq!(server.requests()[0].range(), Some(5000));
    assert!(desk.is_whole());
}

#[test]
fn a_server_that_sends_another_part_is_not_believed() {
    let server = HubServer::start(|request, answer| match request.range() {
        Some(_) => {
            let range = format!("content-range: bytes 0-9/{}\r\n", body().len());
            answer.reply("206 Partial Content", &range, &body()[..10]);
        }
        None => answer.file(request, &body(), TAG),
    });
    let desk = Desk::new();
    fs::write(desk.part(), &body()[..5000]).unwrap();
    desk.fetch(&server).unwrap();
    assert!(desk.is_whole());
}

#[test]
fn a_part_that_is_longer_than_the_file_or_wrong_is_begun_again() {
    let server = HubServer::start(|request, answer| answer.file(request, &body(), TAG));
    for part in [vec![1; body().len() + 1], vec![1; 5000], vec![1; body().len()]] {
        let desk = Desk::new();
        fs::write(desk.part(), &part).unwrap();
        desk.fetch(&server).unwrap();
        assert!(desk.is_whole(), "{}", part.len());
        assert_eq!(desk.names(), ["image.onnx"]);
    }
}

#[test]
fn a_part_that_is_all_there_is_not_asked_for_again() {
    let server = HubServer::start(|_, answer| answer.status("500 Internal Server Error"));
    let desk = Desk::new();
    fs::write(desk.part(), body()).unwrap();
    desk.fetch(&server).unwrap();
    assert!(server.requests().is_empty());
    assert!(desk.is_whole());
}

#[test]
fn a_hub_that_stalls_is_given_up_and_what_came_stays() {
    let server = HubServer::start(|_, answer| {
        answer.drop_after(&body(), 70_000, TAG);
        answer.stall();
    });
    let desk = Desk::new();
    let error = desk.fetch(&server).unwrap_err();
    assert!(matches!(error, HubError::Stalled { kept_bytes: 70_000, .. }), "{error:?}");
    assert!(fs::read(desk.part()).unwrap() == body()[..70_000]);
}

#[test]
fn a_stop_ends_the_fetch_and_keeps_what_came() {
    let server = HubServer::start(|_, answer| {
        answer.drop_after(&body(), 60_000, TAG);
        answer.stall();
    });
    let desk = Desk::new();
    let patient = HubOptions { stall_timeout: Duration::from_secs(60), ..options(&server.base) };
    let error = desk.fetch_with(patient, &mut |done, _| desk.stop.store(done == 60_000, Ordering::SeqCst));
    assert!(matches!(error, Err(HubError::Stopped)), "{error:?}");
    assert_eq!(fs::metadata(desk.part()).unwrap().len(), 60_000);
}
