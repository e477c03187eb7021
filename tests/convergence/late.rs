//! An IAM that takes 1 to 20 seconds to spread what it was given, in front of the real program: two versions with different
//! rights alternate under constant requests, and none of them is ever denied by our own doing.
//!
//! The endpoint is reached as `0.0.0.0`, which is no name of this machine to the program: it waits as it does on AWS.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::artifact;
use crate::files::copied;
use crate::lane::Lane;
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};
use crate::run::Run;
use crate::support::try_request;

const POLICY: &str = "MyAppLambdaDynamoDB";

/// What one version needs and the other does not: versions with odd numbers the first.
const NEEDS: [(&str, &str); 2] =
    [("scan: Scan", "dynamodb:Scan"), ("batch: BatchGetItem", "dynamodb:BatchGetItem")];

const PATIENCE: Duration = Duration::from_mins(4);

/// How often the versions alternate. The twenty times of a release take twelve minutes: `STACKCTL_TEST_ALTERNATIONS=20`.
fn rounds() -> usize {
    env::var("STACKCTL_TEST_ALTERNATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(2)
}

/// IAM as AWS has it: versions of a policy can be switched, and what is switched to spreads.
#[derive(Default)]
struct Late {
    /// Versions of the policy by number, the first is 1; `None` after it was deleted.
    versions: Vec<Option<String>>,
    default: usize,
    /// What may be in force: since when it was, and until when the one before it may be.
    history: Vec<(Instant, Duration, String)>,
    /// The requests that were denied.
    denied: Vec<String>,
}

impl Late {
    /// Every document that some part of AWS may go by at this moment.
    fn in_force(&self) -> impl Iterator<Item = &String> {
        let spread = |one: &(Instant, Duration, String)| one.0.elapsed() >= one.1;
        let oldest = self.history.iter().rposition(spread).unwrap_or(0);
        self.history.iter().skip(oldest).map(|(_, _, document)| document)
    }

    fn set(&mut self, number: usize, late: Duration) {
        self.default = number;
        let document = self.versions[number - 1].clone().unwrap_or_default();
        self.history.push((Instant::now(), late, document));
    }

    /// The operations on versions, which the emulator has not.
    fn iam(&mut self, call: &Incoming) -> Option<Answer> {
        if !call.field("PolicyArn").ends_with(POLICY) {
            return None;
        }
        let number =
            || call.field("VersionId").trim_start_matches('v').parse::<usize>().unwrap_or(1);
        let name = call.operation.map(|operation| operation.name.clone()).unwrap_or_default();
        let result = match name.as_str() {
            "GetPolicyVersion" => {
                let Some(text) = self.versions.get(number() - 1).cloned().flatten() else {
                    return call.refused(404, "NoSuchEntity", "There is no such version.");
                };
                let text = utf8_percent_encode(&text, NON_ALPHANUMERIC);
                format!(
                    "<PolicyVersion><Document>{text}</Document><VersionId>v{}</VersionId></PolicyVersion>",
                    number()
                )
            }
            "ListPolicyVersions" => {
                let there = self.versions.iter().enumerate().filter(|(_, text)| text.is_some());
                let members: String = there.map(|(place, _)| {
                    let (number, is_default) = (place + 1, place + 1 == self.default);
                    format!("<member><VersionId>v{number}</VersionId><IsDefaultVersion>{is_default}</IsDefaultVersion><CreateDate>2026-01-01T00:{:02}:{:02}Z</CreateDate></member>", number / 60, number % 60)
                }).collect();
                format!("<Versions>{members}</Versions><IsTruncated>false</IsTruncated>")
            }
            "CreatePolicyVersion" => {
                self.versions.push(Some(call.field("PolicyDocument")));
                let number = self.versions.len();
                if call.field("SetAsDefault") == "true" {
                    self.set(number, Duration::from_secs(fastrand::u64(1..=20)));
                }
                format!("<PolicyVersion><VersionId>v{number}</VersionId></PolicyVersion>")
            }
            "SetDefaultPolicyVersion" => {
                self.set(number(), Duration::from_secs(fastrand::u64(1..=20)));
                String::new()
            }
            "DeletePolicyVersion" => {
                self.versions[number() - 1] = None;
                String::new()
            }
            _ => return None,
        };
        let body =
            format!("<{name}Response><{name}Result>{result}</{name}Result></{name}Response>");
        Some(Answer::new(200, "text/xml", body))
    }

    /// A request of a user: denied when something that may be in force lacks what the live version needs.
    fn request(&mut self, call: &Incoming) -> Answer {
        let path = "/2015-03-31/functions/my-app-api/aliases/live";
        let live = call.aws.get("lambda", path)["FunctionVersion"].take();
        let live: usize = live.as_str().and_then(|text| text.parse().ok()).unwrap_or(1);
        let needed = NEEDS[(live - 1) % 2].1;
        let lacking = self.in_force().find(|document| !document.contains(needed)).cloned();
        if let Some(document) = lacking {
            self.denied.push(format!("version {live} lacks {needed}: {document}"));
            return Answer::new(500, "application/json", r#"{"message":"Internal Server Error"}"#);
        }
        let url = format!("http://127.0.0.1:{}{}", call.aws.port, call.request.target);
        let Ok(found) = try_request(&call.request.method, &url, &[], &call.request.body) else {
            return Answer::new(503, "application/json", r#"{"message":"Service Unavailable"}"#);
        };
        let mut answer = Answer::new(found.status, "application/json", found.body);
        for (name, value) in &found.headers {
            answer.headers.set(name, value);
        }
        answer
    }
}

/// The layer, which the test looks into afterwards.
struct Shared(Arc<std::sync::Mutex<Late>>);

impl Layer for Shared {
    /// Nothing is passed on as it came: the gate of the local cloud takes requests to this machine alone.
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let mut late = self.0.lock().expect("nobody panics here");
        let Some(operation) = call.operation else { return Some(late.request(call)) };
        if let Some(answer) = late.iam(call) {
            return Some(answer);
        }
        let names = ["content-type", "x-amz-target"];
        let headers = names.map(|name| (name, call.request.header(name)));
        let headers: Vec<_> = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let body = String::from_utf8_lossy(&call.request.body).into_owned();
        let request = call.request;
        let (status, mut text) =
            call.aws.send(&operation.service, &request.method, &request.target, &headers, &body);
        if call.is(&["iam:CreatePolicy"]) && status < 300 && call.field("PolicyName") == POLICY {
            *late = Late { versions: vec![Some(call.field("PolicyDocument"))], ..Late::default() };
            late.set(1, Duration::ZERO);
        }
        if call.is(&["iam:GetPolicy"]) && call.field("PolicyArn").ends_with(POLICY) {
            let default = format!("<DefaultVersionId>v{}<", late.default);
            text = text.replace("<DefaultVersionId>v1<", &default);
        }
        if operation.service == "apigateway" {
            text = at_the_proxy(&text, call.request.header("host"));
        }
        let kind = if text.starts_with('<') { "text/xml" } else { "application/json" };
        let mut answer = Answer::new(status, kind, text);
        if status >= 300
            && let Some(code) = answer.json()["__type"].as_str()
        {
            answer.headers.set("x-amzn-errortype", code);
        }
        Some(answer)
    }
}

/// The address of each API in an answer, as one that the proxy is asked at.
fn at_the_proxy(text: &str, host: &str) -> String {
    let Ok(mut body) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    let moved = |api: &mut Value| {
        if let Some(id) = api["apiId"].as_str() {
            api["apiEndpoint"] = json!(format!("http://{host}/_aws/execute-api/{id}/$default"));
        }
    };
    moved(&mut body);
    body["items"].as_array_mut().into_iter().flatten().for_each(moved);
    body.to_string()
}

/// The same zip without the comment that marks a quick build: what stands for AWS here is no local cloud to stackctl.
fn as_for_aws(zip: &str, folder: &std::path::Path) -> String {
    let mut bytes = fs::read(zip).expect("it was built");
    let end = bytes.windows(4).rposition(|four| four == b"PK\x05\x06").expect("it is a zip");
    // The record ends with the length of the comment, and the comment.
    bytes.truncate(end + 22);
    bytes[end + 20..].fill(0);
    let path = folder.join(if zip == artifact::first() { "first.zip" } else { "second.zip" });
    fs::write(&path, bytes).expect("the folder can be written");
    path.to_str().expect("the path is text").to_owned()
}

#[test]
fn two_versions_with_different_rights_alternate_under_requests_and_none_is_denied() {
    let lane = Lane::take();
    let late = Arc::new(std::sync::Mutex::new(Late::default()));
    lane.set_layer(Shared(late.clone()));
    let crates = lane.folder().join("alternating");
    let _ = fs::remove_dir_all(&crates);
    copied(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("handler"), &crates);
    lane.configure("function.crate = \"alternating\"\nfunction.keep_versions = 2\n");
    let place = crates.join("src/operations.rs");
    let source = fs::read_to_string(&place).expect("it was copied");
    let up = |round: usize| {
        let line = format!("    get: GetItem,\n    {},\n", NEEDS[round % 2].0);
        fs::write(&place, source.replace("    get: GetItem,\n", &line)).expect("written");
        let zip = if round.is_multiple_of(2) { artifact::first() } else { artifact::second() };
        let zip = as_for_aws(zip, lane.folder());
        let mut command = lane.command(&["up", "--artifact", &zip, "--yes", "--output", "json"]);
        command.env("AWS_ENDPOINT_URL", format!("http://0.0.0.0:{}", lane.proxy().port));
        Run::start(command).wait_at_most(PATIENCE).succeeded().json()
    };
    let first = up(0);
    let url = first["api_url"].as_str().expect("an address").replace("0.0.0.0", "127.0.0.1");
    let over = AtomicBool::new(false);
    let failed = thread::scope(|scope| {
        let load = scope.spawn(|| {
            let (mut failed, mut count) = (Vec::new(), 0);
            while !over.load(Ordering::Relaxed) {
                let answer = try_request("GET", &format!("{url}/?userId=me"), &[], "");
                count += 1;
                match answer {
                    Ok(answer) if answer.status < 500 => {}
                    other => failed.push(format!("{other:?}")),
                }
            }
            (failed, count)
        });
        for round in 1..=rounds() {
            let now = up(round);
            assert_eq!(now["function_version"], (round + 1).to_string(), "{now:#}");
        }
        over.store(true, Ordering::Relaxed);
        load.join().expect("it counts")
    });
    assert_eq!(late.lock().expect("nobody panics here").denied, [""; 0]);
    assert_eq!(failed.0, [""; 0], "of {} requests", failed.1);
    assert!(failed.1 > 20, "{} requests are no load", failed.1);
}
