//! AWS's own opinion of what a role may do. Emulators answer it badly, so it is only asked of AWS.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum};

use super::Cloud;
use super::error::Doing;
use super::pages::Pages;
use engine::error::Result;

/// The operations of AWS that this file calls.
pub const CALLS: &[&str] = &["iam:SimulatePrincipalPolicy"];

/// The same about whoever asks.
pub const OF_CALLER: &[&str] = &["iam:SimulatePrincipalPolicy/caller"];

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>
const MOST_ACTIONS: usize = 50;

/// One request, in AWS's opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    pub action: String,
    pub resource: String,
    /// `allowed`, `implicitDeny` or `explicitDeny`; none when a condition asks for a key that was not supplied.
    pub decision: Option<String>,
}

/// Asks about every action on one resource, in requests that bring these keys with these values.
pub async fn ask(
    cloud: &Cloud,
    role_arn: &str,
    actions: &[String],
    resource: &str,
    keys: &[(String, Vec<String>)],
) -> Result<Vec<Opinion>> {
    let client = Client::new(&cloud.sdk);
    let key = |(name, values): &(String, Vec<String>)| {
        let entry = ContextEntry::builder().context_key_name(name);
        let entry = entry.set_context_key_values(Some(values.clone()));
        entry.context_key_type(ContextKeyTypeEnum::String).build()
    };
    let keys: Vec<ContextEntry> = keys.iter().map(key).collect();
    let mut opinions = Vec::new();
    for chunk in actions.chunks(MOST_ACTIONS) {
        let mut pages = Pages::default();
        loop {
            let call = client
                .simulate_principal_policy()
                .policy_source_arn(role_arn)
                .set_action_names(Some(chunk.to_vec()))
                .resource_arns(resource)
                .set_context_entries(Some(keys.clone()).filter(|keys| !keys.is_empty()))
                .set_marker(pages.token());
            let page = call.send().await.doing("simulate the policies of a principal on AWS")?;
            for result in page.evaluation_results() {
                let specific = result.resource_specific_results().first();
                let decision = specific
                    .map_or(&result.eval_decision, |specific| &specific.eval_resource_decision);
                let unknown = !result.missing_context_values().is_empty()
                    || specific.is_some_and(|one| !one.missing_context_values().is_empty());
                opinions.push(Opinion {
                    action: result.eval_action_name().to_owned(),
                    resource: resource.to_owned(),
                    decision: (!unknown).then(|| decision.as_str().to_owned()),
                });
            }
            if !pages.turn_if(page.is_truncated, page.marker)? {
                break;
            }
        }
    }
    Ok(opinions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, ok};

    #[tokio::test]
    async fn every_page_counts_and_a_missing_key_is_no_decision() {
        let member = |action: &str, decision: &str, more: &str| {
            format!(
                "<member><EvalActionName>{action}</EvalActionName><EvalResourceName>arn</EvalResourceName><EvalDecision>{decision}</EvalDecision>{more}</member>"
            )
        };
        let page = |members: &str, rest: &str| {
            format!(
                "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults>{members}</EvaluationResults>{rest}</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
            )
        };
        let specific = "<ResourceSpecificResults><member><EvalResourceName>arn</EvalResourceName><EvalResourceDecision>implicitDeny</EvalResourceDecision></member></ResourceSpecificResults>";
        let missing = "<MissingContextValues><member>aws:SourceIp</member></MissingContextValues>";
        let replay = Replay::new([
            ok(
                "SimulatePrincipalPolicy",
                page(
                    &member("dynamodb:GetItem", "allowed", specific),
                    "<IsTruncated>true</IsTruncated><Marker>m</Marker>",
                ),
            ),
            ok(
                "Marker=m",
                page(
                    &member("dynamodb:Scan", "allowed", missing),
                    "<IsTruncated>false</IsTruncated>",
                ),
            ),
        ]);
        let actions = ["dynamodb:GetItem", "dynamodb:Scan"].map(str::to_owned);
        let opinions =
            ask(&replay.cloud(), "role", &actions, "arn", &[]).await.expect("it answers");
        replay.is_over();
        assert_eq!(opinions[0].decision.as_deref(), Some("implicitDeny"));
        assert_eq!(opinions[1].decision, None);
    }
}
