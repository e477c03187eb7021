//! What of OpenAPI a client does. Whatever else a document says is refused with its place, and never ignored.

use serde_json::{Map, Value};

use super::document::Answer;
use super::types::SCHEMAS;

type Object = Map<String, Value>;

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
/// What says something to people, or limits a value in a way that TypeScript cannot say.
const ANNOTATIONS: [&str; 27] = [
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "$comment",
    "externalDocs",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contentMediaType",
    "contentEncoding",
    "xml",
];
const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "null", "array", "object"];

/// The first thing in a document that a client would have to ignore.
pub(super) fn check(document: &Value) -> Answer<()> {
    let root = object(document, "the document")?;
    only(
        root,
        "the document",
        &["openapi", "info", "servers", "paths", "components", "security", "tags", "externalDocs"],
    )?;
    servers(&document["servers"])?;
    let components = &document["components"];
    if let Some(components) = components.as_object() {
        only(
            components,
            "components",
            &[
                "schemas",
                "parameters",
                "responses",
                "headers",
                "requestBodies",
                "securitySchemes",
                "examples",
                "links",
            ],
        )?;
    }
    each(&components["schemas"], "components/schemas", schema)?;
    each(&components["parameters"], "components/parameters", parameter)?;
    each(&components["responses"], "components/responses", response)?;
    each(&components["requestBodies"], "components/requestBodies", request_body)?;
    each(&components["securitySchemes"], "components/securitySchemes", security)?;
    loops(&components["schemas"])?;
    each(&document["paths"], "paths", path)
}

/// The client begins with the address that it is given: a path of the server's own would be lost.
fn servers(servers: &Value) -> Answer<()> {
    let urls = servers.as_array().into_iter().flatten().filter_map(|server| server["url"].as_str());
    match urls.into_iter().find(|url| *url != "/" && !url.is_empty() && !url.contains("://")) {
        Some(url) => Err(format!("servers: `{url}` is a path of its own: write it into `paths`")),
        None => Ok(()),
    }
}

fn path(item: &Value, place: &str) -> Answer<()> {
    let item = object(item, place)?;
    let known = ["summary", "description", "parameters"];
    only(item, place, &[known.as_slice(), METHODS.as_slice()].concat())?;
    list(item.get("parameters"), &format!("{place}/parameters"), parameter)?;
    let methods = METHODS.iter().filter_map(|method| Some((method, item.get(*method)?)));
    methods.into_iter().try_for_each(|(method, one)| operation(one, &format!("{place}/{method}")))
}

fn operation(operation: &Value, place: &str) -> Answer<()> {
    let operation = object(operation, place)?;
    only(
        operation,
        place,
        &[
            "tags",
            "summary",
            "description",
            "externalDocs",
            "operationId",
            "parameters",
            "requestBody",
            "responses",
            "deprecated",
            "security",
        ],
    )?;
    list(operation.get("parameters"), &format!("{place}/parameters"), parameter)?;
    if let Some(body) = operation.get("requestBody") {
        if ["/get", "/head"].iter().any(|method| place.ends_with(method)) {
            return Err(format!("{place}: a browser sends no body with this method"));
        }
        request_body(body, &format!("{place}/requestBody"))?;
    }
    match operation.get("responses") {
        Some(responses) => each(responses, &format!("{place}/responses"), response),
        None => Ok(()),
    }
}

fn parameter(parameter: &Value, place: &str) -> Answer<()> {
    let parameter = object(parameter, place)?;
    if parameter.contains_key("$ref") {
        return only(parameter, place, &["$ref", "summary", "description"]);
    }
    only(
        parameter,
        place,
        &[
            "name",
            "in",
            "description",
            "required",
            "deprecated",
            "schema",
            "style",
            "explode",
            "example",
            "examples",
            "allowReserved",
            "allowEmptyValue",
        ],
    )?;
    let says = |key: &str| parameter.get(key).and_then(Value::as_str);
    let in_path = says("in") == Some("path");
    let style = if in_path { "simple" } else { "form" };
    if let Some(other) = says("style").filter(|other| *other != style) {
        return Err(format!("{place}: the style `{other}`"));
    }
    if parameter.get("allowReserved") == Some(&Value::Bool(true)) {
        return Err(format!("{place}: `allowReserved`"));
    }
    if in_path && parameter.get("required") != Some(&Value::Bool(true)) {
        return Err(format!("{place}: a parameter of the path is `required`"));
    }
    let schema_of =
        parameter.get("schema").ok_or(format!("{place}: a parameter without a `schema`"))?;
    schema(schema_of, &format!("{place}/schema"))
}

fn request_body(body: &Value, place: &str) -> Answer<()> {
    let body = object(body, place)?;
    if body.contains_key("$ref") {
        return only(body, place, &["$ref", "summary", "description"]);
    }
    only(body, place, &["description", "content", "required"])?;
    content(body.get("content"), place)
}

fn response(response: &Value, place: &str) -> Answer<()> {
    let response = object(response, place)?;
    if response.contains_key("$ref") {
        return only(response, place, &["$ref", "summary", "description"]);
    }
    only(response, place, &["summary", "description", "headers", "content", "links"])?;
    content(response.get("content"), place)
}

fn content(content: Option<&Value>, place: &str) -> Answer<()> {
    let Some(content) = content else {
        return Ok(());
    };
    let content = object(content, place)?;
    for (kind, media) in content {
        if kind != "application/json" {
            return Err(format!(
                "{place}/content: `{kind}`: a client reads and sends `application/json`"
            ));
        }
        let place = format!("{place}/content/{kind}");
        let media = object(media, &place)?;
        only(media, &place, &["schema", "example", "examples"])?;
        media.get("schema").map_or(Ok(()), |one| schema(one, &format!("{place}/schema")))?;
    }
    Ok(())
}

/// A token is a header, which a client can be given. What goes into a query or a cookie, it cannot.
fn security(scheme: &Value, place: &str) -> Answer<()> {
    match (scheme["type"].as_str(), scheme["in"].as_str()) {
        (Some("apiKey"), Some("header")) | (Some("http" | "oauth2" | "openIdConnect"), _) => Ok(()),
        _ => Err(format!("{place}: a client sends headers, and nothing else for security")),
    }
}

fn schema(value: &Value, place: &str) -> Answer<()> {
    if *value == Value::Bool(true) {
        return Ok(());
    }
    let schema_of = object(value, place)?;
    if schema_of.contains_key("$ref") {
        return reference(schema_of, place);
    }
    let structure = [
        "const",
        "enum",
        "type",
        "properties",
        "required",
        "items",
        "oneOf",
        "anyOf",
        "additionalProperties",
    ];
    only(schema_of, place, &[structure.as_slice(), ANNOTATIONS.as_slice()].concat())?;
    types(schema_of, place)?;
    each(&value["properties"], &format!("{place}/properties"), schema)?;
    if let Some(items) = schema_of.get("items") {
        schema(items, &format!("{place}/items"))?;
    }
    unions(schema_of, place)?;
    match schema_of.get("additionalProperties") {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) if schema_of.contains_key("properties") => {
            Err(format!("{place}: `properties` and the type of further ones"))
        }
        Some(further) => schema(further, &format!("{place}/additionalProperties")),
    }
}

fn types(schema: &Object, place: &str) -> Answer<()> {
    let named = match schema.get("type") {
        None => vec![],
        Some(Value::Array(names)) => names.iter().collect(),
        Some(name) => vec![name],
    };
    if let Some(other) =
        named.iter().find(|name| !name.as_str().is_some_and(|name| TYPES.contains(&name)))
    {
        return Err(format!("{place}: the type {other}"));
    }
    if schema.get("type").is_some() && named.is_empty() {
        return Err(format!("{place}: no type at all"));
    }
    let is_object = named.is_empty() || named.iter().any(|name| *name == "object");
    if schema.contains_key("properties") && (named.len() > 1 || !is_object) {
        return Err(format!("{place}: `properties` of what may be no object"));
    }
    match schema.get("enum") {
        Some(Value::Array(values)) if !values.is_empty() => Ok(()),
        None => Ok(()),
        Some(_) => Err(format!("{place}: an `enum` without values")),
    }
}

/// Beside `properties`, a union may only say which of them come together.
fn unions(schema_of: &Object, place: &str) -> Answer<()> {
    let unions: Vec<&str> =
        ["oneOf", "anyOf"].into_iter().filter(|name| schema_of.contains_key(*name)).collect();
    let has = |names: &[&str]| names.iter().any(|name| schema_of.contains_key(*name));
    let shapes = has(&["properties"]);
    if unions.len() > 1
        || (!unions.is_empty()
            && !shapes
            && has(&["items", "const", "enum", "additionalProperties", "required"]))
    {
        return Err(format!("{place}: `{}` beside another form", unions[0]));
    }
    for union in unions {
        let place = format!("{place}/{union}");
        let members = schema_of[union].as_array().filter(|members| !members.is_empty());
        for member in members.ok_or(format!("{place}: no members"))? {
            if shapes {
                only(object(member, &place)?, &place, &["required", "title", "description"])?;
            } else {
                schema(member, &place)?;
            }
        }
    }
    Ok(())
}

/// A reference leads to a whole schema, and says nothing else about it.
fn reference(schema: &Object, place: &str) -> Answer<()> {
    only(schema, place, &[["$ref"].as_slice(), ANNOTATIONS.as_slice()].concat())?;
    let target = schema.get("$ref").and_then(Value::as_str).unwrap_or_default();
    match target.strip_prefix(SCHEMAS) {
        Some(name) if !name.contains(['/', '~', '%']) => Ok(()),
        _ => Err(format!("{place}: `{target}` is not one of components/schemas")),
    }
}

/// A schema without properties is written where it is used, so it must not be made of itself.
fn loops(schemas: &Value) -> Answer<()> {
    fn visit<'a>(schemas: &'a Value, name: &'a str, above: &mut Vec<&'a str>) -> Answer<()> {
        let schema = &schemas[name];
        if schema.get("properties").is_some() {
            return Ok(());
        }
        if above.contains(&name) {
            return Err(format!("components/schemas/{name}: it is made of itself"));
        }
        above.push(name);
        let mut names = vec![];
        references(schema, &mut names);
        names.into_iter().try_for_each(|name| visit(schemas, name, above))?;
        above.pop();
        Ok(())
    }
    let names = schemas.as_object().into_iter().flatten();
    names.into_iter().try_for_each(|(name, _)| visit(schemas, name, &mut vec![]))
}

fn references<'a>(value: &'a Value, names: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            names.extend(
                members
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|name| name.strip_prefix(SCHEMAS)),
            );
            members.values().for_each(|value| references(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, names)),
        _ => {}
    }
}

fn each(values: &Value, place: &str, check: impl Fn(&Value, &str) -> Answer<()>) -> Answer<()> {
    if values.is_null() {
        return Ok(());
    }
    let values = object(values, place)?.iter().filter(|(name, _)| !name.starts_with("x-"));
    values.into_iter().try_for_each(|(name, value)| check(value, &format!("{place}/{name}")))
}

fn list(
    values: Option<&Value>,
    place: &str,
    check: impl Fn(&Value, &str) -> Answer<()>,
) -> Answer<()> {
    let values = values.and_then(Value::as_array).into_iter().flatten().enumerate();
    values.into_iter().try_for_each(|(at, value)| check(value, &format!("{place}/{at}")))
}

fn object<'a>(value: &'a Value, place: &str) -> Answer<&'a Object> {
    value.as_object().ok_or(format!("{place} is not an object"))
}

fn only(object: &Object, place: &str, known: &[&str]) -> Answer<()> {
    let mut keys = object.keys().filter(|key| !key.starts_with("x-"));
    match keys.find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("{place}: a client does nothing for `{key}`")),
        None => Ok(()),
    }
}
