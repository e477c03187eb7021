//! What the operating system knows of a process, and how to end one.

use std::io::Result;
use std::process::Stdio;

use tokio::process::Command;

/// When the process began, in the operating system's own words; `None` when it has ended.
///
/// Together with the id this names one process for ever: ids are used again, the pair is not.
pub async fn birth(pid: u32) -> Option<String> {
    if cfg!(target_os = "linux") {
        birth_in_stat(&tokio::fs::read_to_string(format!("/proc/{pid}/stat")).await.ok()?)
    } else {
        birth_in_ps(&ps(pid, &["stat=", "lstart="]).await?)
    }
}

/// The memory that the process occupies, in bytes.
pub async fn memory(pid: u32) -> Option<u64> {
    let kilobytes = if cfg!(target_os = "linux") {
        let status = tokio::fs::read_to_string(format!("/proc/{pid}/status")).await.ok()?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?
            .trim()
            .trim_end_matches(" kB")
            .parse::<u64>()
    } else {
        ps(pid, &["rss="]).await?.trim().parse()
    };
    Some(kilobytes.ok()? * 1024)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Save and end.
    Terminate,
    /// End now.
    Kill,
}

/// Sends a signal. The shell's own `kill` is on every machine; a program of that name is not.
pub async fn send(signal: Signal, pid: u32) -> Result<()> {
    let name = match signal {
        Signal::Terminate => "TERM",
        Signal::Kill => "KILL",
    };
    // That the process has ended meanwhile is no failure, and whoever sends a signal looks afterwards.
    let script = format!("kill -{name} {pid}");
    Command::new("/bin/sh").args(["-c", &script]).stderr(Stdio::null()).status().await.map(drop)
}

/// The fields that follow the command's name, which may itself hold spaces and parentheses.
fn birth_in_stat(stat: &str) -> Option<String> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if is_ended(fields.next()?) {
        return None;
    }
    // The start is field 22; the state, just read, was field 3.
    fields.nth(22 - 4).map(String::from)
}

fn birth_in_ps(line: &str) -> Option<String> {
    let (state, start) = line.trim().split_once(' ')?;
    if is_ended(state) { None } else { Some(start.trim().to_owned()) }
}

/// A process that has ended and whose parent has not asked yet is still listed, as a zombie.
fn is_ended(state: &str) -> bool {
    state.starts_with(['Z', 'X'])
}

async fn ps(pid: u32, columns: &[&str]) -> Option<String> {
    let mut command = Command::new("ps");
    // `ps` writes times in the reader's language and zone, and two readers have to agree.
    command.env("LC_ALL", "C").env("TZ", "UTC");
    for column in columns {
        command.args(["-o", column]);
    }
    let output = command.args(["-p", &pid.to_string()]).output().await.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_the_22nd_field_whatever_the_command_is_called() {
        let stat = "812 (a) b (c) S 1 812 812 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2";
        assert_eq!(birth_in_stat(stat).as_deref(), Some("987654"));
        assert_eq!(
            birth_in_stat("812 (python) Z 1 812 812 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 987654"),
            None
        );
        assert_eq!(birth_in_stat(""), None);
    }

    #[test]
    fn ps_writes_the_state_and_then_the_start() {
        assert_eq!(
            birth_in_ps("Ss   Mon Nov 22 12:00:00 2025\n").as_deref(),
            Some("Mon Nov 22 12:00:00 2025")
        );
        assert_eq!(birth_in_ps("Z    Mon Nov 22 12:00:00 2025"), None);
        assert_eq!(birth_in_ps("\n"), None);
    }

    #[tokio::test]
    async fn a_process_is_told_from_one_that_has_ended() {
        let us = std::process::id();
        assert!(birth(us).await.is_some());
        assert_eq!(birth(us).await, birth(us).await);
        assert!(memory(us).await.is_some_and(|bytes| bytes > 100_000));

        let mut child = Command::new("sleep").arg("60").spawn().expect("every Unix has it");
        let pid = child.id().expect("it was not waited for");
        assert!(birth(pid).await.is_some());
        send(Signal::Kill, pid).await.expect("there is a shell");
        child.wait().await.expect("it is our child");
        assert_eq!(birth(pid).await, None);
    }
}
