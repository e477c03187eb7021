//! A terminal, for what happens only in front of one.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::Outcome;

/// Runs a command with a terminal as all three of its streams; what it wrote to either is in the order it came.
const TERMINAL: &str = "import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/// What the keys Ctrl and C send.
pub const CTRL_C: &str = "\x03";

/// Longer than anything takes that is not stuck.
const PATIENCE: Duration = Duration::from_secs(90);

/// Runs `command` on a terminal on which somebody types `typed`. What was seen is `stdout`.
pub fn on_a_terminal(command: &Command, typed: &str) -> Outcome {
    let mut terminal = Terminal::of(command);
    terminal.press(typed);
    terminal.ended()
}

/// A command on a terminal, with somebody who reads and types.
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    output: Receiver<Vec<u8>>,
    seen: Vec<u8>,
}

impl Terminal {
    pub fn of(command: &Command) -> Self {
        let mut terminal = Command::new("python3");
        terminal.args(["-c", TERMINAL]).arg(command.get_program()).args(command.get_args());
        terminal.env_clear();
        terminal.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        terminal.env("TERM", "xterm-256color");
        if let Some(folder) = command.get_current_dir() {
            terminal.current_dir(folder);
        }
        terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = terminal.spawn().expect("there is Python");
        let keyboard = child.stdin.take().expect("it is piped");
        let mut screen = child.stdout.take().expect("it is piped");
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keyboard, output, seen: Vec::new() }
    }

    /// Types these keys.
    pub fn press(&mut self, keys: &str) {
        // A command that has ended reads no more.
        let _ = self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush());
    }

    /// Waits until this is on the screen.
    #[track_caller]
    pub fn shows(&mut self, text: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.screen().contains(text) {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.output.recv_timeout(left) else {
                panic!("`{text}` is not on the screen: {}", self.screen());
            };
            self.seen.extend(bytes);
        }
    }

    #[allow(dead_code, reason = "some tests wait for the screen alone")]
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it was started").is_some()
    }

    /// Whether the command itself handles Ctrl-C by now, as the kernel says
    /// (<https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>).
    #[allow(dead_code, reason = "some tests wait for the screen alone")]
    pub fn catches_ctrl_c(&self) -> bool {
        let python = self.child.id();
        let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
        let children = read(format!("/proc/{python}/task/{python}/children"));
        let command = children.split_whitespace().next().unwrap_or_default().to_owned();
        let status = read(format!("/proc/{command}/status"));
        // Until then it is still Python, which handles Ctrl-C, too.
        if !status.starts_with("Name:\tstackctl\n") {
            return false;
        }
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        caught.is_some_and(|mask| mask & 0b10 != 0)
    }

    /// Waits until the command has ended.
    #[track_caller]
    pub fn ended(mut self) -> Outcome {
        let until = Instant::now() + PATIENCE;
        // The screen closes when the command ends.
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.seen.extend(bytes),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(_) => {
                    let _ = self.child.kill();
                    panic!("it does not end: {}", self.screen());
                }
            }
        }
        let status = self.child.wait().expect("it was started");
        Outcome { code: status.code(), stdout: self.screen(), stderr: String::new() }
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }
}
