//! Our handler beside the tutorial's TypeScript one, under the same Runtime API and the same stub of `DynamoDB`.

mod dynamo;
mod environment;
mod events;
mod http;
mod lambda;
mod measure;
mod package;
mod report;
mod statistics;
mod tls;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use dynamo::WarmUp;
use environment::Store;
use measure::{Figures, cold, denied, warm};
use package::Package;
use report::Measured;
use tls::Door;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

const HELP: &str = "cargo run --release -p bench-handler -- [--rounds 7] [--requests 2000] [--also NAME=BOOTSTRAP]…

--rounds    how often each program is started, with TLS and without
--requests  how many are counted a round
--also      another build of our handler, to be compared with the one that `stackctl build` makes";

struct Options {
    rounds: usize,
    requests: usize,
    also: Vec<(String, PathBuf)>,
}

fn main() -> Result<()> {
    let Some(options) = options()? else {
        return say(HELP);
    };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let tutorial = repository.join("bench/handler/tutorial");
    let folder = repository.join("target/bench-handler");
    std::fs::create_dir_all(&folder)?;
    let mut all = vec![measured(package::ours(&repository, &folder)?)];
    for (name, path) in &options.also {
        all.push(measured(package::other(name, path)?));
    }
    all.push(measured(package::tutorial(&tutorial)?));

    let [port, denying] = [dynamo::start(WarmUp::Allowed)?, dynamo::start(WarmUp::Denied)?];
    let door = Door::open(&tutorial, &folder.join("tls"), port)?;
    let denying = Door::open(&tutorial, &folder.join("tls-denying"), denying)?;
    let plain = Store { endpoint: format!("http://127.0.0.1:{port}"), trust: None };
    for round in 1..=options.rounds {
        eprint_round(round, options.rounds)?;
        for one in &mut all {
            cold(&one.package.program, &door.store(), &mut one.figures)?;
            denied(&one.package.program, &denying.store(), &mut one.figures)?;
        }
        for one in &mut all {
            warm(&one.package.program, &plain, options.requests, &mut one.figures)?;
        }
    }
    let Options { rounds, requests, .. } = options;
    let glibc = package::glibc(&all[0].package.program)?;
    let table = report::table(&all);
    let gates = report::gates(&all[0], &all[all.len() - 1], glibc);
    say(&format!(
        "Node {}; {rounds} rounds of {requests} requests, in turns; median (lowest to highest)\n\n{table}\n\n{gates}",
        node()?
    ))
}

fn options() -> Result<Option<Options>> {
    let mut options = Options { rounds: 7, requests: 2000, also: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        match argument.as_str() {
            "--rounds" => options.rounds = value.parse()?,
            "--requests" => options.requests = value.parse()?,
            "--also" => {
                let (name, path) = value.split_once('=').ok_or("--also NAME=BOOTSTRAP")?;
                options.also.push((name.to_owned(), path.into()));
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(options))
}

fn measured(package: Package) -> Measured {
    Measured { package, figures: Figures::default() }
}

fn node() -> Result<String> {
    let output = Command::new("node").arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().trim_start_matches('v').to_owned())
}

/// Runs a command to its end; what it printed is told when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{name} failed\n{out}{err}").into())
}

fn eprint_round(round: usize, rounds: usize) -> Result<()> {
    Ok(writeln!(io::stderr(), "round {round} of {rounds}")?)
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}
