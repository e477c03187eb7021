//! The emulator, as `stackctl local` pins it, with what it needs to expand SAM's templates.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tap::sign::Key;

use crate::Result;
use crate::cloud::{ACCOUNT, Call, Cloud, REGION};

/// Where `CloudFormation` takes code from; it is there before anybody's clock starts.
pub const BUCKET: &str = "bench-code";

const UNTIL_READY: Duration = Duration::from_mins(1);

/// What stands in front of it on a user's machine, too.
const GATE: &str = include_str!("../../../crates/local-cloud/src/gate.py");
/// What the gate imports from the folder that it is in.
const SITES: &str = include_str!("../../../crates/local-cloud/src/sites.py");

/// Ends with this value.
pub struct Emulator {
    child: Child,
    pub port: u16,
    pub cloud: Cloud,
    /// What every tool signs with.
    pub key: Key,
}

impl Emulator {
    /// Starts it on a free port, with a cleared environment and `folder` for all that it writes.
    pub fn start(python: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("tmp"))?;
        let key = Key { id: "LOCALBENCH".into(), secret: random()? };
        let (gate, key_file) = (folder.join("gate.py"), folder.join("key.json"));
        fs::write(&gate, GATE)?;
        fs::write(folder.join("sites.py"), SITES)?;
        write_private(&key_file, &json!({"id": key.id, "secret": key.secret}))?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = File::create(folder.join("log"))?;
        let mut command = Command::new(python);
        command.arg("-I").arg(gate).arg(key_file).current_dir(folder).env_clear();
        command.envs([("PATH", "/usr/bin:/bin"), ("BIND_HOST", "127.0.0.1"), ("AUTH", "true")]);
        command.envs([("MINISTACK_ACCOUNT_ID", ACCOUNT), ("MINISTACK_REGION", REGION)]);
        command.envs([("IOT_MTLS_ENABLED", "0"), ("AWS_ENDPOINT_URL", &endpoint)]);
        command.env("GATEWAY_PORT", port.to_string());
        command.env("HOME", folder).env("TMPDIR", folder.join("tmp"));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let cloud = Cloud::at(&endpoint, key.clone());
        let emulator = Self { child: command.spawn()?, port, cloud, key };
        let since = Instant::now();
        let health = Call::control("GET", "/_ministack/health");
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
        self.cloud.call(&Call::control("POST", "/_ministack/reset"))?;
        self.cloud.call(&Call::rest("s3", "PUT", &format!("/{BUCKET}"), &Value::Null))?;
        Ok(())
    }
}

/// 16 bytes that nobody can guess, in hexadecimal.
fn random() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn write_private(path: &Path, text: &Value) -> Result<()> {
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.to_string().as_bytes())?)
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
