//! Settings of the server out of flags, the environment and a file, and what `config show` says of them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on fails right there"
)]

mod cli_kit;

use cli_kit::{Ran, Shop};
use serde_json::{Value, json};

/// Runs `config show --json` with these arguments and variables.
fn show(shop: &Shop, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = shop.command([&["config", "show", "--json"], arguments].concat());
    command.envs(variables.iter().copied());
    Ran::from(command.output().unwrap())
}

/// A setting's value and where it comes from.
fn setting(ran: &Ran, name: &str) -> (Value, String) {
    let shown = ran.is_done().json();
    let all = shown["settings"].as_array().unwrap();
    let one = all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {shown}"));
    (one["value"].clone(), one["origin"].as_str().unwrap().to_owned())
}

#[test]
fn flags_win_over_the_environment_which_wins_over_the_file_which_wins_over_what_is_usual() {
    let shop = Shop::new();
    assert_eq!(setting(&show(&shop, &[], &[]), "listen"), (json!("127.0.0.1:8000"), "default".to_owned()));
    assert_eq!(setting(&show(&shop, &[], &[]), "rate"), (Value::Null, "not set".to_owned()));

    shop.write(
        "lookalike.toml",
        "listen = \"127.0.0.1:1\"\nrate = 7\nhost = [\"a.example\", \"b.example\"]\n",
    );
    let file = "file lookalike.toml".to_owned();
    let ran = show(&shop, &[], &[]);
    assert_eq!(setting(&ran, "listen"), (json!("127.0.0.1:1"), file.clone()));
    assert_eq!(setting(&ran, "rate"), (json!("7"), file.clone()));
    assert_eq!(setting(&ran, "host"), (json!(["a.example", "b.example"]), file.clone()));
    assert_eq!(ran.json()["file"], shop.path("lookalike.toml").to_str().unwrap());

    let variables = [("LOOKALIKE_LISTEN", "127.0.0.1:2"), ("LOOKALIKE_HOST", "c.example,d.example")];
    let ran = show(&shop, &[], &variables);
    let environment = |name: &str| format!("environment {name}");
    assert_eq!(setting(&ran, "listen"), (json!("127.0.0.1:2"), environment("LOOKALIKE_LISTEN")));
    assert_eq!(setting(&ran, "host"), (json!(["c.example", "d.example"]), environment("LOOKALIKE_HOST")));
    assert_eq!(setting(&ran, "rate"), (json!("7"), file));

    let ran = show(&shop, &["--listen", "127.0.0.1:3", "shop.lookalike"], &variables);
    assert_eq!(setting(&ran, "listen"), (json!("127.0.0.1:3"), "flag".to_owned()));
    assert_eq!(setting(&ran, "catalog"), (json!("shop.lookalike"), "flag".to_owned()));
    assert_eq!(setting(&ran, "host").1, environment("LOOKALIKE_HOST"));
}

#[test]
fn switches_are_turned_on_and_off_and_one_setting_may_need_another_from_elsewhere() {
    let shop = Shop::new();
    shop.write("lookalike.toml", "allow-private-urls = true\nanonymous = true\nrate = 5\n");
    let ran = show(&shop, &["--burst", "9"], &[]);
    assert_eq!(setting(&ran, "allow-private-urls").0, json!(true));
    assert_eq!(setting(&ran, "anonymous").0, json!("read"));
    assert_eq!(setting(&ran, "burst"), (json!("9"), "flag".to_owned()));
    let off = show(&shop, &[], &[("LOOKALIKE_ALLOW_PRIVATE_URLS", "no"), ("LOOKALIKE_ANONYMOUS", "write")]);
    assert_eq!(setting(&off, "allow-private-urls").0, json!(false));
    assert_eq!(setting(&off, "anonymous").0, json!("write"));
    let missing = show(&Shop::new(), &[], &[("LOOKALIKE_BURST", "9")]);
    assert!(missing.usage().contains("required arguments"), "{missing:?}");
}

#[test]
fn the_file_is_the_one_that_is_named() {
    let shop = Shop::new();
    shop.write("lookalike.toml", "rate = 1");
    let (one, two) = (shop.write("one.toml", "rate = 11"), shop.write("conf/two.toml", "rate = 22"));
    let rate = |arguments: &[&str], variables: &[(&str, &str)]| {
        setting(&show(&shop, arguments, variables), "rate").0
    };
    assert_eq!(rate(&[], &[]), json!("1"));
    assert_eq!(rate(&[], &[("LOOKALIKE_CONFIG", two.to_str().unwrap())]), json!("22"));
    assert_eq!(
        rate(&["--config", one.to_str().unwrap()], &[("LOOKALIKE_CONFIG", "conf/two.toml")]),
        json!("11")
    );
    let ran = show(&shop, &["--config", "gone.toml"], &[]);
    assert!(ran.usage().contains("gone.toml"), "{ran:?}");
}

#[test]
fn a_slip_is_told_with_its_place_and_the_nearest_name() {
    let shop = Shop::new();
    let with_file = |text: &str| {
        shop.write("lookalike.toml", text);
        show(&shop, &[], &[])
    };
    for (text, says) in [
        ("listn = \"x\"", "lookalike.toml: there is no setting `listn`; did you mean `listen`?"),
        (
            "trusted_proxy = 1",
            "lookalike.toml: there is no setting `trusted_proxy`; did you mean `trusted-proxies`?",
        ),
        (
            "rate = \"many\"",
            "file lookalike.toml: invalid value 'many' for '--rate <N>': invalid digit found in string",
        ),
        ("places = 0", "file lookalike.toml: invalid value '0' for '--places <N>': 0 is not in 1..=65536"),
        ("config = \"other.toml\"", "lookalike.toml: there is no setting `config`"),
        ("listen = ", "lookalike.toml, line 1: "),
    ] {
        let ran = with_file(text);
        assert!(ran.usage().starts_with(says), "{text}: {ran:?}");
    }
    shop.write("lookalike.toml", "");
    let ran = show(&shop, &[], &[("LOOKALIKE_RATE", "many")]);
    assert!(ran.usage().starts_with("environment LOOKALIKE_RATE: invalid value 'many'"), "{ran:?}");
    let ran = show(&shop, &[], &[("LOOKALIKE_RTE", "1")]);
    assert_eq!(
        ran.usage(),
        "the environment sets LOOKALIKE_RTE, which is no setting; did you mean `LOOKALIKE_RATE`?"
    );
}

#[test]
fn serve_itself_is_set_so_and_other_commands_are_left_alone() {
    let shop = Shop::with_catalog(1);
    shop.write("lookalike.toml", "catalog = \"nowhere\"\nlisten = \"nonsense\"\n");
    let ran = shop.run(["serve"]);
    assert!(ran.error().contains("nowhere"), "{ran:?}");
    let ran = shop.run(["serve", "shop"]);
    assert!(ran.error().contains("\"nonsense\""), "{ran:?}");
    // A file that no server could use is no other command's business.
    shop.write("lookalike.toml", "[");
    shop.run(["status", "shop"]).is_done();
    assert!(shop.run(["serve", "shop"]).usage().starts_with("lookalike.toml, line 1"));
}

#[test]
fn what_is_shown_to_people_fits_on_their_screen_and_holds_no_password() {
    let shop = Shop::new();
    shop.write("lookalike.toml", "catalog = \"opensearch+https://shop:hush@search:9200/shop\"\n");
    let ran = shop.run(["config", "show", "--listen", "[::1]:80"]);
    let text = &ran.is_done().stdout;
    assert!(text.contains("opensearch+https://***@search:9200/shop") && !text.contains("hush"), "{text}");
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("listen ").ends_with("  flag") && line("listen ").contains(" [::1]:80 "), "{text}");
    assert!(line("tls-cert ").ends_with("not set"), "{text}");
    assert!(line("places ").ends_with("default"), "{text}");
    assert!(text.starts_with(&format!("file {}\n", shop.path("lookalike.toml").display())), "{text}");
}
