//! A stack on the shared cloud, driven as a user drives it.

use serde_json::Value;

use super::project::text;
use super::{Artifact, Aws, Cloud, Outcome, Project, Response, request};

/// A project and the cloud that it goes to.
pub struct Stack {
    pub cloud: &'static Cloud,
    pub project: Project,
    pub aws: Aws,
    name: String,
}

impl Stack {
    /// One whose name no other test uses.
    pub fn new(name: &str) -> Self {
        let cloud = Cloud::shared();
        Self { cloud, project: Project::new(name), aws: Aws::of(cloud), name: name.to_owned() }
    }

    /// Changes `stack.toml`: these keys besides what the smallest file has.
    pub fn configure(&self, keys: &str) {
        self.project.write("stack.toml", &(text(&self.name) + keys));
    }

    /// Runs a verb, for a result in JSON.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let arguments = [arguments, &["--output", "json"]].concat();
        self.cloud.stackctl(self.project.folder(), &arguments)
    }

    /// Runs a verb that needs the code, for a result in JSON: the zip is the handler's.
    pub fn ship(&self, arguments: &[&str]) -> Outcome {
        self.run(&[arguments, &["--artifact", Artifact::handler().path()]].concat())
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
