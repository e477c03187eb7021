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
    in_front_of_a_bucket(aws, name);
}

/// Another site: its bucket, what reads it, and the distribution.
fn in_front_of_a_bucket(aws: Aws, name: &str) {
    let bucket = format!("{name}-site-two-123456789012-us-east-1-an");
    aws.put_xml("s3", "PUT", &format!("/{bucket}"), "");
    aws.put_xml("s3", "PUT", &format!("/{bucket}/site/index.html"), "<title>two</title>");
    let control = format!("{name}-site-two-us-east-1");
    let control = format!(
        "<OriginAccessControlConfig><Name>{control}</Name><Description>stackctl {name}-two/default us-east-1</Description><SigningProtocol>sigv4</SigningProtocol><SigningBehavior>always</SigningBehavior><OriginAccessControlOriginType>s3</OriginAccessControlOriginType></OriginAccessControlConfig>"
    );
    aws.put_xml("cloudfront", "POST", "/2020-05-31/origin-access-control", &control);
    let origin = format!(
        "<Origins><Quantity>1</Quantity><Items><Origin><Id>site</Id><DomainName>{bucket}.s3.us-east-1.amazonaws.com</DomainName><S3OriginConfig><OriginAccessIdentity></OriginAccessIdentity></S3OriginConfig></Origin></Items></Origins>"
    );
    let behavior = "<DefaultCacheBehavior><TargetOriginId>site</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy></DefaultCacheBehavior>";
    let config = format!(
        "<DistributionConfig><CallerReference>two</CallerReference>{origin}{behavior}<Comment>stackctl {name}-two/default us-east-1</Comment><Enabled>true</Enabled></DistributionConfig>"
    );
    aws.put_xml("cloudfront", "POST", "/2020-05-31/distribution", &config);
}
