//! Whether the deployed policy allows what new code is linked to do: asked before it is uploaded.

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

/// Refuses code that names operations of which `policy` allows nothing.
pub async fn check(cloud: &Cloud, config: &Config, policy: &str, code: &Artifact) -> Result<()> {
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
    let linked = linked::operations_in(&code.program()?);
    let refused = linked.into_iter().filter(|name| !may(&snapshot, name));
    let refused: Vec<String> = refused.map(|name| format!("dynamodb:{name}")).collect();
    if refused.is_empty() {
        return Ok(());
    }
    let cause = format!("the code calls {}, which its policy does not allow", refused.join(", "));
    Err(Error::new(Kind::Failed, "refused to deploy").cause(cause).hint(
        "`stackctl up` ships code and policy together; `stackctl verify-policy --explain ACTION` says who calls it",
    ))
}

/// What is in doubt is not refused.
fn may(snapshot: &Snapshot, operation: &str) -> bool {
    let table = snapshot.stack.table_arn.as_str();
    let actions = Operation::named(operation).map(Operation::possible_actions).unwrap_or_default();
    let denied = |decision| matches!(decision, Decision::ImplicitDeny | Decision::ExplicitDeny);
    actions.is_empty()
        || actions.iter().any(|action| {
            let action = format!("dynamodb:{action}");
            [table, "*"].iter().any(|on| !denied(check::explain(snapshot, &action, on).decision))
        })
}
