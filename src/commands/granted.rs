//! Whether the deployed policy allows what code is linked to do: asked before it is uploaded, and before `live` goes back
//! to it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cloud::{Cloud, Identity, role_documents};
use crate::config::Config;
use crate::rendered;
use crate::resources::{Policy, Version, published_code};
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

/// That of the function that `config` is about.
pub async fn policy(cloud: &Cloud, config: &Config, progress: &Progress) -> Result<Option<String>> {
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
    let snapshot = snapshot(cloud, config, policy).await?;
    let refused = match audited {
        Some(rights) => unmet(&snapshot, rights),
        None => unlinked(&snapshot, config, &code.program()?),
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

/// Refuses to switch to a version whose code names operations of which `policy` allows nothing. Returns why it is not
/// known whether there are such: going back must work also where the code cannot be read.
pub async fn check_version(
    cloud: &Cloud,
    config: &Config,
    policy: &str,
    (version, commit): (&Version, Option<&str>),
) -> Result<Option<Error>> {
    let zip = published_code(cloud, &config.function().name, version).await;
    let architecture = config.function().settings.architecture;
    let program = zip.and_then(|zip| Artifact::new(PathBuf::new(), architecture, zip).program());
    let program = match program {
        Ok(program) => program,
        Err(unknown) => return Ok(Some(unknown)),
    };
    let refused = unlinked(&snapshot(cloud, config, policy).await?, config, &program);
    if refused.is_empty() {
        return Ok(None);
    }
    let number = version.number;
    let source = commit.map_or_else(
        || format!("the source of version {number}"),
        |commit| format!("commit {commit}"),
    );
    let refused = refused.into_iter().collect::<Vec<_>>().join(", ");
    let cause =
        format!("its code calls {refused}, which the policy of the role does not allow any more");
    Err(Error::new(Kind::Failed, format!("refused to switch to version {number}")).cause(cause).hint(format!(
        "`stackctl up` from {source} ships its code and policy together; `stackctl rollback {number} --force` switches all the same, and those calls fail"
    )))
}

/// The function with its own policy as it is deployed, and nothing else.
async fn snapshot(cloud: &Cloud, config: &Config, policy: &str) -> Result<Snapshot> {
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
    Ok(Snapshot { stack, handler: Handler::default(), documents })
}

/// The operations that a program names and that the policy allows on no table or index of the stack.
fn unlinked(snapshot: &Snapshot, config: &Config, program: &[u8]) -> BTreeSet<String> {
    let indexes = config.tables.values().flat_map(|table| table.indexes.keys());
    let indexes: Vec<&String> = indexes.collect();
    let places = snapshot.stack.tables().flat_map(|(_, table)| {
        let index = |index: &&String| format!("{table}/index/{index}");
        indexes.iter().map(index).chain([table.to_owned()]).collect::<Vec<_>>()
    });
    let places: Vec<String> = places.chain(["*".to_owned()]).collect();
    let linked = linked::operations_in(program).into_iter();
    let refused = linked.filter(|name| !may(snapshot, name, &places));
    refused.map(|name| format!("dynamodb:{name}")).collect()
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

fn may(snapshot: &Snapshot, operation: &str, on: &[String]) -> bool {
    let actions = Operation::named(operation).map(Operation::possible_actions).unwrap_or_default();
    actions.is_empty()
        || actions.iter().any(|action| {
            let action = format!("dynamodb:{action}");
            on.iter().any(|on| !is_denied(check::explain(snapshot, &action, on).decision))
        })
}
