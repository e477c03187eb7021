//! What Lambda itself writes around a request, as text or as JSON, in one form.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>

use serde_json::Value;

/// One line of the platform.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Record {
    Start {
        request: String,
        version: Option<String>,
    },
    Report(Report),
    /// Something went wrong that belongs to no request: a start, an extension, Lambda itself.
    Trouble(String),
    /// Says nothing that the others do not.
    Other,
}

/// The bill of one request; absent numbers were not told.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Report {
    pub request: String,
    /// Milliseconds.
    pub duration: Option<f64>,
    pub billed: Option<f64>,
    pub init: Option<f64>,
    /// Megabytes.
    pub memory: Option<f64>,
    pub used: Option<f64>,
    /// `error` or `timeout`, when it did not end well.
    pub trouble: Option<String>,
    /// What Lambda calls the failure: `Runtime.ExitError`, `Runtime.OutOfMemory`.
    pub error: Option<String>,
}

/// A line of text, if the platform wrote it.
pub(super) fn from_text(message: &str) -> Option<Record> {
    let (word, rest) = message.split_once([' ', '\t'])?;
    match word {
        "START" => {
            let (request, version) = rest.strip_prefix("RequestId: ")?.split_once(" Version: ")?;
            Some(Record::Start {
                request: request.to_owned(),
                version: Some(version.trim().to_owned()),
            })
        }
        "END" if rest.starts_with("RequestId: ") => Some(Record::Other),
        "INIT_START" | "RESTORE_START" if rest.starts_with("Runtime Version: ") => {
            Some(Record::Other)
        }
        "INIT_REPORT" if rest.starts_with("Init Duration: ") => Some(phase("the start", rest)),
        "RESTORE_REPORT" if rest.starts_with("Restore Duration: ") => {
            Some(phase("the restore", rest))
        }
        "XRAY" if rest.starts_with("TraceId: ") => Some(Record::Other),
        "EXTENSION" | "TELEMETRY" | "LOGS" if rest.starts_with("Name: ") => {
            Some(extension(&field(rest, "Name"), &field(rest, "State"), &field(rest, "Error Type")))
        }
        "REPORT" if rest.starts_with("RequestId: ") => Some(Record::Report(report(rest))),
        _ => None,
    }
}

/// `INIT_REPORT Init Duration: 10008.67 ms  Phase: init  Status: timeout`: Lambda tries a failed start once more.
fn phase(what: &str, text: &str) -> Record {
    let (status, error) = (field(text, "Status"), field(text, "Error Type"));
    if status.is_empty() || status == "success" {
        return Record::Other;
    }
    let took = text.split_once(": ").map_or("", |(_, rest)| rest).split('\t').next();
    failed(what, &status, took.unwrap_or_default().trim(), &error)
}

/// `the start failed: timeout after 10008.67 ms (Runtime.ExitError)`.
fn failed(what: &str, status: &str, took: &str, error: &str) -> Record {
    let took = if took.is_empty() { String::new() } else { format!(" after {took}") };
    let error = if error.is_empty() { String::new() } else { format!(" ({error})") };
    Record::Trouble(format!("{what} failed: {status}{took}{error}"))
}

fn extension(name: &str, state: &str, error: &str) -> Record {
    let is_wrong = |state: &str| ["error", "fail", "crash"].iter().any(|word| state.contains(word));
    if error.is_empty() && !is_wrong(&state.to_lowercase()) {
        return Record::Other;
    }
    failed(&format!("extension {name}"), state, "", error)
}

/// The value of `Name: value` between tabs; empty where it is not there.
fn field(text: &str, name: &str) -> String {
    let parts = text.split(['\t', '\n']).filter_map(|part| part.trim().split_once(": "));
    parts
        .into_iter()
        .find(|(found, _)| *found == name)
        .map_or(String::new(), |(_, value)| value.to_owned())
}

fn report(text: &str) -> Report {
    let mut report = Report::default();
    for part in text.split(['\t', '\n']) {
        let Some((name, value)) = part.trim().split_once(": ") else {
            continue;
        };
        let number = value.split(' ').next().and_then(|number| number.parse().ok());
        match name {
            "RequestId" => value.clone_into(&mut report.request),
            "Duration" => report.duration = number,
            "Billed Duration" => report.billed = number,
            "Init Duration" => report.init = number,
            "Memory Size" => report.memory = number,
            "Max Memory Used" => report.used = number,
            "Status" if value != "success" => report.trouble = Some(value.to_owned()),
            "Error Type" => report.error = Some(value.to_owned()),
            _ => {}
        }
    }
    report
}

/// A document, if the platform wrote it.
pub(super) fn from_document(document: &Value) -> Option<Record> {
    let kind = document["type"].as_str()?.strip_prefix("platform.")?;
    let record = &document["record"];
    let text = |name: &str| record[name].as_str().map(str::to_owned);
    let metric = |name: &str| record["metrics"][name].as_f64();
    Some(match kind {
        "start" => Record::Start {
            request: text("requestId").unwrap_or_default(),
            version: text("version"),
        },
        "report" => Record::Report(Report {
            request: text("requestId").unwrap_or_default(),
            duration: metric("durationMs"),
            billed: metric("billedDurationMs"),
            init: metric("initDurationMs"),
            memory: metric("memorySizeMB"),
            used: metric("maxMemoryUsedMB"),
            trouble: text("status").filter(|status| status != "success"),
            error: text("errorType"),
        }),
        "initReport" | "restoreReport" => {
            let what = if kind == "initReport" { "the start" } else { "the restore" };
            let status = text("status").unwrap_or_default();
            if status.is_empty() || status == "success" {
                return Some(Record::Other);
            }
            let took = metric("durationMs").map_or(String::new(), |took| format!("{took} ms"));
            failed(what, &status, &took, &text("errorType").unwrap_or_default())
        }
        "extension" => {
            let said = |name: &str| text(name).unwrap_or_default();
            extension(&said("name"), &said("state"), &said("errorType"))
        }
        "fault" => Record::Trouble(record.as_str().unwrap_or("Lambda failed").to_owned()),
        "logsDropped" => {
            let why = text("reason").unwrap_or_default();
            Record::Trouble(format!("lines of the log were dropped: {why}"))
        }
        "initStart"
        | "initRuntimeDone"
        | "runtimeDone"
        | "end"
        | "restoreStart"
        | "restoreRuntimeDone"
        | "telemetrySubscription"
        | "logsSubscription" => Record::Other,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_the_same_as_text_and_as_json() {
        let text = "REPORT RequestId: r-1\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB\tMax Memory Used: 25 MB\tInit Duration: 110.50 ms\tStatus: timeout";
        let document = json!({"time": "x", "type": "platform.report", "record": {
            "requestId": "r-1", "status": "timeout", "metrics": {
                "durationMs": 12.34, "billedDurationMs": 13, "memorySizeMB": 256, "maxMemoryUsedMB": 25, "initDurationMs": 110.5,
            },
        }});
        assert_eq!(from_text(text), from_document(&document));
        let Some(Record::Report(report)) = from_text(text) else { panic!("a report") };
        assert_eq!((report.used, report.init), (Some(25.0), Some(110.5)));
        assert_eq!(report.trouble.as_deref(), Some("timeout"));
    }

    #[test]
    fn a_start_tells_the_version() {
        let start = Record::Start { request: "r-1".into(), version: Some("3".into()) };
        assert_eq!(from_text("START RequestId: r-1 Version: 3"), Some(start.clone()));
        let document =
            json!({"type": "platform.start", "record": {"requestId": "r-1", "version": "3"}});
        assert_eq!(from_document(&document), Some(start));
    }

    #[test]
    fn a_failure_of_the_start_and_of_an_extension_is_the_same_as_text_and_as_json() {
        let record =
            |kind: &str, record: Value| json!({"time": "x", "type": kind, "record": record});
        for (text, document, told) in [
            (
                "INIT_REPORT Init Duration: 10008.67 ms\tPhase: init\tStatus: timeout",
                record(
                    "platform.initReport",
                    json!({"phase": "init", "status": "timeout", "metrics": {"durationMs": 10008.67}}),
                ),
                "the start failed: timeout after 10008.67 ms",
            ),
            (
                "INIT_REPORT Init Duration: 12.5 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError",
                record(
                    "platform.initReport",
                    json!({"phase": "invoke", "status": "error", "errorType": "Runtime.ExitError", "metrics": {"durationMs": 12.5}}),
                ),
                "the start failed: error after 12.5 ms (Runtime.ExitError)",
            ),
            (
                "RESTORE_REPORT Restore Duration: 1.5 ms\tStatus: error\tError Type: Runtime.RestoreError",
                record(
                    "platform.restoreReport",
                    json!({"status": "error", "errorType": "Runtime.RestoreError", "metrics": {"durationMs": 1.5}}),
                ),
                "the restore failed: error after 1.5 ms (Runtime.RestoreError)",
            ),
            (
                "EXTENSION\tName: agent\tState: LaunchError\tEvents: []\tError Type: PermissionDenied",
                record(
                    "platform.extension",
                    json!({"name": "agent", "state": "LaunchError", "events": [], "errorType": "PermissionDenied"}),
                ),
                "extension agent failed: LaunchError (PermissionDenied)",
            ),
        ] {
            assert_eq!(from_text(text), Some(Record::Trouble(told.to_owned())), "{text}");
            assert_eq!(from_document(&document), Some(Record::Trouble(told.to_owned())), "{text}");
        }
        let fault = record(
            "platform.fault",
            json!("RequestId: r-1 Error: signal: killed\nRuntime.ExitError"),
        );
        assert!(
            matches!(from_document(&fault), Some(Record::Trouble(text)) if text.contains("killed"))
        );
    }

    #[test]
    fn what_went_well_says_nothing_more() {
        for text in [
            "INIT_REPORT Init Duration: 10.5 ms\tPhase: init\tStatus: success",
            "RESTORE_START Runtime Version: provided:al2023.v1",
            "XRAY TraceId: 1-2\tSegmentId: 3\tSampled: true",
            "EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE, SHUTDOWN]",
            "TELEMETRY\tName: agent\tState: Subscribed\tTypes: [Platform]",
        ] {
            assert_eq!(from_text(text), Some(Record::Other), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_the_platform_is_left_alone() {
        for text in
            ["START your engines", "END", "REPORT nothing", "EXTENSION cord", "LOGS are cut"]
        {
            assert_eq!(from_text(text), None, "{text}");
        }
        assert_eq!(from_document(&json!({"type": "mine"})), None);
    }
}
