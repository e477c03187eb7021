//! What the proof knows of each service: its actions, what each can be granted on, and requests that a grant which is
//! wider than it should be allows.

pub mod dynamodb;
pub mod logs;
mod other;

use crate::operations::Operation;
use crate::snapshot::Stack;

/// One service of AWS. Actions have their service: `dynamodb:GetItem`.
pub trait Service {
    /// The actions that a grant is tried with; none where no catalogue is vendored, and then only what is written is.
    fn actions(&self) -> Vec<String>;

    /// Resources close to the stack's own and to those that are needed.
    fn neighbours(&self, stack: &Stack, needed: &[&str]) -> Vec<String>;

    /// Whether a grant of the action on such a resource has an effect.
    fn takes(&self, action: &str, resource: &str) -> bool;

    /// The ARN of what an action acts on, from the name that a program gives it; nothing where the name does not say it.
    fn arn(&self, action: &str, name: &str) -> Option<String>;
}

/// The service of an action.
pub fn of(action: &str) -> &'static dyn Service {
    let service = action.split(':').next().unwrap_or_default();
    if service.eq_ignore_ascii_case("dynamodb") {
        &dynamodb::DynamoDb
    } else if service.eq_ignore_ascii_case("logs") {
        &logs::Logs
    } else {
        &other::Other
    }
}

/// The actions that an operation may need; `service` is the name of its SDK crate without `aws_sdk_`.
pub fn actions_of(service: &str, operation: &str) -> Vec<String> {
    if let Some(known) = Operation::named(operation).filter(|_| service == "dynamodb") {
        let actions = known.possible_actions().into_iter();
        return actions.map(|action| format!("dynamodb:{action}")).collect();
    }
    let mut actions = audit::actions_of(service, operation);
    actions.retain(|action| needs_a_grant(action));
    actions
}

/// Another region and another account than the stack's.
fn elsewhere(stack: &Stack) -> (&'static str, &'static str) {
    let region = if stack.region == "eu-west-1" { "us-east-1" } else { "eu-west-1" };
    let account = if stack.account == "210987654321" { "123456789012" } else { "210987654321" };
    (region, account)
}

/// Actions of other services that can be granted on `*` alone.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
const WITHOUT_ARN: [&str; 9] = [
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:ListMetrics",
    "cloudwatch:PutMetricData",
    "comprehend:DetectSentiment",
    "rekognition:DetectLabels",
    "s3:ListAllMyBuckets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// Actions that every role may do, whatever its policies say.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
const ALWAYS_ALLOWED: [&str; 2] = ["sts:GetCallerIdentity", "sts:GetSessionToken"];

/// Whether an action needs to be granted.
pub fn needs_a_grant(action: &str) -> bool {
    !ALWAYS_ALLOWED.contains(&action)
}

/// Whether an action takes no ARN.
pub fn takes_no_arn(action: &str) -> bool {
    WITHOUT_ARN.iter().any(|known| known.eq_ignore_ascii_case(action))
}

/// The ARN of what an action acts on, from the name that a program gives it, which may be an ARN itself.
pub fn arn(action: &str, name: &str) -> Option<String> {
    let service = action.split(':').next()?;
    if name.starts_with("arn:") && service != "s3" {
        return (name.split(':').nth(2)? == service).then(|| name.to_owned());
    }
    of(action).arn(action, name)
}

/// `by-status` → `ByStatus`: what a `Sid` takes.
pub fn pascal(text: &str) -> String {
    let words = text.split(|one: char| !one.is_ascii_alphanumeric());
    words
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_ascii_uppercase().to_string() + letters.as_str()
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_the_arn_that_its_action_takes() {
        let local = "arn:${partition}:SERVICE:${region}:${account}:";
        for (action, name, wanted) in [
            ("s3:GetObject", "photos", Some("arn:${partition}:s3:::photos/*")),
            ("s3:ListBucket", "photos", Some("arn:${partition}:s3:::photos")),
            ("s3:AbortMultipartUpload", "photos", Some("arn:${partition}:s3:::photos/*")),
            ("s3:GetObject", "", None),
            ("sns:Publish", "arn:aws:sns:r:1:t", Some("arn:aws:sns:r:1:t")),
            ("sns:Publish", "arn:aws:sqs:r:1:t", None),
            ("sqs:SendMessage", "jobs", None),
            (
                "sqs:SendMessage",
                "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs",
                Some("arn:${partition}:sqs:eu-west-1:123456789012:jobs"),
            ),
            ("ssm:GetParameter", "/app/key", Some("SERVICE=ssm parameter/app/key")),
            ("ssm:SendCommand", "x", None),
            (
                "secretsmanager:GetSecretValue",
                "db",
                Some("SERVICE=secretsmanager secret:db-??????"),
            ),
            ("lambda:InvokeFunction", "other", Some("SERVICE=lambda function:other")),
            ("ses:SendEmail", "a@b.c", None),
        ] {
            let wanted = wanted.map(|text| match text.strip_prefix("SERVICE=") {
                Some(text) => {
                    let (service, rest) = text.split_once(' ').expect("two words");
                    local.replace("SERVICE", service) + rest
                }
                None => text.to_owned(),
            });
            assert_eq!(arn(action, name), wanted, "{action} {name}");
        }
    }
}
