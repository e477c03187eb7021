//! Whether the caller may do what each verb asks of AWS, in AWS's own opinion.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Check;
use crate::cloud::caller::{self, Caller};
use crate::cloud::{Cloud, simulation};
use crate::commands::permissions;
use crate::config::Config;
use engine::Progress;
use engine::error::Result;
use iam::document::Document;

/// What is asked of AWS together: one ARN, under the same conditions.
type Question = (String, Vec<(String, Vec<String>)>);

pub async fn checks(
    cloud: &Cloud,
    config: &Config,
    caller: &Caller,
    progress: &Progress,
) -> Vec<Check> {
    const NAME: &str = "rights";
    if cloud.loopback().is_some() {
        return vec![Check::good(NAME, "whoever has the key of the local cloud may do everything")];
    }
    if caller.arn.ends_with(":root") {
        return vec![Check::good(
            NAME,
            "the root of the account may do what its organisation lets it",
        )];
    }
    let mut config = config.clone();
    config.account = Some(caller.account.clone());
    let policies = permissions::policies(&config, cloud.region());
    let asked = async {
        let principal = caller::principal(cloud, caller).await?;
        match principal {
            Some(principal) => decisions(cloud, &principal, &policies, progress).await.map(Some),
            None => Ok(None),
        }
    };
    match asked.await {
        Ok(Some(denied)) => {
            policies.iter().map(|(verb, policy)| of(verb, policy, &denied)).collect()
        }
        Ok(None) => vec![Check::unknown(NAME, "AWS judges users and roles alone", None)],
        Err(error) => {
            let check = Check::unasked(NAME, &error);
            let cure =
                "`stackctl permissions up` prints what the verb needs, to be compared by hand";
            vec![Check { cure: Some(cure.to_owned()), ..check }]
        }
    }
}

/// Whether each action is denied on something that it is asked for; none where AWS could not say.
type Decisions = BTreeMap<String, Option<bool>>;

/// Asks about everything that any verb needs, once.
async fn decisions(
    cloud: &Cloud,
    principal: &str,
    policies: &[(String, Document)],
    progress: &Progress,
) -> Result<Decisions> {
    let questions = questions(policies);
    let mut decisions = Decisions::new();
    for (at, ((resource, context), actions)) in questions.iter().enumerate() {
        progress.note(format!("asking about rights, {} of {}", at + 1, questions.len()));
        let actions: Vec<String> = actions.iter().cloned().collect();
        for opinion in simulation::ask(cloud, principal, &actions, resource, context).await? {
            let denied = opinion.decision.map(|decision| decision != "allowed");
            let before = decisions.entry(opinion.action).or_insert(Some(false));
            *before = match (*before, denied) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (None, _) | (_, None) => None,
                _ => Some(false),
            };
        }
    }
    Ok(decisions)
}

fn questions(policies: &[(String, Document)]) -> BTreeMap<Question, BTreeSet<String>> {
    let mut questions: BTreeMap<Question, BTreeSet<String>> = BTreeMap::new();
    for statement in policies.iter().flat_map(|(_, policy)| &policy.statements) {
        let context: Vec<(String, Vec<String>)> = statement
            .conditions
            .iter()
            .map(|one| (one.key.clone(), one.values.iter().take(1).cloned().collect()))
            .collect();
        let resources = statement.resources.iter().flat_map(|all| all.items().iter());
        for resource in resources {
            let actions = statement.actions.items().iter().map(ToString::to_string);
            questions.entry((sample(resource), context.clone())).or_default().extend(actions);
        }
    }
    questions
}

/// One of those that a pattern covers.
fn sample(pattern: &str) -> String {
    match pattern {
        "*" => pattern.to_owned(),
        _ => pattern.replace('*', "x"),
    }
}

fn of(verb: &str, policy: &Document, decisions: &Decisions) -> Check {
    let name = format!("rights of {verb}");
    let actions: BTreeSet<String> = policy
        .statements
        .iter()
        .flat_map(|statement| statement.actions.items().iter().map(ToString::to_string))
        .collect();
    let with = |wanted: Option<bool>| {
        let found =
            actions.iter().filter(|action| decisions.get(*action).copied().flatten() == wanted);
        found.map(String::as_str).collect::<Vec<_>>()
    };
    let (lacking, unsure) = (with(Some(true)), with(None));
    let prints = "`stackctl permissions {}` prints the policy that it takes".replace("{}", verb);
    if !lacking.is_empty() {
        // Who never runs the verb needs none of it.
        let finding = format!("lacks {}", lacking.join(", "));
        return match verb {
            "up" => Check::bad(&name, finding, prints),
            _ => Check::warning(&name, finding, prints),
        };
    }
    if !unsure.is_empty() {
        let finding = format!("AWS cannot say whether it may {}", unsure.join(", "));
        return Check::unknown(&name, finding, Some(prints));
    }
    Check::good(&name, format!("all {} are there", actions.len()))
}

#[cfg(test)]
mod tests {
    use super::super::check::Verdict;
    use super::*;
    use crate::cloud::replay::{Replay, ok, refused};
    use crate::config::tests::config;

    fn user() -> Caller {
        Caller {
            arn: "arn:aws:iam::123456789012:user/d".into(),
            account: "123456789012".into(),
            expires: None,
            ahead: None,
        }
    }

    #[test]
    fn a_verb_lacks_what_aws_denies_and_no_other_verb_does() {
        let config = config("name = \"app\"").expect("valid");
        let policies = permissions::policies(&config, "us-east-1");
        let every = questions(&policies).into_values().flatten();
        let mut decisions: Decisions = every.map(|action| (action, Some(false))).collect();
        decisions.insert("iam:CreateRole".into(), Some(true));
        decisions.insert("lambda:InvokeFunction".into(), None);
        let check = |verb: &str| {
            let policy = policies.iter().find(|(name, _)| name == verb).expect("a verb");
            of(verb, &policy.1, &decisions)
        };
        assert_eq!(
            (check("up").verdict, check("up").finding.as_str()),
            (Verdict::Bad, "lacks iam:CreateRole")
        );
        assert_eq!(check("status").verdict, Verdict::Good);
        assert_eq!(check("invoke").verdict, Verdict::Unknown);
    }

    #[tokio::test]
    async fn whoever_may_not_ask_is_told_so_with_what_to_do() {
        let replay =
            Replay::new([refused("Action=SimulatePrincipalPolicy", 403, "AccessDenied", "no")]);
        let config = config("name = \"app\"").expect("valid");
        let checks = checks(&replay.cloud(), &config, &user(), &Progress::silent()).await;
        assert_eq!(checks.len(), 1);
        assert_eq!(checks[0].verdict, Verdict::Unknown);
        assert!(checks[0].cure.as_ref().is_some_and(|cure| cure.contains("permissions up")));
    }

    #[tokio::test]
    async fn conditions_are_asked_with_what_meets_them() {
        let answer = "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><EvaluationResults/><IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>";
        let config = config("name = \"app\"").expect("valid");
        let policies = permissions::policies(&config, "us-east-1");
        let count = questions(&policies).len();
        let replay = Replay::new((0..count).map(|_| ok("Action=SimulatePrincipalPolicy", answer)));
        let checks = checks(&replay.cloud(), &config, &user(), &Progress::silent()).await;
        assert_eq!(checks.len(), policies.len());
        let sent = replay.sent().join("\n");
        assert!(
            sent.contains("iam%3APassedToService") && sent.contains("lambda.amazonaws.com"),
            "{sent}"
        );
        assert!(!sent.contains("role%2F%2A"), "patterns are asked by an example: {sent}");
        replay.is_over();
    }
}
