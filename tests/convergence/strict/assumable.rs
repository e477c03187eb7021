//! Lambda cannot assume a new role for a while, and one that does not trust it never.
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html>

use std::collections::HashMap;

use super::LOOKS;
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

/// Roles that were made a moment ago, and how often Lambda still refuses them.
#[derive(Default)]
pub struct Assumable(HashMap<String, u32>);

impl Layer for Assumable {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        if !call.is(&["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"]) {
            return None;
        }
        let input = call.input();
        let role = input["Role"].as_str()?.rsplit('/').next()?.to_owned();
        let found = call.aws.iam_or_nothing("GetRole", &[("RoleName", &role)]);
        let trust = found["Role"]["AssumeRolePolicyDocument"].as_str().unwrap_or_default();
        let refusals = self.0.get_mut(&role).filter(|left| **left > 0);
        if trust.contains("lambda.amazonaws.com") && refusals.is_none() {
            return None;
        }
        if let Some(left) = refusals {
            *left -= 1;
        }
        let text = "The role defined for the function cannot be assumed by Lambda.";
        call.refused(400, "InvalidParameterValueException", text)
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if call.is(&["iam:CreateRole"]) && answer.is_success() {
            self.0.insert(call.field("RoleName"), LOOKS);
        }
    }
}
