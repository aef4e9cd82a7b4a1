//! `lookalike models` as a stranger runs it: own files added, a hub that refuses or breaks off, a folder set by hand.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot go on fails right there")]

mod cli_kit;
#[path = "../../engine/tests/hub_server/mod.rs"]
mod hub_server;

use cli_kit::{Ran, Shop};
use hub_server::{COMMIT, HubServer};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn fixture(name: &str) -> String {
    cli_kit::fixture("neural/sessions").join(name).to_str().unwrap().to_owned()
}

/// A command with a models folder of its own, a hub that is not there, and no proxy.
fn command(shop: &Shop, arguments: &[&str]) -> Command {
    let mut command = shop.command([&["models"], arguments].concat());
    for proxy in
        ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "HF_TOKEN"]
    {
        command.env_remove(proxy);
    }
    command.env("LOOKALIKE_MODELS", shop.path("models")).env("HF_ENDPOINT", "http://127.0.0.1:9");
    command
}

fn run(shop: &Shop, arguments: &[&str]) -> Ran {
    Ran::from(command(shop, arguments).output().unwrap())
}

fn run_at(shop: &Shop, hub: &HubServer, arguments: &[&str]) -> Ran {
    Ran::from(command(shop, arguments).env("HF_ENDPOINT", &hub.base).output().unwrap())
}

fn add_tiny(shop: &Shop, name: &str) -> Ran {
    let image = fixture("image.onnx");
    let how = ["--preprocess", "half", "--size", "8", "--output", "embedding", "--licence", "MIT"];
    run(shop, &[&["add", name, "--image", &image], &how[..]].concat())
}

/// A page like the registry's, of the tiny network.
fn page(shop: &Shop) -> PathBuf {
    let text = format!(
        "name = \"tiny\"\ndimensions = 8\nlicence = \"MIT\"\n[image]\noutput = \"embedding\"\n\
         resize = {{ rule = \"squash\", px = 8, filter = \"bilinear\" }}\nmean = [0.5, 0.5, 0.5]\nstd = [0.5, 0.5, 0.5]\n\
         [origin]\nrepository = \"somebody/tiny\"\nrevision = \"{COMMIT}\"\n[origin.image]\npath = \"image.onnx\"\n"
    );
    shop.write("tiny.toml", text)
}

#[test]
fn the_list_says_what_is_here_what_can_be_had_and_who_vouches_for_it() {
    let shop = Shop::new();
    let before = run(&shop, &["list"]);
    let text = &before.is_done().stdout;
    assert!(text.starts_with("name "), "{text}");
    let line = text.lines().find(|line| line.starts_with("clip-vit-b32 ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words, ["clip-vit-b32", "512", "yes", "MIT", "608.0", "MB", "not", "pulled", "no", "pinned"]);
    assert!(text.lines().any(|line| line.starts_with("inception-v3 ") && line.contains("add your own")));
    assert!(!shop.path("models").exists(), "listing makes nothing");

    add_tiny(&shop, "mine").is_done();
    let list = run(&shop, &["list", "--json"]).is_done().json();
    let models = list["models"].as_array().unwrap();
    let mine = models.iter().find(|model| model["name"] == "mine").unwrap();
    assert_eq!(mine["state"], "own");
    assert_eq!(
        (mine["dimensions"].as_u64(), mine["text"].as_bool(), mine["verified"].as_bool()),
        (Some(8), Some(false), Some(false))
    );
    assert_eq!(mine["bytes"], fs::metadata(fixture("image.onnx")).unwrap().len());
    let (built_in, others) = models.split_first().unwrap();
    assert_eq!((&built_in["name"], &built_in["state"]), (&"look-1".into(), &"built-in".into()));
    // Nothing else was run with real weights when this was written, and nothing claims to have been.
    assert!(others.iter().all(|model| model["verified"] == false));
    assert_eq!(others.len(), 11);
}

#[test]
fn the_built_in_encoder_says_what_it_is_and_what_it_learnt_from() {
    let shop = Shop::new();
    let list = run(&shop, &["list"]).is_done().stdout.clone();
    let words: Vec<&str> = list.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(words[..6], ["look-1", "629", "no", "MIT", "OR", "Apache-2.0"]);
    let text = run(&shop, &["show", "look-1"]).is_done().stdout.clone();
    for said in ["built in", "MIT OR Apache-2.0", "trained on", "no weights of others", "CARD.md", "px = 96"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    let value = run(&shop, &["show", "look-1", "--json"]).is_done().json();
    assert_eq!(value["encoder_digest"].as_str().unwrap().len(), 64);
    assert_eq!((&value["dimensions"], &value["text"]), (&629.into(), &false.into()));
    // Catalogs carry the same digest.
    shop.write("photos/a.png", cli_kit::png(&cli_kit::drawing(1)));
    shop.run(["index", "shop", "photos"]).is_done();
    let status = shop.run(["status", "shop", "--json"]).is_done().json();
    assert_eq!(status["encoders"][0]["digest"], value["encoder_digest"]);
}

#[test]
fn a_model_is_added_shown_and_removed() {
    let shop = Shop::new();
    let added = add_tiny(&shop, "mine");
    let folder = shop.path("models/mine");
    assert_eq!(
        added.is_done().stdout,
        format!("mine added: 8 dimensions, pictures, 0.0 MB, in {}\n", folder.display())
    );
    let shown = run(&shop, &["show", "mine"]);
    for said in ["state", "own", "SHA-256 ", "licence = \"MIT\"", "output = \"embedding\""] {
        assert!(shown.is_done().stdout.contains(said), "{said}: {}", shown.stdout);
    }
    let value = run(&shop, &["show", "mine", "--json"]).is_done().json();
    assert_eq!(value["description"]["image"]["resize"]["px"], 8);
    assert_eq!(value["encoder_digest"].as_str().unwrap().len(), 64);
    let again = add_tiny(&shop, "mine");
    assert!(again.error().starts_with("there is a model mine already"), "{again:?}");
    assert_eq!(run(&shop, &["remove", "mine"]).is_done().stdout, "removed mine\n");
    assert!(!folder.exists());
    assert!(
        run(&shop, &["remove", "mine"])
            .error()
            .starts_with("there is no model `mine`: there are resnet50-v1, ")
    );
}

#[test]
fn what_is_known_of_a_model_that_is_not_here_can_be_shown() {
    let shop = Shop::new();
    let text = run(&shop, &["show", "clip-vit-b32"]).is_done().stdout.clone();
    assert!(
        text.contains("Xenova/clip-vit-base-patch32 at d15189d7028b43f1d3e65039190477f6af591c2a"),
        "{text}"
    );
    assert!(text.contains("template = \"this is a {query}\""), "{text}");
    let value: Value = run(&shop, &["show", "inception-v3", "--json"]).is_done().json();
    assert!(value["origin"]["unavailable"].as_str().unwrap().contains("no ONNX file on the hub"));
    let error = run(&shop, &["pull", "inception-v3"]);
    assert!(
        error
            .error()
            .ends_with("add your own file with `lookalike models add inception-v3 --image FILE.onnx`")
    );
}

#[test]
fn bad_input_is_named_with_its_cure() {
    let shop = Shop::new();
    shop.write("empty.onnx", b"");
    for (arguments, said) in [
        (&["show", "nothing"][..], "there is no model `nothing`: there are resnet50-v1"),
        (&["show", "../etc"], "`../etc` is no name for a model"),
        (&["remove", "look-1"], "`look-1` is the name of a built-in encoder"),
        (&["remove", "dinov2-small"], "the model dinov2-small is not on this machine"),
        (&["pull", "nothing"], "there is no model `nothing`"),
        (&["pull", "--page", "missing.toml"], "cannot read missing.toml"),
        (
            &["add", "x", "--image", "missing.onnx", "--preprocess", "clip"],
            "missing.onnx does not exist: check the path",
        ),
        (&["add", "x", "--image", "empty.onnx", "--preprocess", "clip"], "empty.onnx is empty (0 bytes)"),
        (&["add", "x", "--image", "empty.onnx"], "nothing says how x is fed: give --like NAME"),
        (&["add", "look-1", "--image", "empty.onnx"], "`look-1` is the name of a built-in encoder"),
    ] {
        let ran = run(&shop, arguments);
        assert!(ran.error().starts_with(said), "{said}: {ran:?}");
    }
    for (arguments, said) in [
        (&["add", "x"][..], "the following required arguments were not provided:"),
        (&["add", "x", "--image", "a", "--text", "b"], "the following required arguments were not provided:"),
        (
            &["add", "x", "--image", "a", "--like", "b", "--preprocess", "clip"],
            "the argument '--like <NAME>' cannot be used with",
        ),
        (&["add", "x", "--image", "a", "--size", "8"], "the following required arguments were not provided:"),
        (&["pull"], "the following required arguments were not provided:"),
    ] {
        let ran = run(&shop, arguments);
        assert!(ran.usage().starts_with(said), "{said}: {ran:?}");
    }
    let endpoint =
        Ran::from(command(&shop, &["pull", "clip-vit-b32"]).env("HF_ENDPOINT", "hub").output().unwrap());
    assert!(endpoint.error().starts_with("HF_ENDPOINT is `hub`, which is no http or https address"));
}

#[test]
fn a_pull_that_the_hub_refuses_says_what_to_do_by_hand() {
    let shop = Shop::new();
    for (status, said) in [
        ("404 Not Found", "no longer has this revision or file"),
        ("401 Unauthorized", "set HF_TOKEN"),
        ("403 Forbidden", "accept the licence at"),
    ] {
        let hub = HubServer::start(move |_, answer| answer.status(status));
        let ran = run_at(&shop, &hub, &["pull", "clip-vit-b32"]);
        let error = ran.error();
        assert!(error.starts_with("cannot pull clip-vit-b32: ") && error.contains(said), "{error}");
        assert!(
            error.ends_with(
                "run `lookalike models add clip-vit-b32 --image FILE --text FILE --tokenizer FILE`"
            )
        );
    }
    assert!(!run(&shop, &["list"]).stdout.contains("half pulled"), "nothing came");
    let part = shop.path("models/.clip-vit-b32.partial");
    fs::create_dir(&part).unwrap();
    fs::write(part.join("image.onnx.part"), b"began").unwrap();
    assert!(run(&shop, &["list"]).stdout.contains("half pulled"));
    run(&shop, &["remove", "clip-vit-b32"]).is_done();
    assert!(!run(&shop, &["list"]).stdout.contains("half pulled"));
}

#[test]
fn a_model_is_pulled_by_a_page_of_ones_own() {
    let shop = Shop::new();
    let page = page(&shop);
    let page = page.to_str().unwrap();
    let hub = HubServer::start(|request, answer| {
        assert_eq!(request.header("authorization"), Some("Bearer hf_secret"));
        answer.file(request, &fs::read(fixture("image.onnx")).unwrap(), "\"x\"");
    });
    let mut pull = command(&shop, &["pull", "--page", page]);
    let ran = Ran::from(pull.env("HF_ENDPOINT", &hub.base).env("HF_TOKEN", "hf_secret").output().unwrap());
    let said = &ran.is_done().stdout;
    assert!(said.starts_with("tiny pulled: 8 dimensions, 0.0 MB, licence MIT, in "), "{said}");
    assert!(said.contains("nobody vouches for its files"), "{said}");
    assert!(said.contains("has not run it with its real weights"), "{said}");
    let again = run(&shop, &["pull", "--page", page, "--json"]).is_done().json();
    assert_eq!((again["already"].as_bool(), again["pinned"].as_str()), (Some(true), Some("first-use")));
    let list = run(&shop, &["list"]);
    let line = list.stdout.lines().find(|line| line.starts_with("tiny ")).unwrap().to_owned();
    assert!(line.contains("here") && line.ends_with("first use"), "{line}");
}

#[test]
fn what_a_page_pulls_is_added_by_hand_as_the_refusal_says() {
    let shop = Shop::new();
    let page = page(&shop);
    let page = page.to_str().unwrap();
    let hub = HubServer::start(|_, answer| answer.status("404 Not Found"));
    let refused = run_at(&shop, &hub, &["pull", "--page", page]);
    let command = "run `lookalike models add tiny --image FILE --describe PAGE.toml`";
    assert!(refused.error().ends_with(command), "{refused:?}");
    let added = run(&shop, &["add", "tiny", "--image", &fixture("image.onnx"), "--describe", page]);
    assert!(added.is_done().stdout.starts_with("tiny added: 8 dimensions"), "{added:?}");
}

#[test]
fn damaged_and_misfitting_files_are_refused_with_a_cure_and_leave_nothing() {
    let shop = Shop::new();
    let whole = fs::read(fixture("image.onnx")).unwrap();
    let file = |name: &str, bytes: &[u8]| shop.write(name, bytes).to_str().unwrap().to_owned();
    let cut = file("cut.onnx", &whole[..whole.len() - 1]);
    let portal = file("portal.onnx", b"<html>log in first</html>");
    for (image, size, cure) in [
        (cut, "8", "compare its size and checksum with its source"),
        (portal, "8", "compare its size and checksum with its source"),
        (fixture("wrong_op.onnx"), "8", "runtime install"),
        (fixture("nan.onnx"), "8", "the weights are damaged"),
        (fixture("image.onnx"), "16", "wants the shape (?, 3, 8, 8)"),
        (fixture("external_data.onnx"), "8", "save the model as a single file"),
        (fixture("missing.onnx"), "8", "does not exist: check the path"),
    ] {
        let how = ["--preprocess", "half", "--size", size, "--output", "embedding"];
        let mut add = command(&shop, &[&["add", "x", "--image", &image], &how[..]].concat());
        // The built-in engine, whatever this machine has.
        let ran = Ran::from(add.env("ORT_DYLIB_PATH", "/nowhere/libonnxruntime.so").output().unwrap());
        // Before it stands, on a line of its own, that ONNX Runtime is not there.
        let error = ran.stderr.lines().last().unwrap();
        assert!(error.starts_with("lookalike: ") && error.contains(cure), "{image}: {ran:?}");
        assert!(!shop.path("models/x").exists() && !shop.path("models/.x.adding").exists(), "{image}");
    }
}

#[test]
fn a_proxy_named_in_the_environment_is_used() {
    let shop = Shop::new();
    let page = page(&shop);
    let proxy = HubServer::start(|request, answer| {
        answer.file(request, &fs::read(fixture("image.onnx")).unwrap(), "\"x\"");
    });
    let mut pull = command(&shop, &["pull", "--page", page.to_str().unwrap()]);
    pull.env("HF_ENDPOINT", "http://hub.invalid")
        .env("http_proxy", &proxy.base)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy");
    Ran::from(pull.output().unwrap()).is_done();
    let asked = format!("http://hub.invalid/somebody/tiny/resolve/{COMMIT}/image.onnx");
    assert_eq!(proxy.requests()[0].target, asked);
}

#[test]
fn ctrl_c_stops_a_pull_and_keeps_what_came() {
    let shop = Shop::new();
    let page = page(&shop);
    let body = fs::read(fixture("image.onnx")).unwrap();
    let hub = HubServer::start(move |request, answer| {
        if request.earlier == 0 {
            answer.drop_after(&body, 1000, "\"x\"");
            answer.stall();
        } else {
            answer.file(request, &body, "\"x\"");
        }
    });
    let page = page.to_str().unwrap();
    let mut pull = command(&shop, &["pull", "--page", page]);
    let child = pull.env("HF_ENDPOINT", &hub.base).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let part = shop.path("models/.tiny.partial/image.onnx.part");
    while fs::metadata(&part).map_or(0, |part| part.len()) < 1000 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert!(ran.stderr.contains("the same command goes on from there"), "{ran:?}");
    run_at(&shop, &hub, &["pull", "--page", page]).is_done();
    assert_eq!(hub.requests()[1].range(), Some(1000));
}

#[test]
fn damage_is_named_in_the_list() {
    let shop = Shop::new();
    add_tiny(&shop, "mine").is_done();
    shop.write("models/mine/model.toml", "name = ");
    let list = run(&shop, &["list"]);
    list.has_failures();
    assert!(list.failed()[0].starts_with("mine: "), "{list:?}");
    assert!(list.stdout.lines().any(|line| line.starts_with("mine ") && line.contains("unusable")));
}

#[test]
fn every_subcommand_explains_itself() {
    let shop = Shop::new();
    for command in ["list", "show", "pull", "add", "remove"] {
        insta::assert_snapshot!(command, run(&shop, &[command, "--help"]).is_done().stdout);
    }
}
