//! No list comes whole: two at a time, and tags one at a time.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html>,
//! <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html>,
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::proxy::operation::query;
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

#[derive(Default)]
pub struct Paging {
    /// What is left of lists that were begun, by token: one that somebody shortens meanwhile loses no other entry.
    begun: HashMap<String, Vec<Value>>,
}

/// Lists in JSON whose token the emulator would not understand: operation, member, token, page.
const JSON: [(&str, &str, &str, usize); 2] = [
    ("DescribeLogGroups", "logGroups", "nextToken", 2),
    ("ListTagsOfResource", "Tags", "NextToken", 1),
];
const PATHS: [&str; 4] = [
    "apigateway:GetApis",
    "apigateway:GetRoutes",
    "apigateway:GetIntegrations",
    "apigateway:GetStages",
];
const XML: [&str; 3] =
    ["iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:ListPolicyVersions"];
const PAGE: usize = 2;

impl Layer for Paging {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let operation = call.operation?;
        if call.is(&PATHS)
            && let Some(rest) =
                query(call.request, "nextToken").and_then(|token| self.begun.remove(&token))
        {
            return Some(Answer::new(200, "application/json", self.page(rest).to_string()));
        }
        let (_, member, token, size) =
            JSON.iter().copied().find(|(name, ..)| operation.name == *name)?;
        let mut input = call.input();
        let start = input[token].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
        input.as_object_mut()?.remove(token);
        let (status, text) = call.aws.raw_json(&operation.service, &operation.name, &input);
        let mut answer = Answer::new(status, "application/x-amz-json-1.1", text);
        if answer.is_success() {
            cut(&mut answer, member, token, start, size);
        }
        Some(answer)
    }

    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if !answer.is_success() {
            return;
        }
        if call.is(&PATHS) {
            let items = answer.json()["items"].take();
            answer.set_json(&self.page(items.as_array().cloned().unwrap_or_default()));
        } else if call.is(&XML) {
            cut_xml(answer, call.field("Marker").parse().unwrap_or(0));
        }
    }
}

impl Paging {
    fn page(&mut self, mut items: Vec<Value>) -> Value {
        let rest = items.split_off(items.len().min(PAGE));
        let mut page = json!({"items": items});
        if !rest.is_empty() {
            let token = fastrand::u64(..).to_string();
            page["nextToken"] = json!(token);
            self.begun.insert(token, rest);
        }
        page
    }
}

fn cut(answer: &mut Answer, member: &str, token: &str, start: usize, size: usize) {
    let mut body = answer.json();
    let all = body[member].as_array().cloned().unwrap_or_default();
    body[member] = all.iter().skip(start).take(size).cloned().collect();
    if all.len() > start + size {
        body[token] = json!((start + size).to_string());
    }
    answer.set_json(&body);
}

fn cut_xml(answer: &mut Answer, start: usize) {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let (Some(first), Some(last)) = (text.find("<member>"), text.rfind("</member>")) else {
        return;
    };
    let members: Vec<&str> = text[first..last].split("</member>").collect();
    let page: String =
        members.iter().skip(start).take(PAGE).flat_map(|one| [*one, "</member>"]).collect();
    let mut text = text[..first].to_owned() + &page + &text[last + "</member>".len()..];
    if members.len() > start + PAGE {
        let more = format!("<IsTruncated>true</IsTruncated><Marker>{}</Marker>", start + PAGE);
        text = text.replace("<IsTruncated>false</IsTruncated>", &more);
    }
    answer.body = text.into_bytes();
}
