//! What the program says of itself.

use std::env;

use crate::support::{Cloud, assert_golden};

#[test]
fn the_help_of_every_verb_is_as_it_was_agreed() {
    let help = Cloud::offline(&env::temp_dir(), &["--help"]).succeeded();
    assert_golden("help/stackctl.txt", &help.stdout);
    for verb in verbs(&help.stdout) {
        let told = Cloud::offline(&env::temp_dir(), &[verb, "--help"]).succeeded();
        assert_eq!(told.stderr, "");
        assert_golden(&format!("help/{verb}.txt"), &told.stdout);
        let lines = told.stdout.lines().count();
        assert!(lines <= 60, "the help of `{verb}` has {lines} lines");
        let short = Cloud::offline(&env::temp_dir(), &[verb, "-h"]).succeeded();
        assert!(short.stdout.contains(&format!("stackctl {verb}")), "{short:#?}");
    }
}

#[test]
fn the_version_is_told() {
    let told = Cloud::offline(&env::temp_dir(), &["--version"]).succeeded();
    let start = concat!("stackctl ", env!("CARGO_PKG_VERSION"), " (");
    let build = told.stdout.strip_prefix(start).and_then(|rest| rest.strip_suffix(")\n"));
    let (commit, target) =
        build.and_then(|build| build.split_once(", ")).expect("commit and target");
    assert!(!commit.is_empty(), "{told:?}");
    assert!(target.starts_with(env::consts::ARCH), "{told:?}");
}

/// The verbs that the help lists.
fn verbs(help: &str) -> Vec<&str> {
    let list = help.split("Commands:\n").nth(1).expect("the list of verbs");
    let lines = list.lines().take_while(|line| !line.is_empty());
    let verbs: Vec<_> = lines
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    assert!(verbs.len() >= 7, "{verbs:?}");
    verbs
}
