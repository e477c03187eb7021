//! What IAM refuses: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>,
//! and the errors of `API_AttachRolePolicy`, `API_DeletePolicy` and `API_CreateRole`.

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

/// Characters of a managed policy, white space apart.
const POLICY_SIZE: usize = 6144;
/// Managed policies of a role.
const POLICIES_PER_ROLE: usize = 10;

pub struct Iam;

impl Layer for Iam {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let document = call.field("PolicyDocument");
        let size = document.chars().filter(|one| !one.is_whitespace()).count();
        if call.is(&["iam:CreatePolicy", "iam:CreatePolicyVersion"]) && size > POLICY_SIZE {
            return call.refused(409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144");
        }
        let arn = call.field("PolicyArn");
        let of_policy = [("PolicyArn", arn.as_str())];
        if call.is(&["iam:AttachRolePolicy"]) {
            let is_there = arn.contains(":iam::aws:")
                || !call.aws.iam_or_nothing("GetPolicy", &of_policy).is_null();
            if !is_there {
                let text = format!("Policy {arn} does not exist or is not attachable.");
                return call.refused(404, "NoSuchEntity", &text);
            }
            let role = call.field("RoleName");
            let attached =
                call.aws.iam_or_nothing("ListAttachedRolePolicies", &[("RoleName", &role)]);
            let attached = attached["AttachedPolicies"].as_array().cloned().unwrap_or_default();
            let is_another = attached.iter().all(|policy| policy["PolicyArn"] != arn.as_str());
            if attached.len() >= POLICIES_PER_ROLE && is_another {
                return call.refused(
                    409,
                    "LimitExceeded",
                    "Cannot exceed quota for PoliciesPerRole: 10",
                );
            }
        }
        if call.is(&["iam:DeletePolicy"]) {
            let versions = call.aws.iam_or_nothing("ListPolicyVersions", &of_policy);
            if versions["Versions"].as_array().is_some_and(|versions| versions.len() > 1) {
                let text = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions.";
                return call.refused(409, "DeleteConflict", text);
            }
        }
        let trust = call.field("AssumeRolePolicyDocument");
        if call.is(&["iam:CreateRole"])
            && serde_json::from_str::<serde_json::Value>(&trust).is_err()
        {
            return call.refused(
                400,
                "MalformedPolicyDocument",
                "This policy contains invalid Json",
            );
        }
        None
    }
}
