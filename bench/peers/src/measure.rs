//! One run of one program: what it takes of the clock, of this machine and of the network.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use tap::sign::Key;

use crate::Result;
use crate::cloud::REGION;
use crate::proxy::Proxy;
use crate::tools::Found;
use crate::tree::Watch;

/// More than the slowest peer takes.
const PATIENCE: Duration = Duration::from_mins(4);

/// What a program may know of the world: a home of its own, its tools and the emulator.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where it runs; its home and its temporary files are below.
    pub folder: PathBuf,
    pub endpoint: String,
    pub key: Key,
    pub found: Found,
    pub extra: &'static [(&'static str, &'static str)],
}

/// What one run took.
#[derive(Debug, Clone, Default)]
pub struct Cost {
    pub wall: Duration,
    /// Of the whole process tree.
    pub cpu: Duration,
    /// Bytes that were resident at once in the whole process tree.
    pub memory: u64,
    pub calls: usize,
    /// Questions that were asked again until the answer changed.
    pub polls: usize,
    pub writes: usize,
    /// The calls of the longest chain in which each began after the one before it had ended.
    pub chain: Vec<String>,
    pub sent: usize,
    pub connections: usize,
    pub services: usize,
}

impl Surroundings {
    /// A command that knows nothing else: nobody's profile, cache, proxy or credentials.
    pub fn command(&self, words: &[&str]) -> Result<Command> {
        let (home, tmp) = (self.folder.join("home"), self.folder.join("tmp"));
        for folder in [&home, &tmp] {
            fs::create_dir_all(folder)?;
        }
        let mut path = self.found.path.clone();
        path.extend(["/usr/bin".into(), "/bin".into()]);
        let path = std::env::join_paths(path)?;
        let (program, arguments) = words.split_first().ok_or("no program")?;
        // It is looked for on the path that it is given itself.
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env_clear();
        command.env("PATH", path).env("HOME", home).env("TMPDIR", tmp).env("LANG", "C.UTF-8");
        command.env("AWS_ENDPOINT_URL", &self.endpoint);
        command.env("AWS_ACCESS_KEY_ID", &self.key.id);
        command.env("AWS_SECRET_ACCESS_KEY", &self.key.secret);
        command.envs([("AWS_REGION", REGION), ("AWS_DEFAULT_REGION", REGION)]);
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        if let Some(modules) = &self.found.modules {
            command.env("NODE_PATH", modules);
        }
        command.envs(self.extra.iter().copied());
        Ok(command)
    }
}

/// Runs a command to its end while the proxy counts; an error tells the end of what it said.
pub fn measured(mut command: Command, stdin: &str, log: &Path, proxy: &Proxy) -> Result<Cost> {
    let output = File::create(log)?;
    command.process_group(0).stdin(Stdio::piped());
    command.stdout(output.try_clone()?).stderr(output);
    let before = cpu()?;
    let since = Instant::now();
    let mut child = command.spawn()?;
    let watch = Watch::over(child.id(), PATIENCE);
    if let Some(mut input) = child.stdin.take() {
        // One that asks nothing may close it.
        let _ = input.write_all(stdin.as_bytes());
    }
    let status = child.wait()?;
    let wall = since.elapsed();
    let memory = watch.most();
    let cpu = cpu()?.saturating_sub(before);
    if !status.success() {
        let said = String::from_utf8_lossy(&fs::read(log)?).into_owned();
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(format!("{status}: {}", last.trim()).into());
    }
    let traffic = proxy.traffic();
    let all = traffic.ledger.calls();
    let polls = all.iter().filter(|call| call.is_poll).count();
    let chain = traffic.ledger.longest_chain().iter().map(ToString::to_string).collect();
    let mut services: Vec<&str> = all.iter().map(|call| call.operation.service.as_str()).collect();
    services.sort_unstable();
    services.dedup();
    Ok(Cost {
        wall,
        cpu,
        memory,
        calls: all.len() - polls,
        polls,
        writes: traffic.ledger.writes(),
        chain,
        sent: traffic.sent,
        connections: traffic.connections,
        services: services.len(),
    })
}

/// The CPU of all processes that were started here and have ended, with theirs
/// (<https://man7.org/linux/man-pages/man2/getrusage.2.html>).
fn cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(micros.unsigned_abs()))
}
