//! Which layer is at fault, and what to do about it.

use super::Wrong;
use crate::cloud::Answered;
use crate::cors;
use crate::resources::Invocation;

/// What a request goes through, from outside to inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Dns,
    Tls,
    Gateway,
    Cors,
    Function,
    Permission,
    Table,
}

impl Layer {
    pub fn word(self) -> &'static str {
        match self {
            Layer::Dns => "DNS",
            Layer::Tls => "TLS",
            Layer::Gateway => "gateway",
            Layer::Cors => "CORS",
            Layer::Function => "function",
            Layer::Permission => "permission",
            Layer::Table => "table",
        }
    }
}

/// The layer at fault, what was seen there, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub layer: Layer,
    pub cause: String,
    pub hint: &'static str,
}

/// What an answer alone says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suspicion {
    Certain(Diagnosis),
    /// The gateway shows no more: the same event, straight to the function, does.
    AskTheFunction {
        cause: String,
    },
}

/// Reads what went wrong in a request.
pub fn suspect(wrong: &Wrong) -> Suspicion {
    match wrong {
        Wrong::NoAnswer(error) => Suspicion::Certain(unanswered(error.cause.as_deref())),
        Wrong::Refused(why) => Suspicion::Certain(Diagnosis {
            layer: Layer::Cors,
            cause: why.clone(),
            hint: "`stackctl cors ORIGIN` shows what to change",
        }),
        Wrong::Answer { answer, expected } => answered(answer, expected),
    }
}

fn unanswered(cause: Option<&str>) -> Diagnosis {
    let cause = cause.unwrap_or("no answer").to_owned();
    let lower = cause.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let (layer, hint) = if says(&["dns", "lookup", "name or service", "nodename"]) {
        (
            Layer::Dns,
            "the name of a new API needs a minute to reach DNS: check the network, then try again",
        )
    } else if says(&["certificate", "handshake", "tls", "ssl"]) {
        (Layer::Tls, "check this computer's clock, and whether a proxy opens the connection")
    } else {
        (
            Layer::Gateway,
            "nothing answers there: check the network; `stackctl local start` starts the local cloud",
        )
    };
    Diagnosis { layer, cause, hint }
}

fn answered(answer: &Answered, expected: &str) -> Suspicion {
    let body: String = answer.body.chars().take(200).collect();
    let cause = format!("expected {expected}, got {} {body}", answer.status);
    let certain = |layer, hint| Suspicion::Certain(Diagnosis { layer, cause: cause.clone(), hint });
    match (cors::Layer::of(answer), answer.status) {
        (_, 500..) => Suspicion::AskTheFunction { cause },
        (cors::Layer::Gateway, 429) => certain(
            Layer::Gateway,
            "the API is throttled: try again in a moment, or raise the stage's limit",
        ),
        (cors::Layer::Gateway, 401 | 403) => certain(
            Layer::Gateway,
            "the gateway refuses every request: look for an authorizer that is not in `stack.toml`",
        ),
        // The gateway itself never answers with a success.
        (cors::Layer::Function, _) | (_, ..=399) => certain(
            Layer::Function,
            "the handler answers otherwise than the one of `stackctl init`: `smoke` knows only that one",
        ),
        (cors::Layer::Gateway, _) => certain(
            Layer::Gateway,
            "the gateway knows no such route: run `stackctl up`, or wait a moment if it has just ended",
        ),
    }
}

/// What the function does with the same event when it is asked without the gateway.
pub fn from_the_function(invocation: &Invocation, through_the_api: String) -> Diagnosis {
    let answer: serde_json::Value = serde_json::from_str(&invocation.payload).unwrap_or_default();
    if invocation.failed {
        let told = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        return Diagnosis {
            layer: Layer::Function,
            cause: format!("{}: {}", told("errorType"), told("errorMessage")),
            hint: "`stackctl logs --errors` shows what it logged; `stackctl rollback` goes back to the version before",
        };
    }
    if answer["statusCode"].as_u64().unwrap_or(200) < 500 {
        return Diagnosis {
            layer: Layer::Permission,
            cause: format!(
                "the function answers, and the API does not reach it: {through_the_api}"
            ),
            hint: "run `stackctl up`: it lets the API invoke `live` again",
        };
    }
    let cause = logged_cause(&invocation.log).unwrap_or(through_the_api);
    let (layer, hint) = if cause.contains("AccessDenied") || cause.contains("not authorized") {
        (
            Layer::Permission,
            "the role lacks the permission: run `stackctl up`, then `stackctl verify-policy`",
        )
    } else if cause.contains("ResourceNotFound") || cause.contains("resource not found") {
        (Layer::Table, "the table is not there: run `stackctl up`")
    } else if [
        "DynamoDB",
        "Item:",
        "Query:",
        "Throttl",
        "ProvisionedThroughput",
        "ValidationException",
    ]
    .iter()
    .any(|word| cause.contains(word))
    {
        (Layer::Table, "the table refuses: `stackctl logs --errors` has the whole story")
    } else {
        (Layer::Function, "`stackctl logs --errors` has the whole story")
    };
    Diagnosis { layer, cause, hint }
}

/// The `cause` of the last line of the handler that has one.
fn logged_cause(log: &str) -> Option<String> {
    let mut documents =
        log.lines().rev().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    documents.find_map(|document| document["cause"].as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::error::Error;

    fn layer(suspicion: &Suspicion) -> &'static str {
        match suspicion {
            Suspicion::Certain(diagnosis) => diagnosis.layer.word(),
            Suspicion::AskTheFunction { .. } => "ask",
        }
    }

    fn answer(status: u16, from_function: bool) -> Wrong {
        let version = from_function.then(|| ("x-function-version".into(), "1".into()));
        let headers = version.into_iter().collect();
        Wrong::Answer {
            answer: Answered { status, headers, body: "{}".into() },
            expected: "status 200".into(),
        }
    }

    #[test]
    fn no_answer_is_told_apart_by_its_cause() {
        let layers = [
            "failed to lookup address information: Name or service not known",
            "invalid peer certificate: Expired",
            "Connection refused (os error 111)",
        ]
        .map(|cause| layer(&suspect(&Wrong::NoAnswer(Error::failed("GET").cause(cause)))));
        assert_eq!(layers, ["DNS", "TLS", "gateway"]);
    }

    #[test]
    fn an_answer_of_the_gateway_is_told_apart_by_its_status() {
        let layers =
            [404, 403, 429, 500, 503].map(|status| layer(&suspect(&answer(status, false))));
        assert_eq!(layers, ["gateway", "gateway", "gateway", "ask", "ask"]);
        assert_eq!(layer(&suspect(&answer(400, true))), "function");
        assert_eq!(layer(&suspect(&answer(200, false))), "function");
        assert_eq!(layer(&suspect(&answer(500, true))), "ask");
        assert_eq!(layer(&suspect(&Wrong::Refused("x".into()))), "CORS");
    }

    fn invoked(payload: &str, cause: &str) -> &'static str {
        let log = format!("START\n{{\"cause\":\"{cause}\"}}\nEND");
        let failed = payload.contains("errorType");
        let invocation = Invocation { payload: payload.into(), failed, version: "1".into(), log };
        from_the_function(&invocation, "500".into()).layer.word()
    }

    #[test]
    fn the_function_itself_tells_the_rest() {
        assert_eq!(invoked(r#"{"errorType":"Runtime.ExitError"}"#, ""), "function");
        assert_eq!(invoked(r#"{"statusCode":200}"#, ""), "permission");
        let broken = r#"{"statusCode":500}"#;
        assert_eq!(invoked(broken, "PutItem: AccessDeniedException: not yours"), "permission");
        assert_eq!(invoked(broken, "Query: ResourceNotFoundException"), "table");
        assert_eq!(invoked(broken, "Query: ThrottlingException"), "table");
        assert_eq!(invoked(broken, "panicked at src/items.rs:1:1"), "function");
    }
}
