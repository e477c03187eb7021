//! The document of an API with users: every operation that is not public needs a token, and none names a user.

use serde_json::{Value, json};
use verify::manifest::Manifest;

use super::document::Document;

/// How a token is sent: <https://spec.openapis.org/oas/v3.1.1.html#security-scheme-object>
const SCHEME: &str = "bearerAuth";

/// The parameter by which a request names a user where the API has none.
const USER: &str = "userId";

/// The same document for callers with a token.
pub(super) fn with_tokens(document: &Value, manifest: &Manifest) -> Value {
    let mut with = document.clone();
    with["security"] = json!([{SCHEME: []}]);
    with["components"]["securitySchemes"][SCHEME] =
        json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT"});
    let operations = Document::new(document.clone());
    for (method, path, operation) in operations.operations() {
        let is_public = |route: &verify::manifest::Route| {
            route.public && route.path == path && route.method.eq_ignore_ascii_case(method)
        };
        let place = &mut with["paths"][path][method];
        if manifest.routes.iter().any(is_public) {
            place["security"] = json!([]);
            continue;
        }
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let kept = parameters.filter(|one| !is_user(&operations, one)).cloned();
        if operation.get("parameters").is_some() {
            place["parameters"] = kept.collect();
        }
        for (status, why) in [
            ("401", "No token, or one that the API does not take"),
            ("403", "The token lacks a scope"),
        ] {
            if operation["responses"].get(status).is_none() {
                place["responses"][status] = refusal(why);
            }
        }
    }
    with
}

/// The gateway says `message`, the function `error`.
fn refusal(why: &str) -> Value {
    let text = json!({"type": "string"});
    json!({
        "description": why,
        "content": {"application/json": {"schema": {
            "type": "object",
            "properties": {"message": text, "error": text},
        }}},
    })
}

fn is_user(document: &Document, parameter: &Value) -> bool {
    let resolved = document.resolved(parameter).unwrap_or(parameter);
    resolved["name"] == USER && resolved["in"] == "query"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> (Value, Manifest) {
        let document = include_str!("../../handler/openapi.json");
        let sources = [
            ("operations.rs", include_str!("../../handler/src/operations.rs")),
            ("routes.rs", include_str!("../../handler/src/routes.rs")),
        ];
        let manifest = Manifest::from_sources(&sources).expect("they are declared");
        (serde_json::from_str(document).expect("JSON"), manifest)
    }

    #[test]
    fn an_operation_needs_a_token_and_names_no_user() {
        let (document, manifest) = own();
        let with = with_tokens(&document, &manifest);
        let text = with.to_string();
        assert!(!text.contains("#/components/parameters/userId"), "{text}");
        for method in ["get", "post", "patch", "delete"] {
            let operation = &with["paths"]["/"][method];
            for status in ["401", "403"] {
                assert!(operation["responses"][status].is_object(), "{method} {status}");
            }
            assert!(operation.get("security").is_none(), "{method} is as the whole document");
        }
        assert_eq!(with["security"], json!([{"bearerAuth": []}]));
        assert_eq!(with["components"]["securitySchemes"]["bearerAuth"]["scheme"], "bearer");
    }

    #[test]
    fn a_public_operation_is_as_it_was_and_needs_nothing() {
        let (document, mut manifest) = own();
        manifest.routes[0].public = true;
        let with = with_tokens(&document, &manifest);
        let mut public = with["paths"]["/"]["get"].clone();
        assert_eq!(public["security"].take(), json!([]));
        assert_eq!(public["parameters"], document["paths"]["/"]["get"]["parameters"]);
    }

    #[test]
    fn the_client_of_an_api_with_users_takes_no_user() {
        let (document, manifest) = own();
        let with = Document::new(with_tokens(&document, &manifest));
        let api = with.api().expect("a client can be made");
        let client = super::super::typescript::client(&api).expect("it is made");
        let taken = client.lines().filter(|line| line.contains("parameters: {"));
        let taken: Vec<&str> = taken.collect();
        assert!(taken.len() > 3 && !taken.iter().any(|line| line.contains("userId")), "{taken:#?}");
        super::super::known::check(&with.0).expect("it is known");
    }
}
