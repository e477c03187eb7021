//! A run of the binary that can be watched and killed.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

/// One that has begun.
pub struct Run {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

/// One that has ended.
#[derive(Debug)]
pub struct Ended {
    /// None after a signal.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary was built");
        let stdout = collect(child.stdout.take().expect("it is piped"));
        let stderr = collect(child.stderr.take().expect("it is piped"));
        Self { child, stdout, stderr }
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it is our child");
    }

    pub fn wait(mut self) -> Ended {
        let status = self.child.wait().expect("it is our child");
        let read = |text: JoinHandle<String>| text.join().expect("it reads to the end");
        Ended { code: status.code(), stdout: read(self.stdout), stderr: read(self.stderr) }
    }

    /// Waits, and says how many bytes it held at most, where the system tells.
    pub fn wait_and_measure(mut self) -> (Ended, u64) {
        let (place, mut most) = (format!("/proc/{}/status", self.child.id()), 0);
        while !self.has_ended() {
            let told = std::fs::read_to_string(&place).unwrap_or_default();
            let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            most = most.max(kilobytes.unwrap_or(0_u64) << 10);
            thread::sleep(Duration::from_millis(10));
        }
        (self.wait(), most)
    }

    /// Waits no longer than this.
    pub fn wait_at_most(mut self, patience: Duration) -> Ended {
        let since = std::time::Instant::now();
        while !self.has_ended() {
            if since.elapsed() > patience {
                self.kill();
                panic!("it still runs after {patience:?}: {:#?}", self.wait());
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.wait()
    }
}

impl Ended {
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was said before it was killed is what there is.
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
