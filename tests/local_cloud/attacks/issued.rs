//! Keys that the emulator has issued, to users of IAM or to the sessions of functions: what they reach beyond their rights.

use serde_json::{Value, json};
use tap::sign::Key;

use super::signed;
use crate::support::{Aws, Cloud, Response};

const DYNAMO: &str = "DynamoDB_20120810.";

/// A user of IAM with these rights, its key, and two tables of which the first has its name.
struct Issued {
    cloud: &'static Cloud,
    name: String,
    key: Key,
}

impl Issued {
    fn new(name: &str, statements: &Value) -> Self {
        let cloud = Cloud::shared();
        let aws = Aws::of(cloud);
        for table in [name.to_owned(), format!("{name}-other")] {
            let input = json!({"TableName": table, "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]});
            aws.json("DynamoDB_20120810.CreateTable", &input);
            let item = json!({"TableName": table, "Item": {"id": {"S": "1"}}});
            aws.json("DynamoDB_20120810.PutItem", &item);
        }
        aws.iam("CreateUser", &[("UserName", name)]);
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let policy = [("UserName", name), ("PolicyName", "own"), ("PolicyDocument", &policy)];
        aws.iam("PutUserPolicy", &policy);
        let answer = aws.iam("CreateAccessKey", &[("UserName", name)]);
        let text = |name: &str| {
            let (_, rest) = answer.split_once(&format!("<{name}>")).expect("it is in the answer");
            rest.split('<').next().unwrap_or_default().to_owned()
        };
        let key = Key { id: text("AccessKeyId"), secret: text("SecretAccessKey") };
        Self { cloud, name: name.to_owned(), key }
    }

    fn send(&self, service: &str, line: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let (method, path) = line.split_once(' ').expect("a method and a path");
        signed(self.cloud.port, &self.key, service, method, path, headers, body)
    }

    fn dynamo(&self, path: &str, operation: &str, input: &Value) -> Response {
        let target = format!("{DYNAMO}{operation}");
        let line = format!("POST {path}");
        self.send("dynamodb", &line, &[("x-amz-target", &target)], &input.to_string())
    }

    /// Whether both items are still there; then all that was made goes.
    fn end(self) {
        let aws = Aws::of(self.cloud);
        for table in [self.name.clone(), format!("{}-other", self.name)] {
            let table = json!({"TableName": table});
            let items = aws.json("DynamoDB_20120810.Scan", &table);
            assert_eq!(items["Count"], 1, "{items}");
            aws.json("DynamoDB_20120810.DeleteTable", &table);
        }
        aws.iam("DeleteAccessKey", &[("UserName", &self.name), ("AccessKeyId", &self.key.id)]);
        aws.iam("DeleteUserPolicy", &[("UserName", &self.name), ("PolicyName", "own")]);
        aws.iam("DeleteUser", &[("UserName", &self.name)]);
    }
}

/// The emulator's registry of images asks for no right.
#[test]
fn no_right_reaches_the_registry_of_images() {
    let one = json!([{"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "*"}]);
    let user = Issued::new("issued-registry", &one);
    for line in ["GET /v2/_catalog", "POST /v2/r/blobs/uploads/"] {
        assert_eq!(user.send("ecr", line, &[], "").status, 403, "{line}");
    }
    user.end();
}

#[test]
fn an_issued_key_does_not_command_the_cloud_itself() {
    // Not even one that may do everything: the emulator asks for no right here.
    let all = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    let issued = Issued::new("issued-control", &all);
    for service in ["lambda", "s3", "stackctl"] {
        for line in [
            "POST /_ministack/reset",
            "POST /_ministack/config",
            "GET /_ministack/lambda-code/any",
            "GET /_ministack/ses/messages",
            "GET /_ministack/health",
            "GET /_localstack/health",
            "GET /health",
            "PUT /_ministack/cfn-response/any",
        ] {
            let config = r#"{"lambda_svc.LAMBDA_EXECUTOR":"docker"}"#;
            let answer = issued.send(service, line, &[], config);
            assert_eq!(answer.status, 403, "{line}: {answer:?}");
            assert!(answer.body.contains("The local cloud refuses"), "{line}: {answer:?}");
        }
    }
    issued.end();
}

#[test]
fn an_issued_key_reaches_no_further_than_its_policy() {
    let own = "arn:aws:dynamodb:us-east-1:123456789012:table/issued-rights";
    let issued = Issued::new(
        "issued-rights",
        &json!([
            {"Effect": "Allow", "Resource": own, "Action": ["dynamodb:Query", "dynamodb:BatchWriteItem",
                "dynamodb:ExecuteStatement", "dynamodb:PartiQLSelect", "dynamodb:ListTables"]},
            {"Effect": "Allow", "Action": ["lambda:ListFunctions", "s3:ListAllMyBuckets"], "Resource": "*"},
        ]),
    );
    let query = |table: &str| {
        json!({"TableName": table, "KeyConditionExpression": "id = :id",
            "ExpressionAttributeValues": {":id": {"S": "1"}}})
    };
    assert_eq!(issued.dynamo("/", "Query", &query("issued-rights")).status, 200, "its own right");
    let key = json!({"id": {"S": "1"}});
    let own_item = json!({"TableName": "issued-rights", "Key": key});
    let select = "SELECT * FROM \"issued-rights-other\"";
    let other = json!({"issued-rights-other": [{"DeleteRequest": {"Key": key}}]});
    for (path, operation, input) in [
        ("/", "DeleteItem", &own_item),
        ("/", "Query", &query("issued-rights-other")),
        // The emulator looks at the right to do what `Action` says, and does what the header says.
        ("/?Action=Query", "DeleteItem", &own_item),
        ("/?Action=Query&Action=DeleteItem", "DeleteItem", &own_item),
        ("/", "BatchWriteItem", &json!({"RequestItems": other})),
        // Here it looks at the right on one table, and writes to another.
        ("/", "BatchWriteItem", &json!({"TableName": "issued-rights", "RequestItems": other})),
        ("/", "ExecuteStatement", &json!({"TableName": "issued-rights", "Statement": select})),
        ("/", "ListTables", &json!({"TableName": "issued-rights"})),
    ] {
        let answer = issued.dynamo(path, operation, input);
        assert_eq!(answer.status, 403, "{path} {operation} {input}: {answer:?}");
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for (service, line, headers, body) in [
        ("lambda", "GET /2015-03-31/functions/any?Action=ListFunctions", &[][..], ""),
        ("s3", "PUT /issued-rights-bucket?Action=ListAllMyBuckets", &[], ""),
        ("s3", "PUT /issued-rights-bucket", &form, "Action=ListAllMyBuckets"),
    ] {
        let answer = issued.send(service, line, headers, body);
        assert_eq!(answer.status, 403, "{line} {body}: {answer:?}");
    }
    issued.end();
}

/// The emulator judges a body as it came, and carries out what it unpacks: JSON within a chunk, and a form around it.
#[test]
fn a_body_is_judged_as_it_is_carried_out() {
    let own = "arn:aws:dynamodb:us-east-1:123456789012:table/issued-packed";
    let one = json!([
        {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": own},
        {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"},
    ]);
    let user = Issued::new("issued-packed", &one);
    let delete = json!({"TableName": "issued-packed", "z": "&Action=GetItem&",
        "Statement": "DELETE FROM \"issued-packed-other\" WHERE id = '1'"});
    let delete = delete.to_string();
    let chunk = format!("{:x}\r\n{delete}\r\n0\r\n\r\n", delete.len());
    let target = ("x-amz-target", "DynamoDB_20120810.ExecuteStatement");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (headers, body) in [
        (&[target, form, ("content-encoding", "aws-chunked")][..], chunk.as_str()),
        (&[target, ("content-encoding", "aws-chunked")], &chunk),
        (&[target, ("content-encoding", "gzip")], &delete),
        (&[target, form], &delete),
    ] {
        let answer = user.send("dynamodb", "POST /", headers, body);
        assert_eq!(answer.status, 403, "{headers:?}: {answer:?}");
    }
    for (line, headers) in [
        ("POST /?Action=GetUser&Version=2010-05-08", &[form, ("content-encoding", "gzip")][..]),
        ("POST /?Version=2010-05-08", &[form]),
    ] {
        let body = "Action=CreateUser&Version=2010-05-08&UserName=issued-packed-2";
        assert_eq!(user.send("iam", line, headers, body).status, 403, "{line}");
    }
    user.end();
}

/// Where the emulator finds no right that an operation takes, it carries it out for everybody.
#[test]
fn what_takes_no_right_that_is_known_is_refused() {
    let one = json!([
        {"Effect": "Allow", "Action": ["s3:GetObject", "lambda:GetFunction"], "Resource": "*"},
        {"Effect": "Allow", "Action": "sqs:ReceiveMessage",
            "Resource": "arn:aws:sqs:us-east-1:123456789012:issued-own"},
    ]);
    let user = Issued::new("issued-unknown", &one);
    let get = [("x-amz-target", "x.GetObject")];
    let get_function = [("x-amz-target", "x.GetFunction")];
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let queue = "http://localhost/123456789012/issued-other";
    let receive = format!("Action=ReceiveMessage&QueueUrl={queue}");
    for (service, line, headers, body) in [
        ("lambda", "POST /2021-11-15/functions/any/response-streaming-invocations", &[][..], "{}"),
        ("lambda", "PUT /2015-03-31/event-source-mappings/any", &[], "{\"FunctionName\":\"any\"}"),
        ("lambda", "DELETE /2015-03-31/event-source-mappings/any", &[], ""),
        ("lambda", "POST /2015-03-31/functions/any/invocations", &get_function, "{}"),
        ("rds", "POST /", &form, "Action=CreateDBCluster&Engine=docdb&DBClusterIdentifier=y"),
        ("s3", "PUT /issued-unknown/k", &get, "evil"),
        ("s3", "DELETE /issued-unknown/k", &get, ""),
        ("sqs", "POST /?QueueUrl=http://localhost/123456789012/issued-own", &form, &receive),
    ] {
        let answer = user.send(service, line, headers, body);
        assert_eq!(answer.status, 403, "{service} {line}: {answer:?}");
    }
    user.end();
}
