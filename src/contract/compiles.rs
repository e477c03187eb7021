//! Every client that is made compiles under `tsc --strict`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use super::document::Document;
use super::{known, typescript};

/// The client of a document, or the place that cannot be made.
fn client(document: &Value) -> Result<String, String> {
    known::check(document)?;
    typescript::client(&Document::new(document.clone()).api()?)
}

/// The TypeScript compiler of the example page. `npm ci` empties the folder that it fills, so it runs once for all tests.
static COMPILER: LazyLock<PathBuf> = LazyLock::new(|| {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/web");
    let compiler = web.join("node_modules/.bin/tsc");
    if !compiler.is_file() {
        let installed = Command::new("npm").arg("ci").current_dir(&web).status().expect("npm");
        assert!(installed.success(), "npm ci");
    }
    compiler
});

/// Compiles all clients at once, and says what the compiler says.
fn compile(name: &str, clients: &[String]) -> String {
    let folder =
        std::env::temp_dir().join(format!("stackctl-clients-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let files: Vec<PathBuf> =
        (0..clients.len()).map(|at| folder.join(format!("c{at}.ts"))).collect();
    for (file, client) in files.iter().zip(clients) {
        fs::write(file, client).expect("a file");
    }
    let options = [
        "--noEmit",
        "--strict",
        "--target",
        "es2022",
        "--module",
        "esnext",
        "--lib",
        "es2022,dom,dom.iterable",
        "--types",
        "",
    ];
    let output = Command::new(&*COMPILER).args(options).args(&files).output().expect("tsc");
    let said = [output.stdout, output.stderr]
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .concat();
    if output.status.success() {
        let _ = fs::remove_dir_all(&folder);
        return String::new();
    }
    format!("{}: {said}", folder.display())
}

fn ours() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("handler/openapi.json");
    serde_json::from_str(&fs::read_to_string(path).expect("our contract")).expect("JSON")
}

/// Our document with one more field of an item.
fn with_field(name: &str, kind: Value) -> Value {
    let mut document = ours();
    document["components"]["schemas"]["Item"]["properties"][name] = kind;
    document
}

/// Our document with a schema of this name in an item.
fn with_schema(name: &str) -> Value {
    let mut document = with_field("more", json!({"$ref": format!("#/components/schemas/{name}")}));
    document["components"]["schemas"][name] =
        json!({"type": "object", "properties": {"a": {"type": "string"}}});
    document
}

#[test]
#[ignore = "needs Node.js and npm"]
fn names_of_all_kinds_compile() {
    let names = [
        "Promise", "Result", "Failure", "Client", "Item.V1", "item-v1", "Record", "class",
        "string", "2fa", "Headers", "T",
    ];
    let mut documents: Vec<Value> = names.iter().map(|name| with_schema(name)).collect();
    for field in [
        "2fa",
        "a-b",
        "a b",
        "class",
        "__proto__",
        "constructor",
        "quote\"",
        "\\",
        "`${x}`",
        "\u{2028}",
        "世界",
        "",
    ] {
        documents.push(with_field(field, json!({"type": "boolean"})));
    }
    let clients: Vec<String> =
        documents.iter().map(|one| client(one).expect("it is made")).collect();
    assert_eq!(compile("names", &clients), "");
}

fn any_name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "Item",
        "item",
        "Result",
        "Failure",
        "Client",
        "Promise",
        "Record",
        "Error",
        "Array",
        "Map",
        "Date",
        "class",
        "string",
        "any",
        "Item.V1",
        "item-v1",
        "item_v1",
        "2fa",
        "get",
        "delete",
        "nextToken",
        "parameters",
        "options",
        "body",
        "constructor",
        "toString",
        "T",
        "pages",
        "send",
        "read",
        "createClient",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[a-zA-Z0-9_$.-]{1,8}", 1 => "\\PC{1,6}"]
}

fn any_schema(names: Vec<String>) -> impl Strategy<Value = Value> {
    let reference = prop::sample::select(names)
        .prop_map(|name| json!({"$ref": format!("#/components/schemas/{name}")}));
    let plain = prop::sample::select(vec![
        "string", "integer", "number", "boolean", "null", "object", "array",
    ]);
    let leaf = prop_oneof![
        2 => reference,
        3 => plain.prop_map(|name| json!({"type": name, "description": "what */ it is"})),
        1 => prop::collection::vec("\\PC{0,4}", 1..3).prop_map(|values| json!({"enum": values})),
        1 => any::<i32>().prop_map(|value| json!({"const": value})),
        1 => Just(json!({"type": ["string", "null"]})),
        1 => Just(json!({"allOf": []})),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let fields = prop::collection::btree_map(any_name(), inner.clone(), 0..4);
        prop_oneof![
            inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            inner
                .clone()
                .prop_map(|values| json!({"type": "object", "additionalProperties": values})),
            prop::collection::vec(inner, 1..3).prop_map(|kinds| json!({"oneOf": kinds})),
            (fields, any::<bool>()).prop_map(|(fields, all)| {
                let names: Vec<String> =
                    if all { fields.keys().cloned().collect() } else { vec![] };
                json!({"type": "object", "properties": fields, "required": names})
            }),
        ]
    })
}

fn any_operation(names: Vec<String>) -> impl Strategy<Value = Value> {
    let flat = prop::sample::select(vec![
        json!({"type": "string"}),
        json!({"type": "integer"}),
        json!({"enum": ["a", "b"]}),
        json!({"type": "array", "items": {"type": "string"}}),
        json!({"type": "object"}),
    ]);
    let parameter = (any_name(), flat, any::<(bool, bool)>()).prop_map(|(name, schema, (required, explode))| {
        json!({"name": name, "in": "query", "required": required, "explode": explode, "schema": schema})
    });
    let parameters = prop::collection::vec(parameter, 0..3);
    let content = |schema: Value| json!({"application/json": {"schema": schema}});
    let body = prop::option::of((any_schema(names.clone()), any::<bool>()));
    (any_name(), any_name(), parameters, body, any_schema(names)).prop_map(move |(id, in_path, parameters, body, answer)| {
        let mut parameters = parameters;
        parameters.push(json!({"name": in_path, "in": "path", "required": true, "schema": {"type": "string"}}));
        let mut operation = json!({
            "operationId": id, "parameters": parameters, "x-path": in_path,
            "responses": {"200": {"description": "", "content": content(answer)}},
        });
        if let Some((body, required)) = body {
            operation["requestBody"] = json!({"required": required, "content": content(body)});
        }
        operation
    })
}

fn any_document() -> impl Strategy<Value = Value> {
    prop::collection::btree_set(any_name(), 1..5).prop_flat_map(|names| {
        let names: Vec<String> =
            names.into_iter().filter(|name| !name.contains(['/', '~', '%'])).collect();
        let names = if names.is_empty() { vec!["Item".to_owned()] } else { names };
        let schemas = prop::collection::vec(any_schema(names.clone()), names.len());
        let operations = prop::collection::vec(any_operation(names.clone()), 1..4);
        (schemas, operations).prop_map(move |(schemas, operations)| {
            let schemas: Map<String, Value> = names.iter().cloned().zip(schemas).collect();
            let mut paths = json!({});
            for (at, operation) in operations.into_iter().enumerate() {
                let name = operation["x-path"].as_str().unwrap_or_default().to_owned();
                let method = if operation.get("requestBody").is_some() { "post" } else { "get" };
                paths[format!("/`$\\{at}/{{{name}}}")] = json!({method: operation});
            }
            json!({"openapi": "3.1.1", "paths": paths, "components": {"schemas": schemas}})
        })
    })
}

/// As many clients of random documents as this.
const CLIENTS: usize = 150;

#[test]
#[ignore = "needs Node.js and npm"]
fn any_document_that_is_accepted_compiles() {
    let mut runner = TestRunner::deterministic();
    let documents = any_document();
    let mut clients = vec![];
    for _ in 0..CLIENTS * 20 {
        let document = documents.new_tree(&mut runner).expect("a document").current();
        clients.extend(client(&document));
        if clients.len() == CLIENTS {
            break;
        }
    }
    assert!(clients.len() > CLIENTS / 3, "only {} documents were accepted", clients.len());
    assert_eq!(compile("any", &clients), "");
}

fn refusal(pointer: &str, value: Value) -> String {
    let mut document = ours();
    let (parent, name) = pointer.rsplit_once('/').expect("a place");
    document.pointer_mut(parent).expect("a place of the document")[name] = value;
    client(&document).expect_err("refused")
}

#[test]
fn what_a_client_does_not_do_is_refused_with_its_place() {
    let item = "/components/schemas/Item";
    for (pointer, value, expected) in [
        (
            format!("{item}/allOf"),
            json!([]),
            "components/schemas/Item: a client does nothing for `allOf`",
        ),
        (
            format!("{item}/patternProperties"),
            json!({}),
            "components/schemas/Item: a client does nothing for `patternProperties`",
        ),
        (format!("{item}/properties/title/nullable"), json!(true), "does nothing for `nullable`"),
        (
            format!("{item}/properties/more"),
            json!({"type": "file"}),
            "components/schemas/Item/properties/more: the type \"file\"",
        ),
        (format!("{item}/properties/more"), json!({"enum": []}), "an `enum` without values"),
        (
            "/components/schemas/Loop".into(),
            json!({"type": "array", "items": {"$ref": "#/components/schemas/Loop"}}),
            "components/schemas/Loop: it is made of itself",
        ),
        (
            "/components/parameters/limit/style".into(),
            json!("pipeDelimited"),
            "components/parameters/limit: the style `pipeDelimited`",
        ),
        (
            "/components/parameters/limit/in".into(),
            json!("header"),
            "parameter `limit` is in neither the query nor the path",
        ),
        (
            "/components/parameters/limit/schema".into(),
            json!({"type": "object"}),
            "parameter `limit` is more than a value",
        ),
        ("/components/responses/Invalid/content".into(), json!({"text/plain": {}}), "`text/plain`"),
        ("/servers".into(), json!([{"url": "/v1"}]), "servers: `/v1` is a path of its own"),
        ("/webhooks".into(), json!({}), "the document: a client does nothing for `webhooks`"),
        ("/paths/~1/get/callbacks".into(), json!({}), "a client does nothing for `callbacks`"),
        (
            "/paths/~1/get/requestBody".into(),
            json!({"content": {}}),
            "a browser sends no body with this method",
        ),
        (
            "/paths/~1/post/operationId".into(),
            json!("listItems"),
            "two functions would be called `listItems`",
        ),
        (
            "/paths/~1/post/operationId".into(),
            json!("__proto__"),
            "no `operationId` that a function could be called",
        ),
        (
            "/paths/~1/post/operationId".into(),
            json!("then"),
            "no `operationId` that a function could be called",
        ),
        (
            "/paths/~1x~1{id}".into(),
            json!({"get": {"operationId": "x", "responses": {"200": {"description": ""}}}}),
            "no parameter fills `{id}`",
        ),
    ] {
        let told = refusal(&pointer, value);
        assert!(told.contains(expected), "{pointer}: {told}");
    }
}

#[test]
fn operation_ids_of_any_case_are_functions() {
    for (id, function) in [
        ("get_items", "get_items:"),
        ("get-items", "getItems:"),
        ("Items.Get", "ItemsGet:"),
        ("delete", "delete:"),
    ] {
        let mut document = ours();
        document["paths"]["/"]["post"]["operationId"] = json!(id);
        let client = client(&document).expect("it is made");
        assert!(client.contains(&format!("    {function} (")), "{client}");
    }
}

#[test]
fn lists_in_a_query_and_names_that_need_quotes_are_written() {
    let mut document = ours();
    let ids = json!({"name": "item-ids", "in": "query", "explode": false, "schema": {"type": "array", "items": {"type": "string"}}});
    document["paths"]["/"]["post"]["parameters"] = json!([ids]);
    document["paths"]["/"]["parameters"] =
        json!([{"name": "team", "in": "query", "schema": {"type": "string"}}]);
    let client = client(&document).expect("it is made");
    assert!(
        client.contains(
            r#"{ "item-ids": parameters["item-ids"]?.join(","), team: parameters.team }"#
        ),
        "{client}"
    );
    assert!(
        client.contains(
            r#"parameters: { "item-ids"?: string[] | undefined; team?: string | undefined }"#
        ),
        "{client}"
    );
}

/// Our document with `GET /stats`, which needs nothing.
fn with_stats() -> Value {
    let mut document = ours();
    document["paths"]["/stats"]["get"] = json!({
        "operationId": "getStats",
        "parameters": [{"name": "team", "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"description": "Counts", "content": {"application/json": {"schema":
            {"type": "object", "required": ["count"], "properties": {"count": {"type": "number"}}}}}}},
    });
    document
}

#[test]
fn what_needs_nothing_has_a_default() {
    let mut document = with_stats();
    let text = client(&document).expect("it is made");
    assert!(text.contains("getStats: (parameters: { team?: string | undefined } = {}, "), "{text}");
    assert!(text.contains("getItem: (parameters: { userId: string; itemId: string }, "), "{text}");
    assert!(text.contains("createItem: (parameters: { userId: string }, body: "), "{text}");
    document["paths"]["/stats"]["get"].as_object_mut().expect("a call").remove("parameters");
    let text = client(&document).expect("it is made");
    assert!(text.contains("getStats: (parameters: {} = {}, "), "{text}");
}

#[test]
#[ignore = "needs Node.js and npm"]
fn what_needs_nothing_is_called_with_nothing() {
    let calls = "\nconst api = createClient({ baseUrl: \"\" });\n\
        void api.getStats();\nvoid api.getStats({ team: \"a\" });\nvoid api.getStats({}, {});\n";
    let text = client(&with_stats()).expect("it is made") + calls;
    assert_eq!(compile("nothing", &[text]), "");
}
