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
}

/// A line of text, if the platform wrote it.
pub(super) fn from_text(message: &str) -> Option<Record> {
    let (word, rest) = message.split_once(' ')?;
    match word {
        "START" => {
            let (request, version) = rest.strip_prefix("RequestId: ")?.split_once(" Version: ")?;
            Some(Record::Start {
                request: request.to_owned(),
                version: Some(version.trim().to_owned()),
            })
        }
        "END" if rest.starts_with("RequestId: ") => Some(Record::Other),
        "INIT_START" if rest.starts_with("Runtime Version: ") => Some(Record::Other),
        "REPORT" if rest.starts_with("RequestId: ") => Some(Record::Report(report(rest))),
        _ => None,
    }
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
        }),
        "initStart" | "initRuntimeDone" | "runtimeDone" | "extension" => Record::Other,
        "initReport" if text("status").is_none_or(|status| status == "success") => Record::Other,
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
    fn what_only_looks_like_the_platform_is_left_alone() {
        for text in
            ["START your engines", "END", "REPORT nothing", "INIT_REPORT Init Duration: 1 ms"]
        {
            assert_eq!(from_text(text), None, "{text}");
        }
        assert_eq!(from_document(&json!({"type": "mine"})), None);
    }
}
