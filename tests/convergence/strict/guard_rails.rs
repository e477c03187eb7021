//! What an organisation demands of its accounts: a boundary of every role, and a tag of whatever can be made with tags.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples.html>

use serde_json::Value;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

/// The key of the tag that everything must have.
pub struct GuardRails(pub &'static str);

impl Layer for GuardRails {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let denied = |why: &str| {
            let text = format!(
                "User: u is not authorized to perform this on resource {why} with an explicit deny in a service control policy"
            );
            let code = if call.is(&IAM) { "AccessDenied" } else { "AccessDeniedException" };
            call.refused(403, code, &text)
        };
        if call.is(&["iam:CreateRole"]) && call.field("PermissionsBoundary").is_empty() {
            return denied("without a permissions boundary");
        }
        let is_tagged = match () {
            () if call.is(&IAM) => {
                (1..=50).any(|at| call.field(&format!("Tags.member.{at}.Key")) == self.0)
            }
            () if call.is(&TAGGED) => has(&call.input(), self.0),
            () => return None,
        };
        if is_tagged { None } else { denied("without its tag") }
    }
}

const IAM: [&str; 2] = ["iam:CreateRole", "iam:CreatePolicy"];
const TAGGED: [&str; 5] = [
    "dynamodb:CreateTable",
    "lambda:CreateFunction",
    "apigateway:CreateApi",
    "apigateway:CreateStage",
    "logs:CreateLogGroup",
];

/// Tags are a map, or a list of pairs.
fn has(input: &Value, key: &str) -> bool {
    let tags = [&input["tags"], &input["Tags"]];
    tags.into_iter().any(|tags| {
        let pairs = tags.as_array().into_iter().flatten();
        tags[key].is_string() || pairs.into_iter().any(|pair| pair["Key"] == key)
    })
}
