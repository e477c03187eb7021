//! An API invokes only what lets it: without a statement of the alias it answers 500.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html>

use serde_json::Value;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

pub struct Http;

impl Layer for Http {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        if call.operation.is_some() || call.part(1) != "execute-api" {
            return None;
        }
        let id = call.part(2);
        let inside = |kind: &str| {
            let path = format!("/v2/apis/{id}/{kind}");
            call.aws.get("apigateway", &path)["items"].as_array().cloned().unwrap_or_default()
        };
        if inside("stages").is_empty() || inside("routes").is_empty() {
            return Some(told(404, "Not Found"));
        }
        let allowed = inside("integrations").iter().all(|integration| {
            let uri = integration["integrationUri"].as_str().unwrap_or_default();
            let mut name = uri.split(':').skip(6);
            let (name, alias) = (name.next().unwrap_or_default(), name.next().unwrap_or_default());
            let path = format!("/2015-03-31/functions/{name}/policy?Qualifier={alias}");
            let policy: Value = call.aws.get("lambda", &path)["Policy"].take();
            let policy = policy.as_str().unwrap_or_default();
            policy.contains("apigateway.amazonaws.com") && policy.contains(&format!(":{id}/"))
        });
        (!allowed).then(|| told(500, "Internal Server Error"))
    }
}

fn told(status: u16, message: &str) -> Answer {
    Answer::new(status, "application/json", serde_json::json!({"message": message}).to_string())
}
