//! An API has one set of tags: the list of all APIs shows what was tagged later, too.
//! <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/tags-resource-arn.html>

use serde_json::Value;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

pub struct Tags;

impl Layer for Tags {
    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if !call.is(&["apigateway:GetApis"]) || !answer.is_success() {
            return;
        }
        let mut body = answer.json();
        for api in body["items"].as_array_mut().into_iter().flatten() {
            let id = api["apiId"].as_str().unwrap_or_default();
            let path = format!("/v2/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2F{id}");
            let tags: Value = call.aws.get("apigateway", &path)["tags"].take();
            api["tags"] = tags;
        }
        answer.set_json(&body);
    }
}
