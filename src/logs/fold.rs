//! Lines for people: what the handler and the platform write about one request, told shortly and with its id.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::Entry;
use super::record::{self, Record, Report};

/// One line to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub time: i64,
    /// The id of the request it belongs to, when that is known.
    pub request: Option<String>,
    pub weight: Weight,
    pub text: String,
}

/// How much a line asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Of the platform: true, and seldom looked for.
    Quiet,
    Normal,
    Error,
}

/// Reads the lines of any number of streams, in the order in which they were written.
#[derive(Debug, Default)]
pub struct Reader {
    /// The request that each stream works on, and the version that it runs.
    running: HashMap<String, (String, Option<String>)>,
}

/// In lines that nobody gave a level: what Lambda, a panic or another logger writes when something is wrong.
pub const ALARMS: [&str; 31] = [
    "ERROR",
    "FATAL",
    "CRITICAL",
    // What Rust prints of the failure that `main` returns.
    "Error: ",
    // The dynamic linker, before the program begins.
    "error while loading shared libraries",
    "' not found (required by ",
    "Failed to post handler",
    "was unable to decrypt",
    "Task timed out",
    "panicked at",
    "errorType",
    "Error Type: ",
    "Status: error",
    "Status: timeout",
    "Runtime.",
    "Runtime exited",
    "Extension.",
    "Sandbox.",
    "Function.ResponseSizeTooLarge",
    "Function.Unknown",
    "LAMBDA_WARNING",
    "signal: ",
    "Segmentation fault",
    "has overflowed its stack",
    "memory allocation of ",
    "out of memory",
    "fatal runtime error",
    THROTTLES[0],
    THROTTLES[1],
    THROTTLES[2],
    THROTTLES[3],
];

/// What DynamoDB says when it is asked for more than it gives, also within a line that its writer took for no error.
pub const THROTTLES: [&str; 4] = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
];

impl Reader {
    /// The line for `entry`; none when another line tells it too.
    pub fn read(&mut self, entry: &Entry) -> Option<Line> {
        let message = entry.message.trim_end();
        let document = serde_json::from_str::<Map<String, Value>>(message).ok();
        let platform = match &document {
            Some(document) => record::from_document(&Value::Object(document.clone())),
            None => record::from_text(message),
        };
        if let Some(record) = platform {
            return self.platform(entry, record);
        }
        let running = self.running.get(&entry.stream).map(|(request, _)| request.clone());
        let line = |request, weight, text| Line { time: entry.time, request, weight, text };
        let Some(document) = document else {
            let alarm = ALARMS.iter().any(|alarm| message.contains(alarm));
            let weight = if alarm { Weight::Error } else { Weight::Normal };
            return Some(line(running, weight, below(message)));
        };
        let own = ["requestId", "request_id"].iter().find_map(|name| text(&document, name));
        let throttled = THROTTLES.iter().any(|throttle| message.contains(throttle));
        let is_error = is_error(&document) || throttled;
        let weight = if is_error { Weight::Error } else { Weight::Normal };
        Some(line(own.or(running), weight, told(&document)))
    }

    fn platform(&mut self, entry: &Entry, record: Record) -> Option<Line> {
        match record {
            Record::Start { request, version } => {
                self.running.insert(entry.stream.clone(), (request, version));
                None
            }
            Record::Other => None,
            Record::Trouble(text) => {
                let running = self.running.get(&entry.stream).map(|(request, _)| request.clone());
                let text = below(&text);
                Some(Line { time: entry.time, request: running, weight: Weight::Error, text })
            }
            Record::Report(report) => {
                let version = self.running.remove(&entry.stream).and_then(|(_, version)| version);
                Some(Line {
                    time: entry.time,
                    weight: if report.trouble.is_some() { Weight::Error } else { Weight::Quiet },
                    text: bill(&report, version.as_deref()),
                    request: Some(report.request),
                })
            }
        }
    }
}

/// `done in 12.3 ms, billed 13 ms, 25 of 256 MB, init 110.5 ms, version 3, request r-1`.
fn bill(report: &Report, version: Option<&str>) -> String {
    let mut parts = Vec::new();
    if let Some(duration) = report.duration {
        let ended = match (&report.trouble, &report.error) {
            (Some(trouble), Some(error)) => format!("{trouble} ({error})"),
            (Some(trouble), None) => trouble.clone(),
            (None, _) => "done".to_owned(),
        };
        parts.push(format!("{ended} in {duration} ms"));
    }
    parts.extend(report.billed.map(|billed| format!("billed {billed} ms")));
    // An emulator does not measure.
    if let Some((used, memory)) = report.used.filter(|used| *used > 0.0).zip(report.memory) {
        parts.push(format!("{used} of {memory} MB"));
    }
    parts.extend(report.init.map(|init| format!("init {init} ms")));
    parts.extend(version.map(|version| format!("version {version}")));
    parts.push(format!("request {}", report.request));
    parts.join(", ")
}

fn is_error(document: &Map<String, Value>) -> bool {
    let level = text(document, "level").unwrap_or_default().to_uppercase();
    let status = document.get("status").and_then(Value::as_u64).unwrap_or_default();
    ["ERROR", "FATAL", "CRITICAL"].contains(&level.as_str())
        || status >= 500
        || document.contains_key("errorType")
}

/// The handler's own line about a request is a sentence; of any other document the message comes first.
fn told(document: &Map<String, Value>) -> String {
    let mut rest = document.clone();
    for known in ["timestamp", "time", "level", "requestId", "request_id"] {
        rest.remove(known);
    }
    if let Some(Value::Object(fields)) = rest.remove("fields") {
        rest.extend(fields);
    }
    let message = rest.remove("message").map(shown).unwrap_or_default();
    let cause = rest.remove("cause").map(shown);
    let mut text = match (message.as_str(), rest.remove("route"), rest.remove("status")) {
        ("request", route, Some(status)) => {
            let route = route.filter(|route| !route.is_null()).map(shown);
            let asked = [rest.remove("method"), rest.remove("path")].into_iter().flatten();
            let asked = asked.map(shown).filter(|text| !text.is_empty());
            let asked = asked.collect::<Vec<_>>().join(" ");
            let took = rest.remove("durationMs").map(shown);
            let took = took.map(|took| format!(" in {took} ms")).unwrap_or_default();
            match route {
                Some(route) => format!("{route} → {status}{took}"),
                None if status == 404 => format!("{asked} → {status}{took}: no such route"),
                None => format!("{asked} → {status}{took}"),
            }
        }
        (_, route, status) => {
            let put_back = [("route", route), ("status", status)];
            rest.extend(
                put_back.into_iter().filter_map(|(name, value)| Some((name.into(), value?))),
            );
            message
        }
    };
    if let Some(cause) = cause {
        text = format!("{text}: {cause}");
    }
    for (name, value) in rest {
        text = format!("{text} {name}={}", shown(value));
    }
    below(text.trim())
}

/// Further lines of a message are indented: none looks like the line of another request.
fn below(text: &str) -> String {
    text.replace('\n', "\n    ")
}

fn text(document: &Map<String, Value>, name: &str) -> Option<String> {
    document.get(name)?.as_str().map(str::to_owned)
}

fn shown(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(messages: &[&str]) -> Vec<Line> {
        let mut reader = Reader::default();
        let entry =
            |message: &&str| Entry { time: 7, stream: "one".into(), message: (*message).into() };
        messages.iter().filter_map(|message| reader.read(&entry(message))).collect()
    }

    fn texts(messages: &[&str]) -> Vec<String> {
        read(messages).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_request_without_a_route_is_told_with_its_path() {
        let line = |status: u16| {
            format!(
                r#"{{"message":"request","requestId":"r-1","route":null,"method":"GET","path":"/nope","status":{status},"durationMs":1}}"#
            )
        };
        let (absent, refused) = (line(404), line(405));
        assert_eq!(
            texts(&[&absent, &refused]),
            ["GET /nope → 404 in 1 ms: no such route", "GET /nope → 405 in 1 ms"]
        );
    }

    const REQUEST: &str = r#"{"timestamp":"2026-08-30T12:03:04.567Z","level":"INFO","message":"request","requestId":"r-1","route":"GET /","status":200,"durationMs":1.5}"#;

    #[test]
    fn a_request_is_its_own_line_and_its_bill() {
        let messages = [
            "INIT_START Runtime Version: provided:al2023.v1\tRuntime Version ARN: arn",
            "START RequestId: r-1 Version: 3\n",
            REQUEST,
            "END RequestId: r-1\n",
            "REPORT RequestId: r-1\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB\tMax Memory Used: 25 MB\tInit Duration: 110.50 ms\t\n",
        ];
        assert_eq!(
            texts(&messages),
            [
                "GET / → 200 in 1.5 ms",
                "done in 12.34 ms, billed 13 ms, 25 of 256 MB, init 110.5 ms, version 3, request r-1",
            ]
        );
        assert!(read(&messages).iter().all(|line| line.request.as_deref() == Some("r-1")));
        assert!(read(&messages).iter().all(|line| line.weight != Weight::Error));
    }

    #[test]
    fn a_failure_is_an_error_with_its_cause() {
        let line = REQUEST.replace("INFO", "ERROR").replace("200", "500").replace(
            "\"durationMs\"",
            "\"cause\":\"PutItem: AccessDeniedException\",\"durationMs\"",
        );
        let lines = read(&[&line]);
        assert_eq!(lines[0].text, "GET / → 500 in 1.5 ms: PutItem: AccessDeniedException");
        assert_eq!(lines[0].weight, Weight::Error);
    }

    #[test]
    fn a_line_of_text_belongs_to_the_request_that_its_stream_works_on() {
        let lines = read(&["early", "START RequestId: r-2 Version: 1", "hello", "at\nlast"]);
        let requests: Vec<_> = lines.iter().map(|line| line.request.as_deref()).collect();
        assert_eq!(requests, [None, Some("r-2"), Some("r-2")]);
        assert_eq!(lines[2].text, "at\n    last");
    }

    #[test]
    fn no_message_forges_the_line_of_another_request() {
        let forged =
            r#"{"level":"INFO","message":"ok\n14:59:01.756 deadbeef POST / → 200 in 1 ms"}"#;
        assert_eq!(texts(&[forged]), ["ok\n    14:59:01.756 deadbeef POST / → 200 in 1 ms"]);
        let field = r#"{"message":"m","cause":"a\nb","more":"c\nd"}"#;
        assert_eq!(texts(&[field]), ["m: a\n    b more=c\n    d"]);
    }

    #[test]
    fn the_document_of_another_logger_begins_with_its_message() {
        let document = r#"{"timestamp":"t","level":"WARN","fields":{"message":"slow","table":"x"},"target":"app"}"#;
        assert_eq!(texts(&[document]), ["slow table=x target=app"]);
        assert_eq!(texts(&[r#"{"status":"odd","message":"m"}"#]), ["m status=odd"]);
        assert_eq!(texts(&["{broken"]), ["{broken"]);
    }

    #[test]
    fn what_lambda_says_of_a_crash_is_an_error() {
        let alarms = [
            "2026-08-30T12:03:04.567Z r-1 Task timed out after 10.00 seconds",
            "RequestId: r-1 Error: Runtime exited without providing a reason",
            "thread 'main' panicked at src/main.rs:1:1:",
            "REPORT RequestId: r-1\tDuration: 10000 ms\tStatus: timeout",
            "REPORT RequestId: r-1\tDuration: 9 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory",
            "INIT_REPORT Init Duration: 10008.67 ms\tPhase: init\tStatus: timeout",
            "INIT_REPORT Init Duration: 9.1 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError",
            "RequestId: r-1 Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
            "RequestId: r-1 Error: Runtime exited with error: exit status 1\nRuntime.ExitError",
            "RequestId: r-1 Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap]\nRuntime.InvalidEntrypoint",
            "RequestId: r-1 Error: fork/exec /opt/extensions/agent: exec format error\nExtension.LaunchError",
            "RequestId: r-1 Error: exit code 0\nExtension.Crash",
            "EXTENSION\tName: agent\tState: LaunchError\tEvents: []\tError Type: PermissionDenied",
            "LAMBDA_WARNING: Unhandled exception.",
            "Error: Custom { kind: Other, error: \"no table\" }",
            "/var/task/bootstrap: /lib64/libc.so.6: version `GLIBC_2.39' not found (required by /var/task/bootstrap)",
            "/var/task/bootstrap: error while loading shared libraries: libssl.so.3: cannot open shared object file",
            "LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.",
            "Lambda was unable to decrypt the environment variables because KMS access was denied.",
            "thread 'main' has overflowed its stack",
            "memory allocation of 1073741824 bytes failed",
            r#"{"time":"x","type":"platform.fault","record":"RequestId: r-1 Error: signal: killed"}"#,
            r#"{"time":"x","type":"platform.initReport","record":{"status":"timeout","phase":"init","metrics":{}}}"#,
            r#"{"time":"x","type":"platform.report","record":{"requestId":"r-1","status":"error","errorType":"Runtime.OutOfMemory","metrics":{}}}"#,
            r#"{"time":"x","type":"platform.extension","record":{"name":"agent","state":"LaunchError","errorType":"E"}}"#,
            r#"{"level":"WARN","message":"retry","cause":"ProvisionedThroughputExceededException: slow down"}"#,
            "GetItem: ThrottlingException",
        ];
        assert!(read(&alarms).iter().all(|line| line.weight == Weight::Error));
        assert_eq!(read(&["all is well"])[0].weight, Weight::Normal);
    }
}
