//! Imports over HTTP: begun, followed, cancelled, and what they leave behind.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod http_server;

use http_server::stock::{drawing, jpeg, photo_host, png};
use http_server::{Reply, Server};
use lookalike::http::ServeLimits;
use lookalike_engine::store::embedded::{Access, EmbeddedStore};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// A folder of drawn photos beside the catalog.
fn photos(server: &Server, count: usize) -> PathBuf {
    let folder = server.folder.path().join("photos");
    fs::create_dir_all(&folder).unwrap();
    for n in 0..count {
        fs::write(folder.join(format!("photo-{n}.jpg")), jpeg(&drawing(200 + n), 85)).unwrap();
    }
    folder
}

fn begin(server: &Server, body: &Value) -> String {
    let begun = server.post_json("/v1/imports", body);
    assert_eq!(begun.status, 202, "{begun:?}");
    let id = begun.json()["job_id"].as_str().unwrap().to_owned();
    assert_eq!(begun.header("location"), Some(&*format!("/v1/jobs/{id}")));
    id
}

fn job(server: &Server, id: &str) -> Value {
    server.get(&format!("/v1/jobs/{id}")).ok()
}

/// The job once `is_so` holds of it.
fn until(server: &Server, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    loop {
        let job = job(server, id);
        if is_so(&job) {
            return job;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn ended(server: &Server, id: &str) -> Value {
    until(server, id, |job| !["queued", "running"].contains(&job["state"].as_str().unwrap()))
}

/// The events of a stream that has ended: their names and what they carry.
fn events(reply: &Reply) -> Vec<(String, Value)> {
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    let text = String::from_utf8(reply.body.clone()).unwrap();
    let events = text.split("\n\n").filter(|event| event.contains("data:"));
    events
        .map(|event| {
            let line = |name: &str| {
                event.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
            };
            (line("event:"), serde_json::from_str(&line("data:")).unwrap())
        })
        .collect()
}

#[test]
fn a_folder_is_imported_followed_and_found_and_its_failures_are_named() {
    let server = Server::start();
    let folder = photos(&server, 12);
    for n in 0..3 {
        fs::write(folder.join(format!("broken-{n}.jpg")), "no picture").unwrap();
    }
    let id = begin(&server, &json!({"source": folder}));
    let told = events(&server.get(&format!("/v1/jobs/{id}/events")));
    let (name, last) = told.last().unwrap();
    assert_eq!((name.as_str(), &last["state"], &last["job_id"]), ("end", &json!("done"), &json!(id)));
    assert!(told[..told.len() - 1].iter().all(|(name, _)| name == "progress"), "{told:?}");

    let job = job(&server, &id);
    assert_eq!(job["images"]["new"], 12, "{job}");
    assert_eq!(
        (&job["images"]["seen"], &job["images"]["failed"], &job["failures"]),
        (&json!(15), &json!(3), &json!(3))
    );
    assert_eq!(
        (&job["kind"], &job["attempts"], &job["message"]),
        (&json!("import"), &json!(1), &json!(null))
    );
    assert!(job["ended_unix_ms"].as_u64() >= job["started_unix_ms"].as_u64());
    let found = server.post_form("/v1/search", &[("image", Some("a.jpg"), &jpeg(&drawing(205), 85))]).ok();
    assert_eq!(found["results"][0]["product_id"], "photo-5");

    let page = server.get(&format!("/v1/jobs/{id}/failures?limit=2")).ok();
    assert_eq!(
        (page["failures"].as_array().unwrap().len(), &page["total"], &page["next"]),
        (2, &json!(3), &json!(2))
    );
    let rest = server.get(&format!("/v1/jobs/{id}/failures?limit=2&after=2")).ok();
    assert_eq!((rest["failures"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
    let failure = &rest["failures"][0];
    assert!(
        failure["place"].as_str().unwrap().contains("broken-") && failure["stage"] == "decode",
        "{failure}"
    );

    // Again there is nothing to do; the catalog is as it was.
    let again = begin(&server, &json!({"source": folder}));
    let again = ended(&server, &again);
    assert_eq!((&again["images"]["unchanged"], &again["images"]["new"]), (&json!(12), &json!(0)), "{again}");
    assert_eq!(server.get("/readyz").ok()["products"], 18);
    let list = server.get("/v1/jobs?limit=1").ok();
    assert_eq!((&list["jobs"][0]["job_id"], &list["next"]), (&again["job_id"], &again["job_id"]));
    let earlier = server.get(&format!("/v1/jobs?limit=1&before={}", again["job_id"].as_str().unwrap())).ok();
    assert_eq!((&earlier["jobs"][0]["job_id"], &earlier["next"]), (&json!(id), &json!(null)));
}

#[test]
fn products_that_a_source_no_longer_names_go_when_that_is_asked_for() {
    let server = Server::start();
    let import = |which: &str| {
        let id = begin(&server, &json!({"source": photos(&server, 2), "delete_missing": which}));
        ended(&server, &id)
    };
    let careful = import("careful");
    assert_eq!(
        (&careful["state"], &careful["products"]["removed"]),
        (&json!("done"), &json!(0)),
        "{careful}"
    );
    assert!(careful["message"].as_str().unwrap().contains("more than half"), "{careful}");
    assert_eq!(server.get("/readyz").ok()["products"], 8);
    let all = import("all");
    assert_eq!((&all["message"], &all["products"]["removed"]), (&json!(null), &json!(6)), "{all}");
    assert_eq!(server.get("/readyz").ok()["products"], 2);
}

#[test]
fn a_table_is_sent_as_a_file_and_its_photos_come_from_the_web() {
    let server = Server::start();
    let host = photo_host();
    let table =
        format!("sku,photo,title\nA1,{host}/1,Mug\nA2,{host}/2;{host}/3,Jug\nA3,{host}/none,Lost\n,,\n");
    let form = [
        ("format", None, b"csv".as_slice()),
        ("map", None, b"id=sku,image=photo"),
        ("file", Some("../shop list.csv"), table.as_bytes()),
        ("image_separator", None, b";"),
        ("language", None, b""),
    ];
    let begun = server.post_form("/v1/imports", &form);
    assert_eq!(begun.status, 202, "{begun:?}");
    assert_eq!(begun.json()["request"]["source"], "../shop list.csv");
    let id = begun.json()["job_id"].as_str().unwrap().to_owned();
    let job = ended(&server, &id);
    assert_eq!((&job["state"], &job["images"]["new"]), (&json!("done"), &json!(3)), "{job}");
    assert_eq!(server.get("/v1/products/A2").ok()["images"].as_array().unwrap().len(), 2);
    let failures = server.get(&format!("/v1/jobs/{id}/failures")).ok();
    let text = failures.to_string();
    assert!(text.contains("/none") && !text.contains(server.folder.path().to_str().unwrap()), "{text}");
    let folder = server.folder.path().join("shop.lookalike/jobs").join(&id);
    // It goes once the end of the job is on the disk.
    while folder.join("source").exists() {
        thread::sleep(Duration::from_millis(10));
    }
    assert!(folder.join("job.json").exists());
}

#[test]
fn a_feed_on_the_web_is_fetched_through_the_guard() {
    let shut = Server::with(ServeLimits::default(), false, 1);
    let host = photo_host();
    let id = begin(&shut, &json!({"source": format!("{host}/feed.csv")}));
    let job = ended(&shut, &id);
    assert_eq!(job["state"], "failed");
    assert!(job["message"].as_str().unwrap().contains("127.0.0.1"), "{job}");

    let server = Server::start();
    let gone = begin(&server, &json!({"source": format!("{host}/feed.csv")}));
    assert_eq!(ended(&server, &gone)["state"], "failed");
    // It gives a picture where a list was expected: told, and nothing else.
    let picture = begin(&server, &json!({"source": format!("{host}/1"), "format": "csv"}));
    assert_eq!(ended(&server, &picture)["products"]["new"], 0);
    assert_eq!(server.get("/readyz").ok()["products"], 6);
}

#[test]
fn what_is_no_import_is_refused_and_leaves_nothing() {
    let server = Server::start();
    for (body, says) in [
        (json!({}), "source is missing"),
        (json!({"source": " "}), "source is missing"),
        (json!({"source": 5}), "invalid type"),
        (json!({"source": "/x", "format": "excel"}), "unknown variant"),
        (json!({"source": "/x", "map": "sku"}), "map:"),
        (json!({"source": "/x", "speed": 9}), "unknown field"),
        (json!({"source": "/x", "delete_missing": "some"}), "unknown variant"),
    ] {
        let (_, detail) = server.post_json("/v1/imports", &body).problem(422);
        assert!(detail.contains(says), "{body}: {detail}");
    }
    server.request("POST", "/v1/imports", &[("content-type", "application/json")], b"{").problem(400);
    server.request("POST", "/v1/imports", &[("content-type", "text/csv")], b"a,b").problem(415);
    let file = ("file", Some("a.csv"), b"id,image\n".as_slice());
    server.post_form("/v1/imports", &[("map", None, b"id=a")]).problem(422);
    server.post_form("/v1/imports", &[file, file]).problem(422);
    server.post_form("/v1/imports", &[file, ("source", None, b"/etc")]).problem(422);
    server.post_form("/v1/imports", &[file, ("format", None, b"excel")]).problem(422);
    server.post_form("/v1/imports", &[file, ("format", None, b"csv"), ("format", None, b"csv")]).problem(422);
    // A page of another site can have a browser send a form, and nobody is asked.
    let form =
        b"--X\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nid\r\n--X--\r\n";
    let typed = ("content-type", "multipart/form-data; boundary=X");
    for origin in ["https://evil.example", "null"] {
        server.request("POST", "/v1/imports", &[typed, ("origin", origin)], form).problem(403);
    }
    let folder = server.folder.path().join("shop.lookalike/jobs");
    let left = fs::read_dir(&folder).map_or(0, |entries| entries.count());
    assert_eq!((server.get("/v1/jobs").ok()["jobs"].clone(), left), (json!([]), 0));

    let nothing = begin(&server, &json!({"source": "/nowhere/at/all"}));
    let job = ended(&server, &nothing);
    assert_eq!(job["state"], "failed");
    assert!(job["message"].as_str().unwrap().contains("/nowhere/at/all"), "{job}");
    server.get("/v1/jobs/none").problem(404);
    server.get("/v1/jobs/none/events").problem(404);
    server.get("/v1/jobs/none/failures").problem(404);
    server.request("DELETE", "/v1/jobs/none", &[], b"").problem(404);
    for wrong in ["limit=0", "limit=101", "page=1"] {
        server.get(&format!("/v1/jobs?{wrong}")).problem(422);
    }
    server.get(&format!("/v1/jobs/{nothing}/failures?limit=0")).problem(422);
}

/// Keeps imports from beginning, as another process that writes does.
fn occupied(server: &Server) -> EmbeddedStore {
    loop {
        // The server may have written just now.
        match EmbeddedStore::open(&server.folder.path().join("shop.lookalike"), Access::ReadWrite) {
            Ok(store) => return store,
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[test]
fn jobs_wait_for_each_other_and_for_other_processes_and_can_be_cancelled() {
    let server = Server::start();
    let folder = photos(&server, 3);
    let other = occupied(&server);
    let first = begin(&server, &json!({"source": folder}));
    let second = begin(&server, &json!({"source": folder}));
    let third = begin(&server, &json!({"source": folder}));
    until(&server, &first, |job| {
        job["message"].as_str().is_some_and(|text| text.contains("another process"))
    });
    assert_eq!(job(&server, &second)["state"], "queued");

    let cancelled = server.request("DELETE", &format!("/v1/jobs/{second}"), &[], b"");
    assert_eq!((cancelled.status, &cancelled.json()["state"]), (202, &json!("cancelled")));
    assert_eq!(server.request("DELETE", &format!("/v1/jobs/{second}"), &[], b"").status, 200);
    assert_eq!(server.request("DELETE", &format!("/v1/jobs/{first}"), &[], b"").status, 202);
    assert_eq!(ended(&server, &first)["state"], "cancelled");
    drop(other);
    assert_eq!(ended(&server, &third)["images"]["new"], 3);
    let followed = events(&server.get(&format!("/v1/jobs/{second}/events")));
    assert_eq!(followed.len(), 1);
    assert_eq!(followed[0].0, "end");

    let text = String::from_utf8(server.get("/metrics").body).unwrap();
    for line in [
        "lookalike_jobs{state=\"done\"} 1",
        "lookalike_jobs{state=\"queued\"} 0",
        "lookalike_jobs_ended_total{state=\"cancelled\"} 2",
        "lookalike_jobs_ended_total{state=\"done\"} 1",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} is missing in\n{text}");
    }
}

#[test]
fn questions_and_changes_go_on_during_an_import() {
    let server = Server::start();
    let id = begin(&server, &json!({"source": photos(&server, 60)}));
    until(&server, &id, |job| job["images"]["new"].as_u64() > Some(0) || job["state"] == "done");
    let body = json!({"images": [{"data": base64_of(&png(&drawing(400)))}]});
    assert_eq!(server.send_json("PUT", "/v1/products/between", &body).status, 201);
    let found = server.post_form("/v1/search", &[("image", Some("a.png"), &png(&drawing(400)))]).ok();
    assert_eq!(found["results"][0]["product_id"], "between");
    assert_eq!(ended(&server, &id)["images"]["new"], 60);
    assert_eq!(server.get("/readyz").ok()["products"], 67);
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn a_job_that_the_servers_end_interrupted_is_taken_up_again_by_the_next() {
    let mut server = Server::start();
    let folder = photos(&server, 5);
    let other = occupied(&server);
    let waiting = begin(&server, &json!({"source": folder}));
    let sent = server.post_form(
        "/v1/imports",
        &[("file", Some("a.csv"), format!("id,image\nB1,{}/photo-1.jpg\n", folder.display()).as_bytes())],
    );
    let sent = sent.json()["job_id"].as_str().unwrap().to_owned();
    until(&server, &waiting, |job| job["state"] == "running");
    // Who follows a job does not keep the server from ending.
    let address = server.address;
    let following = thread::spawn({
        let path = format!("/v1/jobs/{waiting}/events");
        move || Server::get_at(address, &path)
    });
    thread::sleep(Duration::from_millis(300));
    server.stop();
    assert!(events(&following.join().unwrap()).iter().all(|(name, _)| name == "progress"));
    drop(other);

    let server = server.again();
    let job = ended(&server, &waiting);
    assert_eq!(
        (&job["state"], &job["attempts"], &job["images"]["new"]),
        (&json!("done"), &json!(2), &json!(5)),
        "{job}"
    );
    let job = ended(&server, &sent);
    assert_eq!(
        (&job["state"], &job["attempts"], &job["products"]["new"]),
        (&json!("done"), &json!(1), &json!(1)),
        "{job}"
    );
}

#[test]
fn a_job_during_which_the_server_died_time_and_again_is_left_alone_with_the_reason() {
    let mut server = Server::start();
    let id = begin(&server, &json!({"source": photos(&server, 1)}));
    ended(&server, &id);
    server.stop();
    let path = server.folder.path().join("shop.lookalike/jobs").join(&id).join("job.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["state"] = json!("running");
    record["attempts"] = json!(3);
    fs::write(&path, record.to_string()).unwrap();
    fs::write(path.with_file_name("job.json.new"), "half a rec").unwrap();
    fs::create_dir(path.parent().unwrap().with_file_name("0000")).unwrap();

    let server = server.again();
    let job = job(&server, &id);
    assert_eq!(job["state"], "interrupted");
    assert!(job["message"].as_str().unwrap().contains("ask for the import again"), "{job}");
    assert_eq!(server.get("/v1/jobs").ok()["jobs"].as_array().unwrap().len(), 1);
}
