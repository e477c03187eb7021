//! What somebody may change by hand, one function a property.

use serde_json::{Value, json};

use crate::aws::Aws;

/// A change by its name.
pub type Change = (&'static str, fn(Aws));

/// Everything that we set and somebody else can change.
pub const DRIFTS: [Change; 32] = [
    ("policy text", |aws| policy_version(aws, OTHER_RIGHTS)),
    ("policy detached", |aws| attachment(aws, "DetachRolePolicy", DATA_POLICY)),
    ("policy attached", |aws| {
        let arn = "arn:aws:iam::123456789012:policy/my-appTwo";
        attachment(aws, "AttachRolePolicy", arn);
    }),
    ("inline policy", |aws| {
        let fields = [ROLE, ("PolicyName", "by-hand"), ("PolicyDocument", OTHER_RIGHTS)];
        aws.iam("PutRolePolicy", &fields);
    }),
    ("trust", |aws| {
        aws.iam("UpdateAssumeRolePolicy", &[ROLE, ("PolicyDocument", OTHER_TRUST)]);
    }),
    ("memory", |aws| settings(aws, &json!({"MemorySize": 512}))),
    ("timeout", |aws| settings(aws, &json!({"Timeout": 20}))),
    ("handler", |aws| settings(aws, &json!({"Handler": "other"}))),
    ("runtime", |aws| settings(aws, &json!({"Runtime": "provided.al2"}))),
    ("variable added", |aws| {
        environment(aws, &json!({"TABLE_NAME": "my-app-data", "AUTH": "none", "BY": "hand"}));
    }),
    ("variable changed", |aws| {
        environment(aws, &json!({"TABLE_NAME": "my-app-data-two", "AUTH": "none"}));
    }),
    ("variables removed", |aws| environment(aws, &json!({}))),
    ("function's role", |aws| {
        settings(aws, &json!({"Role": "arn:aws:iam::123456789012:role/my-app-lambda-role-two"}));
    }),
    ("alias weighted", |aws| {
        let input = json!({"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}});
        function(aws, "PUT", "/aliases/live", &input);
    }),
    ("alias deleted", |aws| function(aws, "DELETE", "/aliases/live", &Value::Null)),
    ("permission removed", |aws| {
        function(aws, "DELETE", "/policy/stackctl-api?Qualifier=live", &Value::Null);
    }),
    ("permission of another API", |aws| {
        function(aws, "DELETE", "/policy/stackctl-api?Qualifier=live", &Value::Null);
        let source = "arn:aws:execute-api:us-east-1:123456789012:other/*/*";
        let input = json!({"StatementId": "stackctl-api", "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com", "SourceArn": source});
        function(aws, "POST", "/policy?Qualifier=live", &input);
    }),
    ("CORS origins", |aws| {
        let cors = json!({"allowOrigins": ["https://elsewhere.example"], "allowMethods": ["GET"]});
        api(aws, "PATCH", "", &json!({"corsConfiguration": cors}));
    }),
    ("CORS deleted", |aws| api(aws, "DELETE", "/cors", &Value::Null)),
    ("route deleted", |aws| {
        let id = first(aws, "routes", "routeId");
        api(aws, "DELETE", &format!("/routes/{id}"), &Value::Null);
    }),
    ("route added", |aws| api(aws, "POST", "/routes", &json!({"routeKey": "GET /by-hand"}))),
    ("route needs authorization", |aws| {
        let id = first(aws, "routes", "routeId");
        api(aws, "PATCH", &format!("/routes/{id}"), &json!({"authorizationType": "AWS_IAM"}));
    }),
    ("route without target", |aws| {
        let id = first(aws, "routes", "routeId");
        api(aws, "PATCH", &format!("/routes/{id}"), &json!({"target": "integrations/none"}));
    }),
    ("payload format", |aws| {
        let id = first(aws, "integrations", "integrationId");
        let input = json!({"payloadFormatVersion": "1.0"});
        api(aws, "PATCH", &format!("/integrations/{id}"), &input);
    }),
    ("integration of another function", |aws| {
        let id = first(aws, "integrations", "integrationId");
        let uri = "arn:aws:lambda:us-east-1:123456789012:function:my-app-api-two";
        api(aws, "PATCH", &format!("/integrations/{id}"), &json!({"integrationUri": uri}));
    }),
    ("stage deleted", |aws| api(aws, "DELETE", "/stages/%24default", &Value::Null)),
    ("auto-deploy off", |aws| {
        api(aws, "PATCH", "/stages/%24default", &json!({"autoDeploy": false}));
    }),
    ("retention", |aws| {
        let input = json!({"logGroupName": "/aws/lambda/my-app-api", "retentionInDays": 90});
        aws.json("logs", "PutRetentionPolicy", &input);
    }),
    ("retention deleted", |aws| {
        let input = json!({"logGroupName": "/aws/lambda/my-app-api"});
        aws.json("logs", "DeleteRetentionPolicy", &input);
    }),
    ("recovery off", |aws| {
        let recovery = json!({"PointInTimeRecoveryEnabled": false});
        table(
            aws,
            "UpdateContinuousBackups",
            &json!({"PointInTimeRecoverySpecification": recovery}),
        );
    }),
    ("time to live", |aws| {
        let on = json!({"Enabled": true, "AttributeName": "until"});
        table(aws, "UpdateTimeToLive", &json!({"TimeToLiveSpecification": on}));
    }),
    ("deletion protection", |aws| {
        table(aws, "UpdateTable", &json!({"DeletionProtectionEnabled": true}));
    }),
];

/// What may be different without being wrong.
pub const HARMLESS: [Change; 3] = [
    ("policy text in another order", |aws| {
        let now = policy_document(aws);
        let mut document: Value = serde_json::from_str(&now).expect("IAM keeps JSON");
        let statements = document["Statement"].as_array_mut().expect("a list");
        if let Some(actions) = statements[0]["Action"].as_array_mut() {
            actions.reverse();
        }
        policy_version(aws, &document.to_string());
    }),
    ("role described", |aws| {
        aws.iam("UpdateRole", &[ROLE, ("Description", "by hand"), ("MaxSessionDuration", "7200")]);
    }),
    ("tag added", |aws| tag_rest(aws, Rest::Function, ("cost-centre", "7"))),
];

/// A tag's key and value.
pub type Tag = (&'static str, &'static str);

/// What says whose something is, and the same with somebody else's name.
const MARK: &str = "stackctl:stack";
const OTHER_MARK: Tag = (MARK, "another");

/// Gives everything that takes tags one more, or another value.
pub fn label(aws: Aws, tag: Tag) {
    tag_all(aws, tag);
}

/// Takes the boundary of the role away.
pub fn unbound(aws: Aws) {
    aws.iam("DeleteRolePermissionsBoundary", &[ROLE]);
}

/// Forgets what the user was asked about earlier: what comes back is left alone otherwise.
pub fn forget(aws: Aws) {
    aws.iam("UntagRole", &[ROLE, ("TagKeys.member.1", "stackctl:asked")]);
}

/// Everything that says that the stack is ours.
pub const MARKS: [Change; 2] = [
    ("tags changed", |aws| tag_all(aws, OTHER_MARK)),
    ("tags removed", |aws| {
        aws.json(
            "dynamodb",
            "UntagResource",
            &json!({"ResourceArn": TABLE_ARN, "TagKeys": [MARK]}),
        );
        aws.json(
            "logs",
            "UntagResource",
            &json!({"resourceArn": LOG_GROUP_ARN, "tagKeys": [MARK]}),
        );
        aws.iam("UntagRole", &[ROLE, ("TagKeys.member.1", MARK)]);
        for policy in [DATA_POLICY, LOGS_POLICY] {
            aws.iam("UntagPolicy", &[("PolicyArn", policy), ("TagKeys.member.1", MARK)]);
        }
        for place in [Rest::Function, Rest::Api] {
            untag_rest(aws, place);
        }
    }),
];

fn tag_all(aws: Aws, (key, value): Tag) {
    let tags = json!([{"Key": key, "Value": value}]);
    aws.json("dynamodb", "TagResource", &json!({"ResourceArn": TABLE_ARN, "Tags": tags}));
    aws.json("logs", "TagResource", &json!({"resourceArn": LOG_GROUP_ARN, "tags": {key: value}}));
    let tag = [("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
    aws.iam("TagRole", &[ROLE, tag[0], tag[1]]);
    for policy in [DATA_POLICY, LOGS_POLICY] {
        aws.iam("TagPolicy", &[("PolicyArn", policy), tag[0], tag[1]]);
    }
    for place in [Rest::Function, Rest::Api] {
        tag_rest(aws, place, (key, value));
    }
}

/// What has its tags at a path with its ARN in it.
#[derive(Clone, Copy)]
enum Rest {
    Function,
    Api,
}

impl Rest {
    fn tags(self, aws: Aws) -> (&'static str, String) {
        let (service, version, arn) = match self {
            Rest::Function => ("lambda", "2017-03-31", FUNCTION_ARN.to_owned()),
            Rest::Api => ("apigateway", "v2", format!("{APIS_ARN}/{}", api_id(aws))),
        };
        (service, format!("/{version}/tags/{}", encoded(&arn)))
    }
}

fn tag_rest(aws: Aws, place: Rest, (key, value): Tag) {
    let (service, path) = place.tags(aws);
    let member = if service == "lambda" { "Tags" } else { "tags" };
    aws.rest(service, "POST", &path, &json!({member: {key: value}}));
}

fn untag_rest(aws: Aws, place: Rest) {
    let (service, path) = place.tags(aws);
    let path = format!("{path}?tagKeys={}", encoded(MARK));
    aws.rest(service, "DELETE", &path, &Value::Null);
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

const TABLE_ARN: &str = "arn:aws:dynamodb:us-east-1:123456789012:table/my-app-data";
const LOG_GROUP_ARN: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/my-app-api";
const APIS_ARN: &str = "arn:aws:apigateway:us-east-1::/apis";
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:my-app-api";
const LOGS_POLICY: &str = "arn:aws:iam::123456789012:policy/MyAppLambdaLogs";
const ROLE: (&str, &str) = ("RoleName", "my-app-lambda-role");
const DATA_POLICY: &str = "arn:aws:iam::123456789012:policy/MyAppLambdaDynamoDB";
const OTHER_RIGHTS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}]}"#;
/// The table may be read by key, and nothing else.
pub const OTHER_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"arn:aws:dynamodb:us-east-1:123456789012:table/my-app-data"}]}"#;
const OTHER_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}]}"#;

fn attachment(aws: Aws, action: &str, arn: &str) {
    // It may be detached already, by the change before.
    aws.iam_or_nothing(action, &[ROLE, ("PolicyArn", arn)]);
}

fn policy_document(aws: Aws) -> String {
    let policy = aws.iam("GetPolicy", &[("PolicyArn", DATA_POLICY)]);
    let version = policy["Policy"]["DefaultVersionId"].as_str().expect("it has one").to_owned();
    let fields = [("PolicyArn", DATA_POLICY), ("VersionId", version.as_str())];
    let version = aws.iam("GetPolicyVersion", &fields);
    let text = version["PolicyVersion"]["Document"].as_str().expect("it has a text");
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A new default version; the others go, so that there is room.
pub fn policy_version(aws: Aws, text: &str) {
    let versions = aws.iam("ListPolicyVersions", &[("PolicyArn", DATA_POLICY)])["Versions"].take();
    let others = versions.as_array().expect("a list").iter();
    for version in others.filter(|version| version["IsDefaultVersion"] != "true") {
        let id = version["VersionId"].as_str().expect("an id");
        aws.iam("DeletePolicyVersion", &[("PolicyArn", DATA_POLICY), ("VersionId", id)]);
    }
    let fields = [("PolicyArn", DATA_POLICY), ("PolicyDocument", text), ("SetAsDefault", "true")];
    aws.iam("CreatePolicyVersion", &fields);
}

fn settings(aws: Aws, input: &Value) {
    function(aws, "PUT", "/configuration", input);
}

fn environment(aws: Aws, variables: &Value) {
    settings(aws, &json!({"Environment": {"Variables": variables}}));
}

fn function(aws: Aws, method: &str, path: &str, input: &Value) {
    aws.rest("lambda", method, &format!("/2015-03-31/functions/my-app-api{path}"), input);
}

fn api_id(aws: Aws) -> String {
    let apis = aws.get("apigateway", "/v2/apis")["items"].take();
    let ours = apis.as_array().and_then(|apis| apis.iter().find(|api| api["name"] == "my-app"));
    ours.and_then(|api| api["apiId"].as_str()).expect("the stack is up").to_owned()
}

fn api(aws: Aws, method: &str, path: &str, input: &Value) {
    aws.rest("apigateway", method, &format!("/v2/apis/{}{path}", api_id(aws)), input);
}

/// The first of a kind inside the API; a change before may have deleted it.
fn first(aws: Aws, kind: &str, id: &str) -> String {
    let all = aws.get("apigateway", &format!("/v2/apis/{}/{kind}", api_id(aws)));
    all["items"][0][id].as_str().unwrap_or("none").to_owned()
}

fn table(aws: Aws, operation: &str, change: &Value) {
    let mut input = change.clone();
    input["TableName"] = json!("my-app-data");
    // Setting what is set is refused.
    aws.raw_json("dynamodb", operation, &input);
}
