//! Makes the report of what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::catalogue::Catalogue;
use crate::interp::{Findings, Interpreter};
use crate::items::{CrateId, Index};
use crate::keys::Gathered;
use crate::package::{Dependency, Package, Project};
use crate::report::{Audited, Call, Candidates, Place, Report, Unresolved};
use crate::value::{Kind, Request};

/// Audits every binary.
pub fn report(project: &Project, index: &Index) -> Report {
    let mut functions = Vec::new();
    for package in &project.audited {
        if !may_be_served(project, *package) {
            continue;
        }
        let services = services(project, *package);
        let catalogue = Catalogue::of(&services);
        let mut of_package = Vec::new();
        for (at, binary) in project.packages[*package].binaries.iter().enumerate() {
            let Some(krate) = index.binaries.get(&(*package, at)) else {
                continue;
            };
            let mut interpreter =
                Interpreter::new(index, &catalogue, &project.lock, services.clone());
            interpreter.run(*krate);
            let findings = std::mem::take(&mut interpreter.findings);
            let kind = kind(&findings);
            let main = index.files[index.module(index.crates[krate.0].root).file].clone();
            let audited =
                Assembly { index, catalogue: &catalogue, findings: &findings, root: &project.root }
                    .audited(&project.packages[*package], &binary.name, main, *krate, kind);
            of_package.push((kind, audited));
        }
        let has_lambda = of_package.iter().any(|(kind, _)| matches!(kind, Role::Lambda(_)));
        functions.extend(of_package.into_iter().filter_map(|(kind, audited)| match kind {
            Role::Lambda(_) => Some(audited),
            Role::Server => (!has_lambda).then_some(audited),
            Role::Program => None,
        }));
    }
    Report { functions, notes: project.notes.iter().chain(&index.notes).cloned().collect() }
}

/// Services whose crates a package, or a package that it reaches, depends on.
fn services(project: &Project, package: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for name in foreign(project, package) {
        match crate::catalogue::service_of(name) {
            Some(service) => {
                found.insert(service);
            }
            None => found.extend(project.lock.services_behind(name).into_iter().flatten()),
        }
    }
    found
}

/// Whether a program of the package can be a Lambda function or a server: each has a crate for that. Other programs are not
/// followed, however large they are.
fn may_be_served(project: &Project, package: usize) -> bool {
    foreign(project, package).iter().any(|name| {
        let name = name.replace('-', "_");
        let is_of_lambda = name.contains("lambda") && !name.starts_with("aws_sdk_");
        is_of_lambda || [&ADAPTERS[..], &SERVERS].concat().contains(&name.as_str())
    })
}

/// The crates of others that a package, or a package that it reaches, depends on.
fn foreign(project: &Project, package: usize) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    let mut waiting = vec![package];
    while let Some(package) = waiting.pop() {
        if !seen.insert(package) {
            continue;
        }
        for dependency in project.packages[package].dependencies.values() {
            match dependency {
                Dependency::Member(id) => waiting.push(*id),
                Dependency::Foreign(name) => {
                    found.insert(name.as_ref());
                }
            }
        }
    }
    found
}

/// Crates that make a program a Lambda function, besides AWS's own.
const ADAPTERS: [&str; 12] = [
    "lambda_web",
    "lambda_appsync",
    "vercel_runtime",
    "netlify_lambda",
    "rocket_lamb",
    "poem_lambda",
    "warp_lambda",
    "lambda",
    "lambda_extension",
    "serverless_rust",
    "axum_aws_lambda",
    "netlify_lambda_http",
];

/// Crates that make a program a web server, which a layer can make a Lambda function.
const SERVERS: [&str; 8] =
    ["axum", "actix_web", "rocket", "warp", "poem", "salvo", "tide", "hyper"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Lambda(&'static str),
    /// A web server; a layer can make it a Lambda function.
    Server,
    Program,
}

fn kind(findings: &Findings) -> Role {
    let calls = |krate: &str| findings.crates.contains_key(krate);
    if calls("lambda_http") {
        let axum = calls("axum") || findings.has_router && calls("utoipa_axum");
        return Role::Lambda(if axum { "axum+lambda_http" } else { "lambda_http" });
    }
    if calls("lambda_runtime") {
        return Role::Lambda("lambda_runtime");
    }
    if findings.is_served || ADAPTERS.iter().any(|name| calls(name)) {
        return Role::Lambda("other");
    }
    if SERVERS.iter().any(|name| calls(name)) {
        return Role::Server;
    }
    Role::Program
}

struct Assembly<'a> {
    index: &'a Index,
    catalogue: &'a Catalogue,
    findings: &'a Findings,
    root: &'a Path,
}

impl Assembly<'_> {
    fn audited(
        &self,
        package: &Package,
        binary: &str,
        main: String,
        krate: CrateId,
        role: Role,
    ) -> Audited {
        let mut calls = BTreeSet::new();
        for request in &self.findings.sent {
            calls.extend(self.calls(request));
        }
        for (site, request) in &self.findings.begun {
            if !self.findings.sent_sites.contains(site) {
                calls.extend(self.calls(request));
            }
        }
        let calls = without_shadowed(calls.into_iter().collect());
        let mut unresolved = BTreeSet::new();
        for ((site, reason), candidates) in &self.findings.unresolved {
            unresolved.insert(Unresolved {
                reason: reason.clone(),
                candidates: candidates.clone(),
                site: self.site(*site),
            });
        }
        let reached = self.index.crates[krate.0].package;
        for (of, site, reason) in &self.index.unread {
            let read_by_us = *of == krate
                || self.index.libraries.get(&reached) == Some(of)
                || self.index.dependencies[reached]
                    .values()
                    .any(|one| matches!(one, crate::items::Reached::Library(id) if id == of));
            if read_by_us {
                unresolved.insert(Unresolved {
                    reason: reason.clone(),
                    candidates: Candidates::Any,
                    site: site.clone(),
                });
            }
        }
        let gathered = Gathered::of(self.findings, &self.index.files);
        let mut audited = Audited {
            package: package.name.clone(),
            is_server: role == Role::Server,
            folder: package.folder.clone(),
            root: self.root.to_owned(),
            binary: binary.to_owned(),
            main,
            framework: match role {
                Role::Lambda(name) => name,
                _ => "other",
            },
            trigger: self.trigger(role),
            calls,
            unresolved: unresolved.into_iter().collect(),
            env: self.findings.variables.keys().cloned().collect(),
            env_sites: self.variable_sites(),
            keys: gathered.keys.into_iter().collect(),
            expiries: gathered.expiries.into_iter().collect(),
            routes: self
                .findings
                .has_router
                .then(|| self.findings.routes.iter().cloned().collect()),
            ..Audited::default()
        };
        audited.verdict = audited.judged();
        audited
    }

    fn variable_sites(&self) -> BTreeMap<String, String> {
        let read = self.findings.variables.iter();
        read.filter_map(|(name, site)| Some((name.clone(), self.site((*site)?)))).collect()
    }

    fn site(&self, (file, line): (usize, usize)) -> String {
        match self.index.files.get(file) {
            Some(name) => format!("{name}:{line}"),
            None => format!("?:{line}"),
        }
    }

    /// A request's calls: one for each table, index and resource that it may be on.
    fn calls(&self, request: &Request) -> Vec<Call> {
        let operation = match &request.kind {
            Kind::Operation(name) | Kind::Input(name) => name.to_string(),
            Kind::Part(_) => return Vec::new(),
        };
        let service = request.service.to_string();
        let dynamodb = service == "dynamodb";
        let places = |texts: Option<&crate::strings::Texts>| -> Vec<Option<Place>> {
            match texts {
                Some(texts) if !texts.0.is_empty() => {
                    texts.0.iter().map(|text| Some(Place::of(text))).collect()
                }
                _ => vec![None],
            }
        };
        let mut tables: BTreeMap<Option<Place>, Vec<String>> = BTreeMap::new();
        if request.members.is_empty() {
            let known = places(request.table.as_deref());
            for table in known {
                let table = match table {
                    None if dynamodb && needs_table(&operation) => {
                        Some(Place::Unknown("the table was not found in the source".to_owned()))
                    }
                    other => other,
                };
                tables.insert(table, self.catalogue.actions(&service, &operation));
            }
        }
        for (action, table) in &request.members {
            for table in places(table.as_deref()) {
                let table = table
                    .or_else(|| Some(Place::Unknown("a member's table was not found".to_owned())));
                tables.entry(table).or_default().push(format!("dynamodb:{action}"));
            }
        }
        let mut calls = Vec::new();
        for (table, actions) in tables {
            for index in places(request.index.as_deref()) {
                for resource in places(request.resource.as_deref()) {
                    calls.push(Call {
                        service: service.clone(),
                        operation: operation.clone(),
                        actions: actions.clone(),
                        table: table.clone(),
                        index: index.clone(),
                        resource: if dynamodb { None } else { resource },
                        site: self.site(request.site),
                    });
                }
            }
        }
        calls
    }

    fn trigger(&self, role: Role) -> &'static str {
        let has = |name: &str| self.findings.events.contains(name);
        let any = |names: &[&str]| names.iter().any(|name| has(name));
        if any(&[
            "ApiGatewayWebsocketProxyRequest",
            "ApiGatewayWebsocketProxyRequestContext",
            "WebSocket",
        ]) {
            return "websocket";
        }
        if matches!(role, Role::Lambda("lambda_http" | "axum+lambda_http") | Role::Server) {
            return "http";
        }
        if self.findings.crates.contains_key("lambda_web") {
            return "http";
        }
        let table: [(&str, &[&str]); 9] = [
            (
                "http",
                &[
                    "ApiGatewayProxyRequest",
                    "ApiGatewayV2httpRequest",
                    "LambdaFunctionUrlRequest",
                    "AlbTargetGroupRequest",
                ],
            ),
            ("sqs", &["SqsEvent", "SqsEventObj", "SqsMessage"]),
            ("sns", &["SnsEvent", "SnsEventObj"]),
            ("s3", &["S3Event"]),
            ("dynamodb-stream", &["DynamoDbEvent", "DynamodbEvent"]),
            ("kinesis", &["KinesisEvent"]),
            ("schedule", &["ScheduledEvent", "CloudWatchEvent"]),
            ("eventbridge", &["EventBridgeEvent", "EventBridgeEventObj"]),
            (
                "cognito",
                &[
                    "CognitoEventUserPoolsPostConfirmation",
                    "CognitoEventUserPoolsPreSignup",
                    "CognitoEventUserPoolsPreTokenGen",
                ],
            ),
        ];
        table.iter().find(|(_, names)| any(names)).map_or("other", |(trigger, _)| trigger)
    }
}

/// Operations of DynamoDB that act on a table.
fn needs_table(operation: &str) -> bool {
    !matches!(
        operation,
        "ListTables"
            | "DescribeLimits"
            | "DescribeEndpoints"
            | "ListBackups"
            | "ListExports"
            | "ListImports"
            | "ListGlobalTables"
            | "DescribeImport"
            | "DescribeExport"
            | "ListContributorInsights"
    )
}

/// Leaves out a call with an unknown table where the same place has a known one.
fn without_shadowed(calls: Vec<Call>) -> Vec<Call> {
    let is_open = |call: &Call| matches!(&call.table, Some(Place::Unknown(text)) if text == "*");
    let known: BTreeSet<(String, String)> = calls
        .iter()
        .filter(|call| !is_open(call))
        .map(|call| (call.site.clone(), call.operation.clone()))
        .collect();
    calls
        .into_iter()
        .filter(|call| {
            !is_open(call) || !known.contains(&(call.site.clone(), call.operation.clone()))
        })
        .collect()
}
