//! The whole life of a stack, by the binary and as a deployer who has the printed policy alone: on the local cloud in every
//! run, and in an AWS account when `STACKCTL_TEST_AWS=1` is set. `docs/first-run-on-aws.md` says how, and what it settles.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what was seen on AWS, and what was left there"
)]

#[path = "convergence/aws.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod aws;
#[path = "convergence/files.rs"]
mod files;
#[path = "convergence/proxy/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other tests use the rest of it")]
mod proxy;
#[path = "convergence/strict/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other tests use the rest of it")]
mod strict;
#[path = "local_cloud/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "other tests use the rest of it")]
mod support;
#[path = "convergence/xml.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod xml;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::Credentials;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use serde_json::{Value, json};

use files::copied;
use support::deployer::without_unknown_keys;
use support::{Artifact, Cloud, Outcome, as_the_emulator_asks, project};

const STACKCTL: &str = env!("CARGO_BIN_EXE_stackctl");

/// All that the deployer of this life runs.
const VERBS: [&str; 9] =
    ["up", "deploy", "rollback", "plan", "status", "smoke", "cors", "invoke", "teardown"];

/// Until IAM knows a role and its policy everywhere.
const SPREADING: Duration = Duration::from_mins(2);

/// The most loops of requests that may be made while rights change: they are what costs money.
const MOST_LOOPS: usize = 60;

/// What one request costs at most, in cents: API Gateway, Lambda with 256 MB for 100 ms, a write to DynamoDB, the log.
/// <https://aws.amazon.com/api-gateway/pricing/>, <https://aws.amazon.com/lambda/pricing/>,
/// <https://aws.amazon.com/dynamodb/pricing/on-demand/>
const CENTS_A_REQUEST: f64 = (1.0 + 0.2 + 0.42 + 1.25 + 0.01) * 2.0 / 10_000.0;

#[test]
fn the_whole_life_of_a_stack_on_the_local_cloud() {
    let cloud = Cloud::start();
    Life::new("first-run", Some(&cloud)).live();
}

#[test]
#[ignore = "needs an AWS account, and STACKCTL_TEST_AWS=1"]
fn the_whole_life_of_a_stack_on_aws() {
    if std::env::var("STACKCTL_TEST_AWS").is_ok_and(|value| value == "1") {
        Life::new(&format!("stackctl-first-{:x}", std::process::id()), None).live();
    }
}

/// A stack with a deployer, both gone at the end, however that comes.
struct Life<'a> {
    name: String,
    /// The local cloud; `None` for AWS.
    cloud: Option<&'a Cloud>,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    sdk: SdkConfig,
    /// What the deployer's session puts into the environment.
    session: Vec<(&'static str, String)>,
    requests: AtomicUsize,
    /// What was seen, a line each.
    seen: std::sync::Mutex<Vec<String>>,
}

impl<'a> Life<'a> {
    fn new(name: &str, cloud: Option<&'a Cloud>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        loader = loader.http_client(
            Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
        );
        if let Some(cloud) = cloud {
            let key = cloud.key();
            let key = Credentials::new(key.id, key.secret, None, None, "test");
            let region = Region::new("us-east-1");
            loader = loader.endpoint_url(cloud.endpoint()).credentials_provider(key).region(region);
        }
        let sdk = runtime.block_on(loader.load());
        let life = Self {
            name: name.to_owned(),
            cloud,
            folder,
            runtime,
            sdk,
            session: Vec::new(),
            requests: AtomicUsize::new(0),
            seen: std::sync::Mutex::default(),
        };
        copied(&Path::new(env!("CARGO_MANIFEST_DIR")).join("handler"), &life.path("handler"));
        let keys = "tags = { purpose = \"first-run\" }\nfunction.keep_versions = 2\n";
        fs::write(life.path("stack.toml"), project::text(name) + keys).expect("written");
        life
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The binary, as whoever runs this test.
    fn command(&self) -> Command {
        let mut command = match self.cloud {
            Some(cloud) => cloud.prepared(self.folder.path()),
            None => Command::new(STACKCTL),
        };
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// A verb as the deployer runs it; how long it takes is noted.
    #[track_caller]
    fn run(&self, words: &[&str]) -> Outcome {
        let since = Instant::now();
        let mut command = self.command();
        command.args(words).args(["--yes", "--output", "json"]);
        if !self.session.is_empty() {
            command.env_remove("AWS_PROFILE").envs(self.session.iter().cloned());
        }
        let ended: Outcome = command.output().expect("the binary was built").into();
        let code = ended.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        self.note(format!("`{}` ended with {code} after {:?}", words.join(" "), since.elapsed()));
        ended
    }

    #[track_caller]
    fn done(&self, words: &[&str]) -> Value {
        let ended = self.run(words).succeeded();
        if ended.stderr.contains("warning") {
            self.note(format!("`{}` warns: {}", words.join(" "), ended.stderr.trim()));
        }
        ended.json()
    }

    fn note(&self, line: String) {
        self.seen.lock().expect("nobody panics here").push(line);
    }

    /// From nothing to nothing.
    fn live(mut self) {
        self.session = self.deployer();
        self.begins();
        self.ships();
        self.changes_rights_under_load();
        self.is_repaired();
        self.ends();
        let cents = f64::from(u32::try_from(self.requests.load(Ordering::Relaxed)).unwrap_or(0))
            * CENTS_A_REQUEST;
        self.note(format!("the requests cost {cents:.2} cents at most"));
        assert!(cents < 1.0, "{cents} cents");
        let seen = self.seen.lock().expect("nobody panics here").join("\n");
        fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.txt", self.name)), &seen)
            .expect("written");
        println!("{seen}");
    }

    fn begins(&self) {
        let up = self.done(&["up", "--artifact", Artifact::handler().path()]);
        assert_eq!(up["function_version"], "1", "{up:#}");
        let again = self.done(&["up", "--artifact", Artifact::handler().path()]);
        assert_eq!(support::only(&again), [""; 0], "{again:#}");
        self.loops().expect("the whole loop works");
        self.done(&["cors", "http://localhost:5173"]);
        self.done(&["invoke", "--query", "userId=me"]);
    }

    fn ships(&self) {
        let changed = Artifact::changed(self.folder.path());
        let deploy = self.done(&["deploy", "--artifact", changed.path()]);
        assert_eq!(deploy["function_version"], "2", "{deploy:#}");
        let back = self.done(&["rollback"]);
        assert_eq!(back["function_version"], "1", "{back:#}");
        self.loops().expect("the whole loop works");
    }

    /// One loop of a user over HTTP, from a list to a deletion.
    fn loops(&self) -> Result<(), String> {
        let ended = self.run(&["smoke"]);
        let steps = ended.json()["steps"].as_array().map_or(0, Vec::len);
        self.requests.fetch_add(steps, Ordering::Relaxed);
        if ended.code == Some(0) { Ok(()) } else { Err(ended.stderr) }
    }

    /// A right comes with one version and goes with the next, while requests never stop.
    fn changes_rights_under_load(&self) {
        let place = self.path("handler/src/operations.rs");
        let narrow = fs::read_to_string(&place).expect("it was copied");
        let wide = narrow.replace("    get: GetItem,\n", "    get: GetItem,\n    scan: Scan,\n");
        assert_ne!(narrow, wide, "the handler declares its operations in another way now");
        let over = AtomicBool::new(false);
        let failures = thread::scope(|scope| {
            let load = scope.spawn(|| {
                let mut failures = Vec::new();
                for _ in 0..MOST_LOOPS {
                    failures.extend(self.loops().err());
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                }
                failures
            });
            let changed = Artifact::changed(self.folder.path());
            fs::write(&place, &wide).expect("written");
            let wider = self.run(&["up", "--artifact", changed.path()]);
            fs::write(&place, &narrow).expect("written");
            let narrower = self.run(&["up", "--artifact", Artifact::handler().path()]);
            over.store(true, Ordering::Relaxed);
            let failures = load.join().expect("it counts failures");
            wider.succeeded();
            narrower.succeeded();
            failures
        });
        assert_eq!(failures, [""; 0], "requests failed while rights changed");
    }

    /// Somebody changes the function by hand.
    fn is_repaired(&self) {
        let plan = || self.done(&["plan", "--artifact", Artifact::handler().path()]);
        assert_eq!(support::only(&plan()), [""; 0], "nothing is planned when nothing was changed");
        let client = aws_sdk_lambda::Client::new(&self.sdk);
        let function = format!("{}-api", self.name);
        let call = client.update_function_configuration().function_name(function).memory_size(512);
        self.runtime.block_on(call.send()).expect("changed by hand");
        let planned = plan();
        assert!(support::only(&planned).contains(&"function update".to_owned()), "{planned:#}");
        self.done(&["up", "--artifact", Artifact::handler().path()]);
        assert_eq!(support::only(&plan()), [""; 0]);
    }

    fn ends(&self) {
        self.done(&["teardown"]);
        let status = self.run(&["status"]);
        let there: BTreeSet<String> = serde_json::from_str::<Value>(&status.stdout)
            .unwrap_or_default()["resources"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| one["state"].to_string())
            .collect();
        assert_eq!(there, BTreeSet::from(["\"absent\"".to_owned()]), "{status:#?}");
    }
}

/// The deployer: a role with the printed policy and nothing else.
impl Life<'_> {
    fn role(&self) -> String {
        format!("{}-deployer", self.name)
    }

    /// Makes the role, and what a session of it puts into the environment.
    fn deployer(&self) -> Vec<(&'static str, String)> {
        let words = [&["permissions"], &VERBS[..], &["--output", "json"]].concat();
        let printed = self.command().args(words).output().expect("the binary was built");
        let mut printed = Outcome::from(printed).succeeded().json();
        if self.cloud.is_some() {
            printed["Statement"] = without_unknown_keys(&as_the_emulator_asks(&printed)).into();
        }
        self.runtime.block_on(async {
            let (iam, sts) =
                (aws_sdk_iam::Client::new(&self.sdk), aws_sdk_sts::Client::new(&self.sdk));
            let me = sts.get_caller_identity().send().await.expect("the keys are good");
            let account = me.account().expect("an account").to_owned();
            let partition = me.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws");
            let trusted = format!("arn:{partition}:iam::{account}:root");
            let trust = json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}]});
            let role = iam.create_role().role_name(self.role());
            let role = role.assume_role_policy_document(trust.to_string()).send().await;
            let arn = role.expect("a role").role.expect("a role").arn;
            let policy = iam.put_role_policy().role_name(self.role()).policy_name("printed");
            policy.policy_document(printed.to_string()).send().await.expect("its policy");
            let since = Instant::now();
            loop {
                let call = sts.assume_role().role_arn(&arn).role_session_name("first-run");
                let answer = call.duration_seconds(3600).send().await;
                if let Ok(Some(keys)) = answer.as_ref().map(|answer| answer.credentials()) {
                    self.note(format!("the role could be assumed after {:?}", since.elapsed()));
                    return vec![
                        ("AWS_ACCESS_KEY_ID", keys.access_key_id().to_owned()),
                        ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key().to_owned()),
                        ("AWS_SESSION_TOKEN", keys.session_token().to_owned()),
                    ];
                }
                assert!(since.elapsed() < SPREADING, "{answer:?}");
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        })
    }
}

impl Drop for Life<'_> {
    /// Also after a failure; what cannot be deleted is named.
    fn drop(&mut self) {
        self.session.clear();
        let ended = self.run(&["teardown", "--force"]);
        if ended.code != Some(0) {
            eprintln!("LEFT: the stack {}: {}", self.name, ended.stderr);
        }
        let iam = aws_sdk_iam::Client::new(&self.sdk);
        let role = self.role();
        self.runtime.block_on(async {
            let policy = iam.delete_role_policy().role_name(&role).policy_name("printed");
            let _ = policy.send().await;
            if let Err(error) = iam.delete_role().role_name(&role).send().await {
                eprintln!("LEFT: the role {role}: {error:?}");
            }
        });
    }
}
