//! Findings in the format that code hosts turn into annotations.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::findings::{Finding, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One run of the check. A finding without a line of its own stands at the first line of `file`.
pub fn log(findings: &[Finding], file: &str, version: &str) -> Value {
    let mut rules: BTreeMap<String, Severity> = BTreeMap::new();
    for finding in findings {
        let worst = rules.entry(finding.kind.name()).or_insert(finding.severity);
        *worst = (*worst).min(finding.severity);
    }
    let rules: Vec<Value> = rules
        .iter()
        .map(|(id, severity)| {
            json!({
                "id": id,
                "shortDescription": {"text": id.replace('-', " ")},
                "defaultConfiguration": {"level": level(*severity)},
            })
        })
        .collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, file)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "stackctl verify-policy", "semanticVersion": version, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(finding: &Finding, file: &str) -> Value {
    let (uri, line) =
        finding.source.as_ref().map_or((file, 1), |site| (site.file.as_str(), site.line.max(1)));
    let hint = finding.hint.as_ref().map(|hint| format!(" To do: {hint}.")).unwrap_or_default();
    let what = [&finding.action, &finding.resource].into_iter().flatten();
    let what: Vec<&str> = what.map(String::as_str).collect();
    json!({
        "ruleId": finding.kind.name(),
        "level": level(finding.severity),
        "message": {"text": format!("{}.{hint}", finding.message)},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri.replace('\\', "/")},
                "region": {"startLine": line},
            },
        }],
        "partialFingerprints": {"stackctl/v1": format!("{} {}", finding.kind.name(), what.join(" "))},
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Kind;
    use crate::manifest::Site;

    #[test]
    fn a_finding_becomes_an_annotation_on_its_line() {
        let site = Site { file: "handler/src/dynamo.rs".into(), line: 41 };
        let finding = Finding::error(Kind::Missing, "the handler needs dynamodb:Scan")
            .action("dynamodb:Scan")
            .source(Some(site))
            .hint("declare it");
        let log =
            log(&[finding, Finding::error(Kind::InvokePublic, "anyone")], "stack.toml", "1.0.0");
        let results = &log["runs"][0]["results"];
        assert_eq!(results[0]["ruleId"], "missing");
        assert_eq!(results[0]["level"], "error");
        assert_eq!(
            results[0]["message"]["text"],
            "the handler needs dynamodb:Scan. To do: declare it."
        );
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "handler/src/dynamo.rs");
        assert_eq!(place["region"]["startLine"], 41);
        assert_eq!(
            results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "stack.toml"
        );
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][1]["id"], "missing");
    }
}
