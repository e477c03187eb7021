//! The refusals of AWS that pass, and those that do not.

use std::time::Duration;

use crate::lane::{Lane, Verb};
use crate::proxy::{Fault, What, When};
use crate::run::Run;

/// An operation and how it is refused: status, code, message.
type Refusal = (&'static str, u16, &'static str, &'static str);

const PASSING_IN_UP: [Refusal; 12] = [
    (
        "dynamodb:CreateTable",
        400,
        "LimitExceededException",
        "Subscriber limit exceeded: too many operations simultaneously",
    ),
    (
        "dynamodb:UpdateContinuousBackups",
        400,
        "ContinuousBackupsUnavailableException",
        "Backups are being enabled for the table",
    ),
    (
        "iam:CreateRole",
        409,
        "ConcurrentModification",
        "The request was rejected because of a concurrent change",
    ),
    ("iam:AttachRolePolicy", 404, "NoSuchEntity", "does not exist or is not attachable"),
    (
        "logs:CreateLogGroup",
        400,
        "OperationAbortedException",
        "A conflicting operation is in progress. Please try again.",
    ),
    (
        "logs:PutRetentionPolicy",
        400,
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    ),
    (
        "lambda:CreateFunction",
        400,
        "InvalidParameterValueException",
        "Lambda was unable to configure your function: throttled by EC2",
    ),
    (
        "lambda:AddPermission",
        409,
        "ResourceConflictException",
        "A concurrent update operation is under way",
    ),
    ("apigateway:CreateApi", 429, "TooManyRequestsException", "Too Many Requests"),
    (
        "apigateway:CreateIntegration",
        409,
        "ConflictException",
        "Unable to complete operation due to concurrent modification. Please try again later.",
    ),
    (
        "apigateway:CreateRoute",
        409,
        "ConflictException",
        "Unable to complete operation due to concurrent modification. Please try again later.",
    ),
    (
        "apigateway:CreateStage",
        409,
        "ConflictException",
        "Unable to complete operation due to concurrent modification. Please try again later.",
    ),
];

const PASSING_IN_TEARDOWN: [Refusal; 6] = [
    (
        "dynamodb:DeleteTable",
        400,
        "ResourceInUseException",
        "Attempt to change a resource which is still in use",
    ),
    (
        "iam:DeleteRole",
        409,
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
    ),
    ("iam:DeletePolicy", 409, "DeleteConflict", "Cannot delete a policy attached to entities."),
    (
        "logs:DeleteLogGroup",
        400,
        "OperationAbortedException",
        "A conflicting operation is in progress. Please try again.",
    ),
    (
        "lambda:DeleteFunction",
        409,
        "ResourceConflictException",
        "An update is in progress for resource",
    ),
    ("apigateway:DeleteApi", 429, "TooManyRequestsException", "Too Many Requests"),
];

const NOT_ASSUMABLE: &str = "The role defined for the function cannot be assumed by Lambda.";

/// Refusals that nothing but the user can end, and what is said then.
const FINAL: [(Refusal, &str); 9] = [
    (
        (
            "dynamodb:CreateTable",
            400,
            "AccessDeniedException",
            "User: u is not authorized to perform: dynamodb:CreateTable on resource: t",
        ),
        "\\\"Action\\\": \\\"dynamodb:CreateTable\\\"",
    ),
    (
        (
            "iam:CreateRole",
            403,
            "AccessDenied",
            "User: u is not authorized to perform: iam:CreateRole on resource: r",
        ),
        "\\\"Action\\\": \\\"iam:CreateRole\\\"",
    ),
    (
        ("iam:CreatePolicy", 400, "MalformedPolicyDocument", "This policy contains invalid Json"),
        "create policy",
    ),
    (
        ("iam:CreatePolicy", 409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"),
        "quota",
    ),
    (
        (
            "iam:AttachRolePolicy",
            409,
            "LimitExceeded",
            "Cannot exceed quota for PoliciesPerRole: 10",
        ),
        "quota",
    ),
    (
        (
            "sts:GetCallerIdentity",
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
        "log in again",
    ),
    (
        (
            "lambda:CreateFunction",
            403,
            "AccessDeniedException",
            "User: u is not authorized to perform: iam:PassRole on resource: r",
        ),
        "\\\"Action\\\": \\\"iam:PassRole\\\"",
    ),
    (
        (
            "lambda:CreateFunction",
            400,
            "CodeStorageExceededException",
            "Code storage limit exceeded.",
        ),
        "delete old versions",
    ),
    (
        (
            "lambda:CreateFunction",
            400,
            "InvalidParameterValueException",
            "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008",
        ),
        "3008",
    ),
];

fn twice((operation, status, code, message): Refusal) -> Fault {
    let what = What::Refused(status, code, message);
    Fault { when: When::Always(operation.to_owned()), what, times: 2 }
}

#[test]
fn refusals_that_pass_are_outlasted() {
    let lane = Lane::take();
    let before = lane.snapshot();
    lane.run_with(Verb::Up, PASSING_IN_UP.map(twice)).0.succeeded();
    let (again, ledger) = lane.run(Verb::Up);
    again.succeeded();
    assert_eq!(ledger.writes(), 0);
    lane.run_with(Verb::Teardown, PASSING_IN_TEARDOWN.map(twice)).0.succeeded();
    assert_eq!(lane.snapshot(), before);
}

#[test]
fn final_refusals_are_told_with_the_way_out_and_the_next_run_goes_on() {
    let lane = Lane::take();
    for ((operation, status, code, message), told) in FINAL {
        let when = When::Always(operation.to_owned());
        let fault = Fault::for_ever(when, What::Refused(status, code, message));
        let (ended, _) = lane.run_with(Verb::Up, [fault]);
        assert_eq!(ended.code, Some(1), "{operation} {code}: {ended:#?}");
        assert!(ended.stderr.contains(told), "{operation} {code}: {ended:#?}");
        lane.run(Verb::Up).0.succeeded();
        lane.fresh();
    }
}

#[test]
fn a_call_that_is_never_answered_is_given_up_looked_for_and_made_again() {
    let lane = Lane::take();
    for what in [What::Held, What::HeldAfter] {
        lane.fresh();
        lane.proxy().reset([Fault::once(When::Operation("iam:CreateRole".into()), what)]);
        let mut arguments = Verb::Up.arguments();
        arguments.extend(["--timeout", "3s"]);
        let run = Run::start(lane.command(&arguments));
        run.wait_at_most(Duration::from_secs(50)).succeeded();
        let (_, ledger) = lane.run(Verb::Up);
        assert_eq!(ledger.writes(), 0);
    }
}

#[test]
fn a_wait_that_takes_longer_than_the_user_has_ends_with_the_last_answer() {
    let lane = Lane::take();
    let refused = ("lambda:CreateFunction", 400, "InvalidParameterValueException", NOT_ASSUMABLE);
    let (operation, status, code, message) = refused;
    let fault =
        Fault::for_ever(When::Always(operation.to_owned()), What::Refused(status, code, message));
    lane.proxy().reset([fault]);
    let mut arguments = Verb::Up.arguments();
    arguments.extend(["--timeout", "2s"]);
    let ended = Run::start(lane.command(&arguments)).wait_at_most(Duration::from_secs(30));
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    for told in ["after 2 s of waiting until Lambda can assume the role", NOT_ASSUMABLE, code] {
        assert!(ended.stderr.contains(told), "{told}: {ended:#?}");
    }
    lane.run(Verb::Up).0.succeeded();
    let (_, ledger) = lane.run(Verb::Up);
    assert_eq!(ledger.writes(), 0);
}

#[test]
fn another_account_than_the_pinned_one_is_refused_before_the_first_write() {
    let lane = Lane::take();
    for verb in [Verb::Up, Verb::Deploy] {
        lane.run(verb).0.succeeded();
    }
    lane.configure("account = \"999999999999\"\n");
    for verb in [Verb::Up, Verb::Deploy, Verb::Rollback, Verb::Teardown] {
        let (ended, ledger) = lane.run(verb);
        assert_eq!((ended.code, ledger.writes()), (Some(2), 0), "{verb:?}: {ended:#?}");
    }
    let ended = Run::start(lane.command(&["invoke", "--method", "GET"])).wait();
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert_eq!(lane.proxy().ledger().calls().len(), 1, "only who we are is asked");
}

#[test]
fn two_apis_of_ours_are_told_by_their_ids_and_none_is_touched() {
    let lane = Lane::take();
    let tags = serde_json::json!({"stackctl:stack": "my-app", "stackctl:stage": "default"});
    let input = serde_json::json!({"name": "my-app", "protocolType": "HTTP", "tags": tags});
    let made = [0, 1].map(|_| lane.aws().rest("apigateway", "POST", "/v2/apis", &input));
    let (ended, ledger) = lane.run(Verb::Up);
    assert_eq!((ended.code, ledger.writes()), (Some(1), 0), "{ended:#?}");
    for api in made {
        assert!(ended.stderr.contains(api["apiId"].as_str().expect("an id")), "{ended:#?}");
    }
}

#[test]
fn a_second_integration_of_an_earlier_crash_is_removed() {
    let lane = Lane::take();
    let up = lane.run(Verb::Up).0.succeeded();
    let wanted = lane.snapshot();
    let path = format!("/v2/apis/{}/integrations", up.json()["api_id"].as_str().expect("an id"));
    let all = lane.aws().get("apigateway", &path);
    let uri = &all["items"][0]["integrationUri"];
    let input = serde_json::json!({"integrationType": "AWS_PROXY", "integrationUri": uri, "payloadFormatVersion": "2.0"});
    lane.aws().rest("apigateway", "POST", &path, &input);
    lane.run(Verb::Up).0.succeeded();
    assert_eq!(lane.snapshot(), wanted);
}

#[test]
fn a_neighbour_under_our_name_is_told_and_left_alone() {
    let lane = Lane::take();
    let input = serde_json::json!({"logGroupName": "/aws/lambda/my-app-api"});
    lane.aws().json("logs", "CreateLogGroup", &input);
    let before = lane.snapshot();
    let (ended, ledger) = lane.run(Verb::Up);
    assert_eq!((ended.code, ledger.writes()), (Some(2), 0), "{ended:#?}");
    assert!(ended.stderr.contains("--adopt"), "{ended:#?}");
    lane.run(Verb::Teardown).0.succeeded();
    assert_eq!(lane.snapshot(), before);
}
