//! What stackctl wants to reach beside the others, judged at the longest round trip.

use crate::peers::Verb;
use crate::report::{COUNTING, gate};
use crate::results::{Figures, Line};

/// Bytes of a request that carries no code.
const SMALL: f64 = 100_000.0;
/// Calls that a chain may have more than the floor's.
const MORE: usize = 2;
const MEMORY: f64 = 40.0 * 1024.0 * 1024.0;

/// One line a goal that was measured, and how many were not.
pub fn judged(lines: &[Line], round_trip: u64) -> String {
    let judge = Judge { lines, round_trip };
    let goals = [
        judge.chain("`up`, cold: chain", Verb::Up),
        judge.quickest(),
        judge.reads_only(),
        judge.time_of_floor(),
        judge.short_deploy(),
        judge.quicker_than_cargo_lambda(),
        judge.nothing_sent(),
        judge.chain("teardown: chain", Verb::Teardown),
        judge.nothing_left(),
        judge.memory(),
        judge.connections(),
    ];
    let unknown = goals.iter().filter(|goal| goal.is_none()).count();
    let mut told: Vec<String> = goals.into_iter().flatten().collect();
    if unknown > 0 {
        told.push(format!(
            "- not measured: {unknown}, which need stackctl, floor and cargo-lambda"
        ));
    }
    told.join("\n")
}

struct Judge<'a> {
    lines: &'a [Line],
    round_trip: u64,
}

impl Judge<'_> {
    fn of(&self, key: &str, verb: Verb) -> Option<&Figures> {
        self.lines.iter().find(|line| line.peer.key == key)?.figures(verb, self.round_trip)
    }

    fn ours(&self, verb: Verb) -> Option<&Figures> {
        self.of("stackctl", verb)
    }

    /// As it was counted.
    fn counted(&self, key: &str, verb: Verb) -> Option<&Figures> {
        self.lines.iter().find(|line| line.peer.key == key)?.figures(verb, COUNTING)
    }

    /// The calls of AWS in the longest chain: a proof over HTTP comes after the work.
    fn chain_of(&self, key: &str, verb: Verb) -> Option<usize> {
        let longest = &self.counted(key, verb)?.longest;
        Some(longest.iter().filter(|call| !call.starts_with("execute-api:")).count())
    }

    fn chain(&self, what: &str, verb: Verb) -> Option<String> {
        let ours = self.chain_of("stackctl", verb)?;
        let most = self.chain_of("floor", verb)? + MORE;
        let text = format!("{what} of {ours}, at most {most} (the floor's and {MORE})");
        Some(gate(ours <= most, &text))
    }

    fn quickest(&self) -> Option<String> {
        let ours = self.ours(Verb::Up)?.wall.median();
        let quicker =
            self.lines.iter().filter(|line| line.peer.key != "floor").filter_map(|line| {
                let wall = line.figures(Verb::Up, self.round_trip)?.wall.median();
                (wall < ours).then(|| format!("{} with {wall:.2} s", line.peer.name))
            });
        let quicker: Vec<String> = quicker.collect();
        let told = if quicker.is_empty() { "none is".to_owned() } else { quicker.join(", ") };
        let text = format!("`up`, cold: no peer quicker than {ours:.2} s; {told}");
        Some(gate(quicker.is_empty(), &text))
    }

    fn reads_only(&self) -> Option<String> {
        let ours = self.counted("stackctl", Verb::Again)?;
        let (writes, chain) = (ours.writes.median(), ours.chain.median());
        let text =
            format!("second `up`: {writes:.0} writes and {chain:.0} rounds, at most 0 and 2");
        Some(gate(writes == 0.0 && chain <= 2.0, &text))
    }

    fn time_of_floor(&self) -> Option<String> {
        let ours = self.ours(Verb::Again)?.wall.median();
        let times = ours / self.of("floor", Verb::Again)?.wall.median();
        let text = format!("second `up`: {times:.2} times the floor's time, at most 1.5");
        Some(gate(times <= 1.5, &text))
    }

    fn short_deploy(&self) -> Option<String> {
        let chain = self.chain_of("stackctl", Verb::Changed)?;
        Some(gate(chain <= 4, &format!("code only, changed: chain of {chain}, at most 4")))
    }

    fn quicker_than_cargo_lambda(&self) -> Option<String> {
        let ours = self.ours(Verb::Changed)?.wall.median();
        let theirs = self.of("cargo-lambda", Verb::Changed)?.wall.median();
        let text = format!("code only, changed: {ours:.2} s, and cargo-lambda {theirs:.2} s");
        Some(gate(ours < theirs, &text))
    }

    fn nothing_sent(&self) -> Option<String> {
        let sent = self.counted("stackctl", Verb::Unchanged)?.sent.median();
        let text = format!("code only, unchanged: {sent:.0} bytes sent, no upload");
        Some(gate(sent < SMALL, &text))
    }

    fn nothing_left(&self) -> Option<String> {
        self.ours(Verb::Teardown)?;
        let left = &self.lines.iter().find(|line| line.peer.key == "stackctl")?.left;
        let text = format!("teardown: {} things are left", left.len());
        Some(gate(left.is_empty(), &text))
    }

    fn memory(&self) -> Option<String> {
        let memory = self.ours(Verb::Up)?.memory.median();
        let text = format!("`up`: {:.1} MiB, under 40", memory / 1024.0 / 1024.0);
        Some(gate(memory < MEMORY, &text))
    }

    fn connections(&self) -> Option<String> {
        let ours = self.counted("stackctl", Verb::Up)?;
        let (connections, services) = (ours.connections.median(), ours.services.median());
        let text =
            format!("`up`: {connections:.0} connections to {services:.0} services, one each");
        Some(gate(connections <= services, &text))
    }
}
