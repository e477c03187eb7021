//! Routes with values in their paths: from the source over the gateway to the function, and in what is made of them.

use std::fs;

use serde_json::json;

use crate::support::{Behaviour, Stack, request, small_crate};

const ROUTES: &str = "GET \"/\" => get [GetItem], GET \"/items/{id}\" => get [GetItem], GET \"/files/{rest+}\" => get [GetItem]";

#[test]
fn a_value_in_a_path_reaches_the_function() {
    let stack = Stack::new("path-values");
    let folder = stack.project.folder().join("handler");
    fs::remove_file(&folder).expect("the real handler is a link");
    small_crate(&folder, Behaviour::Good(1));
    let source = stack.project.read("handler/src/main.rs");
    let declared = source.replace("GET \"/\" => get [GetItem]", ROUTES);
    assert_ne!(source, declared);
    stack.project.write("handler/src/main.rs", &declared);
    let up = stack.run(&["up"]).succeeded().json();
    let url = up["api_url"].as_str().expect("the address of the API");
    let status = |method, path: &str| request(method, &format!("{url}{path}"), &[], "").status;
    for path in ["/", "/items/7", "/items/a%20b", "/files/a", "/files/a/b/c"] {
        assert_eq!(status("GET", path), 200, "{path}");
    }
    for (method, path) in [("GET", "/items"), ("GET", "/items/7/parts"), ("POST", "/items/7")] {
        assert_eq!(status(method, path), 404, "{method} {path}: the gateway has no such route");
    }
    let asked = stack.run(&["cors", "http://localhost:5173"]).succeeded().json();
    assert!(asked.to_string().contains("/items/"), "{asked:#}");
    stack.run(&["invoke", "--path", "/items/7"]).succeeded();

    let call = |id: &str, name: &str| {
        json!({"operationId": id, "parameters": [{"name": name, "in": "path", "required": true, "schema": {"type": "string"}}],
            "responses": {"200": {"description": "What it is", "content": {"application/json": {"schema": {"type": "string"}}}}}})
    };
    let document = json!({"openapi": "3.1.0", "info": {"title": "paths", "version": "1"}, "paths": {
        "/": {"get": {"operationId": "getRoot", "responses": {"200": {"description": "All", "content": {"application/json": {"schema": {"type": "string"}}}}}}},
        "/items/{id}": {"get": call("getItem", "id")},
        "/files/{rest+}": {"get": call("getFile", "rest")},
    }});
    stack.project.write("handler/openapi.json", &document.to_string());
    let client = stack.say(&["api", "client"]).succeeded().stdout;
    assert!(client.contains("getRoot: (parameters: {} = {}"), "{client}");
    assert!(client.contains("`/items/${encodeURIComponent(String(parameters.id))}`"), "{client}");
    stack.teardown();
}
