//! `verify-policy --live`: what is deployed, read and judged.

use std::collections::BTreeSet;

use super::Case;
use crate::cloud::{Cloud, apis, function_policy, role_documents, simulation, tags};
use crate::config::Config;
use crate::evidence::{Handler, Known};
use crate::rendered;
use engine::error::Result;
use iam::eval::Decision;
use verify::catalogue::Catalogue;
use verify::check::{self, Evidence};
use verify::findings::{Finding, Kind, Severity};
use verify::snapshot::Snapshot;

/// What reading and judging ask of AWS.
pub const CALLS: &[&[&str]] =
    &[apis::CALLS, function_policy::CALLS, role_documents::CALLS, simulation::CALLS];

/// Reads everything at once. What the caller may not read leaves nothing to prove.
pub async fn read(cloud: &Cloud, config: &Config, handler: Handler) -> Result<Case> {
    let snapshot = snapshot(cloud, config, &handler);
    let (snapshot, live) = Box::pin(snapshot).await.map_err(role_documents::unreadable)?;
    let mut findings = identity_findings(config, &handler, &live);
    if cloud.loopback().is_none() {
        findings.extend(Box::pin(second_opinion(cloud, &snapshot, &live.role_arn)).await?);
    }
    let evidence = handler.evidence.clone();
    let code = Some(live.code_sha256);
    Ok(Case {
        mode: "live".into(),
        snapshot,
        evidence,
        handler: Some(handler),
        function: Some(config.about.clone()),
        findings,
        code,
        witness: None,
    })
}

async fn snapshot(
    cloud: &Cloud,
    config: &Config,
    handler: &Handler,
) -> Result<(Snapshot, function_policy::Live)> {
    let ours = tags::ours(config);
    let (identity, api, live) = tokio::try_join!(
        cloud.identity(),
        apis::id_of(cloud, &config.names.api, &ours),
        function_policy::read(cloud, &config.function().name)
    )?;
    // The policies of the role that the function really runs with are what counts.
    let role = live.role_arn.rsplit('/').next().unwrap_or(&config.function().role).to_owned();
    let documents = role_documents::read(cloud, &role, live.policy.clone()).await?;
    let mut stack = rendered::names(config, &identity, api);
    stack.role_name = role;
    stack.require_boundary = config.function().boundary().is_some();
    Ok((Snapshot { stack, handler: rendered::calls(handler), documents }, live))
}

/// Whether what was inspected here is what runs there.
fn identity_findings(
    config: &Config,
    handler: &Handler,
    live: &function_policy::Live,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !live.role_arn.ends_with(&format!("/{}", config.function().role)) {
        let message =
            format!("the function runs as {}, which is not the stack's role", live.role_arn);
        findings.push(doubt(
            "role",
            message,
            Severity::Error,
            "`stackctl up` gives it its role back",
        ));
    }
    match &handler.linked {
        Known::Yes(linked) if !linked.is_or_has(&live.code_sha256) => {
            let message = format!(
                "the deployed code is {}, and {} is another",
                live.code_sha256,
                linked.path.display()
            );
            findings.push(doubt(
                "code",
                message,
                Severity::Error,
                "`stackctl deploy`, or name the deployed zip with `--binary`",
            ));
        }
        Known::Yes(_) => {}
        Known::No(why) => findings.push(doubt(
            "code",
            format!("the deployed program was not checked: {why}"),
            Severity::Note,
            "`--binary FILE` names the zip that was deployed",
        )),
    }
    findings
}

fn doubt(reason: &str, message: String, severity: Severity, hint: &str) -> Finding {
    Finding::new(Kind::Unproven, severity, message).hint(hint).detail("reason", reason)
}

/// Where AWS's own simulator and our evaluator disagree, nothing can be claimed.
async fn second_opinion(cloud: &Cloud, snapshot: &Snapshot, role: &str) -> Result<Vec<Finding>> {
    let stack = &snapshot.stack;
    let actions: BTreeSet<String> =
        Catalogue::dynamodb().actions().map(|(name, _)| format!("dynamodb:{name}")).collect();
    let actions: Vec<String> = actions.into_iter().collect();
    let mut findings = Vec::new();
    for (_, table) in stack.tables() {
        let (other, index) = (format!("{table}-zz"), format!("{table}/index/zz"));
        let (own, other, index) = tokio::try_join!(
            simulation::ask(cloud, role, &actions, table, &[]),
            simulation::ask(cloud, role, &actions, &other, &[]),
            simulation::ask(cloud, role, &actions, &index, &[])
        )?;
        let opinions = own.into_iter().chain(other).chain(index);
        findings.extend(opinions.filter_map(|opinion| disagreement(snapshot, &opinion)));
    }
    findings.extend(of_other_services(cloud, snapshot, role).await?);
    Ok(findings)
}

/// AWS's opinion on what the handler needs of other services.
async fn of_other_services(cloud: &Cloud, snapshot: &Snapshot, role: &str) -> Result<Vec<Finding>> {
    let needs = check::needed(snapshot, &Evidence::default()).required;
    let mut findings = Vec::new();
    for need in needs.iter().filter(|need| !need.action.starts_with("dynamodb:")) {
        let action = std::slice::from_ref(&need.action);
        let opinions = simulation::ask(cloud, role, action, &need.witness(), &[]).await?;
        findings.extend(opinions.iter().filter_map(|opinion| disagreement(snapshot, opinion)));
    }
    Ok(findings)
}

fn disagreement(snapshot: &Snapshot, opinion: &simulation::Opinion) -> Option<Finding> {
    let ours = check::explain(snapshot, &opinion.action, &opinion.resource);
    let theirs = opinion.decision.as_deref()?;
    if ours.decision == Decision::Unproven || ours.decision.as_str() == theirs {
        return None;
    }
    let message = format!(
        "AWS decides {theirs} for {} on {}, stackctl decides {}",
        opinion.action,
        opinion.resource,
        ours.decision.as_str()
    );
    let hint =
        "a policy of the organisation may decide, or a change has not spread yet: run it again";
    let finding = doubt("second-opinion", message, Severity::Error, hint);
    Some(finding.action(&opinion.action).resource(&opinion.resource).statement(ours.statement))
}
