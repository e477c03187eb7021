//! An API has one set of tags, and so has its stage: lists show what was tagged later, too.
//! <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/tags-resource-arn.html>

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

pub struct Tags;

impl Layer for Tags {
    fn after(&mut self, call: &Incoming, answer: &mut Answer) {
        if !call.is(&["apigateway:GetApis", "apigateway:GetStages"]) || !answer.is_success() {
            return;
        }
        let mut body = answer.json();
        for one in body["items"].as_array_mut().into_iter().flatten() {
            one["tags"] = tags(call, one);
        }
        answer.set_json(&body);
    }
}

fn tags(call: &Incoming, one: &Value) -> Value {
    let resource = match (one["apiId"].as_str(), one["stageName"].as_str()) {
        (Some(api), _) => api.to_owned(),
        (None, stage) => format!("{}/stages/{}", call.part(2), stage.unwrap_or_default()),
    };
    let arn = format!("arn:aws:apigateway:us-east-1::/apis/{resource}");
    let arn = utf8_percent_encode(&arn, NON_ALPHANUMERIC);
    call.aws.get("apigateway", &format!("/v2/tags/{arn}"))["tags"].take()
}
