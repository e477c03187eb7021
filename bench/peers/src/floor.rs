//! The floor: the fewest calls that make, check, change or delete this stack, each sent as soon as what it needs is
//! known. It proves nothing, repairs nothing and knows its names by heart; no tool that does can be quicker.

use std::env;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tap::sign::Key;

use crate::Result;
use crate::cloud::{ACCOUNT, Call, Cloud, REGION};
use crate::stack::{self, Names};

/// Six, seven, two and one at a time.
pub fn up(cloud: &Cloud, names: &Names, zip: &[u8]) -> Result<()> {
    let Names { function, table, log_group, role, api, .. } = names;
    let mut calls = vec![
        Call::rest("apigateway", "POST", "/v2/apis", &stack::api(api)),
        Call::json("DynamoDB_20120810.CreateTable", &stack::table(table)),
        Call::json("Logs_20140328.CreateLogGroup", &json!({"logGroupName": log_group})),
    ];
    let trust = stack::trust().to_string();
    let fields = [("RoleName", role.as_str()), ("AssumeRolePolicyDocument", &trust)];
    calls.push(Call::form("iam", "CreateRole", &fields));
    for (policy, document) in names.policies() {
        let fields = [("PolicyName", policy), ("PolicyDocument", &document.to_string())];
        calls.push(Call::form("iam", "CreatePolicy", &fields));
    }
    let answers = cloud.at_once(&calls)?;
    let id = text(&answers[0].json()["apiId"])?;

    let days = json!({"logGroupName": log_group, "retentionInDays": stack::RETENTION});
    let recovery = json!({"TableName": table, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}});
    let mut calls = vec![
        Call::rest(
            "apigateway",
            "POST",
            &format!("/v2/apis/{id}/integrations"),
            &names.integration(),
        ),
        Call::rest("lambda", "POST", "/2015-03-31/functions", &names.function(&base64(zip))),
        Call::rest("apigateway", "POST", &format!("/v2/apis/{id}/stages"), &stack::stage()),
        Call::json("DynamoDB_20120810.UpdateContinuousBackups", &recovery),
        Call::json("Logs_20140328.PutRetentionPolicy", &days),
    ];
    for (policy, _) in names.policies() {
        let fields = [("RoleName", role.as_str()), ("PolicyArn", &policy_arn(policy))];
        calls.push(Call::form("iam", "AttachRolePolicy", &fields));
    }
    let answers = cloud.at_once(&calls)?;
    let integration = text(&answers[0].json()["integrationId"])?;

    let route = json!({"routeKey": "ANY /", "target": format!("integrations/{integration}")});
    let alias = json!({"Name": "live", "FunctionVersion": "1"});
    cloud.at_once(&[
        Call::rest("lambda", "POST", &format!("/2015-03-31/functions/{function}/aliases"), &alias),
        Call::rest("apigateway", "POST", &format!("/v2/apis/{id}/routes"), &route),
    ])?;
    let path = format!("/2015-03-31/functions/{function}/policy?Qualifier=live");
    cloud.call(&Call::rest("lambda", "POST", &path, &stack::permission(&id)))?;
    Ok(())
}

/// Two rounds of reads.
pub fn again(cloud: &Cloud, names: &Names) -> Result<()> {
    let Names { function, table, log_group, role, api, .. } = names;
    let path = format!("/2015-03-31/functions/{function}");
    let table = json!({"TableName": table});
    let mut calls = vec![
        Call::get("apigateway", "/v2/apis"),
        Call::json("DynamoDB_20120810.DescribeTable", &table),
        Call::json("DynamoDB_20120810.DescribeContinuousBackups", &table),
        Call::json("Logs_20140328.DescribeLogGroups", &json!({"logGroupNamePrefix": log_group})),
        Call::form("iam", "GetRole", &[("RoleName", role)]),
        Call::form("iam", "ListAttachedRolePolicies", &[("RoleName", role)]),
        Call::get("lambda", &path),
        Call::get("lambda", &format!("{path}/aliases/live")),
        Call::get("lambda", &format!("{path}/policy?Qualifier=live")),
    ];
    for (policy, _) in names.policies() {
        let fields = [("PolicyArn", &*policy_arn(policy)), ("VersionId", "v1")];
        calls.push(Call::form("iam", "GetPolicyVersion", &fields));
    }
    let id = api_id(&cloud.at_once(&calls)?[0].json(), api)?;
    let part = |part: &str| Call::get("apigateway", &format!("/v2/apis/{id}/{part}"));
    cloud.at_once(&[part("integrations"), part("routes"), part("stages")])?;
    Ok(())
}

/// Read, upload, switch; unchanged code is read alone.
pub fn deploy(cloud: &Cloud, names: &Names, zip: &[u8]) -> Result<()> {
    let path = format!("/2015-03-31/functions/{}", names.function);
    let now = cloud.call(&Call::get("lambda", &format!("{path}/configuration")))?.json();
    if now["CodeSha256"] == base64(&Sha256::digest(zip)) {
        return Ok(());
    }
    let code = json!({"ZipFile": base64(zip), "Publish": true});
    let made = cloud.call(&Call::rest("lambda", "PUT", &format!("{path}/code"), &code))?.json();
    let version = json!({"FunctionVersion": made["Version"]});
    cloud.call(&Call::rest("lambda", "PUT", &format!("{path}/aliases/live"), &version))?;
    Ok(())
}

/// Two rounds.
pub fn teardown(cloud: &Cloud, names: &Names) -> Result<()> {
    let Names { function, table, log_group, role, api, .. } = names;
    let path = format!("/2015-03-31/functions/{function}");
    let mut calls = vec![
        Call::get("apigateway", "/v2/apis"),
        Call::rest("lambda", "DELETE", &path, &Value::Null),
        Call::json("DynamoDB_20120810.DeleteTable", &json!({"TableName": table})),
        Call::json("Logs_20140328.DeleteLogGroup", &json!({"logGroupName": log_group})),
    ];
    for (policy, _) in names.policies() {
        let fields = [("RoleName", role.as_str()), ("PolicyArn", &policy_arn(policy))];
        calls.push(Call::form("iam", "DetachRolePolicy", &fields));
    }
    let id = api_id(&cloud.at_once(&calls)?[0].json(), api)?;
    let mut calls = vec![
        Call::rest("apigateway", "DELETE", &format!("/v2/apis/{id}"), &Value::Null),
        Call::form("iam", "DeleteRole", &[("RoleName", role)]),
    ];
    for (policy, _) in names.policies() {
        calls.push(Call::form("iam", "DeletePolicy", &[("PolicyArn", &policy_arn(policy))]));
    }
    cloud.at_once(&calls)?;
    Ok(())
}

/// The floor as a program: `floor VERB`, in a folder with `bootstrap.zip`.
pub fn run(arguments: &[String]) -> Result<()> {
    let [verb] = arguments else { return Err("floor VERB".into()) };
    let key =
        Key { id: env::var("AWS_ACCESS_KEY_ID")?, secret: env::var("AWS_SECRET_ACCESS_KEY")? };
    let cloud = Cloud::at(&env::var("AWS_ENDPOINT_URL")?, key);
    let names = Names::of("bench-app");
    let zip = || std::fs::read(Path::new("bootstrap.zip"));
    match verb.as_str() {
        "up" => up(&cloud, &names, &zip()?),
        "again" => again(&cloud, &names),
        "deploy" => deploy(&cloud, &names, &zip()?),
        "teardown" => teardown(&cloud, &names),
        other => Err(format!("the floor has no `{other}`").into()),
    }
}

fn policy_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/{name}")
}

fn api_id(apis: &Value, name: &str) -> Result<String> {
    let apis = apis["items"].as_array().ok_or("no list of APIs")?;
    let api = apis.iter().find(|api| api["name"] == name).ok_or("no API of this name")?;
    text(&api["apiId"])
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().ok_or_else(|| format!("{value} in {REGION} is no text"))?.to_owned())
}

/// <https://www.rfc-editor.org/rfc/rfc4648#section-4>
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let three = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[test]
fn bytes_are_written_in_base64() {
    let written =
        ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
    assert_eq!(written, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
}
