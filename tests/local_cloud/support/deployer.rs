//! A user of the account with one policy: what a deployer may do is enforced by the local cloud.

use serde_json::{Value, json};

use super::Aws;

/// What the emulator asks for on everything, and AWS on the name alone.
const ON_EVERYTHING: [&str; 5] = [
    "iam:CreatePolicy",
    "lambda:CreateFunction",
    "dynamodb:ListTagsOfResource",
    "dynamodb:TagResource",
    "logs:ListTagsForResource",
];

/// Condition keys of AWS that the emulator finds in no request.
const UNKNOWN_KEYS: [&str; 3] = ["iam:PermissionsBoundary", "iam:PolicyARN", "lambda:Principal"];

/// Whoever has this key pair.
pub struct Deployer {
    aws: Aws,
    name: String,
    id: String,
    secret: String,
}

impl Deployer {
    /// One who may do nothing yet.
    pub fn new(aws: Aws, name: &str) -> Self {
        aws.iam("CreateUser", &[("UserName", name)]);
        let key = aws.iam("CreateAccessKey", &[("UserName", name)]);
        let between = |element: &str| {
            let rest = key.split(&format!("<{element}>")).nth(1).expect("the element is there");
            rest.split('<').next().unwrap_or_default().to_owned()
        };
        let (id, secret) = (between("AccessKeyId"), between("SecretAccessKey"));
        Self { aws, name: name.to_owned(), id, secret }
    }

    /// What the program finds in its environment when this user runs it.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [("AWS_ACCESS_KEY_ID", self.id.clone()), ("AWS_SECRET_ACCESS_KEY", self.secret.clone())]
    }

    /// From now on exactly what these statements allow, without the conditions on keys that the emulator does not know.
    pub fn may(&self, statements: &[Value]) {
        let statements = without_unknown_keys(statements);
        let (user, policy) = (("UserName", self.name.as_str()), ("PolicyName", "p"));
        if statements.is_empty() {
            self.aws.try_iam("DeleteUserPolicy", &[user, policy]);
            return;
        }
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        self.aws.iam("PutUserPolicy", &[user, policy, ("PolicyDocument", &text)]);
    }
}

/// The statements of a policy as the emulator has to be given them: it asks for some actions on everything, for `ListAliases`
/// where `GetAlias` is called, and for an action that AWS does not know where a distribution is made with tags.
pub fn as_the_emulator_asks(policy: &Value) -> Vec<Value> {
    let mut statements = policy["Statement"].as_array().expect("the statements").clone();
    let allowed = actions(&statements);
    let has = |action: &str| allowed.iter().any(|one| one == action);
    let mut more: Vec<&str> = ON_EVERYTHING.into_iter().filter(|action| has(action)).collect();
    more.extend(has("lambda:GetAlias").then_some("lambda:ListAliases"));
    let creates = has("cloudfront:CreateDistribution");
    more.extend(creates.then_some("cloudfront:CreateDistributionWithTags"));
    // Of what CloudFront has, it knows the ARNs of distributions alone, and not where their tags are read and set.
    let of_distribution =
        |action: &str| ["Distribution", "Invalidation"].iter().any(|of| action.contains(of));
    let of_cloudfront = allowed.iter().filter(|action| action.starts_with("cloudfront:"));
    more.extend(of_cloudfront.map(String::as_str).filter(|action| !of_distribution(action)));
    if !more.is_empty() {
        statements.push(json!({"Effect": "Allow", "Action": more, "Resource": "*"}));
    }
    statements
}

/// Statements without the conditions on keys that the emulator does not know.
pub fn without_unknown_keys(statements: &[Value]) -> Vec<Value> {
    let mut statements = statements.to_vec();
    for statement in &mut statements {
        let condition = statement["Condition"].to_string();
        if UNKNOWN_KEYS.iter().any(|key| condition.contains(key)) {
            statement["Condition"] = json!({});
        }
    }
    statements
}

/// The actions of statements, one or many in each.
pub fn actions(statements: &[Value]) -> Vec<String> {
    let of = |statement: &Value| match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        action => vec![action.clone()],
    };
    let texts = |action: Value| action.as_str().map(str::to_owned);
    statements.iter().flat_map(of).filter_map(texts).collect()
}
