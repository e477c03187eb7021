//! What all turns have shown, a line a peer.

use std::collections::BTreeMap;

use crate::measure::Cost;
use crate::peers::{Peer, Verb};
use crate::statistics::Rounds;
use crate::turn::Turn;

/// The figures of one verb at one round trip; times in seconds, sizes in bytes.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub wall: Rounds,
    pub cpu: Rounds,
    pub memory: Rounds,
    pub calls: Rounds,
    pub polls: Rounds,
    pub writes: Rounds,
    pub chain: Rounds,
    pub sent: Rounds,
    pub connections: Rounds,
    pub services: Rounds,
    /// The longest chain of the last round.
    pub longest: Vec<String>,
}

/// One peer.
#[derive(Debug)]
pub struct Line {
    pub peer: &'static Peer,
    /// By verb and the milliseconds that were added to each call.
    figures: BTreeMap<(Verb, u64), Figures>,
    /// Why it takes no part, or what went wrong.
    pub failures: Vec<String>,
    pub missing: Vec<&'static str>,
    pub left: Vec<String>,
}

impl Line {
    pub fn of(peer: &'static Peer) -> Self {
        let (missing, left) = (Vec::new(), Vec::new());
        Self { peer, figures: BTreeMap::new(), failures: Vec::new(), missing, left }
    }

    pub fn add(&mut self, round_trip: u64, turn: Turn) {
        for (verb, cost) in turn.costs {
            match cost {
                Ok(cost) => self.figures.entry((verb, round_trip)).or_default().add(cost),
                Err(error) => self.fail(&format!("{}: {error}", verb.title())),
            }
        }
        (self.missing, self.left) = (turn.missing, turn.left);
    }

    pub fn fail(&mut self, why: &str) {
        if !self.failures.iter().any(|other| other == why) {
            self.failures.push(why.to_owned());
        }
    }

    pub fn figures(&self, verb: Verb, round_trip: u64) -> Option<&Figures> {
        self.figures.get(&(verb, round_trip))
    }
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "all of this is far below 2^53")]
    fn add(&mut self, cost: Cost) {
        self.wall.add(cost.wall.as_secs_f64());
        self.cpu.add(cost.cpu.as_secs_f64());
        let counts = [
            (&mut self.calls, cost.calls),
            (&mut self.polls, cost.polls),
            (&mut self.writes, cost.writes),
            (&mut self.chain, cost.chain.len()),
            (&mut self.sent, cost.sent),
            (&mut self.connections, cost.connections),
            (&mut self.services, cost.services),
        ];
        for (rounds, count) in counts {
            rounds.add(count as f64);
        }
        self.memory.add(cost.memory as f64);
        self.longest = cost.chain;
    }
}
