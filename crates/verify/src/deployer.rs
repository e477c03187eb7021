//! What whoever deploys must be allowed to do: the actions that AWS asks for when an operation is called, on the names of
//! one stack alone.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

mod actions;
mod gateway;

use std::collections::{BTreeMap, BTreeSet};

use iam::document::{Condition, Document, Statement};

/// One stack, as permissions speak of it; an account or a region that is not known is `*` in it.
#[derive(Debug, Clone, Default)]
pub struct Place {
    pub partition: String,
    pub region: String,
    pub account: String,
    /// What permissions can be given on.
    pub arns: Vec<Arn>,
    /// The conditions under which an action is enough.
    pub limits: Vec<Limit>,
}

/// Something that permissions can be given on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn {
    /// AWS's word for its type, with dashes for spaces.
    pub kind: String,
    pub name: String,
}

/// A condition under which an action is enough for one of the stack's resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub action: String,
    pub operator: String,
    pub key: String,
    /// Without any, a resource needs the action without this condition.
    pub values: Vec<String>,
}

/// An action that an operation takes, and what it is taken on.
struct Need {
    action: String,
    /// The words for that in the `Sid` of its statement.
    words: Vec<String>,
    arns: Vec<String>,
}

/// What is allowed together: on the same resources, under the same conditions.
struct Group {
    words: BTreeSet<String>,
    actions: Vec<String>,
    arns: Vec<String>,
    conditions: Vec<Condition>,
}

/// The least that allows `operations`, each written as `Calls` of the engine has it. An action that is on nothing of this
/// stack is left out.
pub fn document<'a>(operations: impl IntoIterator<Item = &'a str>, place: &Place) -> Document {
    let needs = operations.into_iter().filter_map(|operation| place.needs(operation)).flatten();
    let mut asked: BTreeMap<String, Vec<Need>> = BTreeMap::new();
    for need in needs.filter(|need| !need.arns.is_empty()) {
        asked.entry(need.action.clone()).or_default().push(need);
    }
    let mut groups: Vec<Group> = Vec::new();
    for (action, needs) in asked {
        let arns: Vec<String> = needs.iter().flat_map(|need| need.arns.clone()).collect();
        let (arns, conditions) = (without_covered(&arns), place.conditions(&action));
        let counts = |need: &Need| need.arns.iter().any(|arn| arns.contains(arn));
        let words = needs.into_iter().filter(counts).flat_map(|need| need.words).collect();
        let same = |group: &&mut Group| group.arns == arns && group.conditions == conditions;
        if let Some(group) = groups.iter_mut().find(same) {
            group.actions.push(action);
            group.words.extend(words);
        } else {
            groups.push(Group { words, actions: vec![action], arns, conditions });
        }
    }
    Document::new(statements(groups))
}

/// The operations of which no statement can be made: those that AWS's tables do not know, and those that are on a type of
/// which the stack has nothing.
pub fn unplaced<'a>(operations: impl IntoIterator<Item = &'a str>, place: &Place) -> Vec<String> {
    let is_placed = |operation: &&str| {
        let needs = place.needs(operation);
        needs.is_some_and(|needs| needs.iter().all(|need| !need.arns.is_empty()))
    };
    operations.into_iter().filter(|one| !is_placed(one)).map(str::to_owned).collect()
}

/// In the order of their `Sid`s, of which a document has none twice.
fn statements(groups: Vec<Group>) -> Vec<Statement> {
    let mut named: BTreeMap<String, Vec<Group>> = BTreeMap::new();
    for group in groups {
        named.entry(group.sid()).or_default().push(group);
    }
    let mut statements = Vec::new();
    for (sid, groups) in named {
        for (at, group) in groups.into_iter().enumerate() {
            let sid = if at == 0 { sid.clone() } else { format!("{sid}{}", at + 1) };
            let actions = group.actions.iter().map(String::as_str);
            let arns = group.arns.iter().map(String::as_str);
            let statement = Statement::allow(&sid, actions, arns);
            statements.push(Statement { conditions: group.conditions, ..statement });
        }
    }
    statements
}

impl Group {
    /// Says what the statement is on, or, where conditions make it one of its own, what it allows.
    fn sid(&self) -> String {
        match self.actions.first().and_then(|action| action.split_once(':')) {
            Some((_, action)) if !self.conditions.is_empty() => action.to_owned(),
            _ => self.words.iter().map(String::as_str).collect(),
        }
    }
}

const PASS_ROLE: &str = "iam:PassRole";

/// The actions besides those that are called like the operation: for tags that come with what is made, for the role that is
/// handed on, for tags to be among what is read, and for what goes with what is deleted.
fn besides(operation: &str) -> &'static [&'static str] {
    match operation {
        "acm:RequestCertificate" => &["acm:AddTagsToCertificate"],
        "dynamodb:CreateTable" => &["dynamodb:TagResource"],
        "iam:CreatePolicy" => &["iam:TagPolicy"],
        "iam:CreateRole" => &["iam:TagRole"],
        "lambda:CreateFunction" => &["lambda:TagResource", PASS_ROLE],
        "lambda:GetFunction" => &["lambda:ListTags"],
        "lambda:UpdateFunctionConfiguration" => &[PASS_ROLE],
        "logs:CreateLogGroup" => &["logs:TagResource"],
        "s3:CreateBucket" => {
            &["s3:PutBucketOwnershipControls", "s3:PutBucketTagging", "s3:TagResource"]
        }
        "s3:DeleteObjects" => &["s3:DeleteObjectVersion"],
        "scheduler:CreateSchedule" | "scheduler:UpdateSchedule" => &[PASS_ROLE],
        "scheduler:CreateScheduleGroup" => &["scheduler:TagResource"],
        "scheduler:DeleteScheduleGroup" => &["scheduler:DeleteSchedule"],
        "sqs:CreateQueue" => &["sqs:TagQueue"],
        "ssm:PutParameter" => &["ssm:AddTagsToResource"],
        _ => &[],
    }
}

impl Place {
    /// What an operation takes, and on what; `None` when AWS's tables do not know it.
    fn needs(&self, operation: &str) -> Option<Vec<Need>> {
        let (service, name) = operation.split_once(':')?;
        if service == "apigateway" {
            return gateway::needs(name).map(|needs| self.on_paths(needs));
        }
        let (name, part) = name.split_once('/').unwrap_or((name, ""));
        let mut needs = Vec::new();
        let mut types: Vec<&str> = Vec::new();
        for action in audit::actions_under(service, name)? {
            let of_action = actions::types(&action)?;
            types.extend(of_action);
            needs.push(self.need(&action, of_action, part));
        }
        for action in besides(&format!("{service}:{name}")) {
            let all = actions::types(action)?;
            // What comes with an operation is on what the operation is on.
            let same: Vec<&str> = all.iter().copied().filter(|one| types.contains(one)).collect();
            needs.push(self.need(action, if same.is_empty() { all } else { &same }, ""));
        }
        Some(needs)
    }

    /// An action, on what the stack has of these types, or on the part that the operation names.
    fn need(&self, action: &str, types: &[&str], part: &str) -> Need {
        let everything = || (vec!["Account".to_owned()], vec!["*".to_owned()]);
        let (words, arns) = match part {
            "" if types.is_empty() => everything(),
            "" => self.of_types(action, types),
            // About a principal that no file names.
            "caller" => everything(),
            // What is attached to a role may be anybody's, and AWS's.
            "any" => (vec!["AnyPolicy".to_owned()], self.any_policy()),
            of_type => self.of_types(action, &[of_type]),
        };
        Need { action: action.to_owned(), words, arns }
    }

    /// What the stack has of these types of the action's service, and the words for it.
    fn of_types(&self, action: &str, types: &[&str]) -> (Vec<String>, Vec<String>) {
        let service = action.split(':').next().unwrap_or_default();
        let has_type = |arn: &&Arn| {
            types.contains(&arn.kind.as_str()) && arn.name.split(':').nth(2) == Some(service)
        };
        let found: Vec<&Arn> = self.arns.iter().filter(has_type).collect();
        let kinds: BTreeSet<&str> = found.iter().map(|arn| arn.kind.as_str()).collect();
        let words = kinds.iter().map(|kind| camel_case(service) + &camel_case(kind)).collect();
        (words, found.iter().map(|arn| arn.name.clone()).collect())
    }

    /// Every policy that can be attached to anything.
    fn any_policy(&self) -> Vec<String> {
        let Self { partition, account, .. } = self;
        [account, "aws"].map(|owner| format!("arn:{partition}:iam::{owner}:policy/*")).to_vec()
    }

    fn on_paths(&self, needs: Vec<(&str, &str)>) -> Vec<Need> {
        let need = |(method, path): (&str, &str)| Need {
            action: format!("apigateway:{method}"),
            words: vec![gateway::word(method)],
            arns: vec![format!("arn:{}:apigateway:{}::{path}", self.partition, self.region)],
        };
        needs.into_iter().map(need).collect()
    }

    /// The conditions under which an action is enough for all of the stack.
    fn conditions(&self, action: &str) -> Vec<Condition> {
        let mut conditions: BTreeMap<(&str, &str), Option<BTreeSet<String>>> = BTreeMap::new();
        for limit in self.limits.iter().filter(|limit| limit.action == action) {
            let key = (limit.operator.as_str(), limit.key.as_str());
            let all = conditions.entry(key).or_insert_with(|| Some(BTreeSet::new()));
            match all {
                Some(all) if !limit.values.is_empty() => all.extend(limit.values.iter().cloned()),
                _ => *all = None,
            }
        }
        let condition = |((operator, key), values): ((&str, &str), Option<BTreeSet<String>>)| {
            let values = values?.into_iter().collect();
            Some(Condition { operator: operator.to_owned(), key: key.to_owned(), values })
        };
        conditions.into_iter().filter_map(condition).collect()
    }
}

/// `log-group` as `LogGroup`: a `Sid` has letters and digits alone.
fn camel_case(word: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    word.split('-').filter_map(capital).collect()
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

    const F: &str = "arn:aws:lambda:r:1:function:f";

    fn place() -> Place {
        let arn = |kind: &str, name: &str| Arn { kind: kind.into(), name: name.into() };
        Place {
            partition: "aws".into(),
            region: "r".into(),
            account: "1".into(),
            arns: vec![
                arn("table", "arn:aws:dynamodb:r:1:table/t"),
                arn("policy", "arn:aws:iam::1:policy/Own"),
                arn("role", "arn:aws:iam::1:role/r"),
                arn("log-group", "arn:aws:logs:r:1:log-group:/g"),
                arn("function", F),
                arn("function", &format!("{F}:*")),
                arn("function-version", &format!("{F}:*")),
                arn("function", "arn:aws:cloudfront::1:function/edge"),
                arn("eventSourceMapping", "arn:aws:lambda:r:1:event-source-mapping:*"),
            ],
            limits: Vec::new(),
        }
    }

    fn limit(action: &str, key: &str, values: &[&str]) -> Limit {
        Limit {
            action: action.into(),
            operator: "StringEquals".into(),
            key: key.into(),
            values: values.iter().map(ToString::to_string).collect(),
        }
    }

    /// `sid: actions on resources`, one a statement.
    fn told(operations: &[&str]) -> Vec<String> {
        let document = document(operations.iter().copied(), &place());
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
                "IamRole: iam:PassRole on arn:aws:iam::1:role/r",
                "LambdaFunction: lambda:CreateFunction lambda:TagResource on arn:aws:lambda:r:1:function:f arn:aws:lambda:r:1:function:f:*",
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
    fn an_action_is_on_what_the_stack_has_of_its_types() {
        assert_eq!(
            told(&["lambda:TagResource", "lambda:TagResource/function"]),
            [
                "LambdaEventSourceMappingLambdaFunction: lambda:TagResource on arn:aws:lambda:r:1:event-source-mapping:* arn:aws:lambda:r:1:function:f arn:aws:lambda:r:1:function:f:*"
            ]
        );
        assert_eq!(
            told(&["lambda:TagResource/function"]),
            [
                "LambdaFunction: lambda:TagResource on arn:aws:lambda:r:1:function:f arn:aws:lambda:r:1:function:f:*"
            ]
        );
        assert_eq!(
            told(&["cloudfront:GetFunction", "dynamodb:ListTables"]),
            [
                "Account: dynamodb:ListTables on *",
                "CloudfrontFunction: cloudfront:GetFunction on arn:aws:cloudfront::1:function/edge"
            ]
        );
    }

    #[test]
    fn what_is_not_known_or_not_there_gets_no_statement() {
        let operations =
            ["sqs:CreateQueue", "sns:Pubish", "nowhere:GetItem", "dynamodb:GetItem", "nonsense"];
        let left = ["sqs:CreateQueue", "sns:Pubish", "nowhere:GetItem", "nonsense"];
        assert_eq!(unplaced(operations, &place()), left);
        assert_eq!(
            told(&operations),
            ["DynamodbTable: dynamodb:GetItem on arn:aws:dynamodb:r:1:table/t"]
        );
    }

    #[test]
    fn who_prunes_versions_may_not_delete_the_function() {
        assert_eq!(
            told(&["lambda:DeleteFunction/function-version"]),
            ["LambdaFunctionVersion: lambda:DeleteFunction on arn:aws:lambda:r:1:function:f:*"]
        );
    }

    #[test]
    fn who_tags_a_stage_has_the_action_that_aws_asks_for_by_no_method() {
        assert_eq!(
            told(&["apigateway:TagResource/stage"]),
            [
                "ApiPostApiPut: apigateway:POST apigateway:PUT on arn:aws:apigateway:r::/tags/*",
                "ApiTagstage: apigateway:TagResource on arn:aws:apigateway:r::/apis/*/stages arn:aws:apigateway:r::/apis/*/stages/*",
            ]
        );
    }

    #[test]
    fn who_makes_a_bounded_role_makes_no_other() {
        let key = "iam:PermissionsBoundary";
        let bound = |action| limit(action, key, &["arn:aws:iam::1:policy/B"]);
        let bound = vec![bound("iam:CreateRole"), bound("iam:PutRolePermissionsBoundary")];
        let operations = ["iam:CreateRole", "iam:GetRole", "iam:PutRolePermissionsBoundary"];
        let place = Place { limits: bound.clone(), ..place() };
        let policy = document(operations, &place);
        let bounded = policy.statements.iter().filter(|one| !one.conditions.is_empty());
        let bounded: Vec<_> = bounded.flat_map(|one| one.actions.items().to_vec()).collect();
        assert_eq!(bounded, ["iam:CreateRole", "iam:PutRolePermissionsBoundary"]);
        assert!(policy.to_json().contains("iam:TagRole"), "without a condition");

        let free = [bound, vec![limit("iam:CreateRole", key, &[])]].concat();
        let policy = document(["iam:CreateRole"], &Place { limits: free, ..place });
        assert!(!policy.to_json().contains(key), "one of the roles has no boundary: {policy:?}");
    }

    #[test]
    fn no_two_statements_have_the_same_name() {
        let two = [("iam:GetRole", "k"), ("iam:TagRole", "l")];
        let limits = two.map(|(action, key)| limit(action, key, &["v"])).to_vec();
        let place = Place { limits, ..place() };
        let operations = ["lambda:GetRole", "iam:GetRole", "iam:TagRole", "iam:DeleteRole"];
        let document = document(operations, &place);
        let sids: BTreeSet<_> = document.statements.iter().map(|one| one.sid.clone()).collect();
        assert_eq!(sids.len(), document.statements.len(), "{document:?}");
        assert_eq!(sids.len(), 3);
    }

    #[test]
    fn the_wider_covers_the_narrower() {
        assert_eq!(
            told(&[
                "iam:GetPolicy",
                "iam:GetPolicy/any",
                "iam:GetRole/caller",
                "iam:GetRole",
                "apigateway:DeleteApi",
                "apigateway:DeleteRoute"
            ]),
            [
                "Account: iam:GetRole on *",
                "AnyPolicy: iam:GetPolicy on arn:aws:iam::1:policy/* arn:aws:iam::aws:policy/*",
                "ApiDelete: apigateway:DELETE on arn:aws:apigateway:r::/apis/*",
            ]
        );
    }

    #[test]
    fn a_denial_asks_for_the_statement_that_is_printed() {
        let limits = vec![limit(PASS_ROLE, "iam:PassedToService", &["lambda.amazonaws.com"])];
        let same = document(["lambda:UpdateFunctionConfiguration"], &Place { limits, ..place() });
        let denied = statement(PASS_ROLE, "arn:aws:iam::1:role/r");
        let denied = format!(r#"{{"Version": "2012-10-17", "Statement": [{denied}]}}"#);
        let denied = Document::parse(iam::parse::Kind::Identity, &denied).expect("valid");
        let passing = same.statements.iter().find(|one| one.sid.as_deref() == Some("PassRole"));
        let meant = Document::new(vec![passing.expect("it is there").clone()]);
        assert!(denied.same_meaning(&meant), "{meant:?}");
    }
}
