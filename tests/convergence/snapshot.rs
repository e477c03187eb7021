//! Everything that stands in the cloud, in an order and under names that two runs share.

mod edge;

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::aws::Aws;

/// The whole account. Identifiers that the cloud chooses are replaced by what they stand for.
pub fn of(aws: Aws) -> Value {
    let mut snapshot = json!({
        "tables": tables(aws),
        "policies": policies(aws),
        "roles": roles(aws),
        "log groups": log_groups(aws),
        "parameters": parameters(aws),
        "functions": functions(aws),
        "queues": queues(aws),
        "event sources": event_sources(aws),
        "schedules": schedules(aws),
    });
    let apis = list(&aws.get("apigateway", "/v2/apis"), "items");
    let mut named: Vec<Value> = apis.iter().map(|api| api_of(aws, api)).collect();
    named.sort_by_key(Value::to_string);
    snapshot["apis"] = named.into();
    snapshot["buckets"] = json!(edge::buckets(aws));
    let (distributions, names) = edge::distributions(aws);
    snapshot["edge"] = distributions;
    let mut text = snapshot.to_string();
    for (id, name) in names {
        text = text.replace(&id, &name);
    }
    for api in &apis {
        text = text.replace(&text_of(api, "apiId"), &format!("the API {}", text_of(api, "name")));
    }
    serde_json::from_str(&text).expect("it was JSON before")
}

fn tables(aws: Aws) -> BTreeMap<String, Value> {
    let names = list(&aws.json("dynamodb", "ListTables", &json!({})), "TableNames");
    let one = |name: &Value| {
        let ask = |operation: &str| aws.json("dynamodb", operation, &json!({"TableName": name}));
        let table = ask("DescribeTable")["Table"].take();
        let arn = json!({"ResourceArn": table["TableArn"]});
        let backups = ask("DescribeContinuousBackups");
        json!({
            "status": table["TableStatus"],
            "keys": table["KeySchema"],
            "attributes": table["AttributeDefinitions"],
            "indexes": table["GlobalSecondaryIndexes"],
            "time to live": time_to_live(ask("DescribeTimeToLive")["TimeToLiveDescription"].take()),
            "billing": table["BillingModeSummary"]["BillingMode"],
            "protection": table["DeletionProtectionEnabled"],
            "recovery": backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
            "tags": sorted(aws.json("dynamodb", "ListTagsOfResource", &arn)["Tags"].take()),
        })
    };
    names.iter().map(|name| (name.as_str().unwrap_or_default().to_owned(), one(name))).collect()
}

/// Of one that is off, the attribute says nothing: AWS may keep its name.
fn time_to_live(mut described: Value) -> Value {
    let is_off = described["TimeToLiveStatus"] == "DISABLED";
    if let Some(members) = described.as_object_mut().filter(|_| is_off) {
        members.remove("AttributeName");
    }
    described
}

fn policies(aws: Aws) -> BTreeMap<String, Value> {
    let found = list(&aws.iam("ListPolicies", &[("Scope", "Local")]), "Policies");
    let one = |policy: &Value| {
        let arn = text_of(policy, "Arn");
        let version = text_of(policy, "DefaultVersionId");
        let fields = [("PolicyArn", arn.as_str()), ("VersionId", version.as_str())];
        let document = aws.iam("GetPolicyVersion", &fields)["PolicyVersion"]["Document"].take();
        json!({
            "document": parsed(&document),
            "versions": list(&aws.iam("ListPolicyVersions", &fields[..1]), "Versions").len(),
            "tags": sorted(aws.iam("ListPolicyTags", &fields[..1])["Tags"].take()),
        })
    };
    found.iter().map(|policy| (text_of(policy, "PolicyName"), one(policy))).collect()
}

fn roles(aws: Aws) -> BTreeMap<String, Value> {
    let found = list(&aws.iam("ListRoles", &[]), "Roles");
    let one = |role: &Value| {
        let name = text_of(role, "RoleName");
        let fields = [("RoleName", name.as_str())];
        json!({
            "trust": parsed(&aws.iam("GetRole", &fields)["Role"]["AssumeRolePolicyDocument"]),
            "attached": sorted(aws.iam("ListAttachedRolePolicies", &fields)["AttachedPolicies"].take()),
            "inline": sorted(aws.iam("ListRolePolicies", &fields)["PolicyNames"].take()),
            "tags": sorted(aws.iam("ListRoleTags", &fields)["Tags"].take()),
        })
    };
    found.iter().map(|role| (text_of(role, "RoleName"), one(role))).collect()
}

fn parameters(aws: Aws) -> BTreeMap<String, Value> {
    let found = list(&aws.json("ssm", "DescribeParameters", &json!({})), "Parameters");
    let one = |parameter: &Value| {
        let id = json!({"ResourceType": "Parameter", "ResourceId": parameter["Name"]});
        json!({
            "type": parameter["Type"],
            "version": parameter["Version"],
            "tags": sorted(aws.json("ssm", "ListTagsForResource", &id)["TagList"].take()),
        })
    };
    found.iter().map(|parameter| (text_of(parameter, "Name"), one(parameter))).collect()
}

fn log_groups(aws: Aws) -> BTreeMap<String, Value> {
    let found = list(&aws.json("logs", "DescribeLogGroups", &json!({})), "logGroups");
    let one = |group: &Value| {
        let arn = text_of(group, "arn").trim_end_matches(":*").to_owned();
        let tags = aws.json("logs", "ListTagsForResource", &json!({"resourceArn": arn}));
        json!({"retention": group["retentionInDays"], "tags": tags["tags"]})
    };
    found.iter().map(|group| (text_of(group, "logGroupName"), one(group))).collect()
}

fn queues(aws: Aws) -> BTreeMap<String, Value> {
    let urls = list(&aws.json("sqs", "ListQueues", &json!({})), "QueueUrls");
    let one = |url: &Value| {
        let input = json!({"QueueUrl": url, "AttributeNames": ["All"]});
        let attributes = aws.json("sqs", "GetQueueAttributes", &input)["Attributes"].take();
        let kept = ["VisibilityTimeout", "RedrivePolicy", "MessageRetentionPeriod"];
        let kept = kept.map(|name| (name.to_owned(), attributes[name].clone()));
        let tags = aws.json("sqs", "ListQueueTags", &json!({"QueueUrl": url}));
        json!({"attributes": Value::from_iter(kept), "tags": tags["Tags"]})
    };
    let name = |url: &Value| {
        let url = url.as_str().unwrap_or_default();
        url.rsplit('/').next().unwrap_or_default().to_owned()
    };
    urls.iter().map(|url| (name(url), one(url))).collect()
}

/// By function and source, without the label of a stream, which is a time.
fn event_sources(aws: Aws) -> BTreeMap<String, Value> {
    let found = aws.get("lambda", "/2015-03-31/event-source-mappings/");
    let one = |mapping: &Value| {
        let source = text_of(mapping, "EventSourceArn");
        let source = source.split("/stream/").next().unwrap_or_default();
        let name = format!("{} from {source}", text_of(mapping, "FunctionArn"));
        (name, json!({"state": mapping["State"], "batch": mapping["BatchSize"]}))
    };
    list(&found, "EventSourceMappings").iter().map(one).collect()
}

/// Groups with their schedules.
fn schedules(aws: Aws) -> BTreeMap<String, Value> {
    let groups = list(&aws.get("scheduler", "/schedule-groups"), "ScheduleGroups");
    let names = groups.iter().map(|group| text_of(group, "Name"));
    let schedule = |group: &str, name: &str| {
        let found = aws.get("scheduler", &format!("/schedules/{name}?groupName={group}"));
        json!({"expression": found["ScheduleExpression"], "target": found["Target"]})
    };
    let one = |group: String| {
        let found = aws.get("scheduler", &format!("/schedules?ScheduleGroup={group}"));
        let found = list(&found, "Schedules").into_iter().map(|one| text_of(&one, "Name"));
        let schedules: Value = found.map(|name| (name.clone(), schedule(&group, &name))).collect();
        (group, schedules)
    };
    names.filter(|name| name != "default").map(one).collect()
}

fn functions(aws: Aws) -> BTreeMap<String, Value> {
    let found = list(&aws.get("lambda", "/2015-03-31/functions"), "Functions");
    let names = found.iter().map(|function| text_of(function, "FunctionName"));
    names.map(|name| (name.clone(), function(aws, &name))).collect()
}

fn function(aws: Aws, name: &str) -> Value {
    let path = format!("/2015-03-31/functions/{name}");
    let found = aws.get("lambda", &path);
    let settings = |configuration: &Value| {
        let members = [
            "Role",
            "Runtime",
            "Handler",
            "MemorySize",
            "Timeout",
            "Environment",
            "Architectures",
            "CodeSha256",
        ];
        let told = members.map(|member| (member.to_owned(), configuration[member].clone()));
        Value::from_iter(told)
    };
    let versions = list(&aws.get("lambda", &format!("{path}/versions")), "Versions");
    let versions = versions.iter().filter(|version| version["Version"] != "$LATEST");
    let aliases = list(&aws.get("lambda", &format!("{path}/aliases")), "Aliases");
    let alias = |alias: &Value| {
        let name = text_of(alias, "Name");
        let policy = aws.get("lambda", &format!("{path}/policy?Qualifier={name}"));
        let statements: Value =
            serde_json::from_str(policy["Policy"].as_str().unwrap_or("{}")).expect("JSON");
        json!({"version": alias["FunctionVersion"], "weights": alias["RoutingConfig"], "statements": statements["Statement"]})
    };
    json!({
        "latest": settings(&found["Configuration"]),
        "tags": found["Tags"],
        "versions": versions.map(|version| (text_of(version, "Version"), settings(version))).collect::<BTreeMap<_, _>>(),
        "aliases": aliases.iter().map(|one| (text_of(one, "Name"), alias(one))).collect::<BTreeMap<_, _>>(),
    })
}

fn api_of(aws: Aws, api: &Value) -> Value {
    let id = text_of(api, "apiId");
    let inside =
        |kind: &str| list(&aws.get("apigateway", &format!("/v2/apis/{id}/{kind}")), "items");
    let tags = aws.get(
        "apigateway",
        &format!("/v2/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2F{id}"),
    );
    let integrations = inside("integrations");
    let target = |route: &Value| {
        let id = text_of(route, "target").trim_start_matches("integrations/").to_owned();
        let found = integrations.iter().find(|one| one["integrationId"] == id.as_str());
        found.map_or("nothing".to_owned(), |one| text_of(one, "integrationUri"))
    };
    let integration = |one: &Value| {
        json!([one["integrationType"], one["integrationUri"], one["payloadFormatVersion"]])
    };
    let route = |one: &Value| json!([one["routeKey"], target(one), one["authorizationType"]]);
    let authorizer =
        |one: &Value| json!([one["name"], one["authorizerType"], one["jwtConfiguration"]]);
    let stage = |one: &Value| json!([one["stageName"], one["autoDeploy"], one["tags"]]);
    json!({
        "name": api["name"],
        "cors": api["corsConfiguration"],
        "tags": tags["tags"],
        "integrations": sorted(integrations.iter().map(integration).collect()),
        "routes": sorted(inside("routes").iter().map(route).collect()),
        "authorizers": sorted(inside("authorizers").iter().map(authorizer).collect()),
        "stages": sorted(inside("stages").iter().map(stage).collect()),
    })
}

fn list(answer: &Value, member: &str) -> Vec<Value> {
    answer[member].as_array().cloned().unwrap_or_default()
}

fn text_of(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

fn sorted(mut list: Value) -> Value {
    if let Some(list) = list.as_array_mut() {
        list.sort_by_key(Value::to_string);
    }
    list
}

/// A document of IAM, which is percent-encoded.
fn parsed(document: &Value) -> Value {
    let text = percent_decode_str(document.as_str().unwrap_or_default()).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_else(|_| json!(text))
}

/// Where two snapshots differ, one line a place.
pub fn differences(now: &Value, wanted: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", now, wanted, &mut found);
    found
}

fn compare(path: &str, now: &Value, wanted: &Value, found: &mut Vec<String>) {
    if let (Some(left), Some(right)) = (now.as_object(), wanted.as_object()) {
        let keys: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        for key in keys {
            compare(&format!("{path}/{key}"), &now[key], &wanted[key], found);
        }
    } else if now != wanted {
        found.push(format!("{path}: {now} and not {wanted}"));
    }
}
