//! What whoever deploys must be allowed to do: the actions that AWS asks for when an operation is called, on the names of
//! one stack alone.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

mod site;

use std::collections::{BTreeMap, BTreeSet};

use iam::document::{Condition, Document, Statement};

/// The ARNs of one stack; an account or a region that is not known is `*` in them.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pub tables: Vec<String>,
    /// The stack's own policies.
    pub policies: Vec<String>,
    /// What may be attached to the role, AWS's own policies included.
    pub attachable: Vec<String>,
    /// Every policy that can be attached to anything.
    pub any_policy: Vec<String>,
    pub roles: Vec<String>,
    /// The permissions boundaries, one of which every role must have; empty when one has none.
    pub boundaries: Vec<String>,
    pub log_groups: Vec<String>,
    pub functions: Vec<String>,
    pub queues: Vec<String>,
    /// The group of the stack's schedules, where it has some.
    pub schedule_groups: Vec<String>,
    /// The schedules in it.
    pub schedules: Vec<String>,
    /// What reads queues and streams for functions; AWS gives each a name of its own.
    pub event_sources: Vec<String>,
    /// User pools, which Cognito gives names of its own.
    pub user_pools: Vec<String>,
    /// The parameters of the stack's secrets.
    pub parameters: Vec<String>,
    /// The bucket of the site, where the stack has one.
    pub buckets: Vec<String>,
    /// The function at the edge before it.
    pub edge_functions: Vec<String>,
    /// Distributions and origin access controls: AWS gives each a name of its own.
    pub distributions: Vec<String>,
    pub origin_access: Vec<String>,
    /// Certificates, which ACM gives names of its own.
    pub certificates: Vec<String>,
    /// The hosted zone of the file, or any.
    pub zones: Vec<String>,
    /// The stack's own names, which its certificates and records are of.
    pub hosts: Vec<String>,
    /// Before the path of anything in API Gateway: `arn:aws:apigateway:us-east-1::`.
    pub gateway: String,
}

/// On what an action is asked for, the narrower before the wider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    Table,
    Policies,
    AnyPolicy,
    Role,
    LogGroup,
    Versions,
    Function,
    EventSource,
    Queue,
    ScheduleGroup,
    Schedule,
    Bucket,
    Objects,
    EdgeFunction,
    Distribution,
    OriginAccess,
    Certificate,
    Zone,
    UserPool,
    Parameter,
    /// API Gateway's actions are the methods of HTTP, and its ARNs paths without an account or a name.
    Path(&'static str),
    Everything,
}

/// Method and path of each operation of API Gateway.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html>
const GATEWAY: [(&str, &str, &str); 29] = [
    ("GetApis", "GET", "/apis"),
    ("CreateApi", "POST", "/apis"),
    ("UpdateApi", "PATCH", "/apis/*"),
    ("DeleteApi", "DELETE", "/apis/*"),
    ("DeleteCorsConfiguration", "DELETE", "/apis/*/cors"),
    ("GetIntegrations", "GET", "/apis/*/integrations"),
    ("CreateIntegration", "POST", "/apis/*/integrations"),
    ("UpdateIntegration", "PATCH", "/apis/*/integrations/*"),
    ("DeleteIntegration", "DELETE", "/apis/*/integrations/*"),
    ("GetRoutes", "GET", "/apis/*/routes"),
    ("CreateRoute", "POST", "/apis/*/routes"),
    ("UpdateRoute", "PATCH", "/apis/*/routes/*"),
    ("DeleteRoute", "DELETE", "/apis/*/routes/*"),
    ("GetAuthorizers", "GET", "/apis/*/authorizers"),
    ("CreateAuthorizer", "POST", "/apis/*/authorizers"),
    ("UpdateAuthorizer", "PATCH", "/apis/*/authorizers/*"),
    ("DeleteAuthorizer", "DELETE", "/apis/*/authorizers/*"),
    ("GetStages", "GET", "/apis/*/stages"),
    ("CreateStage", "POST", "/apis/*/stages"),
    ("UpdateStage", "PATCH", "/apis/*/stages/*"),
    ("GetTags", "GET", TAGS),
    ("GetDomainName", "GET", "/domainnames/*"),
    ("CreateDomainName", "POST", "/domainnames"),
    ("UpdateDomainName", "PATCH", "/domainnames/*"),
    ("DeleteDomainName", "DELETE", "/domainnames/*"),
    ("GetApiMappings", "GET", "/domainnames/*/apimappings"),
    ("CreateApiMapping", "POST", "/domainnames/*/apimappings"),
    ("UpdateApiMapping", "PATCH", "/domainnames/*/apimappings/*"),
    ("DeleteApiMapping", "DELETE", "/domainnames/*/apimappings/*"),
];
const TAGS: &str = "/tags/*";

/// The least that allows `operations`, each written as `Calls` of the engine has it.
pub fn document<'a>(operations: impl IntoIterator<Item = &'a str>, names: &Names) -> Document {
    let mut asked: BTreeMap<String, BTreeSet<On>> = BTreeMap::new();
    for (action, on) in operations.into_iter().flat_map(needs) {
        asked.entry(action).or_default().insert(on);
    }
    let mut statements: BTreeMap<(On, Vec<String>, String), Vec<String>> = BTreeMap::new();
    for (action, on) in asked {
        let sid = names.sid(&action, &on);
        let arns: Vec<String> = on.iter().flat_map(|on| names.of(on)).collect();
        let widest = on.into_iter().next_back().unwrap_or(On::Everything);
        statements.entry((widest, without_covered(&arns), sid)).or_default().push(action);
    }
    let statement = |((_, arns, sid), actions): ((On, Vec<String>, String), Vec<String>)| {
        let conditions = actions.first().map(|action| names.conditions(action)).unwrap_or_default();
        let actions = actions.iter().map(String::as_str);
        let arns = arns.iter().map(String::as_str);
        Statement { conditions, ..Statement::allow(&sid, actions, arns) }
    };
    Document::new(statements.into_iter().map(statement).collect())
}

/// What is asked of a whole account.
const LISTS: [&str; 13] = [
    "acm:ListCertificates",
    "acm:RequestCertificate",
    "cognito-idp:CreateUserPool",
    "cognito-idp:ListUserPools",
    "dynamodb:ListTables",
    "iam:ListRoles",
    "lambda:CreateEventSourceMapping",
    "lambda:ListEventSourceMappings",
    "lambda:ListFunctions",
    "logs:DescribeLogGroups",
    "route53:ListHostedZones",
    "ssm:DescribeParameters",
    "tag:GetResources",
];

/// The actions that an operation takes, and on what each.
fn needs(operation: &str) -> Vec<(String, On)> {
    let (service, name) = operation.split_once(':').unwrap_or((operation, ""));
    if service == "apigateway" {
        return gateway(name);
    }
    if ["s3", "cloudfront"].contains(&service) {
        return site::needs(service, name);
    }
    let (name, part) = name.split_once('/').unwrap_or((name, ""));
    let on = match (service, part) {
        _ if LISTS.contains(&operation) => On::Everything,
        // About the account, or about a principal that no file names.
        _ if part == "caller" || name.starts_with("GetAccount") => On::Everything,
        ("acm", _) => On::Certificate,
        ("route53", _) => On::Zone,
        ("lambda", "version") => On::Versions,
        ("lambda", _) if name.ends_with("EventSourceMapping") => On::EventSource,
        ("sqs", _) => On::Queue,
        ("cognito-idp", _) => On::UserPool,
        ("ssm", _) => On::Parameter,
        ("scheduler", _) if name.ends_with("Schedule") => On::Schedule,
        ("scheduler", _) => On::ScheduleGroup,
        ("lambda", _) => On::Function,
        ("dynamodb", _) => On::Table,
        ("logs", _) => On::LogGroup,
        (_, "any") => On::AnyPolicy,
        _ if name.contains("Role") || name == "SimulatePrincipalPolicy" => On::Role,
        _ => On::Policies,
    };
    if operation == "scheduler:DeleteScheduleGroup" {
        // AWS asks for the right to delete the schedules in it, too.
        return vec![
            (operation.to_owned(), On::ScheduleGroup),
            ("scheduler:DeleteSchedule".to_owned(), On::Schedule),
        ];
    }
    let mut needs: Vec<(String, On)> = besides(operation)
        .iter()
        .map(|action| {
            let on = match *action {
                PASS_ROLE => On::Role,
                "acm:AddTagsToCertificate" => On::Certificate,
                _ => on.clone(),
            };
            ((*action).to_owned(), on)
        })
        .collect();
    let name = if name == "Invoke" { "InvokeFunction" } else { name };
    needs.push((format!("{service}:{name}"), on));
    needs
}

const REQUEST_CERTIFICATE: &str = "acm:RequestCertificate";
const CHANGE_RECORDS: &str = "route53:ChangeResourceRecordSets";
const PASS_ROLE: &str = "iam:PassRole";
const SCHEDULER: &str = "scheduler.amazonaws.com";

/// What makes a role that may do more than its boundary, unless a condition holds it to one.
const BOUND: [&str; 2] = ["iam:CreateRole", "iam:PutRolePermissionsBoundary"];

/// What AWS asks for besides the action that is called like the operation: for tags that come with what is made, for the
/// role that is handed on, and for tags to be among what is read.
fn besides(operation: &str) -> &'static [&'static str] {
    match operation {
        "acm:RequestCertificate" => &["acm:AddTagsToCertificate"],
        "dynamodb:CreateTable" => &["dynamodb:TagResource"],
        "iam:CreatePolicy" => &["iam:TagPolicy"],
        "iam:CreateRole" => &["iam:TagRole"],
        "logs:CreateLogGroup" => &["logs:TagResource"],
        "lambda:CreateFunction" => &["lambda:TagResource", PASS_ROLE],
        "lambda:UpdateFunctionConfiguration" => &[PASS_ROLE],
        "lambda:GetFunction" => &["lambda:ListTags"],
        "scheduler:CreateSchedule" | "scheduler:UpdateSchedule" => &[PASS_ROLE],
        "scheduler:CreateScheduleGroup" => &["scheduler:TagResource"],
        "sqs:CreateQueue" => &["sqs:TagQueue"],
        "ssm:PutParameter" => &["ssm:AddTagsToResource"],
        _ => &[],
    }
}

fn gateway(name: &str) -> Vec<(String, On)> {
    if name == "TagResource/stage" {
        return tagged_stage();
    }
    let tags = [("POST", TAGS)];
    let of_table = GATEWAY.iter().filter(|(known, ..)| *known == name);
    let own = of_table.map(|(_, method, path)| (*method, *path));
    let tagged = ["CreateApi", "CreateDomainName", "TagResource"].contains(&name);
    own.chain(tags.into_iter().filter(|_| tagged))
        .map(|(method, path)| (format!("apigateway:{method}"), On::Path(path)))
        .collect()
}

/// A stage with tags takes an action that is called like no method and that AWS's reference does not have:
/// <https://github.com/hashicorp/terraform-provider-aws/issues/20634>. `PUT` has been seen to be asked for, too.
fn tagged_stage() -> Vec<(String, On)> {
    let own = ["/apis/*/stages", "/apis/*/stages/*"];
    let own = own.map(|path| ("apigateway:TagResource".to_owned(), On::Path(path)));
    let tags = ["POST", "PUT"].map(|method| (format!("apigateway:{method}"), On::Path(TAGS)));
    own.into_iter().chain(tags).collect()
}

impl Names {
    /// The `Sid` of the statement that allows an action.
    fn sid(&self, action: &str, on: &BTreeSet<On>) -> String {
        match action {
            _ if !self.boundaries.is_empty() && BOUND.contains(&action) => {
                return "BoundedRole".into();
            }
            PASS_ROLE => return "PassRoleToLambda".into(),
            "iam:AttachRolePolicy" => return "AttachOwnPolicies".into(),
            REQUEST_CERTIFICATE => return "RequestOwnCertificates".into(),
            "lambda:AddPermission" => return "LetApiGatewayInvoke".into(),
            _ => {}
        }
        let sid = match on.last() {
            Some(On::Table) => "Table",
            Some(On::Policies) => "Policies",
            Some(On::AnyPolicy) => "AnyPolicy",
            Some(On::Role) => "Role",
            Some(On::LogGroup) => "LogGroup",
            Some(On::Versions) => "Versions",
            Some(On::Function) => "Function",
            Some(On::EventSource) => "EventSources",
            Some(On::Queue) => "Queues",
            Some(On::ScheduleGroup) => "ScheduleGroup",
            Some(On::Schedule) => "Schedules",
            Some(On::Bucket) => "SiteBucket",
            Some(On::Objects) => "SiteFiles",
            Some(On::EdgeFunction) => "EdgeFunction",
            Some(On::Distribution) => "Distribution",
            Some(On::OriginAccess) => "OriginAccess",
            Some(On::Certificate) => "Certificates",
            Some(On::Zone) if action == CHANGE_RECORDS => "OwnRecords",
            Some(On::Zone) => "Zones",
            Some(On::UserPool) => "UserPools",
            Some(On::Parameter) => "Secrets",
            Some(On::Path(_)) => {
                let method = action.rsplit(':').next().unwrap_or_default();
                let method = if method == "TagResource" { "TagStage" } else { method };
                return format!("Api{}{}", &method[..1], method[1..].to_lowercase());
            }
            Some(On::Everything) | None => "Account",
        };
        sid.into()
    }

    fn of(&self, on: &On) -> Vec<String> {
        let parts = |arn: &String| format!("{arn}:*");
        let with_parts =
            |arns: &[String]| arns.iter().flat_map(|arn| [arn.clone(), parts(arn)]).collect();
        match on {
            On::Table => self.tables.clone(),
            On::Policies => self.policies.clone(),
            On::AnyPolicy => self.any_policy.clone(),
            On::Role => self.roles.clone(),
            On::LogGroup => with_parts(&self.log_groups),
            On::Versions => self.functions.iter().map(parts).collect(),
            On::Function => with_parts(&self.functions),
            On::EventSource => self.event_sources.clone(),
            On::Queue => self.queues.clone(),
            On::ScheduleGroup => self.schedule_groups.clone(),
            On::Schedule => self.schedules.clone(),
            On::Bucket => self.buckets.clone(),
            On::Objects => self.buckets.iter().map(|arn| format!("{arn}/*")).collect(),
            On::EdgeFunction => self.edge_functions.clone(),
            On::Distribution => self.distributions.clone(),
            On::OriginAccess => self.origin_access.clone(),
            On::Certificate => self.certificates.clone(),
            On::Zone => self.zones.clone(),
            On::UserPool => self.user_pools.clone(),
            On::Parameter => self.parameters.clone(),
            On::Path(path) => vec![format!("{}{path}", self.gateway)],
            On::Everything => vec!["*".to_owned()],
        }
    }

    /// Under which an action suffices for us, where AWS has a key for it.
    fn conditions(&self, action: &str) -> Vec<Condition> {
        let condition = |operator: &str, key: &str, values: Vec<String>| {
            vec![Condition { operator: operator.into(), key: key.into(), values }]
        };
        match (action, service_for(action)) {
            (bound, _) if BOUND.contains(&bound) && !self.boundaries.is_empty() => {
                condition("StringEquals", "iam:PermissionsBoundary", self.boundaries.clone())
            }
            ("iam:AttachRolePolicy", _) => {
                condition("ArnLike", "iam:PolicyARN", self.attachable.clone())
            }
            (REQUEST_CERTIFICATE, _) => {
                condition("ForAllValues:StringEquals", "acm:DomainNames", self.hosts.clone())
            }
            (CHANGE_RECORDS, _) => {
                let key = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
                let names = self.hosts.iter().flat_map(|name| [name.clone(), format!("_*.{name}")]);
                let mut all = condition("ForAllValues:StringLike", key, names.collect());
                let kinds = ["A", "AAAA", "CNAME"].map(str::to_owned).to_vec();
                let key = "route53:ChangeResourceRecordSetsRecordTypes";
                all.extend(condition("ForAllValues:StringEquals", key, kinds));
                all
            }
            (PASS_ROLE, Some((key, service))) => {
                let scheduler = (!self.schedules.is_empty()).then(|| SCHEDULER.to_owned());
                let services = std::iter::once(service.to_owned()).chain(scheduler);
                condition("StringEquals", key, services.collect())
            }
            (_, Some((key, service))) => condition("StringEquals", key, vec![service.into()]),
            _ => vec![],
        }
    }
}

/// The one service that an action is allowed for the sake of, and the key that says so.
fn service_for(action: &str) -> Option<(&'static str, &'static str)> {
    match action {
        PASS_ROLE => Some(("iam:PassedToService", "lambda.amazonaws.com")),
        "lambda:AddPermission" => Some(("lambda:Principal", "apigateway.amazonaws.com")),
        _ => None,
    }
}

/// One statement on one line: what a denied call asks for.
pub fn statement(action: &str, resource: &str) -> String {
    let condition = service_for(action).map(|(key, service)| {
        format!(", \"Condition\": {{\"StringEquals\": {{\"{key}\": \"{service}\"}}}}")
    });
    let condition = condition.unwrap_or_default();
    format!(
        "{{\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": \"{resource}\"{condition}}}"
    )
}

/// Without what a wildcard at the end of another covers; sorted.
fn without_covered(arns: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = arns.iter().filter(|arn| !is_covered(arn, arns)).cloned().collect();
    kept.sort();
    kept.dedup();
    kept
}

fn is_covered(arn: &str, by: &[String]) -> bool {
    by.iter().any(|other| {
        other != arn && other.strip_suffix('*').is_some_and(|start| arn.starts_with(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let own = "arn:aws:iam::1:policy/Own".to_owned();
        Names {
            tables: vec!["arn:aws:dynamodb:r:1:table/t".into()],
            policies: vec![own.clone()],
            attachable: vec![own],
            any_policy: vec!["arn:aws:iam::1:policy/*".into(), "arn:aws:iam::aws:policy/*".into()],
            roles: vec!["arn:aws:iam::1:role/r".into()],
            boundaries: Vec::new(),
            log_groups: vec!["arn:aws:logs:r:1:log-group:/g".into()],
            functions: vec!["arn:aws:lambda:r:1:function:f".into()],
            gateway: "arn:aws:apigateway:r::".into(),
            ..Names::default()
        }
    }

    /// `sid: actions on resources`, one a statement.
    fn told(operations: &[&str]) -> Vec<String> {
        let document = document(operations.iter().copied(), &names());
        let line = |one: &Statement| {
            let resources = one.resources.as_ref().map(|all| all.items().join(" "));
            let (sid, resources) =
                (one.sid.clone().unwrap_or_default(), resources.unwrap_or_default());
            format!("{sid}: {} on {resources}", one.actions.items().join(" "))
        };
        document.statements.iter().map(line).collect()
    }

    #[test]
    fn what_comes_with_tags_or_a_role_takes_the_right_to_both() {
        assert_eq!(
            told(&["lambda:CreateFunction"]),
            [
                "PassRoleToLambda: iam:PassRole on arn:aws:iam::1:role/r",
                "Function: lambda:CreateFunction lambda:TagResource on arn:aws:lambda:r:1:function:f arn:aws:lambda:r:1:function:f:*",
            ]
        );
        assert_eq!(
            told(&["apigateway:CreateApi"]),
            [
                "ApiPost: apigateway:POST on arn:aws:apigateway:r::/apis arn:aws:apigateway:r::/tags/*"
            ]
        );
    }

    #[test]
    fn who_prunes_versions_may_not_delete_the_function() {
        assert_eq!(
            told(&["lambda:DeleteFunction/version"]),
            ["Versions: lambda:DeleteFunction on arn:aws:lambda:r:1:function:f:*"]
        );
    }

    #[test]
    fn who_tags_a_stage_has_the_action_that_aws_asks_for_by_no_method() {
        assert_eq!(
            told(&["apigateway:TagResource/stage"]),
            [
                "ApiTagstage: apigateway:TagResource on arn:aws:apigateway:r::/apis/*/stages arn:aws:apigateway:r::/apis/*/stages/*",
                "ApiPost: apigateway:POST on arn:aws:apigateway:r::/tags/*",
                "ApiPut: apigateway:PUT on arn:aws:apigateway:r::/tags/*",
            ]
        );
    }

    #[test]
    fn who_makes_a_bounded_role_makes_no_other() {
        let names = Names { boundaries: vec!["arn:aws:iam::1:policy/B".into()], ..names() };
        let operations = ["iam:CreateRole", "iam:GetRole", "iam:PutRolePermissionsBoundary"];
        let document = document(operations, &names);
        let bounded: Vec<_> = document
            .statements
            .iter()
            .filter(|one| one.conditions.iter().any(|one| one.key == "iam:PermissionsBoundary"))
            .flat_map(|one| one.actions.items().iter().map(ToString::to_string))
            .collect();
        assert_eq!(bounded, ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]);
        assert!(document.to_json().contains("iam:TagRole"), "without a condition");
    }

    #[test]
    fn the_wider_covers_the_narrower() {
        assert_eq!(
            told(&[
                "iam:GetPolicy",
                "iam:GetPolicy/any",
                "apigateway:DeleteApi",
                "apigateway:DeleteRoute"
            ]),
            [
                "AnyPolicy: iam:GetPolicy on arn:aws:iam::1:policy/* arn:aws:iam::aws:policy/*",
                "ApiDelete: apigateway:DELETE on arn:aws:apigateway:r::/apis/*",
            ]
        );
    }

    #[test]
    fn what_could_widen_rights_is_narrowed_by_conditions() {
        let text = document(["iam:AttachRolePolicy", "lambda:AddPermission"], &names()).to_json();
        for part in ["iam:PolicyARN", "arn:aws:iam::1:policy/Own", "lambda:Principal"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let denied = statement(PASS_ROLE, "arn:aws:iam::1:role/r");
        let same = document(["lambda:UpdateFunctionConfiguration"], &names());
        let denied = format!(r#"{{"Version": "2012-10-17", "Statement": [{denied}]}}"#);
        let denied = Document::parse(iam::parse::Kind::Identity, &denied).expect("valid");
        let meant = Document::new(vec![same.statements[0].clone()]);
        assert!(denied.same_meaning(&meant), "a denial asks for what is printed: {meant:?}");
    }
}
