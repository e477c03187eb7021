//! A stack, driven as a user drives it.

use serde_json::Value;

use super::project::text;
use super::{Artifact, Aws, Behaviour, Cloud, Deployer, Outcome, Project, Response, request};

/// A project and the cloud that it goes to.
pub struct Stack<'cloud> {
    pub cloud: &'cloud Cloud,
    pub project: Project,
    pub aws: Aws,
    name: String,
    /// Set for the program besides what the cloud sets.
    environment: Vec<(&'static str, String)>,
}

impl Stack<'static> {
    /// One whose name no other test uses.
    pub fn new(name: &str) -> Self {
        Self::on(Cloud::shared(), name)
    }
}

impl<'cloud> Stack<'cloud> {
    /// One on another cloud than the one that most tests share.
    pub fn on(cloud: &'cloud Cloud, name: &str) -> Self {
        Self {
            cloud,
            project: Project::new(name),
            aws: Aws::of(cloud),
            name: name.to_owned(),
            environment: Vec::new(),
        }
    }

    /// The same stack, worked on with a variable of the environment set to something else.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// The same stack, worked on by this user.
    #[must_use]
    pub fn by(mut self, deployer: &Deployer) -> Self {
        self.environment.extend(deployer.environment());
        self
    }

    /// Changes `stack.toml`: these keys besides what the smallest file has.
    pub fn configure(&self, keys: &str) {
        self.project.write("stack.toml", &(text(&self.name) + keys));
    }

    /// Runs a verb, for a result in JSON.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.say(&[arguments, &["--output", "json"]].concat())
    }

    /// Runs the binary as it is told, for a result in words.
    pub fn say(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.cloud.prepared(self.project.folder());
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).args(arguments);
        command.output().expect("the binary was built").into()
    }

    /// Runs a verb that needs the code, for a result in JSON: the zip is the handler's.
    pub fn ship(&self, arguments: &[&str]) -> Outcome {
        self.run(&[arguments, &["--artifact", Artifact::handler().path()]].concat())
    }

    /// A small handler that behaves like this, in a zip.
    pub fn artifact(&self, behaviour: Behaviour) -> Artifact {
        Artifact::behaving(self.project.folder(), behaviour)
    }

    /// `up`, which has to succeed.
    #[track_caller]
    pub fn up(&self) -> Value {
        self.ship(&["up"]).succeeded().json()
    }

    /// `status`, which has to succeed.
    #[track_caller]
    pub fn status(&self) -> Value {
        self.run(&["status"]).succeeded().json()
    }

    /// `teardown --yes`, which has to succeed.
    #[track_caller]
    pub fn teardown(&self) -> Value {
        self.run(&["teardown", "--yes"]).succeeded().json()
    }

    /// What a frontend would get from the stack whose outputs these are.
    #[track_caller]
    pub fn ask(outputs: &Value, method: &str, query: &str, body: &str) -> Response {
        let url = outputs["api_url"].as_str().expect("the address of the API");
        let headers = [("content-type", "application/json")];
        request(method, &format!("{url}/?{query}"), &headers, body)
    }
}

/// The actions in `changes`, as `resource action`.
pub fn actions(document: &Value) -> Vec<String> {
    let changes = document["changes"].as_array().expect("the changes");
    let told = |change: &Value, member: &str| change[member].as_str().unwrap_or("?").to_owned();
    changes
        .iter()
        .map(|change| format!("{} {}", told(change, "resource"), told(change, "action")))
        .collect()
}

/// Those of `actions` that are not `keep`.
pub fn only(document: &Value) -> Vec<String> {
    actions(document).into_iter().filter(|action| !action.ends_with(" keep")).collect()
}
