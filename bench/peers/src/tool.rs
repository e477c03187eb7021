//! The tool itself: how long it takes to start, how big it is, and how many instructions it needs.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Result;
use crate::measure::Surroundings;
use crate::report::gate;
use crate::statistics::Rounds;

type Run = (&'static [&'static str], Option<f64>);

/// What is started, and the most milliseconds that it may take.
const RUNS: [Run; 5] = [
    (&["stackctl", "--help"], Some(10.0)),
    (&["stackctl", "--version"], Some(50.0)),
    (&["stackctl", "verify-policy", "--offline"], Some(50.0)),
    (&["stackctl", "api", "openapi"], Some(50.0)),
    (&["stackctl", "plan"], None),
];

/// A table with the goals below; `plan` asks the emulator.
pub fn report(surroundings: &Surroundings, binary: &Path, times: usize) -> Result<String> {
    let size = fs::metadata(binary)?.len();
    let mut table = vec![
        format!("`stackctl` has {size} bytes.\n"),
        "| | ms | instructions |".to_owned(),
        "|---|---:|---:|".to_owned(),
    ];
    let mut goals = Vec::new();
    for (words, most) in RUNS {
        let title = words.join(" ");
        let mut rounds = Rounds::default();
        for _ in 0..times {
            rounds.add(milliseconds(surroundings, words)?);
        }
        let instructions = match instructions(surroundings, words) {
            Ok(count) => millions(count),
            Err(why) => why.to_string(),
        };
        let (lowest, highest) = rounds.spread();
        let took = rounds.median();
        table.push(format!(
            "| `{title}` | {took:.1} ({lowest:.1} to {highest:.1}) | {instructions} |"
        ));
        if let Some(most) = most {
            let text = format!("`{title}`: {took:.1} ms, under {most:.0}");
            goals.push(gate(took < most, &text));
        }
    }
    Ok(format!("{}\n\n{}", table.join("\n"), goals.join("\n")))
}

fn milliseconds(surroundings: &Surroundings, words: &[&str]) -> Result<f64> {
    let mut command = surroundings.command(words)?;
    command.stdin(Stdio::null());
    let since = Instant::now();
    let output = command.output()?;
    let took = since.elapsed().as_secs_f64() * 1e3;
    check(words, &output)?;
    Ok(took)
}

/// `verify-policy` ends with 4 where something is not provable offline.
fn check(words: &[&str], output: &std::process::Output) -> Result<()> {
    if matches!(output.status.code(), Some(0 | 4)) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}: {said}", words.join(" "), output.status).into())
}

/// As callgrind counts them (<https://valgrind.org/docs/manual/cl-manual.html>).
fn instructions(surroundings: &Surroundings, words: &[&str]) -> Result<u64> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Err("valgrind is not installed".into());
    }
    let tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let output =
        surroundings.command(&[&tool[..], words].concat())?.stdin(Stdio::null()).output()?;
    check(words, &output)?;
    collected(&String::from_utf8_lossy(&output.stderr)).ok_or("callgrind counted nothing".into())
}

fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find_map(|line| line.split_once("Collected :"))?;
    line.1.trim().parse().ok()
}

fn millions(count: u64) -> String {
    format!("{}.{} M", count / 1_000_000, count / 100_000 % 10)
}

#[test]
fn the_count_of_callgrind_is_found() {
    let said = "==7== Events    : Ir\n==7== Collected : 12345678\n==7== \n";
    assert_eq!(collected(said).map(millions).as_deref(), Some("12.3 M"));
    assert_eq!(collected("valgrind: no"), None);
}
