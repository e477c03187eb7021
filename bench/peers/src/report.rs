//! The figures as tables in Markdown, ready to paste.

use std::collections::BTreeMap;

use crate::peers::Verb;
use crate::results::{Figures, Line};
use crate::statistics::Rounds;

/// The round trip of the turn in which calls are counted, in milliseconds: so much longer than the emulator takes that
/// calls that need no other begin together, and a chain is one of needs and not of chance.
pub const COUNTING: u64 = 300;

/// A table for each verb, and one for what was made and what was left.
pub fn tables(lines: &[Line], round_trips: &[u64]) -> String {
    let mut parts: Vec<String> =
        Verb::ALL.iter().map(|&verb| table(verb, lines, round_trips)).collect();
    parts.push(ends(lines));
    parts.push(chains(lines));
    parts.join("\n\n")
}

fn table(verb: Verb, lines: &[Line], round_trips: &[u64]) -> String {
    let times: Vec<String> = round_trips.iter().map(|added| format!("at {added} ms, s")).collect();
    let counted =
        ["CPU, s", "memory, MiB", "calls (polls)", "writes", "chain", "sent, KiB", "connections"];
    let mut text = vec![
        format!("**{}**\n", verb.title()),
        format!("| | {} | {} |", times.join(" | "), counted.join(" | ")),
        format!("|---|{}", "---:|".repeat(times.len() + counted.len())),
    ];
    for line in lines.iter().filter(|line| line.peer.command(verb).is_some()) {
        let mut cells: Vec<String> = round_trips
            .iter()
            .map(|&added| line.figures(verb, added).map_or("–".into(), |one| spread(&one.wall)))
            .collect();
        let last = round_trips.last().and_then(|&added| line.figures(verb, added));
        let both = last.zip(line.figures(verb, COUNTING));
        cells.extend(both.map_or_else(|| vec!["–".into(); counted.len()], counts));
        text.push(format!("| {} | {} |", line.peer.name, cells.join(" | ")));
    }
    text.join("\n")
}

/// CPU and memory from the timed turns, the rest from the one that counts.
fn counts((timed, counted): (&Figures, &Figures)) -> Vec<String> {
    let whole = |rounds: &Rounds, unit: f64| format!("{:.0}", rounds.median() / unit);
    let calls = whole(&counted.calls, 1.0);
    let polls = whole(&counted.polls, 1.0);
    vec![
        rounded(timed.cpu.median()),
        whole(&timed.memory, 1024.0 * 1024.0),
        if polls == "0" { calls } else { format!("{calls} ({polls})") },
        whole(&counted.writes, 1.0),
        whole(&counted.chain, 1.0),
        whole(&counted.sent, 1024.0),
        whole(&counted.connections, 1.0),
    ]
}

/// Median, and lowest to highest when there are several.
pub fn spread(rounds: &Rounds) -> String {
    let (lowest, highest) = rounds.spread();
    let median = rounded(rounds.median());
    if (highest - lowest).abs() < f64::EPSILON {
        return median;
    }
    format!("{median} ({} to {})", rounded(lowest), rounded(highest))
}

fn rounded(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.1}") }
}

/// What each has made of the stack, what it left, and what there is to know.
fn ends(lines: &[Line]) -> String {
    let mut text = vec![
        "**Whole?**\n".to_owned(),
        "| | not made | left after teardown | to know |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for line in lines {
        let whole = line.peer.makes_the_stack();
        let told = |list: String| if list.is_empty() { "nothing".to_owned() } else { list };
        let missing = if whole { told(line.missing.join(", ")) } else { "all but the code".into() };
        let left = if whole { told(grouped(&line.left)) } else { "–".into() };
        let mut notes: Vec<String> =
            line.failures.iter().map(|why| format!("FAILED {why}")).collect();
        notes.push(line.peer.note.to_owned());
        let notes = notes.join("; ").replace('|', "\\|");
        text.push(format!("| {} | {missing} | {left} | {notes} |", line.peer.name));
    }
    text.push(
        "\nThe emulator's CloudFormation leaves out recovery and CORS, whoever asks for them."
            .into(),
    );
    text.join("\n")
}

/// Things by their kind, the first word or words of each: one by its name, several by their number.
fn grouped(things: &[String]) -> String {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for thing in things {
        let (kind, name) = thing.rsplit_once(' ').unwrap_or((thing, ""));
        kinds.entry(kind).or_default().push(name);
    }
    let told = kinds.iter().map(|(kind, names)| match names[..] {
        [name] => format!("{kind} {name}"),
        _ => format!("{} × {kind}", names.len()),
    });
    told.collect::<Vec<String>>().join(", ")
}

/// The longest chains of the first line and of the last: ours and the floor's.
fn chains(lines: &[Line]) -> String {
    let mut text = vec!["Longest chains:\n".to_owned()];
    for line in lines.iter().filter(|line| ["stackctl", "floor"].contains(&line.peer.key)) {
        for verb in Verb::ALL {
            if let Some(figures) = line.figures(verb, COUNTING) {
                let (name, chain) = (line.peer.name, figures.longest.join(" > "));
                text.push(format!("- {name}, {}: {chain}", verb.title()));
            }
        }
    }
    text.join("\n")
}

/// A goal with what was measured.
pub fn gate(met: bool, text: &str) -> String {
    format!("- {}: {text}", if met { "met" } else { "MISSED" })
}

#[test]
fn several_things_of_a_kind_are_counted() {
    let things = ["log group /aws/lambda/a", "object b", "object c"].map(str::to_owned);
    assert_eq!(grouped(&things), "log group /aws/lambda/a, 2 × object");
    assert_eq!(grouped(&[]), "");
}

#[test]
fn one_round_has_no_spread() {
    let mut rounds = Rounds::default();
    rounds.add(1.0);
    assert_eq!(spread(&rounds), "1.00");
    rounds.add(12.5);
    assert_eq!(spread(&rounds), "6.75 (1.00 to 12.5)");
}
