//! The one policy of a role on trial: written anew for every trial, in force at once on the local cloud.

use aws_sdk_iam::Client;

use super::error::Doing;
use super::{Answer, Cloud};
use engine::error::Result;
use iam::document::Document;

const NAME: &str = "trial";

/// Takes a managed policy off the role, so that trials alone decide.
pub async fn detach(cloud: &Cloud, role: &str, policy_arn: &str) -> Result<()> {
    let client = Client::new(&cloud.sdk);
    let answer = client.detach_role_policy().role_name(role).policy_arn(policy_arn).send().await;
    answer.doing(format!("detach `{policy_arn}` from role `{role}`")).map(|_| ())
}

/// Puts the document on the role; without one, the role has no such policy.
pub async fn put(cloud: &Cloud, role: &str, document: Option<&Document>) -> Result<()> {
    let client = Client::new(&cloud.sdk);
    if let Some(document) = document {
        let call = client.put_role_policy().role_name(role).policy_name(NAME);
        let answer = call.policy_document(document.to_json()).send().await;
        return answer.doing(format!("put a policy on role `{role}`")).map(|_| ());
    }
    let answer = client.delete_role_policy().role_name(role).policy_name(NAME).send().await;
    let doing = format!("detach the policy from role `{role}`");
    answer.doing(doing).absent_if(&["NoSuchEntity"]).map(|_| ())
}
