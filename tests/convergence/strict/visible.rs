//! IAM does not know at once what it has just made, nor that it has just been detached.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>

use std::collections::HashMap;

use super::LOOKS;
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

#[derive(Default)]
pub struct Visible {
    /// Names of new roles and policies, and how often they are still unknown.
    hidden: HashMap<String, u32>,
    /// Policies that were detached, and how often they still count as attached.
    attached: HashMap<String, u32>,
}

const LOOKING: [&str; 8] = [
    "iam:GetRole",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:ListPolicyVersions",
    "iam:AttachRolePolicy",
    "iam:TagRole",
];

impl Layer for Visible {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let arn = call.field("PolicyArn");
        if call.is(&["iam:DeletePolicy"]) && spend(&mut self.attached, &arn) {
            return call.refused(
                409,
                "DeleteConflict",
                "Cannot delete a policy attached to entities.",
            );
        }
        let policy = arn.rsplit('/').next().unwrap_or_default();
        let role = call.field("RoleName");
        if call.is(&LOOKING) && (spend(&mut self.hidden, &role) || spend(&mut self.hidden, policy))
        {
            let text = format!("{role}{arn} was not found.");
            return call.refused(404, "NoSuchEntity", &text);
        }
        None
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if !answer.is_success() {
            return;
        }
        for (operation, field) in
            [("iam:CreateRole", "RoleName"), ("iam:CreatePolicy", "PolicyName")]
        {
            if call.is(&[operation]) {
                self.hidden.insert(call.field(field), LOOKS);
            }
        }
        if call.is(&["iam:DetachRolePolicy"]) {
            self.attached.insert(call.field("PolicyArn"), 1);
        }
    }
}

/// Uses up one of the refusals of `name`, when there is one.
fn spend(refusals: &mut HashMap<String, u32>, name: &str) -> bool {
    let left = refusals.get_mut(name).filter(|left| **left > 0);
    left.map(|left| *left -= 1).is_some()
}
