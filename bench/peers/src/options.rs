//! What the command takes.

use std::path::PathBuf;

use crate::Result;
use crate::peers;

pub const HELP: &str = "cargo run --release -p bench-peers -- [--quick] [--rounds 5] [--peers KEY,…] [--only PART] [--round-trips 0,80]
                                      [--stackctl BINARY] [--artifact ZIP]

--quick        one round, of those that are quick to install and to run, and smaller accounts and lists
--rounds       how often each peer has its turn
--peers        stackctl, aws-cli, cloudformation, sam, cdk, hotswap, osls, cargo-lambda, floor
--only         peers, tool or growth
--round-trips  milliseconds that are added to every call
--stackctl     the binary; otherwise it is built
--artifact     what is shipped; otherwise `stackctl build` makes it";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub quick: bool,
    pub rounds: usize,
    pub peers: Vec<String>,
    /// The only part, if one is named.
    pub only: Option<String>,
    pub round_trips: Vec<u64>,
    pub stackctl: Option<PathBuf>,
    pub artifact: Option<PathBuf>,
}

impl Options {
    /// None when help is wanted.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Self>> {
        let mut options = Self {
            quick: false,
            rounds: 5,
            peers: peers::ALL.iter().map(|peer| peer.key.to_owned()).collect(),
            only: None,
            round_trips: vec![0, 80],
            stackctl: None,
            artifact: None,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            if argument == "--quick" {
                options.quick = true;
                options.rounds = 1;
                options.peers = peers::QUICK.map(str::to_owned).to_vec();
                continue;
            }
            let value = arguments.next().unwrap_or_default();
            let mut list = value.split(',').map(str::to_owned);
            match argument.as_str() {
                "--rounds" => options.rounds = value.parse()?,
                "--peers" => options.peers = list.collect(),
                "--only" => options.only = Some(value),
                "--round-trips" => {
                    options.round_trips =
                        list.map(|one| one.parse()).collect::<std::result::Result<_, _>>()?;
                }
                "--stackctl" => options.stackctl = list.next().map(PathBuf::from),
                "--artifact" => options.artifact = list.next().map(PathBuf::from),
                _ => return Ok(None),
            }
        }
        options.check().map(|()| Some(options))
    }

    pub fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }

    fn check(&self) -> Result<()> {
        let known = |key: &&String| peers::ALL.iter().any(|peer| peer.key == *key);
        if let Some(key) = self.peers.iter().find(|key| !known(key)) {
            return Err(format!("there is no peer `{key}`\n\n{HELP}").into());
        }
        let part = self.only.as_deref().unwrap_or("peers");
        if !["peers", "tool", "growth"].contains(&part) {
            return Err(format!("there is no part `{part}`\n\n{HELP}").into());
        }
        if self.rounds == 0 || self.round_trips.is_empty() {
            return Err("at least one round and one round trip".into());
        }
        Ok(())
    }
}

#[test]
fn options_are_read_and_checked() {
    let parse = |text: &str| Options::parse(text.split_whitespace().map(str::to_owned));
    let options = parse("--quick --rounds 3 --round-trips 0,20").expect("it is right");
    let options = options.expect("no help was asked for");
    assert_eq!((options.rounds, options.round_trips, options.quick), (3, vec![0, 20], true));
    assert_eq!(options.peers, peers::QUICK);
    assert!(parse("--help").expect("it is right").is_none());
    for wrong in ["--peers nobody", "--rounds many", "--rounds 0", "--only luck"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
