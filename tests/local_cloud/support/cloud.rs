//! A local cloud that ends with the test process, however that ends.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use tap::sign::Key;

use super::Outcome;
use crate::proxy::Proxy;
use crate::strict::Rules;

const STACKCTL: &str = env!("CARGO_BIN_EXE_stackctl");

/// Starts the cloud, says how that went, and stops it once its input ends: when we close it, or die.
const WATCH: &str = r#"trap '' HUP PIPE
"$0" local start 2>&1; echo "ended: $?"
cat >/dev/null
"$0" local stop >/dev/null 2>&1; rm -rf "$1""#;

/// What `cargo`, `pip` and `uv` need from the environment; nothing of the developer's AWS settings.
const PASSED_ON: [&str; 12] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "CARGO_HOME",
    "XDG_CACHE_HOME",
    "STACKCTL_CACHE_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];
const PASSED_ON_PREFIXES: [&str; 4] = ["RUSTUP_", "PIP_", "UV_", "SSL_CERT_"];

/// The keys of the clouds of this process, by their ports.
static KEYS: Mutex<Option<HashMap<u16, Key>>> = Mutex::new(None);

/// What the root of the account on this port signs with. Another imitation of AWS takes anything.
pub fn key_of(port: u16) -> Key {
    let keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = keys.as_ref().and_then(|keys| keys.get(&port)).cloned();
    known.unwrap_or_else(|| Key { id: "test".into(), secret: "test".into() })
}

/// One local cloud, with its own port and folder. What was installed for it is shared by all.
pub struct Cloud {
    pub port: u16,
    pub folder: PathBuf,
    watch: Option<Child>,
    /// Makes it as strict as AWS; only where `STACKCTL_TEST_STRICT` is set.
    strict: Option<Proxy>,
}

impl Cloud {
    /// The one that most tests share: their stacks have different names.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cloud> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// One for a single test.
    pub fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("stackctl-cloud-{}-{count}", std::process::id()));
        let mut cloud = Self { port: free_port(), folder, watch: None, strict: None };
        let mut watch = cloud.command("/bin/sh");
        watch.args(["-c", WATCH, STACKCTL]).arg(&cloud.folder);
        // Ctrl-C ends the tests, and by that the cloud, which then still has to be stopped.
        watch.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut watch = watch.spawn().expect("there is a shell");
        let lines = BufReader::new(watch.stdout.take().expect("it is piped")).lines();
        // From here on it is stopped when this fails, too.
        cloud.watch = Some(watch);
        let mut said = Vec::new();
        for line in lines.map_while(Result::ok) {
            let ended = line.starts_with("ended: ");
            said.push(line);
            if ended {
                break;
            }
        }
        assert_eq!(said.last().map(String::as_str), Some("ended: 0"), "no local cloud: {said:#?}");
        let key = fs::read(cloud.folder.join("key.json")).expect("it was made at the start");
        let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get_or_insert_default().insert(cloud.port, Key::of_json(&key));
        drop(keys);
        if env::var_os("STACKCTL_TEST_STRICT").is_some() {
            let proxy = Proxy::start(cloud.port);
            proxy.set_layer(Some(Box::new(Rules::of_each_stack())));
            cloud.strict = Some(proxy);
        }
        cloud
    }

    /// What the root of the local account signs with.
    pub fn key(&self) -> Key {
        key_of(self.port)
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where the binary is told to find AWS.
    pub fn front(&self) -> u16 {
        self.strict.as_ref().map_or(self.port, |proxy| proxy.port)
    }

    /// Runs the binary in a folder, as the root of the local account.
    pub fn stackctl(&self, folder: &Path, arguments: &[&str]) -> Outcome {
        let mut command = self.prepared(folder);
        command.args(arguments).output().expect("the binary was built").into()
    }

    /// The binary, about to be run in a folder as the root of the local account.
    pub fn prepared(&self, folder: &Path) -> Command {
        let mut command = self.command(STACKCTL);
        command.current_dir(folder).stdin(Stdio::null());
        command
    }

    /// Runs the binary where there is no cloud, no region and nobody's credentials.
    pub fn offline(folder: &Path, arguments: &[&str]) -> Outcome {
        Self::nowhere(folder).args(arguments).output().expect("the binary was built").into()
    }

    /// The binary, about to be run there.
    pub fn nowhere(folder: &Path) -> Command {
        let mut command = alone(STACKCTL);
        command.current_dir(folder).stdin(Stdio::null());
        command
    }

    /// Runs `stackctl local` with a verb, for an answer in JSON.
    pub fn local(&self, verb: &str) -> Outcome {
        self.stackctl(&env::temp_dir(), &["local", verb, "--output", "json"])
    }

    fn command(&self, program: &str) -> Command {
        let mut command = alone(program);
        command
            .env("STACKCTL_LOCAL_DIR", &self.folder)
            .env("STACKCTL_LOCAL_PORT", self.port.to_string());
        let front = format!("http://127.0.0.1:{}", self.front());
        command.env("AWS_ENDPOINT_URL", front).env("AWS_REGION", "us-east-1");
        let key = self.key();
        command.env("AWS_ACCESS_KEY_ID", key.id).env("AWS_SECRET_ACCESS_KEY", key.secret);
        command
    }
}

/// A program that knows nothing of the developer's AWS settings, nor of a machine's role.
pub fn alone(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command.envs(env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        PASSED_ON.contains(&&*name)
            || PASSED_ON_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    }));
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            drop(watch.stdin.take());
            let _ = watch.wait();
        }
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Where what was fetched once is kept for the next run, as the binary finds it.
pub fn cache_folder() -> PathBuf {
    let folder =
        |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("STACKCTL_CACHE_DIR")
        .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("stackctl")))
        .or_else(|| Some(folder("HOME")?.join(".cache/stackctl")))
        .expect("there is a home")
}
