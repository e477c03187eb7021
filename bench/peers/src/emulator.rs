//! The emulator, as `stackctl local` pins it, with what it needs to expand SAM's templates.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Result;
use crate::cloud::{ACCOUNT, Call, Cloud, REGION};

/// Where `CloudFormation` takes code from; it is there before anybody's clock starts.
pub const BUCKET: &str = "bench-code";

const UNTIL_READY: Duration = Duration::from_mins(1);

/// Ends with this value.
pub struct Emulator {
    child: Child,
    pub port: u16,
    pub cloud: Cloud,
}

impl Emulator {
    /// Starts it on a free port, with a cleared environment and `folder` for all that it writes.
    pub fn start(python: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("tmp"))?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = File::create(folder.join("log"))?;
        let mut command = Command::new(python);
        command.args(["-I", "-m", "ministack"]).current_dir(folder).env_clear();
        command.envs([("PATH", "/usr/bin:/bin"), ("BIND_HOST", "127.0.0.1"), ("AUTH", "true")]);
        command.envs([("MINISTACK_ACCOUNT_ID", ACCOUNT), ("MINISTACK_REGION", REGION)]);
        command.envs([("IOT_MTLS_ENABLED", "0"), ("AWS_ENDPOINT_URL", &endpoint)]);
        command.env("GATEWAY_PORT", port.to_string());
        command.env("HOME", folder).env("TMPDIR", folder.join("tmp"));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let emulator = Self { child: command.spawn()?, port, cloud: Cloud::at(&endpoint) };
        let since = Instant::now();
        let health = Call::plain("GET", "/_ministack/health");
        while !emulator.cloud.send(&health).is_ok_and(|answer| answer.is_success()) {
            if since.elapsed() > UNTIL_READY {
                return Err(format!("the emulator does not start: {}/log", folder.display()).into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(emulator)
    }

    /// An account with an empty bucket and nothing else.
    pub fn reset(&self) -> Result<()> {
        self.cloud.call(&Call::plain("POST", "/_ministack/reset"))?;
        self.cloud.call(&Call::rest("s3", "PUT", &format!("/{BUCKET}"), &Value::Null))?;
        Ok(())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
