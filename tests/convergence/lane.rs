//! A cloud with a proxy in front and a project: what one test has for itself while it runs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::artifact;
use crate::aws::Aws;
use crate::neighbours;
use crate::proxy::{Fault, Layer, Ledger, Proxy};
use crate::run::{Ended, Run};
use crate::snapshot;
use crate::support::{Cloud, Project};
use crate::xml;

/// A stack with a frontend.
pub const SITE: &str = "[site]\ndirectory = \"dist\"\n";

/// The name of the stack in every lane.
pub const NAME: &str = "my-app";

/// More would only make each slower: an emulator and the program keep a processor busy.
pub const MOST: usize = 2;

/// The longest that anything may take that is not stuck.
const PATIENCE: Duration = Duration::from_secs(90);

static IDLE: Mutex<(Vec<Inside>, usize)> = Mutex::new((Vec::new(), 0));
static RETURNED: Condvar = Condvar::new();

struct Inside {
    cloud: Cloud,
    proxy: Proxy,
    project: Project,
}

/// It goes back to the others when it is dropped.
pub struct Lane {
    inside: Option<Inside>,
}

impl Lane {
    /// Waits for one that nobody uses; its cloud holds the neighbours and nothing else.
    pub fn take() -> Self {
        let idle = IDLE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let wait = RETURNED.wait_while(idle, |idle| idle.0.is_empty() && idle.1 == MOST);
        let mut idle = wait.unwrap_or_else(std::sync::PoisonError::into_inner);
        let inside = idle.0.pop();
        let inside = inside.unwrap_or_else(|| {
            idle.1 += 1;
            let number = idle.1;
            drop(idle);
            Inside::start(number)
        });
        let lane = Self { inside: Some(inside) };
        lane.fresh();
        lane
    }

    fn inside(&self) -> &Inside {
        self.inside.as_ref().expect("it is there until it is dropped")
    }

    /// An empty cloud but for the neighbours, an unbroken proxy, and the project as it was first.
    pub fn fresh(&self) {
        self.inside().proxy.set_layer(None);
        self.proxy().reset([]);
        self.aws().reset();
        self.configure("");
        neighbours::move_in(self.aws(), NAME);
    }

    /// Adds lines to `stack.toml`.
    pub fn configure(&self, more: &str) {
        let text = format!("name = \"{NAME}\"\n{more}");
        self.inside().project.write("stack.toml", &text);
    }

    /// Where the user types.
    pub fn folder(&self) -> &Path {
        self.inside().project.folder()
    }

    pub fn aws(&self) -> Aws {
        Aws { port: self.inside().cloud.port }
    }

    pub fn proxy(&self) -> &Proxy {
        &self.inside().proxy
    }

    pub fn set_layer(&self, layer: impl Layer + 'static) {
        self.proxy().set_layer(Some(Box::new(layer)));
    }

    pub fn snapshot(&self) -> serde_json::Value {
        snapshot::of(self.aws())
    }

    /// The binary, pointed at the proxy.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.inside().cloud.prepared(self.inside().project.folder());
        command.args(arguments).env("AWS_ENDPOINT_URL", self.proxy().endpoint());
        command
    }

    /// A folder by which `--local` takes the proxy for the local cloud.
    pub fn local_front(&self) -> Front {
        let (cloud, port) = (&self.inside().cloud, self.proxy().port);
        let front = Front(cloud.folder.with_extension("front"));
        let path = front.path();
        let _ = fs::remove_dir_all(path);
        for folder in [path, &path.join("tmp")] {
            fs::create_dir(folder).expect("a folder");
            fs::set_permissions(folder, Permissions::from_mode(0o700)).expect("it is ours");
        }
        fs::copy(cloud.folder.join("key.json"), path.join("key.json")).expect("there is a key");
        let mark = |port: u16| format!("tmp/ministack-{port}.pid");
        fs::copy(cloud.folder.join(mark(cloud.port)), path.join(mark(port))).expect("it runs");
        let record = fs::read(cloud.folder.join("server.json")).expect("it runs");
        let mut record: Value = serde_json::from_slice(&record).expect("it is JSON");
        record["port"] = port.into();
        record["endpoint"] = self.proxy().endpoint().into();
        fs::write(path.join("server.json"), record.to_string()).expect("it is ours");
        front
    }

    pub fn start(&self, verb: Verb) -> Run {
        match verb {
            Verb::Up => self.build("one"),
            Verb::DeploySite => self.build("two"),
            _ => {}
        }
        let mut command = self.command(&verb.arguments());
        if verb == Verb::RollbackSite {
            command.arg(format!("--site={}", self.first_release()));
        }
        Run::start(command)
    }

    /// The release that `Up` has made.
    fn first_release(&self) -> String {
        let bucket = format!("/{NAME}-site-123456789012-us-east-1-an?list-type=2&prefix=releases/");
        let listed = self.aws().xml("s3", &bucket)["ListBucketResult"]["Contents"].take();
        let mut all: Vec<_> = xml::each(&listed).collect();
        all.sort_by_key(|one| one["LastModified"].to_string());
        let names = all.iter().filter_map(|one| one["Key"].as_str());
        let mut ids = names.filter_map(|key| key.strip_prefix("releases/")?.strip_suffix(".json"));
        ids.next().expect("there is a release").to_owned()
    }

    /// Writes a release of the page: files that change, that change their names, that stay, and that go.
    pub fn build(&self, title: &str) {
        let project = &self.inside().project;
        let folder = project.folder().join("dist");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("assets")).expect("the project can be written");
        let page = format!("<!doctype html><title>{title}</title>");
        project.write("dist/index.html", &page);
        project.write("dist/robots.txt", "User-agent: *");
        project.write(&format!("dist/assets/i-Ab1234{title}.js"), title);
        project.write(&format!("dist/{title}.txt"), title);
    }

    /// A whole run with nothing broken.
    pub fn run(&self, verb: Verb) -> (Ended, Ledger) {
        self.run_with(verb, [])
    }

    /// A whole run during which `faults` happen.
    pub fn run_with(&self, verb: Verb, faults: impl IntoIterator<Item = Fault>) -> (Ended, Ledger) {
        self.proxy().reset(faults);
        let ended = self.start(verb).wait_at_most(PATIENCE);
        let ledger = self.proxy().ledger();
        self.proxy().reset([]);
        (ended, ledger)
    }

    /// Runs until `fault` happens and gives the run to `act`; none when it ended before.
    pub fn until(&self, verb: Verb, fault: Fault, act: impl FnOnce(&mut Run)) -> Option<Ended> {
        self.proxy().reset([fault]);
        let mut run = self.start(verb);
        let since = Instant::now();
        while !self.proxy().has_struck(Duration::from_millis(20)) {
            assert!(since.elapsed() < PATIENCE, "neither the fault nor the end came");
            if run.has_ended() {
                return None;
            }
        }
        act(&mut run);
        self.proxy().reset([]);
        Some(run.wait_at_most(PATIENCE))
    }
}

/// It goes with the test.
pub struct Front(PathBuf);

impl Front {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Inside {
    fn start(number: usize) -> Self {
        let cloud = Cloud::start();
        let proxy = Proxy::start(cloud.port);
        let project = Project::new(&format!("lane-{number}"));
        Self { cloud, proxy, project }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(inside) = self.inside.take() {
            let mut idle = IDLE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            idle.0.push(inside);
            RETURNED.notify_one();
        }
    }
}

/// A verb that changes something, with all that it needs to run unattended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    Up,
    /// Ships other bytes than `Up`.
    Deploy,
    /// Points back at version 1.
    Rollback,
    /// Ships another release of the page.
    DeploySite,
    /// Serves the release of `Up` again.
    RollbackSite,
    Teardown,
    /// With the secrets, too.
    TeardownAll,
}

impl Verb {
    pub fn arguments(self) -> Vec<&'static str> {
        let mut arguments = match self {
            Verb::Up => vec!["up", "--artifact", artifact::first()],
            Verb::Deploy => vec!["deploy", "--artifact", artifact::second()],
            Verb::Rollback => vec!["rollback", "1"],
            Verb::DeploySite => vec!["deploy", "--site"],
            Verb::RollbackSite => vec!["rollback"],
            Verb::Teardown => vec!["teardown"],
            Verb::TeardownAll => vec!["teardown", "--secrets"],
        };
        arguments.extend(["--yes", "--output", "json"]);
        arguments
    }

    /// What undoes it.
    pub fn opposite(self) -> Self {
        match self {
            Verb::Teardown | Verb::TeardownAll => Verb::Up,
            _ => Verb::Teardown,
        }
    }
}
