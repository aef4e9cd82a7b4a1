//! Given a catalog whose photos are on a hostile web, when it is indexed, then every product is stored or named with the
//! reason, the run ends when it was told to, and nothing private is contacted.

mod cli_kit;
mod hostile_web;

use cli_kit::{Ran, Shop};
use hostile_web::{ENOUGH, HostileWeb};
use std::collections::HashMap;

/// Indexes one product for each address, `p0` and so on.
fn index(shop: &Shop, urls: &[String], more: &[&str]) -> Ran {
    let rows: String = urls.iter().enumerate().map(|(n, url)| format!("p{n},\"{url}\"\n")).collect();
    shop.write("web.csv", format!("id,image\n{rows}"));
    shop.run([&["index", "shop", "web.csv"], more].concat())
}

/// Of each address that is not stored, why.
fn reasons(shop: &Shop) -> HashMap<String, String> {
    let rows = shop.failures("shop/failures.csv");
    rows.into_iter().map(|[place, _, reason]| (place, reason)).collect()
}

/// Answers that become a photo, sooner or later.
const GOOD: [&str; 8] =
    ["good/1", "good/2?key=secret", "wrong-type", "wrong-encoding", "old", "moved", "then/1", "flaky"];

/// Answers that do not, and what is said of them.
const BAD: [(&str, &str); 25] = [
    ("silent", "was not complete within 1 s"),
    ("stalls", "was not complete within 1 s"),
    ("trickle", "was not complete within 1 s"),
    ("drops", "broke off after 4 bytes"),
    ("hangs-up", "cannot be reached"),
    ("garbage", "cannot be reached"),
    ("heads", "cannot be reached"),
    ("gigabyte", "is larger than the 1000000 bytes allowed"),
    ("endless", "is larger than the 1000000 bytes allowed"),
    ("film", "is a Matroska or WebM video, not a picture"),
    ("short", "JPEG"),
    ("page", "is an HTML page, not a picture"),
    ("bomb", "was sent compressed (\"gzip\")"),
    ("empty", "is empty"),
    ("busy", "answered with status 503 (tried 2 times)"),
    ("none", "does not exist"),
    ("forbidden", "answered with status 403"),
    ("circle", "redirects in a circle"),
    ("chain/0", "redirects more than 5 times"),
    ("nowhere", "redirects without saying where to"),
    ("to-metadata", "169.254.169.254 is a link-local address, which is never contacted"),
    ("to-mapped", "is a link-local address, which is never contacted"),
    ("to-number", "169.254.169.254 is a link-local address, which is never contacted"),
    ("to-file", "only http and https are fetched"),
    ("to-user", "it carries a user name or password"),
];

#[test]
fn every_product_is_stored_or_named_with_the_reason() {
    let (shop, web) = (Shop::new(), HostileWeb::start());
    let url = |path: &str| format!("http://127.0.0.1:{}/{path}", web.port);
    // Each of the bad ones twice, by two products, and under two addresses.
    let twice = BAD.iter().flat_map(|(path, _)| [url(path), url(path)]);
    let urls: Vec<String> = GOOD.iter().map(|path| url(path)).chain(twice).collect();
    let limits =
        ["--allow-private-urls", "--photo-timeout", "1s", "--retries", "1", "--max-bytes", "1000000"];
    let ran = index(&shop, &urls, &limits);
    let total = urls.len() as u64;
    // "short" is a photo cut off by its server's own word: the decoder says so.
    assert_eq!(ran.has_failures().photos(), [total, GOOD.len() as u64, 0, 2 * BAD.len() as u64]);
    let failures = shop.failures("shop/failures.csv");
    for (path, expected) in BAD {
        let named: Vec<_> = failures.iter().filter(|row| row[0] == url(path)).collect();
        assert_eq!(named.len(), 2, "{path}: {failures:#?}");
        let stage = if ["short", "empty"].contains(&path) { "decode" } else { "fetch" };
        for row in named {
            assert_eq!(row[1], stage, "{row:?}");
            let said = row[2].contains(expected) || (path == "short" && row[2].contains("PNG"));
            assert!(said, "{row:?} and not {expected}");
            assert!(!row[2].contains("secret"), "{row:?}");
        }
    }
    let stored = shop.run(["status", "shop", "--json"]).is_done().json();
    assert_eq!(stored["products"], GOOD.len());
    // What cannot succeed later was asked once for each product, what may twice.
    assert_eq!((web.asked("/none"), web.asked("/forbidden"), web.asked("/garbage")), (2, 2, 2));
    assert_eq!((web.asked("/busy"), web.asked("/then/1"), web.asked("/flaky")), (4, 2, 2));
    shop.run(["verify", "shop"]).is_done();
}

#[test]
fn a_host_that_asks_for_a_day_is_left_alone_for_the_rest_of_the_run() {
    let (shop, web) = (Shop::new(), HostileWeb::start());
    let urls: Vec<String> = (0..50).map(|n| format!("http://127.0.0.1:{}/later/{n}", web.port)).collect();
    let ran = index(&shop, &urls, &["--allow-private-urls", "--per-host", "1"]);
    assert_eq!(ran.has_failures().photos(), [50, 0, 0, 50]);
    assert!(reasons(&shop).values().all(|reason| reason.contains("asks to be left alone for")));
    assert_eq!(web.connections(), 1);
}

#[test]
fn a_run_ends_at_its_deadline_whatever_the_web_does_and_names_the_rest() {
    let (shop, web) = (Shop::new(), HostileWeb::start());
    let kinds = ["silent", "stalls", "trickle"];
    let urls: Vec<String> =
        (0..300).map(|n| format!("http://127.0.0.1:{}/{}/{n}", web.port, kinds[n % 3])).collect();
    // Each would take its 2 minutes, 16 at a time; that the run comes to an end at all is what is asserted.
    let ran = index(&shop, &urls, &["--allow-private-urls", "--deadline", "2s", "--json"]);
    assert_eq!(ran.code, Some(130), "{ran:#?}");
    let counts = ran.json();
    assert_eq!((&counts["images"]["seen"], &counts["images"]["not_reached"]), (&300.into(), &300.into()));
    let reasons = reasons(&shop);
    assert_eq!(reasons.len(), 300);
    assert!(
        reasons.values().all(|reason| reason == "was not reached before the deadline: run again to go on")
    );
}

#[test]
fn one_slow_host_keeps_no_other_waiting() {
    let (shop, slow, quick) = (Shop::new(), HostileWeb::start(), HostileWeb::start());
    // None of the slow ones is answered before all of the quick ones were asked for, which come last in the source.
    let slow_urls = (0..200).map(|n| format!("http://127.0.0.1:{}/held/{n}", slow.port));
    let quick_urls = (0..ENOUGH).map(|n| format!("http://localhost:{}/quick/{n}", quick.port));
    let urls: Vec<String> = slow_urls.chain(quick_urls).collect();
    let ran = index(&shop, &urls, &["--allow-private-urls"]);
    assert_eq!(ran.has_failures().photos(), [220, 20, 0, 200]);
    assert!(reasons(&shop).values().all(|reason| reason == "does not exist"));
}

#[test]
fn nothing_private_is_contacted_however_it_is_written() {
    let (shop, web) = (Shop::new(), HostileWeb::start());
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0x7f.0.0.0x1",
        "127.0.0.1.",
        "１２７.０.０.１",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
        "[fe80::1]",
        "[::]",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "2852039166",
        "[fd00:ec2::254]",
        "[fd00::1]",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
    ];
    let urls: Vec<String> = hosts.iter().map(|host| format!("http://{host}:{}/good/1", web.port)).collect();
    let ran = index(&shop, &urls, &[]);
    assert_eq!(ran.has_failures().photos()[1..], [0, 0, hosts.len() as u64]);
    for [place, stage, reason] in shop.failures("shop/failures.csv") {
        assert_eq!(stage, "fetch", "{place}");
        let refused = reason.contains("--allow-private-urls") || reason.contains("which is never contacted");
        assert!(refused, "{place}: {reason}");
    }
    assert_eq!(web.connections(), 0);
}

#[test]
fn a_proxy_in_the_environment_is_not_used_for_photos() {
    let (shop, web, proxy) = (Shop::new(), HostileWeb::start(), HostileWeb::start());
    shop.write("web.csv", format!("id,image\np,http://127.0.0.1:{}/good/1\n", web.port));
    let at = format!("http://127.0.0.1:{}", proxy.port);
    let mut command = shop.command(["index", "shop", "web.csv", "--allow-private-urls"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, &at);
    }
    assert_eq!(Ran::from(command.output().unwrap()).is_done().photos(), [1, 1, 0, 0]);
    assert_eq!((web.connections(), proxy.connections()), (1, 0));
    let wrong = shop.run(["index", "shop", "web.csv", "--proxy", "proxy:3128"]);
    assert_eq!(
        wrong.error(),
        "cannot set up fetching: \"proxy:3128\" is no proxy: write it as http://host:port"
    );
}

#[test]
fn asked_again_servers_send_only_what_changed_also_without_a_cache() {
    let (shop, web) = (Shop::new(), HostileWeb::start());
    let urls: Vec<String> = (0..10).map(|n| format!("http://127.0.0.1:{}/etag/{n}", web.port)).collect();
    let run = |more: &[&str]| index(&shop, &urls, &[&["--allow-private-urls", "--json"], more].concat());
    run(&["--no-cache"]).is_done();
    assert!(!shop.path("shop/photos").exists());
    assert_eq!(run(&[]).is_done().json()["bytes_read"], 0);
    assert_eq!(web.connections(), 10, "an address stands for what it held");
    let counts = run(&["--recheck-urls", "--photo-cache", "0"]).is_done().json();
    assert_eq!((&counts["bytes_read"], &counts["images"]["unchanged"]), (&0.into(), &10.into()));
    assert_eq!(web.connections(), 20, "each was asked, and none was sent");
}
