//! What Parameter Store refuses and the emulator takes:
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>,
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

/// The bytes of a value in the standard tier.
const BYTES: usize = 4096;
/// The names of one call.
const NAMES: usize = 10;
/// The most of a page.
const PAGE: i64 = 50;

pub struct Parameters;

impl Layer for Parameters {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let why = match call.operation?.to_string().as_str() {
            "ssm:PutParameter" => put(call),
            "ssm:GetParameters" => {
                let names = call.input()["Names"].as_array().map_or(0, Vec::len);
                (names == 0 || names > NAMES).then_some("Member must have length between 1 and 10")
            }
            "ssm:DescribeParameters" => {
                let most = call.input()["MaxResults"].as_i64();
                let beyond = most.is_some_and(|most| !(1..=PAGE).contains(&most));
                beyond.then_some("MaxResults must be between 1 and 50")
            }
            _ => None,
        };
        call.refused(400, "ValidationException", why?)
    }
}

fn put(call: &Incoming) -> Option<&'static str> {
    let input = call.input();
    let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
    let (name, value) = (text("Name"), text("Value"));
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if value.is_empty() || value.len() > BYTES {
        return Some(
            "Standard tier parameters support a maximum parameter value of 4096 characters.",
        );
    }
    if value.contains("{{") {
        return Some("Parameter value can't nest another parameter.");
    }
    if !name.chars().all(fits) || name.matches('/').count() > 15 || name.len() > 1011 {
        return Some(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" and takes letters, digits and . - _ alone.",
        );
    }
    if input["Overwrite"] == true && input["Tags"].is_array() {
        return Some("Invalid request: tags and overwrite can't be used together.");
    }
    (input["Type"].is_null() && input["Overwrite"] != true)
        .then_some("A parameter type is required.")
}
