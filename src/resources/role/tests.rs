use super::*;
use crate::cloud::replay::{Exchange, Replay, lost, ok, refused};
use crate::resources::fixture::{
    IAM_TAGS, config, done, drift, encoded, iam, is_absent, meets_another, no_such_entity, there,
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
