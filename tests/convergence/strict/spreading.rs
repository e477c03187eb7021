//! A new endpoint spreads: until then the gateway answers as if something were missing, or fails by itself.
//! <https://github.com/serverless/serverless/issues/13706>

use std::collections::HashMap;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

/// APIs with a new stage, and how many of their first answers were the gateway's own.
#[derive(Default)]
pub struct Spreading(HashMap<String, usize>);

/// What the gateway answers in the place of a function that it does not reach yet.
const FAULTS: [(u16, &str); 4] = [
    (404, "Not Found"),
    (403, "Forbidden"),
    (500, "Internal Server Error"),
    (503, "Service Unavailable"),
];

impl Layer for Spreading {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        if call.operation.is_some() || call.part(1) != "execute-api" {
            return None;
        }
        let past = self.0.get_mut(&call.part(2))?;
        let (status, message) = FAULTS.get(*past)?;
        *past += 1;
        let body = serde_json::json!({"message": message}).to_string();
        Some(Answer::new(*status, "application/json", body))
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if call.is(&["apigateway:CreateStage"]) && answer.is_success() {
            self.0.insert(call.part(2), 0);
        }
    }
}
