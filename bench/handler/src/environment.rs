//! One execution environment: a process, its clock and what Linux says of it.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::lambda::Lambda;
use crate::tls::Trust;

/// A program that can be started as Lambda starts it.
#[derive(Debug, Clone)]
pub struct Program {
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// Where `DynamoDB` is, and whom to trust.
#[derive(Debug, Clone)]
pub struct Store {
    pub endpoint: String,
    /// None without TLS.
    pub trust: Option<Trust>,
}

pub struct Environment {
    child: Child,
    pub lambda: Lambda,
    started: Instant,
}

impl Environment {
    pub fn start(program: &Program, store: &Store) -> io::Result<Self> {
        let (lambda, port) = Lambda::start()?;
        let mut command = Command::new(&program.command[0]);
        command.args(&program.command[1..]).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        command.envs([
            ("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{port}").as_str()),
            ("AWS_ENDPOINT_URL_DYNAMODB", &store.endpoint),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            // The SDK tells Node 20 of its end with every start.
            ("NODE_NO_WARNINGS", "1"),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
            ("TABLE_NAME", "bench-data"),
            ("AUTH", "none"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("AWS_SESSION_TOKEN", "a-token-as-short-as-none-on-lambda"),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench-api"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ]);
        if let Some(trust) = &store.trust {
            command.env("SSL_CERT_FILE", &trust.roots).env("NODE_EXTRA_CA_CERTS", &trust.root);
        }
        let started = Instant::now();
        Ok(Self { child: command.spawn()?, lambda, started })
    }

    /// Waits for the end of init; how long it took, and the CPU that it used.
    pub fn init(&self) -> Result<(Duration, Duration), String> {
        self.lambda.until_ready()?;
        Ok((self.started.elapsed(), self.cpu()))
    }

    /// The CPU that all threads have used so far, to the nanosecond
    /// (<https://docs.kernel.org/scheduler/sched-stats.html>).
    pub fn cpu(&self) -> Duration {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let times = threads.into_iter().flatten().flatten().map(|thread| {
            let statistics = fs::read_to_string(thread.path().join("schedstat"));
            let time = statistics.ok().and_then(|text| text.split(' ').next()?.parse().ok());
            time.unwrap_or(0)
        });
        Duration::from_nanos(times.sum())
    }

    /// Resident memory, in bytes.
    pub fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(Path::new(&path)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.unwrap_or(0) * 1024
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.lambda.end();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
