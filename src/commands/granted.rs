//! Whether the deployed role may do what new code is linked to do: asked before it is uploaded.

use crate::artifact::Artifact;
use crate::cloud::{Cloud, role_documents};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::iam::check;
use crate::iam::eval::Decision;
use crate::iam::json::Json;
use crate::iam::linked;
use crate::iam::operations::Operation;
use crate::iam::snapshot::{Handler, Snapshot};
use crate::rendered;

/// Refuses code that names operations of which the role may do nothing.
pub async fn check(cloud: &Cloud, config: &Config, code: &Artifact) -> Result<()> {
    let documents = match role_documents::read(cloud, &config.names.role, Json::Null).await {
        Ok(documents) => documents,
        // Who may ship code need not be allowed to read roles; then a denial shows at the first request.
        Err(error) if role_documents::is_denied(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    let stack = rendered::names(config, &cloud.identity().await?, None);
    let snapshot = Snapshot { stack, handler: Handler::default(), documents };
    let linked = linked::operations_in(&code.program()?);
    let refused = linked.into_iter().filter(|name| !may(&snapshot, name));
    let refused: Vec<String> = refused.map(|name| format!("dynamodb:{name}")).collect();
    if refused.is_empty() {
        return Ok(());
    }
    let cause = format!("the code calls {}, which the role may not do", refused.join(", "));
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
