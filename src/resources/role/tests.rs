use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused};
use crate::resources::fixture::{
    self, IAM_TAGS, config, done, drift, encoded, iam, is_absent, meets_another, no_such_entity,
    there,
};
use engine::error::Kind as Failure;

const ARN: &str = "arn:aws:iam::123456789012:role/app-lambda-role";
/// As IAM writes it back: other order, lists of one.
const TRUST: &str = r#"{"Statement":[{"Action":["sts:AssumeRole"],"Principal":{"Service":["lambda.amazonaws.com"]},"Effect":"Allow"}],"Version":"2012-10-17"}"#;
const OPEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;

fn role(replay: &Replay) -> Role {
    Role::new(&replay.cloud(), &config())
}

fn described(operation: &str, arn: &str, trust: &str, tags: &str) -> Exchange {
    let trust = encoded(trust);
    let role = format!(
        "<Role><Path>/</Path><RoleName>app-lambda-role</RoleName><RoleId>AROAX</RoleId><Arn>{arn}</Arn><CreateDate>2026-01-02T03:04:05Z</CreateDate><AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration>{tags}</Role>"
    );
    ok(format!("Action={operation}"), iam(operation, &role))
}

fn get(trust: &str, tags: &str) -> Exchange {
    described("GetRole", ARN, trust, tags)
}

fn exists() -> Exchange {
    refused(
        "Action=CreateRole",
        409,
        "EntityAlreadyExists",
        "Role with name app-lambda-role already exists.",
    )
}

#[tokio::test(start_paused = true)]
async fn absent_reads_as_none() {
    let replay = Replay::new([no_such_entity("GetRole")]);
    is_absent(&role(&replay)).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_create_nothing_differs() {
    let replay = Replay::new([
        meets_another("CreateRole"),
        described("CreateRole", ARN, TRUST, ""),
        get(TRUST, IAM_TAGS),
    ]);
    let role = role(&replay);
    let made = role.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    assert_eq!((made.arn.as_str(), made.made), (ARN, 1_767_323_045));
    let live = there(&role).await;
    assert!(role.is_ours(&live));
    assert!(drift(&role, &Inputs::default(), &live).is_empty());
    assert_eq!(live.made, made.made);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn throttling_is_recognised_by_its_code_whatever_the_status() {
    let throttled = || refused("Action=GetRole", 400, "Throttling", "Rate exceeded");
    let replay = Replay::new([throttled(), throttled(), get(TRUST, IAM_TAGS)]);
    there(&role(&replay)).await;
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_call_made_is_waited_for_until_it_can_be_read() {
    let replay = Replay::new([
        lost("Action=CreateRole"),
        exists(),
        no_such_entity("GetRole"),
        no_such_entity("GetRole"),
        get(TRUST, IAM_TAGS),
    ]);
    let error = role(&replay).create(&Inputs::default(), &Progress::silent()).await;
    assert_eq!(error.expect_err("it exists").kind, Failure::Exists);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn an_id_in_the_place_of_the_arn_is_not_taken_for_it() {
    let replay = Replay::new([described("GetRole", "AROAX", TRUST, IAM_TAGS)]);
    assert_eq!(there(&role(&replay)).await.arn, ARN);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_others_may_assume_is_closed_and_tagged_once_iam_knows_it() {
    let replay = Replay::new([
        get(OPEN, ""),
        no_such_entity("TagRole"),
        meets_another("TagRole"),
        done("TagRole"),
        done("UpdateAssumeRolePolicy"),
    ]);
    let role = role(&replay);
    let live = there(&role).await;
    let drift = drift(&role, &Inputs::default(), &live);
    assert!(drift.contains(&"tag stackctl:stack: none → app".to_owned()), "{drift:?}");
    let trust = drift.last().expect("the trust is told last");
    assert!(trust.starts_with("trust policy: {") && trust.contains("lambda.amazonaws.com"));
    role.update(&Inputs::default(), &live, &Progress::silent()).await.expect("repaired");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn only_what_differs_is_written() {
    let replay = Replay::new([get(OPEN, IAM_TAGS), done("UpdateAssumeRolePolicy")]);
    let role = role(&replay);
    let live = there(&role).await;
    role.update(&Inputs::default(), &live, &Progress::silent()).await.expect("repaired");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn it_is_deleted_when_the_detachments_have_spread() {
    let attached = || {
        let message = "Cannot delete entity, must detach all policies first.";
        refused("Action=DeleteRole", 409, "DeleteConflict", message)
    };
    let replay = Replay::new([get(TRUST, IAM_TAGS), attached(), attached(), done("DeleteRole")]);
    let role = role(&replay);
    role.delete(&there(&role).await, &Progress::silent()).await.expect("deleted");
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn deleting_the_deleted_is_fine() {
    let replay = Replay::new([get(TRUST, IAM_TAGS), no_such_entity("DeleteRole")]);
    let role = role(&replay);
    role.delete(&there(&role).await, &Progress::silent()).await.expect("gone already");
}

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/B";

fn bounded(replay: &Replay) -> Role {
    let keys = format!("tags.team = \"shop\"\nfunction.boundary = \"{BOUNDARY}\"");
    Role::new(&replay.cloud(), &fixture::with(&keys))
}

fn bound_by(arn: &str) -> String {
    format!(
        "<PermissionsBoundary><PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
    )
}

#[tokio::test(start_paused = true)]
async fn a_boundary_and_tags_of_the_file_come_with_the_role() {
    let replay = Replay::new([described("CreateRole", ARN, TRUST, "")]);
    let keys = format!(
        "tags.team = \"shop\"\nfunction.boundary = \"{BOUNDARY}\"\nfunction.role_path = \"/apps/\""
    );
    let role = Role::new(&replay.cloud(), &fixture::with(&keys));
    let made = role.create(&Inputs::default(), &Progress::silent()).await.expect("made");
    assert!(drift(&role, &Inputs::default(), &made).is_empty());
    let sent = replay.sent().concat();
    for part in ["Path=%2Fapps%2F", "PermissionsBoundary=arn", "Value=shop"] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_boundary_and_a_tag_of_ours_are_put_right_and_what_was_asked_about_is_not_forgotten()
 {
    let asked = "<member><Key>stackctl:asked</Key><Value>12345678</Value></member></Tags>";
    let tags =
        IAM_TAGS.replace("</Tags>", asked) + &bound_by("arn:aws:iam::123456789012:policy/Other");
    let replay =
        Replay::new([get(TRUST, &tags), done("TagRole"), done("PutRolePermissionsBoundary")]);
    let role = bounded(&replay);
    let live = there(&role).await;
    let told = drift(&role, &Inputs::default(), &live);
    assert_eq!(told[0], "tag team: none → shop");
    assert!(
        told[1].starts_with("boundary: arn:aws:iam::123456789012:policy/Other → arn"),
        "{told:?}"
    );
    assert!(role.diff(&Inputs::default(), &live)[1].loses, "the user is asked first");
    assert!(role.is_ours(&live), "a tag of the file says nothing of whose the role is");
    let now = role.update(&Inputs::default(), &live, &Progress::silent()).await.expect("repaired");
    assert_eq!(now.asked(), ["12345678"]);
    replay.is_over();
}

#[tokio::test(start_paused = true)]
async fn a_boundary_that_the_file_does_not_name_stays_and_a_path_cannot_change() {
    let replay = Replay::new([get(TRUST, &(IAM_TAGS.to_owned() + &bound_by(BOUNDARY)))]);
    let plain = role(&replay);
    let live = there(&plain).await;
    let differences = plain.diff(&Inputs::default(), &live);
    assert!(differences.iter().all(|one| !one.is_to_be_made()), "{differences:?}");
    let moved = Role::new(&replay.cloud(), &fixture::with("function.role_path = \"/apps/\""));
    let differences = moved.diff(&Inputs::default(), &live);
    assert!(differences.iter().any(|one| one.refusal.is_some()), "{differences:?}");
}
