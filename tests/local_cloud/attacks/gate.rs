//! What reaches the emulator, and what does not.

use std::fs;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tap::sign::Key;

use super::{begin_of_answer, presigned, signed, status_of, written};
use crate::support::{Aws, Cloud, Response, Stack, request};

/// Keys that the emulator takes for the root of an account.
const GUESSES: [&str; 4] = ["test", "123456789012", "000000000000", ""];

const LIST_TABLES: &str = "X-Amz-Target: DynamoDB_20120810.ListTables";

fn has_role(cloud: &Cloud, name: &str) -> bool {
    Aws::of(cloud).try_iam("GetRole", &[("RoleName", name)]).status == 200
}

#[test]
fn a_signature_that_is_none_creates_nothing() {
    let cloud = Cloud::shared();
    for key in GUESSES {
        let status = status_of(
            cloud.port,
            &written(cloud.port, &format!("GET {}", presigned(key, "evil-query")), &[], ""),
        );
        assert_eq!(status, 403, "{key}");
    }
    assert!(!has_role(cloud, "evil-query"));
}

#[test]
fn no_key_that_can_be_guessed_is_taken() {
    let cloud = Cloud::shared();
    let own = cloud.key().id;
    for key in GUESSES.into_iter().chain([own.as_str()]) {
        let authorization = format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={key}/20260830/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00"
        );
        let text = written(cloud.port, "POST /", &[LIST_TABLES, &authorization], "{}");
        assert_eq!(status_of(cloud.port, &text), 403, "{key}");
    }
    // The emulator reads the first key of a header, and who checks a signature perhaps the last one.
    let url = cloud.endpoint() + "/";
    let signed = cloud.key().sign("dynamodb", "POST", &url, &[], b"{}");
    let mut headers: Vec<String> =
        signed.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    headers[1] = headers[1].replace(
        "Credential=",
        "Credential=test/20260830/us-east-1/dynamodb/aws4_request, Credential=",
    );
    let mut headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    headers.push(LIST_TABLES);
    assert_eq!(status_of(cloud.port, &written(cloud.port, "POST /", &headers, "{}")), 403);
    let wrong = Key { secret: "guess".into(), ..cloud.key() };
    assert_eq!(list_tables(cloud, &wrong, &[]).status, 403);
    assert_eq!(list_tables(cloud, &cloud.key(), &[]).status, 200);
}

#[test]
fn what_needs_no_signature_leads_to_no_other_service() {
    let cloud = Cloud::shared();
    let paths = [
        "GET /us-east-1_abc/.well-known/jwks.json",
        "GET /us-east-1_abc/.well-known/openid-configuration",
        "GET /oauth2/authorize",
        "GET /oauth2/userInfo",
        "GET /logout",
        "POST /oauth2/token",
        "POST /oauth2/login",
        "POST /login",
        "OPTIONS /login",
        "GET /_aws/execute-api/abc/x",
        "POST /_aws/execute-api/abc/x",
        "POST /_aws/lambda-url/abc/x",
    ];
    let no_signature =
        ["Authorization: Bearer x", "Authorization: AWS", "Authorization: Credential=test", "A: b"];
    for path in paths {
        for authorization in no_signature {
            let text = written(cloud.port, path, &[LIST_TABLES, authorization], "{}");
            let answer = begin_of_answer(cloud.port, &text, 4096);
            assert!(!answer.contains("TableNames"), "{path} with {authorization}: {answer}");
            let path = format!("{path}?Action=ListRoles&Version=2010-05-08");
            let text = written(cloud.port, &path, &[authorization], "");
            let answer = begin_of_answer(cloud.port, &text, 4096);
            assert!(!answer.contains("<Roles"), "{path} with {authorization}: {answer}");
        }
    }
}

/// The emulator would read both as one, whose key is the root's; the gate would read the last alone.
#[test]
fn a_request_has_one_authorization_also_where_it_needs_none() {
    let cloud = Cloud::shared();
    let root = "Authorization: AWS4-HMAC-SHA256 Credential=test/20260830/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=00";
    for path in ["/_aws/execute-api/abc/x", "/_aws/lambda-url/abc/x", "/oauth2/userInfo"] {
        for second in ["Authorization: Bearer x", "Authorization:"] {
            let line = format!("GET {path}");
            let text = written(cloud.port, &line, &[root, second], "");
            assert_eq!(status_of(cloud.port, &text), 403, "{path} {second}");
            let text = written(cloud.port, &line, &[second, root], "");
            assert_eq!(status_of(cloud.port, &text), 403, "{path} {second}");
        }
    }
}

fn list_tables(cloud: &Cloud, key: &Key, more: &[(&str, &str)]) -> Response {
    let target = ("x-amz-target", "DynamoDB_20120810.ListTables");
    let headers: Vec<_> = [target].into_iter().chain(more.iter().copied()).collect();
    signed(cloud.port, key, "dynamodb", "POST", "/", &headers, "{}")
}

/// What was signed once: the headers, to be sent along with others.
type Signed = Vec<(String, String)>;

fn replayed(cloud: &Cloud, signed: &Signed, line: &str, more: &[(&str, &str)], body: &str) -> u16 {
    let signed = signed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers: Vec<_> = signed.chain(more.iter().copied()).collect();
    let (method, path) = line.split_once(' ').expect("a method and a path");
    request(method, &(cloud.endpoint() + path), &headers, body).status
}

#[test]
fn a_signature_is_good_for_one_request() {
    let cloud = Cloud::shared();
    let url = cloud.endpoint() + "/";
    let list = "Action=ListRoles&Version=2010-05-08";
    let form = ("content-type", "application/x-www-form-urlencoded");
    let seen = cloud.key().sign("iam", "POST", &url, &[form], list.as_bytes());
    assert_eq!(replayed(cloud, &seen, "POST /", &[form], list), 200, "as it was signed");
    let digest: String = Sha256::digest(list).iter().map(|byte| format!("{byte:02x}")).collect();
    let stated = ("x-amz-content-sha256", digest.as_str());
    let create = "Action=CreateUser&Version=2010-05-08&UserName=evil-replayed";
    let target = ("x-amz-target", "DynamoDB_20120810.ListTables");
    for (line, more, body) in [
        ("POST /", &[form][..], create),
        ("POST /", &[form, stated], create),
        ("POST /", &[form, ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")], create),
        ("POST /", &[target, stated], "{}"),
        ("POST /_ministack/..", &[form], list),
        ("POST /?Action=CreateUser&UserName=evil-replayed", &[form], list),
    ] {
        assert_eq!(replayed(cloud, &seen, line, more, body), 403, "{line} {more:?} {body}");
    }
    // Of a header that comes twice, one reader takes the first and another the last.
    let seen = cloud.key().sign("dynamodb", "POST", &url, &[target], b"{}");
    let first = ("x-amz-target", "DynamoDB_20120810.DeleteTable");
    for more in [&[first, target][..], &[target, first]] {
        assert_eq!(replayed(cloud, &seen, "POST /", more, "{}"), 403, "{more:?}");
    }
    assert_eq!(replayed(cloud, &seen, "POST /", &[target], "{}"), 200, "as it was signed");
    assert_eq!(Aws::of(cloud).try_iam("GetUser", &[("UserName", "evil-replayed")]).status, 404);
}

#[test]
fn a_route_that_wants_a_signature_takes_nothing_else() {
    let stack = Stack::new("signed-route");
    let up = stack.up();
    let aws = Aws::of(stack.cloud);
    let url = up["api_url"].as_str().expect("the address of the API");
    let id = url.split('/').nth(5).expect("the id is in the address");
    let routes = aws.rest("apigateway", "GET", &format!("/v2/apis/{id}/routes"), &json!(null));
    let mut routes = routes["items"].as_array().expect("routes").iter();
    let route = routes.find(|route| route["routeKey"] == "GET /").expect("it is declared");
    let path = format!("/v2/apis/{id}/routes/{}", route["routeId"].as_str().expect("an id"));
    aws.rest("apigateway", "PATCH", &path, &json!({"authorizationType": "AWS_IAM"}));
    for authorization in ["", "Bearer x", "Basic eDp5", "AWS test:x", "AWS4-HMAC-SHA256 x"] {
        let headers = [("authorization", authorization)];
        let headers = if authorization.is_empty() { &[][..] } else { &headers };
        let answer = request("GET", &format!("{url}/?userId=u"), headers, "");
        assert_eq!(answer.status, 403, "{authorization}: {answer:?}");
    }
    stack.teardown();
}

#[test]
fn a_form_commands_nothing() {
    let cloud = Cloud::shared();
    let name = "form-survivor";
    let input = json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]});
    Aws::of(cloud).json("DynamoDB_20120810.CreateTable", &input);
    let form = ["Origin: http://evil.example", "Content-Type: text/plain"];
    let config = r#"{"lambda_svc.LAMBDA_EXECUTOR":"docker"}"#;
    for (line, body) in [
        ("POST /_ministack/reset", ""),
        ("POST //_ministack/reset", ""),
        ("POST /_ministack/config", config),
        ("POST http://127.0.0.1/_ministack/reset", ""),
        ("OPTIONS /", ""),
    ] {
        for headers in [&form[..], &form[1..]] {
            let status = status_of(cloud.port, &written(cloud.port, line, headers, body));
            assert_eq!(status, 403, "{line} {headers:?}");
        }
    }
    Aws::of(cloud).json("DynamoDB_20120810.DeleteTable", &json!({"TableName": name}));
}

#[test]
fn nothing_is_told_without_a_key() {
    let cloud = Cloud::shared();
    for path in [
        "/",
        "/health",
        "/_ministack/health",
        "/_ministack/ready",
        "/_ministack/config",
        "/_ministack/lambda-code/anything",
        "/_ministack/ses/messages",
        "/_ministack/sqs/messages",
        "/_localstack/health",
        "/restapis/abcdef12/x/_user_request_/",
        "/_aws/execute-api/",
        "/_aws/execute-api/abcdef12",
        "/_aws/execute-api/abcdef12/x/@connections/1",
        "/_aws/execute-api/%2f..%2f_ministack/health",
        "/_aws/lambda-url/",
    ] {
        let status = status_of(cloud.port, &written(cloud.port, &format!("GET {path}"), &[], ""));
        assert_eq!(status, 403, "{path}");
    }
    let upgrade = [
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    let text = written(cloud.port, "GET /_aws/execute-api/abcdef12/x", &upgrade, "");
    assert_eq!(status_of(cloud.port, &text.replace("Connection: close\r\n", "")), 403);
}

#[test]
fn a_name_that_was_rebound_reaches_nothing() {
    let cloud = Cloud::shared();
    let path = "/_aws/execute-api/abcdef12/$default/";
    for host in
        ["evil.example", "localhost.evil.example", "x@127.0.0.1", "localhost.", "127.0.0.1.evil"]
    {
        let text = format!("GET {path} HTTP/1.1\r\nHost: {host}:{}\r\n\r\n", cloud.port);
        assert_eq!(status_of(cloud.port, &text), 403, "{host}");
    }
    let text = format!("GET {path} HTTP/1.0\r\n\r\n");
    assert_eq!(status_of(cloud.port, &text), 403, "without a name");
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
        let text = format!("GET {path} HTTP/1.1\r\nHost: {host}:{}\r\n\r\n", cloud.port);
        assert_eq!(status_of(cloud.port, &text), 404, "{host}: there is no such API");
    }
    // Not even one who has the key: a page with it is still a page.
    assert_eq!(list_tables(cloud, &cloud.key(), &[("origin", "null")]).status, 403);
    assert_eq!(list_tables(cloud, &cloud.key(), &[("sec-fetch-site", "none")]).status, 403);
}

#[test]
fn the_keys_of_a_function_cannot_be_computed() {
    let stack = Stack::new("guessed");
    let up = stack.up();
    // It has run, so the emulator knows its session; that it works through the gate is what `up` has proven.
    let text = |name: &str| up[name].as_str().expect("an output").to_owned();
    let (function, version) = (text("function_arn"), text("function_version"));
    let function = function.trim_end_matches(":live").to_owned();
    let hex = |text: &str| -> String {
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    for arn in [format!("{function}:{version}"), format!("{function}:live"), function] {
        let digest = hex(&format!("{arn}:{}", text("role_arn")));
        let id = format!("ASIA{}", digest[..16].to_uppercase());
        let key = Key { id, secret: hex(&format!("secret:{digest}")) };
        let token = hex(&format!("token:{digest}"));
        let answer = list_tables(stack.cloud, &key, &[("x-amz-security-token", &token)]);
        assert_eq!(answer.status, 403, "{arn}: {answer:?}");
        assert!(answer.body.contains("The local cloud refuses"), "the gate itself: {answer:?}");
    }
    no_process_holds(&stack.cloud.key().secret);
    stack.teardown();
}

/// No process that this user has started, functions among them, has the secret in its environment or arguments.
fn no_process_holds(secret: &str) {
    let Ok(processes) = fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        for file in ["environ", "cmdline"] {
            let text = fs::read(process.path().join(file)).unwrap_or_default();
            let held = text.windows(secret.len()).any(|part| part == secret.as_bytes());
            // The program that a test runs right now has it, as a user's would.
            let is_ours = String::from_utf8_lossy(&text).contains("STACKCTL_LOCAL_PORT=");
            assert!(!held || is_ours, "{}", process.path().display());
        }
    }
}
