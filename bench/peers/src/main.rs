//! `stackctl` beside its peers: the same work on the same emulator through the same proxy, in turns. README.md says how
//! it is measured and what it cannot show.

mod artifact;
mod cloud;
mod emulator;
mod floor;
mod goals;
mod growth;
mod inventory;
mod measure;
mod options;
mod peers;
mod proxy;
mod report;
mod results;
mod stack;
#[path = "../../handler/src/statistics.rs"]
mod statistics;
mod tool;
mod tools;
mod tree;
mod turn;

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use artifact::Artifact;
use emulator::Emulator;
use options::{HELP, Options};
use proxy::Proxy;
use results::Line;
use tools::{Found, Tools};
use turn::Bench;

pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("floor").is_some() {
        return floor::run(&arguments.collect::<Vec<String>>());
    }
    let Some(options) = Options::parse(arguments)? else {
        return say(HELP);
    };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let folder = repository.join("target/bench-peers");
    let binary = stackctl(&options, &repository)?;
    let own = linked(&folder.join("bin"), &binary)?;
    let tools = Tools::at(folder.join("tools"));
    let bench = set_up(&options, &repository, &folder, &tools)?;

    if options.wants("peers") {
        let lines = turns(&options, &bench, &tools, &own)?;
        let longest = options.round_trips.last().copied().unwrap_or_default();
        say(&report::tables(&lines, &options.round_trips))?;
        say(&format!("\nGoals, at {longest} ms:\n\n{}", goals::judged(&lines, longest)))?;
    }
    let ours = peers::ALL[0];
    let found = Found { path: vec![own], modules: None };
    if options.wants("tool") {
        bench.emulator.reset()?;
        let surroundings = bench.surroundings(ours, &found)?;
        let times = if options.quick { 5 } else { 30 };
        say(&format!("\n**The tool itself**\n\n{}", tool::report(&surroundings, &binary, times)?))?;
    }
    if options.wants("growth") {
        say(&growth(&options, &bench, &bench.surroundings(ours, &found)?)?)?;
    }
    Ok(())
}

/// Everybody's turns: all peers in each round, so that what disturbs the machine disturbs all of them.
fn turns(options: &Options, bench: &Bench, tools: &Tools, own: &Path) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut founds = Vec::new();
    for peer in
        peers::ALL.into_iter().filter(|peer| options.peers.iter().any(|key| key == peer.key))
    {
        let mut line = Line::of(peer);
        let found = tools.find(peer.packages).map(|mut found| {
            found.path.push(own.to_owned());
            found
        });
        founds
            .push(found.map_err(|error| line.fail(&format!("cannot be installed: {error}"))).ok());
        lines.push(line);
    }
    // Once more than it is timed: the turn that counts.
    for round in 0..=options.rounds {
        let counting = [report::COUNTING];
        let round_trips: &[u64] = if round == 0 { &counting } else { &options.round_trips };
        for &added in round_trips {
            for (line, found) in lines.iter_mut().zip(&founds) {
                let Some(found) = found else { continue };
                tell(&format!(
                    "round {round} of {}, {added} ms: {}",
                    options.rounds, line.peer.key
                ))?;
                match bench.turn(line.peer, found, Duration::from_millis(added)) {
                    Ok(turn) => line.add(added, turn),
                    Err(error) => line.fail(&error.to_string()),
                }
            }
        }
    }
    Ok(lines)
}

fn growth(options: &Options, bench: &Bench, ours: &measure::Surroundings) -> Result<String> {
    let stacks: &[usize] = if options.quick { &[1, 10] } else { &[1, 10, 200] };
    let items: &[usize] = if options.quick { &[10, 1000] } else { &[10, 1000, 100_000] };
    let added = options.round_trips.last().copied().unwrap_or_default();
    let round_trip = Duration::from_millis(added);
    let grown = growth::stacks(bench, ours, stacks, options.rounds, round_trip)?;
    bench.emulator.reset()?;
    bench.proxy.begin(Duration::ZERO);
    run(&mut ours.command(&["stackctl", "up", "--artifact", "bootstrap.zip", "--yes"])?)?;
    let lists = growth::lists(&bench.emulator.cloud, items)?;
    Ok(format!("\n**Growth**, at {added} ms\n\n{grown}\n\nLists, without a round trip:\n\n{lists}"))
}

fn set_up(options: &Options, repository: &Path, folder: &Path, tools: &Tools) -> Result<Bench> {
    let python = tools.emulator(&repository.join("templates/ministack-requirements.txt"))?;
    let emulator = Emulator::start(&python, &folder.join("emulator"))?;
    let first = Artifact::read(&zip(options, repository, folder)?)?;
    Ok(Bench {
        repository: repository.to_owned(),
        folder: folder.join("turns"),
        proxy: Proxy::start(emulator.port)?,
        second: first.changed()?,
        first,
        emulator,
    })
}

/// The binary that is measured.
fn stackctl(options: &Options, repository: &Path) -> Result<PathBuf> {
    if let Some(given) = &options.stackctl {
        return Ok(given
            .canonicalize()
            .map_err(|error| format!("{}: {error}", given.display()))?);
    }
    tell("building stackctl")?;
    let arguments = ["build", "--release", "--quiet", "--package", "stackctl"];
    run(Command::new("cargo").args(arguments).current_dir(repository))?;
    Ok(repository.join("target/release/stackctl"))
}

/// The zip that is shipped.
fn zip(options: &Options, repository: &Path, folder: &Path) -> Result<PathBuf> {
    if let Some(given) = &options.artifact {
        return Ok(given.clone());
    }
    tell("building the handler")?;
    let stackctl = folder.join("bin/stackctl");
    run(Command::new(stackctl).args(["build", "--quiet"]).current_dir(repository))?;
    Ok(repository.join("target/stackctl").join(stack::architecture()).join("bootstrap.zip"))
}

/// A folder for the search path, with `stackctl` and this program.
fn linked(folder: &Path, stackctl: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    for (name, target) in [("stackctl", stackctl), ("bench-peers", &std::env::current_exe()?)] {
        let _ = fs::remove_file(folder.join(name));
        symlink(target, folder.join(name))?;
    }
    Ok(folder.to_owned())
}

/// Runs a command to its end; what it printed is told when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{name} failed: {}", String::from_utf8_lossy(&said)).into())
}

/// The story goes to standard error, the tables to standard output.
pub fn tell(text: &str) -> Result<()> {
    Ok(writeln!(io::stderr(), "{text}")?)
}

fn say(text: &str) -> Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}
