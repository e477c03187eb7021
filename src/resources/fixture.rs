//! What the tests of all resources share.

use std::fmt::Debug;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use super::{
    AccessControl, Attachments, Beside, Code, EdgeFunction, Function, LogGroup, Queues, Release,
    Rights, Role, SiteBucket, Source,
};
use crate::cloud::Cloud;
use crate::cloud::replay::{Exchange, ok, refused};
use crate::config::{self, Config};
use engine::{Difference, Graph, Handle, Inputs, Progress, Resource};
use package::{Architecture, Artifact};

/// The stack called `app`, as the file's defaults say it.
pub(super) fn config() -> Config {
    with("")
}

/// The same with more lines in `stack.toml`.
pub(super) fn with(keys: &str) -> Config {
    config::tests::config(&format!("name = \"app\"\n{keys}")).expect("a valid file")
}

/// A version behind `live`, and what its role may do, in a graph.
pub(super) fn release(
    cloud: &Cloud,
    config: &Config,
    graph: &mut Graph,
) -> (Handle<Release>, Rights) {
    let role = graph.add(Role::new(cloud, config));
    let code =
        graph.add(Code::new(cloud, Source::File("bootstrap.zip".into(), Architecture::X86_64)));
    let log_group = graph.add(LogGroup::new(cloud, config));
    let function = graph.add(Function::new(cloud, config, role, code, Queues::default()));
    let attachments = Attachments::new(cloud, config, role, Vec::new(), None, Arc::default());
    let attachments = graph.add(attachments);
    let rights = Rights { policies: Vec::new(), attachments, keeps: Arc::default() };
    let release = Release::new(cloud, config, function, log_group, code, rights.clone());
    (graph.add(release), rights)
}

/// What the distribution of the site is put together from, in a graph; without an API.
pub(super) fn before_distribution(cloud: &Cloud, config: &Config, graph: &mut Graph) -> Beside {
    let site = config.site.as_ref().expect("a site");
    let bucket = graph.add(SiteBucket::new(cloud, config, site));
    let access_control = graph.add(AccessControl::new(cloud, config, site));
    let function = graph.add(EdgeFunction::new(cloud, config, site));
    Beside { bucket, access_control, function, api: None }
}

/// Our tags as most services write them.
pub(super) fn tags() -> Value {
    json!({"stackctl:stack": "app", "stackctl:stage": "default"})
}

/// Our tags as a list, the way DynamoDB writes them.
pub(super) fn tag_list() -> Value {
    json!([
        {"Key": "stackctl:stack", "Value": "app"},
        {"Key": "stackctl:stage", "Value": "default"},
    ])
}

/// Our tags the way IAM writes them.
pub(super) const IAM_TAGS: &str = "<Tags><member><Key>stackctl:stack</Key><Value>app</Value></member><member><Key>stackctl:stage</Key><Value>default</Value></member><member><Key>stackctl:region</Key><Value>us-east-1</Value></member></Tags>";

/// The answer of IAM to one operation.
pub(super) fn iam(operation: &str, result: &str) -> String {
    format!(
        "<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
    )
}

/// A text as IAM gives documents back.
pub(super) fn encoded(document: &str) -> String {
    percent_encode(document.as_bytes(), NON_ALPHANUMERIC).to_string()
}

/// A refusal of IAM.
pub(super) fn no_such_entity(operation: &str) -> Exchange {
    refused(format!("Action={operation}"), 404, "NoSuchEntity", "The entity was not found.")
}

/// IAM is at work on another change of the same thing.
pub(super) fn meets_another(operation: &str) -> Exchange {
    let message = "The previous tagging operation is still ongoing";
    refused(format!("Action={operation}"), 409, "ConcurrentModification", message)
}

/// An answer that says no more than that it was done.
pub(super) fn done(operation: &str) -> Exchange {
    ok(format!("Action={operation}"), iam(operation, ""))
}

pub(super) const ROLE: &str = "arn:aws:iam::123456789012:role/app-lambda-role";
pub(super) const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:app-api";

/// The handler's code as it was built.
pub(super) fn artifact() -> Artifact {
    Artifact::new("bootstrap.zip".into(), Architecture::X86_64, b"a zip".to_vec())
}

/// A function of Lambda with all that AWS fills in, with some members replaced.
pub(super) fn configuration(changes: &Value) -> Value {
    let mut configuration = json!({
        "FunctionName": "app-api",
        "FunctionArn": FUNCTION,
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Role": ROLE,
        "MemorySize": 256,
        "Timeout": 10,
        "Environment": {"Variables": {"TABLE_NAME": "app-data", "AUTH": "none"}},
        "CodeSha256": artifact().sha256.base64(),
        "Architectures": ["x86_64"],
        "LastModified": "2026-01-02T03:04:05.678+0000",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "RevisionId": "revision-1",
        "Version": "$LATEST",
        "Description": "",
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/app-api"},
        "PackageType": "Zip",
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "TracingConfig": {"Mode": "PassThrough"},
    });
    let members = configuration.as_object_mut().expect("an object");
    members.extend(changes.as_object().expect("an object").clone());
    configuration
}

/// Reads the resource, which must be there.
pub(super) async fn there<R: Resource<Live: Debug>>(resource: &R) -> R::Live {
    let progress = Progress::silent();
    Box::pin(resource.read(&progress)).await.expect("it can be read").expect("it is there")
}

/// Asserts that the resource is not there.
pub(super) async fn is_absent<R: Resource<Live: Debug>>(resource: &R) {
    let live = resource.read(&Progress::silent()).await.expect("it can be read");
    assert!(live.is_none(), "{live:?}");
}

/// What differs, as the plan words it.
pub(super) fn drift<R: Resource>(resource: &R, inputs: &Inputs, live: &R::Live) -> Vec<String> {
    resource.diff(inputs, live).iter().map(Difference::to_string).collect()
}
