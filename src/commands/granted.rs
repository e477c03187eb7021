//! Whether the deployed policy allows what new code is linked to do: asked before it is uploaded.

use std::collections::BTreeSet;

use crate::cloud::{Cloud, Identity, role_documents};
use crate::config::Config;
use crate::rendered;
use crate::resources::Policy;
use engine::error::{Error, Kind, Result};
use engine::{Progress, Resource as _};
use iam::document::Document;
use iam::eval::Decision;
use iam::json::Json;
use package::Artifact;
use verify::check;
use verify::linked;
use verify::operations::Operation;
use verify::rights::Rights;
use verify::snapshot::{Documents, Handler, InlinePolicy, Snapshot};

/// What the own policy of each function allows as it is deployed; `None` where that may not be read. Asked together with
/// everything else, so that it costs a deploy no time.
pub async fn policies(
    cloud: &Cloud,
    config: &Config,
    progress: &Progress,
) -> Result<Vec<Option<String>>> {
    let mut policies = Vec::new();
    for config in config.each_function() {
        policies.push(policy(cloud, &config, progress).await?);
    }
    Ok(policies)
}

async fn policy(cloud: &Cloud, config: &Config, progress: &Progress) -> Result<Option<String>> {
    let read_only = |_: &Identity| Document::new(Vec::new());
    let policy = Policy::new(cloud, config, &config.function().data_policy, read_only);
    match policy.read(progress).await {
        Ok(live) => Ok(Some(live.map(|live| live.document).unwrap_or_default())),
        // Who may ship code need not be allowed to read policies; then a denial shows at the first request.
        Err(error) if role_documents::is_denied(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses code that needs what `policy` does not allow: an audited program, what its source is seen to need; another
/// one, the operations that it names.
pub async fn check(
    cloud: &Cloud,
    config: &Config,
    audited: Option<&Rights>,
    policy: &str,
    code: &Artifact,
) -> Result<()> {
    let document = Json::parse(policy).unwrap_or(Json::Null);
    let own = InlinePolicy { policy_name: config.function().data_policy.clone(), document };
    let documents = Documents {
        managed_policies: Vec::new(),
        inline_policies: vec![own],
        trust_policy: Json::Null,
        permissions_boundary: Json::Null,
        function_resource_policy: Json::Null,
    };
    let stack = rendered::names(config, &cloud.identity().await?, None);
    let snapshot = Snapshot { stack, handler: Handler::default(), documents };
    let refused = if let Some(rights) = audited {
        unmet(&snapshot, rights)
    } else {
        let linked = linked::operations_in(&code.program()?);
        let refused = linked.into_iter().filter(|name| !may(&snapshot, name));
        refused.map(|name| format!("dynamodb:{name}")).collect()
    };
    if refused.is_empty() {
        return Ok(());
    }
    let refused = refused.into_iter().collect::<Vec<_>>().join(", ");
    let cause = format!("the code calls {refused}, which its policy does not allow");
    Err(Error::new(Kind::Failed, "refused to deploy").cause(cause).hint(
        "`stackctl up` ships code and policy together; `stackctl verify-policy --explain ACTION` shows what calls it",
    ))
}

/// What rights name and the policy surely does not allow.
fn unmet(snapshot: &Snapshot, rights: &Rights) -> BTreeSet<String> {
    let mut refused = BTreeSet::new();
    for grant in &rights.grants {
        // A resource that ends in `*` is any one that begins so.
        let on = snapshot.stack.arn(&grant.on);
        let on = on
            .strip_suffix('*')
            .filter(|head| !head.is_empty())
            .map_or(on.clone(), |head| format!("{head}0"));
        for action in &grant.actions {
            if is_denied(check::explain(snapshot, action, &on).decision) {
                refused.insert(format!("{action} on {}", grant.on));
            }
        }
    }
    refused
}

/// What is in doubt is not refused.
fn is_denied(decision: Decision) -> bool {
    matches!(decision, Decision::ImplicitDeny | Decision::ExplicitDeny)
}

fn may(snapshot: &Snapshot, operation: &str) -> bool {
    let actions = Operation::named(operation).map(Operation::possible_actions).unwrap_or_default();
    let tables = snapshot.stack.tables().map(|(_, arn)| arn);
    let resources: Vec<&str> = tables.chain(["*"]).collect();
    actions.is_empty()
        || actions.iter().any(|action| {
            let action = format!("dynamodb:{action}");
            resources.iter().any(|on| !is_denied(check::explain(snapshot, &action, on).decision))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;
    use verify::rights::{Grant, On, Origin};

    #[test]
    fn an_index_that_the_policy_does_not_name_is_missed() {
        let config = config("name = \"app\"").expect("valid");
        let identity =
            Identity { account: "1".into(), partition: "aws".into(), region: "us-east-1".into() };
        let table = "arn:aws:dynamodb:us-east-1:1:table/app-data";
        let policy = Document::allow_table(["dynamodb:Query"], [table]).to_json();
        let documents = Documents {
            managed_policies: Vec::new(),
            inline_policies: vec![InlinePolicy {
                policy_name: "own".to_owned(),
                document: Json::parse(&policy).expect("JSON"),
            }],
            trust_policy: Json::Null,
            permissions_boundary: Json::Null,
            function_resource_policy: Json::Null,
        };
        let stack = rendered::names(&config, &identity, None);
        let snapshot = Snapshot { stack, handler: Handler::default(), documents };
        let grant = |on: On| Grant {
            on,
            actions: vec!["dynamodb:Query".to_owned()],
            from: Origin::Audit,
            sites: Vec::new(),
        };
        let own = grant(On::Arn(table.to_owned()));
        let index = grant(On::Arn(format!("{table}/index/byUser")));
        let rights = Rights { grants: vec![own, index], undecided: Vec::new() };
        let told = format!("dynamodb:Query on {table}/index/byUser");
        assert_eq!(unmet(&snapshot, &rights), BTreeSet::from([told]));
    }
}
