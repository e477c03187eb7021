//! What is in the account, seen past the proxy: which parts of the stack a peer has made, and what it has left.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Result;
use crate::cloud::{ACCOUNT, Call, Cloud};
use crate::emulator::BUCKET;
use crate::stack::{Names, RETENTION};

/// Half a minute in all.
const LOOKS: usize = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// Everything of the kinds that a stack is made of, and of those that deploys leave: `role bench-app-lambda-role`.
pub fn everything(cloud: &Cloud) -> Result<BTreeSet<String>> {
    let json = |target: &str| cloud.look(&Call::json(target, &json!({})));
    let texts = |call: &Call, tag: &str| -> Result<Vec<String>> {
        let answer = cloud.call(call)?;
        Ok(elements(&String::from_utf8_lossy(&answer.body), tag))
    };
    let mut all = BTreeSet::new();
    let mut add = |kind: &str, names: Vec<String>| {
        all.extend(names.iter().map(|name| format!("{kind} {name}")));
    };
    let tables = json("DynamoDB_20120810.ListTables")?;
    add("table", strings(&tables["TableNames"], |name| name));
    let groups = json("Logs_20140328.DescribeLogGroups")?;
    add("log group", strings(&groups["logGroups"], |group| &group["logGroupName"]));
    let functions = cloud.look(&Call::get("lambda", "/2015-03-31/functions"))?;
    add("function", strings(&functions["Functions"], |function| &function["FunctionName"]));
    let apis = cloud.look(&Call::get("apigateway", "/v2/apis"))?;
    add("API", strings(&apis["items"], |api| &api["apiId"]));
    add("role", texts(&Call::form("iam", "ListRoles", &[]), "RoleName")?);
    add("policy", texts(&Call::form("iam", "ListPolicies", &[("Scope", "Local")]), "PolicyName")?);
    add("bucket", texts(&Call::get("s3", "/"), "Name")?);
    add("object", texts(&Call::get("s3", &format!("/{BUCKET}")), "Key")?);
    let assets = format!("/cdk-hnb659fds-assets-{ACCOUNT}-us-east-1");
    let assets = cloud.send(&Call::get("s3", &assets))?;
    add("object", elements(&String::from_utf8_lossy(&assets.body), "Key"));
    let stacks = texts(&Call::form("cloudformation", "DescribeStacks", &[]), "StackName")?;
    add("CloudFormation stack", stacks);
    Ok(all)
}

/// The parts of the stack that are not there, and whether its API answers.
pub fn missing(cloud: &Cloud, names: &Names) -> Result<Vec<&'static str>> {
    let table = json!({"TableName": names.table});
    let recovery =
        cloud.look(&Call::json("DynamoDB_20120810.DescribeContinuousBackups", &table))?;
    let recovery = &recovery["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    let group = json!({"logGroupNamePrefix": names.log_group});
    let groups = cloud.look(&Call::json("Logs_20140328.DescribeLogGroups", &group))?;
    let path = format!("/2015-03-31/functions/{}", names.function);
    let function = cloud.look(&Call::get("lambda", &format!("{path}/configuration")))?;
    let alias = cloud.look(&Call::get("lambda", &format!("{path}/aliases/live")))?;
    let invoker = cloud.look(&Call::get("lambda", &format!("{path}/policy?Qualifier=live")))?;
    let apis = cloud.look(&Call::get("apigateway", "/v2/apis"))?;
    let api = apis["items"].as_array().and_then(|apis| apis.first()).cloned().unwrap_or_default();
    let parts = [
        ("table", !cloud.look(&Call::json("DynamoDB_20120810.DescribeTable", &table))?.is_null()),
        ("recovery", recovery["PointInTimeRecoveryStatus"] == "ENABLED"),
        ("log group with retention", groups["logGroups"][0]["retentionInDays"] == RETENTION),
        ("function", !function.is_null()),
        (
            "version and alias",
            alias["FunctionVersion"].as_str().is_some_and(|version| version != "$LATEST"),
        ),
        ("permission", !alias.is_null() && !invoker.is_null()),
        ("API", !api.is_null()),
        ("CORS", !api["corsConfiguration"]["allowOrigins"].is_null()),
        ("an answer", answers(cloud, api["apiId"].as_str().unwrap_or_default())?),
    ];
    Ok(parts.into_iter().filter(|(_, is_there)| !is_there).map(|(part, _)| part).collect())
}

/// Waits until Lambda has finished what the step before began, as it has when a user comes back with new code.
pub fn settle(cloud: &Cloud, names: &Names) -> Result<()> {
    let path = format!("/2015-03-31/functions/{}/configuration", names.function);
    for _ in 0..LOOKS {
        let function = cloud.look(&Call::get("lambda", &path))?;
        if function["State"] != "Pending" && function["LastUpdateStatus"] != "InProgress" {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
    Err(format!("`{}` does not become ready", names.function).into())
}

fn answers(cloud: &Cloud, api: &str) -> Result<bool> {
    let path = format!("/_aws/execute-api/{api}/$default/?userId=nobody");
    Ok(cloud.send(&Call::plain("GET", &path))?.is_success())
}

fn strings(list: &Value, name: impl Fn(&Value) -> &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|one| name(one).as_str().map(str::to_owned)).collect()
}

/// The texts of all elements of this name.
fn elements(xml: &str, tag: &str) -> Vec<String> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let parts = xml.split(&open).skip(1);
    parts.filter_map(|part| Some(part.split_once(&close)?.0.to_owned())).collect()
}

#[test]
fn elements_are_found_wherever_they_are() {
    let xml = "<L><M><Name>a</Name></M><M><Name>b</Name><Other>c</Other></M></L>";
    assert_eq!(elements(xml, "Name"), ["a", "b"]);
    assert!(elements(xml, "Key").is_empty());
}
