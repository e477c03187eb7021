//! What API Gateway refuses: the errors of
//! <https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html> and its neighbours.

use serde_json::{Value, json};

use super::pass_role::{may, user};
use crate::proxy::wire::Answer;
use crate::proxy::{Incoming, Layer};

pub struct Api;

impl Layer for Api {
    fn before(&mut self, call: &Incoming) -> Option<Answer> {
        let input = call.input();
        route(call, &input)
            .or_else(|| stage(call, &input))
            .or_else(|| integration(call, &input))
            .or_else(|| missing(call))
            .or_else(|| cors(call, &input))
    }
}

fn route(call: &Incoming, input: &Value) -> Option<Answer> {
    if !call.is(&["apigateway:CreateRoute"]) {
        return None;
    }
    let key = input["routeKey"].as_str().unwrap_or_default();
    if inside(call, "routes").iter().any(|route| route["routeKey"] == key) {
        let text = format!("Route with key {key} already exists for this API");
        return call.refused(409, "ConflictException", &text);
    }
    let target = input["target"].as_str()?.trim_start_matches("integrations/");
    if inside(call, "integrations").iter().any(|one| one["integrationId"] == target) {
        return None;
    }
    call.refused(404, "NotFoundException", &format!("Unable to find Integration {target}"))
}

fn stage(call: &Incoming, input: &Value) -> Option<Answer> {
    if !call.is(&["apigateway:CreateStage"]) {
        return None;
    }
    let lacks = || user(call).is_some_and(|user| !may(call, &user, "apigateway:TagResource"));
    if !input["tags"].is_null() && lacks() {
        let text = "User: u is not authorized to perform: apigateway:TagResource on resource: arn:aws:apigateway:us-east-1::/apis/ID/stages";
        return call.refused(403, "AccessDeniedException", text);
    }
    let name = &input["stageName"];
    if inside(call, "stages").iter().any(|stage| stage["stageName"] == *name) {
        return call.refused(409, "ConflictException", "Stage already exists");
    }
    if inside(call, "routes").is_empty() {
        let text = "Unable to deploy API because no routes exist in this API";
        return call.refused(400, "BadRequestException", text);
    }
    None
}

fn integration(call: &Incoming, input: &Value) -> Option<Answer> {
    if call.is(&["apigateway:CreateIntegration"]) && input["payloadFormatVersion"].is_null() {
        let text = "PayloadFormatVersion is a required parameter for integration type AWS_PROXY";
        return call.refused(400, "BadRequestException", text);
    }
    if !call.is(&["apigateway:DeleteIntegration"]) {
        return None;
    }
    let target = format!("integrations/{}", call.part(4));
    let users =
        inside(call, "routes").into_iter().filter(|route| route["target"] == target.as_str());
    let users: Vec<Value> = users.map(|mut route| route["routeId"].take()).collect();
    if users.is_empty() {
        return None;
    }
    let text = format!(
        "Cannot delete Integration because it is referenced by the following Routes with Ids: {}",
        json!(users)
    );
    call.refused(409, "ConflictException", &text)
}

/// Deleting what is not there.
fn missing(call: &Incoming) -> Option<Answer> {
    let kinds = [
        ("DeleteRoute", "routes", "routeId"),
        ("DeleteIntegration", "integrations", "integrationId"),
        ("DeleteStage", "stages", "stageName"),
    ];
    let (_, kind, id) =
        kinds.iter().find(|(operation, ..)| call.is(&[&format!("apigateway:{operation}")]))?;
    let wanted = call.part(4);
    if inside(call, kind).iter().any(|one| one[*id] == wanted.as_str()) {
        return None;
    }
    call.refused(404, "NotFoundException", "Invalid identifier specified")
}

fn cors(call: &Incoming, input: &Value) -> Option<Answer> {
    let cors = &input["corsConfiguration"];
    let any = cors["allowOrigins"].as_array().is_some_and(|origins| origins.contains(&json!("*")));
    if call.is(&["apigateway:CreateApi", "apigateway:UpdateApi"])
        && any
        && cors["allowCredentials"] == true
    {
        let text = "allow-credentials is not supported if 'allow-origin' is *";
        return call.refused(400, "BadRequestException", text);
    }
    None
}

fn inside(call: &Incoming, kind: &str) -> Vec<Value> {
    let path = format!("/v2/apis/{}/{kind}", call.part(2));
    call.aws.get("apigateway", &path)["items"].as_array().cloned().unwrap_or_default()
}
