//! Failures for programs.

use serde_json::{Value, json};

use engine::error::Error;

/// `{"error": {…}}`, the members of [`Error`]; absent ones are `null`.
pub fn failure(error: &Error) -> Value {
    json!({
        "error": {
            "message": error.message,
            "cause": error.cause,
            "code": error.code,
            "request_id": error.request_id,
            "hint": error.hint,
            "exit_code": error.kind.exit_code(),
        }
    })
}
