//! What `--help` says, so that a change of the command line shows in review, and what wrong usage is answered with.

mod cli_kit;

use cli_kit::{BINARY, Ran, Shop};
use std::process::Command;

const COMMANDS: [&str; 17] = [
    "demo", "index", "search", "check", "serve", "keys", "config", "status", "verify", "evaluate", "models",
    "runtime", "encoders", "export", "import", "hash", "delete",
];

#[test]
fn the_program_says_what_it_can_do() {
    let help = Shop::new().run(["--help"]);
    insta::assert_snapshot!("program", help.is_done().stdout);
    for command in COMMANDS {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command} is missing");
    }
}

#[test]
fn every_command_explains_itself() {
    for command in COMMANDS {
        let help = Shop::new().run([command, "--help"]);
        insta::assert_snapshot!(command, help.is_done().stdout);
    }
}

#[test]
fn what_can_be_done_about_encoders_explains_itself() {
    for action in ["list", "add", "remove", "primary", "upgrade"] {
        let help = Shop::new().run(["encoders", action, "--help"]);
        insta::assert_snapshot!(format!("encoders_{action}"), help.is_done().stdout);
    }
}

#[test]
fn what_is_set_explains_itself() {
    let help = Shop::new().run(["config", "show", "--help"]);
    insta::assert_snapshot!("config_show", help.is_done().stdout);
}

#[test]
fn called_by_another_name_the_help_is_the_same() {
    let shop = Shop::new();
    std::os::unix::fs::symlink(BINARY, shop.path("other-name")).unwrap();
    for arguments in [&["--help"][..], &["search", "--help"], &["search"]] {
        let mut other = Command::new(shop.path("other-name"));
        let other = Ran::from(other.args(arguments).env("COLUMNS", "100").output().unwrap());
        let usual = shop.run(arguments);
        assert_eq!((other.stdout, other.stderr), (usual.stdout, usual.stderr));
    }
}

#[test]
fn wrong_usage_is_told_with_exit_code_2() {
    let shop = Shop::with_catalog(1);
    let usage = |arguments: &[&str]| shop.run(arguments).usage().to_owned();
    assert_eq!(usage(&["frobnicate"]), "unrecognized subcommand 'frobnicate'");
    let query = ["search", "shop", "photos/p0.png"];
    let with = |more: &[&str]| usage(&[&query[..], more].concat());
    assert_eq!(with(&["--top", "0"]), "invalid value '0' for '--top <N>': 0 is not in 1..=1000");
    let percent = "for '--min-percent <PERCENT>': must be a number from 0 to 100";
    for wrong in ["101", "-1", "NaN", "many"] {
        assert_eq!(with(&[&format!("--min-percent={wrong}")]), format!("invalid value '{wrong}' {percent}"));
    }
    assert_eq!(with(&["--id", "p0.png"]), "the argument '[IMAGE]' cannot be used with '--id <IMAGE_ID>'");
    assert_eq!(usage(&["search", "shop"]), "the following required arguments were not provided:");
    assert_eq!(usage(&["hash"]), "the following required arguments were not provided:");
    let map = usage(&["index", "shop", "photos", "--map", "sku"]);
    assert!(map.ends_with("`sku` in the map is not of the form `id=COLUMN` or `image=COLUMN`"), "{map}");
    let workers = usage(&["index", "shop", "photos", "--workers", "0"]);
    assert_eq!(workers, "invalid value '0' for '--workers <N>': 0 is not in 1..=1024");
}

#[test]
fn without_a_command_the_help_is_shown_as_an_error() {
    let ran = Shop::new().run::<&str>([]);
    assert_eq!((ran.code, &*ran.stdout), (Some(2), ""));
    assert!(ran.stderr.contains("Usage: lookalike [OPTIONS] <COMMAND>"));
}
