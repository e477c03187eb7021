//! Every document that decides what a role may do, and who may use it, as AWS has them now. Changes nothing.

use std::collections::BTreeSet;

use aws_sdk_iam::Client;
use tokio::task::JoinSet;

use super::error::Doing;
use super::pages::Pages;
use super::{Answer, Cloud, documents};
use engine::error::{Error, Kind, Result};
use iam::json::Json;
use verify::snapshot::{Documents, InlinePolicy, ManagedPolicy};

/// The operations of AWS that this file calls. Anybody's policy may be attached to the role.
pub const CALLS: &[&str] = &[
    "iam:GetRole",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:GetPolicy/any",
    "iam:GetPolicyVersion/any",
    "iam:ListPolicyVersions/any",
];

const ABSENT: [&str; 1] = ["NoSuchEntity"];

/// Policies that AWS keeps have dozens of versions, and nobody else can choose among them.
const OF_AWS: &str = ":iam::aws:policy/";

/// Reads the policies on a role, its boundary and its trust policy, all at once. The function's own policy is given,
/// because another service keeps it.
pub async fn read(cloud: &Cloud, role: &str, function_policy: Json) -> Result<Documents> {
    let client = Client::new(&cloud.sdk);
    let (found, attached, inline) =
        tokio::try_join!(get_role(&client, role), attached(&client, role), inline(&client, role))?;
    let (trust_policy, boundary) = found;
    let (managed_policies, permissions_boundary) =
        tokio::try_join!(every(&client, attached), boundary_policy(&client, boundary))?;
    Ok(Documents {
        managed_policies,
        inline_policies: inline,
        trust_policy,
        permissions_boundary,
        function_resource_policy: function_policy,
    })
}

/// The trust policy, and the ARN of the boundary.
async fn get_role(client: &Client, role: &str) -> Result<(Json, Option<String>)> {
    let answer = client.get_role().role_name(role).send().await;
    let answer = answer.doing(format!("read role `{role}`")).absent_if(&ABSENT)?;
    let found = answer.and_then(|answer| answer.role).ok_or_else(|| {
        Error::environment(format!("there is no role `{role}`")).hint("run `stackctl up` first")
    })?;
    let trust = text(found.assume_role_policy_document.as_deref());
    let boundary = found.permissions_boundary.and_then(|one| one.permissions_boundary_arn);
    Ok((trust, boundary))
}

async fn attached(client: &Client, role: &str) -> Result<BTreeSet<String>> {
    let (mut found, mut pages) = (BTreeSet::new(), Pages::default());
    loop {
        let call = client.list_attached_role_policies().role_name(role).set_marker(pages.token());
        let page =
            call.send().await.doing(format!("list the policies attached to role `{role}`"))?;
        let policies = page.attached_policies.unwrap_or_default();
        found.extend(policies.into_iter().filter_map(|policy| policy.policy_arn));
        if !pages.turn_if(page.is_truncated, page.marker)? {
            return Ok(found);
        }
    }
}

async fn inline(client: &Client, role: &str) -> Result<Vec<InlinePolicy>> {
    let (mut names, mut pages) = (Vec::new(), Pages::default());
    loop {
        let call = client.list_role_policies().role_name(role).set_marker(pages.token());
        let page = call.send().await.doing(format!("list the inline policies of role `{role}`"))?;
        names.extend(page.policy_names);
        if !pages.turn_if(page.is_truncated, page.marker)? {
            break;
        }
    }
    let mut policies = Vec::new();
    for name in names {
        let answer = client.get_role_policy().role_name(role).policy_name(&name).send().await;
        let answer = answer.doing(format!("read the inline policy `{name}` of role `{role}`"))?;
        let document = text(Some(&answer.policy_document));
        policies.push(InlinePolicy { policy_name: name, document });
    }
    Ok(policies)
}

async fn every(client: &Client, arns: BTreeSet<String>) -> Result<Vec<ManagedPolicy>> {
    let mut reads = JoinSet::new();
    for arn in arns {
        let client = client.clone();
        reads.spawn(async move { managed(&client, &arn).await });
    }
    let mut policies = Vec::new();
    while let Some(read) = reads.join_next().await {
        policies.push(read.map_err(|panic| Error::failed("read the policies").cause(panic))??);
    }
    policies.sort_by(|one, other| one.policy_arn.cmp(&other.policy_arn));
    Ok(policies)
}

async fn managed(client: &Client, arn: &str) -> Result<ManagedPolicy> {
    let doing = || format!("read policy `{arn}`");
    let answer = client.get_policy().policy_arn(arn).send().await.doing(doing())?;
    let policy = answer.policy;
    let default = policy.as_ref().and_then(|one| one.default_version_id.clone());
    let default = default.unwrap_or_default();
    let name = policy.and_then(|one| one.policy_name);
    let name = name.unwrap_or_else(|| arn.rsplit('/').next().unwrap_or_default().to_owned());
    let mut ids = vec![default.clone()];
    if !arn.contains(OF_AWS) {
        ids.extend(other_versions(client, arn, &default).await?);
    }
    let mut versions = Vec::new();
    for id in ids {
        let answer = client.get_policy_version().policy_arn(arn).version_id(&id).send().await;
        let answer = answer.doing(doing())?.policy_version;
        versions.push((id, text(answer.and_then(|version| version.document).as_deref())));
    }
    Ok(ManagedPolicy {
        policy_name: name,
        policy_arn: arn.to_owned(),
        default_version_id: default,
        versions: Json::Object(versions),
    })
}

async fn other_versions(client: &Client, arn: &str, default: &str) -> Result<Vec<String>> {
    let answer = client.list_policy_versions().policy_arn(arn).send().await;
    let versions = answer.doing(format!("list the versions of policy `{arn}`"))?.versions;
    let ids = versions.unwrap_or_default().into_iter().filter_map(|version| version.version_id);
    Ok(ids.filter(|id| id != default).collect())
}

async fn boundary_policy(client: &Client, arn: Option<String>) -> Result<Json> {
    let Some(arn) = arn else { return Ok(Json::Null) };
    let policy = managed(client, &arn).await?;
    Ok(Json::Object(vec![
        ("PolicyName".into(), Json::String(policy.policy_name)),
        ("PolicyArn".into(), Json::String(policy.policy_arn)),
        ("DefaultVersionId".into(), Json::String(policy.default_version_id)),
        ("Versions".into(), policy.versions),
    ]))
}

/// A document as it stands; one that is no JSON stays a text, which no reader takes for a policy.
fn text(encoded: Option<&str>) -> Json {
    let text = documents::decode(encoded.unwrap_or_default());
    Json::parse(&text).unwrap_or(Json::String(text))
}

/// Whether the caller may simply not look.
pub fn is_denied(error: &Error) -> bool {
    error.has_code(&["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
}

/// Not being allowed to look means that nothing can be proven.
pub fn unreadable(error: Error) -> Error {
    if is_denied(&error) { Error { kind: Kind::Environment, ..error } } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, ok, refused};

    fn answer(action: &str, body: &str) -> String {
        format!("<{action}Response><{action}Result>{body}</{action}Result></{action}Response>")
    }

    #[tokio::test]
    async fn a_role_is_read_with_its_boundary_and_every_version_of_its_policies() {
        let role = "<Role><Path>/</Path><RoleName>r</RoleName><RoleId>R</RoleId><Arn>arn:aws:iam::1:role/r</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument><PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::1:policy/B</PermissionsBoundaryArn></PermissionsBoundary></Role>";
        let policy = |name: &str| {
            format!(
                "<Policy><PolicyName>{name}</PolicyName><DefaultVersionId>v2</DefaultVersionId></Policy>"
            )
        };
        let version =
            |text: &str| format!("<PolicyVersion><Document>{text}</Document></PolicyVersion>");
        let versions = "<Versions><member><VersionId>v2</VersionId></member><member><VersionId>v1</VersionId></member></Versions><IsTruncated>false</IsTruncated>";
        let replay = Replay::new([
            ok("Action=GetRole", answer("GetRole", role)),
            ok(
                "ListAttachedRolePolicies",
                answer(
                    "ListAttachedRolePolicies",
                    "<AttachedPolicies/><IsTruncated>false</IsTruncated>",
                ),
            ),
            ok(
                "ListRolePolicies",
                answer(
                    "ListRolePolicies",
                    "<PolicyNames><member>wide</member></PolicyNames><IsTruncated>false</IsTruncated>",
                ),
            ),
            ok(
                "GetRolePolicy",
                answer(
                    "GetRolePolicy",
                    "<RoleName>r</RoleName><PolicyName>wide</PolicyName><PolicyDocument>not%20json</PolicyDocument>",
                ),
            ),
            ok("Action=GetPolicy", answer("GetPolicy", &policy("B"))),
            ok("ListPolicyVersions", answer("ListPolicyVersions", versions)),
            ok("VersionId=v2", answer("GetPolicyVersion", &version("%7B%7D"))),
            ok("VersionId=v1", answer("GetPolicyVersion", &version("%5B%5D"))),
        ]);
        let read = read(&replay.cloud(), "r", Json::Null).await.expect("all can be read");
        replay.is_over();
        assert_eq!(read.trust_policy.get("Version").and_then(Json::as_str), Some("2012-10-17"));
        assert_eq!(read.inline_policies[0].document, Json::String("not json".into()));
        let versions = read.permissions_boundary.get("Versions").expect("its versions");
        assert_eq!(versions.get("v1"), Some(&Json::Array(vec![])));
    }

    #[tokio::test]
    async fn who_may_not_look_can_prove_nothing() {
        let replay = Replay::new([refused("Action=GetRole", 403, "AccessDenied", "no")]);
        let client = Client::new(&replay.cloud().sdk);
        let error = get_role(&client, "r").await.expect_err("it is denied");
        assert_eq!(unreadable(error).kind, Kind::Environment);
    }
}
