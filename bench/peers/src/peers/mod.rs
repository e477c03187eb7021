//! Who takes part, a file each: what it is installed from, and what a user of it types for each verb.

mod aws_cli;
mod cargo_lambda;
mod cdk;
mod cloudformation;
mod floor;
mod osls;
mod sam;
mod stackctl;

use crate::tools::Package;

/// A command with its arguments.
pub type Words = &'static [&'static str];

/// What is asked of everybody, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Nothing is there; the artifact is built.
    Up,
    /// Nothing has changed.
    Again,
    /// The code alone, with other bytes.
    Changed,
    /// The code alone, with the same bytes.
    Unchanged,
    Teardown,
}

impl Verb {
    pub const ALL: [Self; 5] =
        [Self::Up, Self::Again, Self::Changed, Self::Unchanged, Self::Teardown];

    pub fn title(self) -> &'static str {
        match self {
            Self::Up => "`up`, cold, artifact prebuilt",
            Self::Again => "`up`, nothing changed",
            Self::Changed => "code only, changed",
            Self::Unchanged => "code only, unchanged",
            Self::Teardown => "teardown",
        }
    }
}

/// A program, or a way to use one. Its project is the folder `projects/KEY`.
#[derive(Debug)]
pub struct Peer {
    pub key: &'static str,
    /// Name and release, for the table.
    pub name: &'static str,
    pub project: &'static str,
    pub packages: &'static [Package],
    /// Run before the clock starts.
    pub prepare: &'static [Words],
    /// The command for each verb that it has.
    pub verbs: &'static [(Verb, Words)],
    /// What is answered to its questions.
    pub stdin: &'static str,
    pub environment: &'static [(&'static str, &'static str)],
    /// What a reader of the table should know.
    pub note: &'static str,
}

/// What a peer is unless it says otherwise.
const PLAIN: Peer = Peer {
    key: "",
    name: "",
    project: "",
    packages: &[],
    prepare: &[],
    verbs: &[],
    stdin: "",
    environment: NOWHERE,
    note: "",
};

/// Whatever is meant for another host than this one goes nowhere.
const NOWHERE: &[(&str, &str)] = &[
    ("HTTP_PROXY", "http://127.0.0.1:9"),
    ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ("NO_PROXY", "127.0.0.1,localhost"),
];

/// `stackctl` first, the floor last.
pub const ALL: [&Peer; 9] = [
    &stackctl::PEER,
    &aws_cli::PEER,
    &cloudformation::PEER,
    &sam::PEER,
    &cdk::PEER,
    &cdk::HOTSWAP,
    &osls::PEER,
    &cargo_lambda::PEER,
    &floor::PEER,
];

/// Those that are quick to install and to run.
pub const QUICK: [&str; 5] = ["stackctl", "aws-cli", "cloudformation", "cargo-lambda", "floor"];

impl Peer {
    pub fn command(&self, verb: Verb) -> Option<Words> {
        self.verbs.iter().find(|(other, _)| *other == verb).map(|(_, words)| *words)
    }

    pub fn makes_the_stack(&self) -> bool {
        self.command(Verb::Up).is_some()
    }
}

#[test]
fn everybody_has_a_key_of_their_own_and_a_command_for_code() {
    let mut keys: Vec<&str> = ALL.iter().map(|peer| peer.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), ALL.len());
    assert!(QUICK.iter().all(|key| keys.contains(key)));
    for peer in ALL {
        assert!(peer.command(Verb::Changed).is_some(), "{}", peer.key);
    }
}
