//! What others have in the same account, under names that begin like ours.

use serde_json::json;

use crate::aws::Aws;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const RIGHTS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

/// A zip without a file in it.
const EMPTY_ZIP: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

/// One of each kind. Some even carry tags of ours, with another value.
pub fn move_in(aws: Aws, name: &str) {
    let tags = json!([{"Key": "stackctl:stack", "Value": format!("{name}-two")}]);
    let key = json!([{"AttributeName": "id", "AttributeType": "S"}]);
    aws.json(
        "dynamodb",
        "CreateTable",
        &json!({
            "TableName": format!("{name}-data-two"), "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": key, "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "Tags": tags,
        }),
    );
    let group = format!("/aws/lambda/{name}-api-two");
    aws.json("logs", "CreateLogGroup", &json!({"logGroupName": group}));
    let role = format!("{name}-lambda-role-two");
    aws.iam("CreateRole", &[("RoleName", &role), ("AssumeRolePolicyDocument", TRUST)]);
    aws.iam(
        "PutRolePolicy",
        &[("RoleName", &role), ("PolicyName", "own"), ("PolicyDocument", RIGHTS)],
    );
    aws.iam("CreatePolicy", &[("PolicyName", &format!("{name}Two")), ("PolicyDocument", RIGHTS)]);
    aws.rest("lambda", "POST", "/2015-03-31/functions", &json!({
        "FunctionName": format!("{name}-api-two"), "Runtime": "provided.al2023", "Handler": "bootstrap",
        "Role": format!("arn:aws:iam::123456789012:role/{role}"), "Code": {"ZipFile": EMPTY_ZIP},
    }));
    for api in [format!("{name}-two"), "other".to_owned()] {
        let input =
            json!({"name": api, "protocolType": "HTTP", "tags": {"stackctl:stack": "other"}});
        aws.rest("apigateway", "POST", "/v2/apis", &input);
    }
}
