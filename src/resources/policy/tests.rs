use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused, together};
use crate::resources::fixture::{
    IAM_TAGS, config, done, drift, encoded, iam, is_absent, meets_another, no_such_entity, there,
};
use engine::error::Kind as Failure;

const ARN: &str = "arn:aws:iam::123456789012:policy/Data";
/// As IAM writes it back: other order, a list of one.
const WANTED: &str = r#"{"Statement":[{"Resource":["arn:aws:dynamodb:us-east-1:123456789012:table/app-data"],"Effect":"Allow","Action":["dynamodb:Query","dynamodb:GetItem"],"Sid":"AllowDynamoDBAccess"}],"Version":"2012-10-17"}"#;
const WIDE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}}"#;

fn policy_of(cloud: &Cloud) -> Policy {
    Policy::new(cloud, &config(), "Data", |identity| {
        let arn = identity.arn("dynamodb", "table/app-data");
        Document::allow_table(["dynamodb:GetItem", "dynamodb:Query"], [arn.as_str()])
    })
}

fn policy(replay: &Replay) -> Policy {
    policy_of(&replay.cloud())
}

fn described(operation: &str, version: &str, tags: &str) -> Exchange {
    let policy = format!(
        "<Policy><PolicyName>Data</PolicyName><Arn>{ARN}</Arn><DefaultVersionId>{version}</DefaultVersionId>{tags}</Policy>"
    );
    ok(format!("Action={operation}"), iam(operation, &policy))
}

fn get(version: &str, tags: &str) -> Exchange {
    described("GetPolicy", version, tags)
}

fn version(document: &str) -> Exchange {
    let version =
        format!("<PolicyVersion><Document>{}</Document></PolicyVersion>", encoded(document));
    ok("Action=GetPolicyVersion", iam("GetPolicyVersion", &version))
}

/// Versions by id, each with the day of January it was made; the first is the default.
fn versions(days: &[(&str, u8)]) -> Exchange {
    let members: Vec<String> = days
        .iter()
        .enumerate()
        .map(|(place, (id, day))| {
            let is_default = place == 0;
            format!("<member><VersionId>{id}</VersionId><IsDefaultVersion>{is_default}</IsDefaultVersion><CreateDate>2026-01-{day:02}T00:00:00Z</CreateDate></member>")
        })
        .collect();
    page(&members.concat(), None)
}

fn page(members: &str, marker: Option<&str>) -> Exchange {
    let is_truncated = marker.is_some();
    let marker = marker.map(|marker| format!("<Marker>{marker}</Marker>")).unwrap_or_default();
    let list =
        format!("<Versions>{members}</Versions><IsTruncated>{is_truncated}</IsTruncated>{marker}");
    ok("Action=ListPolicyVersions", iam("ListPolicyVersions", &list))
}

fn added(id: &str) -> Exchange {
    let version = format!("<PolicyVersion><VersionId>{id}</VersionId></PolicyVersion>");
    ok("Action=CreatePolicyVersion", iam("CreatePolicyVersion", &version))
}

fn drifted() -> Exchange {
    together([get("v1", IAM_TAGS), version(WIDE)])
}

fn in_use() -> Exchange {
    let message = "Cannot delete a policy attached to entities.";
    refused("Action=DeletePolicy", 409, "DeleteConflict", message)
}

fn users(users: &str) -> Exchange {
    let list = format!("{users}<IsTruncated>false</IsTruncated>");
    ok("Action=ListEntitiesForPolicy", iam("ListEntitiesForPolicy", &list))
}

/// An update, and what comes when the new version has proved itself.
async fn repaired(policy: &Policy, live: &LivePolicy) -> Result<()> {
    let (inputs, progress) = (Inputs::default(), Progress::silent());
    let changed = policy.update(&inputs, live, &progress).await?;
    policy.finish(&inputs, &changed, &progress).await
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none() {
    let replay =
        Replay::new([together([no_such_entity("GetPolicy"), no_such_entity("GetPolicyVersion")])]);
    is_absent(&policy(&replay)).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_create_nothing_differs_though_iam_writes_it_in_its_own_way() {
    let replay = Replay::new([
        meets_another("CreatePolicy"),
        described("CreatePolicy", "v1", ""),
        together([get("v1", IAM_TAGS), version(WANTED)]),
    ]);
    let policy = policy(&replay);
    let made = policy.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    assert_eq!((made.arn.as_str(), made.default_version.as_str()), (ARN, "v1"));
    let live = there(&policy).await;
    assert!(policy.is_ours(&live));
    assert!(drift(&policy, &Inputs::default(), &live).is_empty());
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn another_default_version_is_read_once_iam_shows_it() {
    let replay = Replay::new([
        together([get("v7", IAM_TAGS), no_such_entity("GetPolicyVersion")]),
        no_such_entity("GetPolicyVersion"),
        get("v7", IAM_TAGS),
        version(WANTED),
    ]);
    let policy = policy(&replay);
    let live = there(&policy).await;
    assert_eq!(live.default_version, "v7");
    assert!(drift(&policy, &Inputs::default(), &live).is_empty());
    assert!(replay.sent()[2].contains("VersionId=v7"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn one_that_was_deleted_and_still_shows_without_its_version_reads_as_none() {
    let replay = Replay::new([
        together([get("v1", IAM_TAGS), no_such_entity("GetPolicyVersion")]),
        no_such_entity("GetPolicyVersion"),
        get("v1", IAM_TAGS),
        no_such_entity("GetPolicyVersion"),
        no_such_entity("GetPolicy"),
    ]);
    is_absent(&policy(&replay)).await;
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_call_made_is_waited_for_until_it_can_be_read() {
    let message = "A policy called Data already exists. Duplicate names are not allowed.";
    let replay = Replay::new([
        lost("Action=CreatePolicy"),
        refused("Action=CreatePolicy", 409, "EntityAlreadyExists", message),
        no_such_entity("GetPolicy"),
        get("v1", IAM_TAGS),
    ]);
    let error = policy(&replay).create(&Inputs::default(), &Progress::silent()).await;
    assert_eq!(error.expect_err("it exists").kind, Failure::Exists);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_name_in_other_letters_is_told_as_what_it_is() {
    let message = "A policy called Data already exists. Duplicate names are not allowed.";
    let exists = refused("Action=CreatePolicy", 409, "EntityAlreadyExists", message);
    let absent = (0..60).map(|_| no_such_entity("GetPolicy"));
    let replay = Replay::new(std::iter::once(exists).chain(absent).collect::<Vec<_>>());
    let error = policy(&replay).create(&Inputs::default(), &Progress::silent()).await;
    let error = error.expect_err("it cannot be made");
    assert!(
        error.cause.as_ref().is_some_and(|cause| cause.contains("capitals alone")),
        "{error:?}"
    );
    assert_eq!(error.hint.as_deref(), Some("choose another `name`"));
}

#[tokio::test(start_paused = true)]
async fn a_new_version_becomes_the_default_when_it_is_known_everywhere() {
    let replay = Replay::new([
        drifted(),
        versions(&[("v1", 1)]),
        added("v2"),
        no_such_entity("SetDefaultPolicyVersion"),
        done("SetDefaultPolicyVersion"),
    ]);
    let policy = policy(&replay);
    let live = there(&policy).await;
    let drift = drift(&policy, &Inputs::default(), &live);
    assert!(drift[0].starts_with("document: {") && drift[0].contains("\"dynamodb:*\""));
    let since = tokio::time::Instant::now();
    repaired(&policy, &live).await.expect("repaired");
    assert!(since.elapsed() >= SPREADING);
    assert!(replay.sent().iter().any(|call| call.contains("SetAsDefault=false")));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_right_is_taken_away_only_at_the_end_and_a_new_one_given_before() {
    let other = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],"Resource":"arn:aws:dynamodb:us-east-1:123456789012:table/app-data"}}"#;
    let replay = Replay::new([
        together([get("v1", IAM_TAGS), version(other)]),
        versions(&[("v1", 1)]),
        added("v2"),
        done("SetDefaultPolicyVersion"),
        versions(&[("v2", 2)]),
        added("v3"),
        done("SetDefaultPolicyVersion"),
    ]);
    let policy = policy(&replay);
    let (inputs, progress) = (Inputs::default(), Progress::silent());
    let live = there(&policy).await;
    let changed = policy.update(&inputs, &live, &progress).await.expect("widened");
    assert!(changed.widened.is_some());
    for action in ["GetItem", "PutItem", "Query"] {
        assert!(changed.document.contains(action), "{action}: {}", changed.document);
    }
    policy.finish(&inputs, &changed, &progress).await.expect("narrowed");
    assert!(!replay.sent()[6].contains("PutItem"), "{}", replay.sent()[6]);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn on_a_local_cloud_a_new_version_is_the_default_at_once() {
    let replay = Replay::new([drifted(), versions(&[("v1", 1)]), added("v2")]);
    let policy = policy_of(&replay.local_cloud());
    let live = there(&policy).await;
    repaired(&policy, &live).await.expect("repaired");
    assert!(replay.sent().iter().any(|call| call.contains("SetAsDefault=true")));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn the_oldest_of_five_versions_makes_room_and_never_the_default() {
    let replay = Replay::new([
        drifted(),
        versions(&[("v8", 1), ("v10", 4), ("v9", 3), ("v12", 6), ("v11", 5)]),
        done("DeletePolicyVersion"),
        added("v13"),
        done("SetDefaultPolicyVersion"),
    ]);
    let policy = policy(&replay);
    let live = there(&policy).await;
    repaired(&policy, &live).await.expect("repaired");
    assert!(replay.sent()[3].contains("VersionId=v9"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_fifth_version_of_somebody_else_is_seen_at_the_second_look() {
    let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.";
    let five = [("v1", 1), ("v2", 2), ("v3", 3), ("v4", 4), ("v5", 5)];
    let replay = Replay::new([
        drifted(),
        versions(&five[..4]),
        refused("Action=CreatePolicyVersion", 409, "LimitExceeded", message),
        versions(&five),
        done("DeletePolicyVersion"),
        added("v6"),
        done("SetDefaultPolicyVersion"),
    ]);
    let policy = policy(&replay);
    let live = there(&policy).await;
    repaired(&policy, &live).await.expect("repaired");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_version_that_has_become_the_default_meanwhile_is_not_the_one_to_go() {
    let message = "Cannot delete the default version of a policy.";
    let before = [("v5", 5), ("v1", 1), ("v2", 2), ("v3", 3), ("v4", 4)];
    let after = [("v1", 1), ("v2", 2), ("v3", 3), ("v4", 4), ("v5", 5)];
    let replay = Replay::new([
        drifted(),
        versions(&before),
        refused("Action=DeletePolicyVersion", 409, "DeleteConflict", message),
        versions(&after),
        done("DeletePolicyVersion"),
        added("v6"),
        done("SetDefaultPolicyVersion"),
    ]);
    let policy = policy(&replay);
    let live = there(&policy).await;
    repaired(&policy, &live).await.expect("repaired");
    assert!(replay.sent()[3].contains("VersionId=v1") && replay.sent()[5].contains("VersionId=v2"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_too_long_or_malformed_is_told_at_once() {
    for (status, code, message) in [
        (409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"),
        (400, "MalformedPolicyDocument", "This policy contains invalid Json"),
    ] {
        let replay = Replay::new([
            drifted(),
            versions(&[("v1", 1)]),
            refused("Action=CreatePolicyVersion", status, code, message),
        ]);
        let policy = policy(&replay);
        let live = there(&policy).await;
        let error = repaired(&policy, &live).await;
        assert_eq!(error.expect_err("refused").code.as_deref(), Some(code));
    }
}

#[tokio::test(start_paused = true)]
async fn missing_tags_are_all_that_is_written_when_the_document_is_right() {
    let replay = Replay::new([
        together([get("v1", ""), version(WANTED)]),
        no_such_entity("TagPolicy"),
        done("TagPolicy"),
    ]);
    let policy = policy(&replay);
    let live = there(&policy).await;
    assert!(!policy.is_ours(&live));
    let changed = policy.update(&Inputs::default(), &live, &Progress::silent()).await;
    assert!(policy.is_ours(&changed.expect("tagged")));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn deleting_clears_the_versions_page_by_page_and_waits_for_the_detachment() {
    let one = |id, is_default| {
        format!(
            "<member><VersionId>{id}</VersionId><IsDefaultVersion>{is_default}</IsDefaultVersion></member>"
        )
    };
    let own = "<PolicyRoles><member><RoleName>app-lambda-role</RoleName></member></PolicyRoles>";
    let replay = Replay::new([
        together([get("v3", IAM_TAGS), version(WIDE)]),
        version(WANTED),
        in_use(),
        page(&one("v3", true), Some("more")),
        page(&one("v2", false), None),
        done("DeletePolicyVersion"),
        in_use(),
        users(own),
        done("DeletePolicy"),
    ]);
    let policy = policy(&replay);
    let live = there(&policy).await;
    policy.delete(&live, &Progress::silent()).await.expect("deleted");
    assert!(replay.sent()[5].contains("Marker=more"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_policy_in_use_is_outlasted_by_who_may_not_ask_who_uses_it() {
    let denied = "not authorized to perform: iam:ListEntitiesForPolicy";
    let replay = Replay::new([
        in_use(),
        versions(&[("v1", 1)]),
        refused("Action=ListEntitiesForPolicy", 403, "AccessDenied", denied),
        done("DeletePolicy"),
    ]);
    let live = LivePolicy::at(ARN);
    policy(&replay).delete(&live, &Progress::silent()).await.expect("deleted");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_others_have_is_not_deleted_and_they_are_named() {
    let others = "<PolicyUsers><member><UserName>ann</UserName></member></PolicyUsers><PolicyRoles><member><RoleName>other</RoleName></member></PolicyRoles>";
    let replay = Replay::new([
        together([get("v1", IAM_TAGS), version(WANTED)]),
        in_use(),
        versions(&[("v1", 1)]),
        users(others),
    ]);
    let policy = policy(&replay);
    let live = there(&policy).await;
    let error = policy.delete(&live, &Progress::silent()).await.expect_err("in use");
    assert_eq!(error.hint.as_deref(), Some("detach it first from user ann, role other"));
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn deleting_the_deleted_is_fine() {
    let replay = Replay::new([
        together([get("v1", IAM_TAGS), version(WANTED)]),
        no_such_entity("DeletePolicy"),
    ]);
    let policy = policy(&replay);
    let live = there(&policy).await;
    policy.delete(&live, &Progress::silent()).await.expect("gone already");
    replay.is_over();
}
