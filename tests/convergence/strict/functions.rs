//! Functions are made, changed and deleted in their own time, and take no other change meanwhile.
//! <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>

use std::collections::HashMap;

use serde_json::{Value, json};

use super::LOOKS;
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

#[derive(Default)]
pub struct Functions {
    busy: HashMap<String, Busy>,
    /// Deleted functions that can still be seen, as they were.
    fading: HashMap<String, (u32, Value)>,
}

struct Busy {
    is_new: bool,
    looks: u32,
}

const CHANGES: [&str; 4] = [
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:PublishVersion",
    "lambda:DeleteFunction",
];

/// "Other API actions that operate on the function fail", too, until it is active.
const OTHERS: [&str; 3] = ["lambda:Invoke", "lambda:CreateAlias", "lambda:AddPermission"];

impl Layer for Functions {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let name = call.part(2);
        if call.is(&["lambda:GetFunction"])
            && let Some((looks, function)) = self.fading.get_mut(&name)
            && *looks > 0
        {
            *looks -= 1;
            return Some(Answer::new(200, "application/json", function.to_string()));
        }
        let busy = self.busy.get(&name).map(|busy| busy.is_new)?;
        // An update does not keep anybody from being answered by the version before it.
        let refuses = call.is(&CHANGES) || (busy && call.is(&OTHERS));
        if !refuses || (busy && call.is(&["lambda:DeleteFunction"])) {
            return None;
        }
        self.look(&name);
        let why = if busy {
            "The function is currently in the following state: Pending".to_owned()
        } else {
            format!("An update is in progress for resource: {name}")
        };
        let text = format!("The operation cannot be performed at this time. {why}");
        call.refused(409, "ResourceConflictException", &text)
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if !answer.is_success() {
            return;
        }
        let is_new = call.is(&["lambda:CreateFunction"]);
        if is_new || call.is(&CHANGES[..2]) {
            let name = if is_new { text(&call.input()["FunctionName"]) } else { call.part(2) };
            self.fading.remove(&name);
            self.busy.insert(name.clone(), Busy { is_new, looks: LOOKS });
            self.rewrite(&name, answer);
        } else if call.is(&["lambda:GetFunction", "lambda:GetFunctionConfiguration"]) {
            let name = call.part(2);
            self.rewrite(&name, answer);
            self.look(&name);
        } else if call.is(&["lambda:DeleteFunction"]) && !is_of_a_version(call) {
            let name = call.part(2);
            self.busy.remove(&name);
            let configuration = json!({"FunctionName": name, "State": "Deleting"});
            self.fading.insert(name, (LOOKS, json!({"Configuration": configuration})));
        }
    }
}

impl Functions {
    /// Every look brings the end of the change nearer.
    fn look(&mut self, name: &str) {
        if let Some(busy) = self.busy.get_mut(name) {
            busy.looks -= 1;
            if busy.looks == 0 {
                self.busy.remove(name);
            }
        }
    }

    fn rewrite(&self, name: &str, answer: &mut Answer) {
        let mut body = answer.json();
        let place =
            if body["Configuration"].is_object() { &mut body["Configuration"] } else { &mut body };
        let busy = self.busy.get(name);
        let state = |is_it, one: &str, other: &str| json!(if is_it { one } else { other });
        place["State"] = state(busy.is_some_and(|busy| busy.is_new), "Pending", "Active");
        let updating = busy.is_some_and(|busy| !busy.is_new);
        place["LastUpdateStatus"] = state(updating, "InProgress", "Successful");
        if busy.is_some() {
            // The SDK does not know this one.
            place["LastUpdateStatusReasonCode"] = json!("Creating");
        }
        answer.set_json(&body);
    }
}

fn is_of_a_version(call: &Incoming) -> bool {
    call.request.target.contains("Qualifier=")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
