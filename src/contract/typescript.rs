//! A client in TypeScript: types, and one function a call.

use std::collections::BTreeSet;

use super::document::{Answer, Api, Call, NEXT, Parameter};
use super::names;
use super::types::{Field, Named, Type};

/// All that does not depend on the API; the marked lines are replaced.
const TEMPLATE: &str = include_str!("../../templates/client.ts");

/// As long as the arguments of a function may be.
const LINE: usize = 90;

const PAGES: &str = r"
/** Page after page, until the last one or the first failure. */
async function* pages<T extends { nextToken?: string }>(
  page: (nextToken: string | undefined) => Promise<Result<T>>,
): AsyncGenerator<Result<T>, void> {
  let next: string | undefined;
  do {
    const result = await page(next);
    yield result;
    next = result.ok ? result.data.nextToken : undefined;
  } while (next !== undefined);
}
";

/// A failure names what cannot be written.
pub(super) fn client(api: &Api) -> Answer<String> {
    let api = &names::legal(api);
    differ(api)?;
    let types: String = api.types.iter().map(interface).collect();
    let calls: Vec<String> = api.calls.iter().map(function).collect();
    let pages = if api.calls.iter().any(|call| call.pages) { PAGES } else { "" };
    let client = TEMPLATE.replace("// {pages}\n", pages);
    let client = client.replace("// {calls}\n", &calls.join("\n"));
    Ok(client.replace("// {types}\n", &types))
}

/// Functions of one name would be one function.
fn differ(api: &Api) -> Answer<()> {
    let mut names = BTreeSet::new();
    for call in &api.calls {
        let pages = call.pages.then(|| format!("{}Pages", call.name));
        for name in [Some(call.name.clone()), pages].into_iter().flatten() {
            if !names.insert(name.clone()) {
                return Err(format!("two functions would be called `{name}`"));
            }
        }
    }
    Ok(())
}

fn interface(named: &Named) -> String {
    let Named { name, description, kind } = named;
    let comment = comment("", description.as_deref());
    let Type::Object(fields) = kind else {
        return format!("{comment}export type {name} = {};\n\n", written(kind));
    };
    let lines: Vec<String> = fields.iter().map(line).collect();
    format!("{comment}export interface {name} {{\n{}}}\n\n", lines.concat())
}

fn line(field: &Field) -> String {
    format!("{}  {};\n", comment("  ", field.description.as_deref()), member(field, ""))
}

fn function(call: &Call) -> String {
    let Call { name, summary, method, .. } = call;
    let (comment, answer) = (comment("    ", summary.as_deref()), written(&call.answer));
    let (arguments, path, query) = (arguments(call), path(call), query(&call.parameters));
    let body = if call.body.is_some() { "body" } else { "undefined" };
    let one = format!(
        "{comment}    {name}: ({arguments}) =>\n      \
         send<{answer}>(\"{method}\", {path}, {query}, {body}, options),\n"
    );
    if !call.pages {
        return one;
    }
    let pages = format!(
        "    /** The same, page after page: `for await (const page of …)`. */\n    \
         {name}Pages: ({arguments}) =>\n      \
         pages(({NEXT} = parameters.{NEXT}) =>\n        \
         send<{answer}>(\"{method}\", {path}, {{ ...{query}, {NEXT} }}, {body}, options),\n      ),\n"
    );
    format!("{one}\n{pages}")
}

/// What a function takes, a line each where one line would be too long.
fn arguments(call: &Call) -> String {
    let fields = call.parameters.iter().map(|one| member(&one.field, " | undefined"));
    let fields: Vec<String> = fields.collect();
    let kind = if fields.is_empty() { "{}".into() } else { format!("{{ {} }}", fields.join("; ")) };
    // What needs nothing is called with nothing.
    let needs_none = !call.needs_body && call.parameters.iter().all(|one| !one.field.required);
    let or_none = if needs_none { " = {}" } else { "" };
    let mut arguments = vec![format!("parameters: {kind}{or_none}")];
    let or_none = if call.needs_body { "" } else { " | undefined" };
    arguments.extend(call.body.iter().map(|body| format!("body: {}{or_none}", written(body))));
    arguments.push("options?: CallOptions".to_owned());
    let line = arguments.join(", ");
    if line.len() <= LINE {
        return line;
    }
    let lines: Vec<String> = arguments.iter().map(|one| format!("\n      {one},")).collect();
    format!("{}\n    ", lines.concat())
}

/// `"/items"`, or a template where the path has parameters.
fn path(call: &Call) -> String {
    let mut parts = call.path.split('{');
    let mut path = escaped(parts.next().unwrap_or_default());
    let mut is_filled = false;
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        let value = format!("String(parameters{})", access(name.trim_end_matches('+')));
        let value = if name.ends_with('+') {
            format!("{value}.split(\"/\").map(encodeURIComponent).join(\"/\")")
        } else {
            format!("encodeURIComponent({value})")
        };
        path = format!("{path}${{{value}}}{}", escaped(rest));
        is_filled = true;
    }
    if is_filled { format!("`{path}`") } else { quoted(&call.path) }
}

/// Text within a template.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('`', "\\`").replace('$', "\\$")
}

/// Text as a literal: JSON is JavaScript.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `.name`, or `["a-name"]`.
fn access(name: &str) -> String {
    if names::is_plain(name) { format!(".{name}") } else { format!("[{}]", quoted(name)) }
}

/// All parameters, without those that the path holds.
fn query(parameters: &[Parameter]) -> String {
    if parameters.iter().all(|one| !one.in_path && !one.is_joined) {
        return "parameters".into();
    }
    let in_query = parameters.iter().filter(|one| !one.in_path);
    let members: Vec<String> = in_query.map(query_member).collect();
    if members.is_empty() { "{}".into() } else { format!("{{ {} }}", members.join(", ")) }
}

fn query_member(parameter: &Parameter) -> String {
    let name = parameter.field.name.as_str();
    let key = match name {
        // As a plain key it would be the object's prototype.
        "__proto__" => "[\"__proto__\"]".to_owned(),
        name if names::is_plain(name) => name.to_owned(),
        name => quoted(name),
    };
    let joined = if parameter.is_joined { "?.join(\",\")" } else { "" };
    format!("{key}: parameters{}{joined}", access(name))
}

fn member(field: &Field, absent: &str) -> String {
    let kind = written(&field.kind);
    let name = if names::is_plain(&field.name) { field.name.clone() } else { quoted(&field.name) };
    if field.required { format!("{name}: {kind}") } else { format!("{name}?: {kind}{absent}") }
}

fn written(kind: &Type) -> String {
    match kind {
        Type::Unknown => "unknown".into(),
        Type::Text => "string".into(),
        Type::Number => "number".into(),
        Type::Boolean => "boolean".into(),
        Type::Null => "null".into(),
        Type::Constant(text) | Type::Name(text) => text.clone(),
        Type::List(kind) => match &**kind {
            Type::Either(_) => format!("({})[]", written(kind)),
            kind => format!("{}[]", written(kind)),
        },
        Type::Map(kind) => format!("Record<string, {}>", written(kind)),
        Type::Either(kinds) => kinds.iter().map(written).collect::<Vec<_>>().join(" | "),
        Type::Object(fields) => {
            let members: Vec<String> = fields.iter().map(|field| member(field, "")).collect();
            format!("{{ {} }}", members.join("; "))
        }
    }
}

fn comment(indent: &str, text: Option<&str>) -> String {
    let text = text.map(|text| text.replace("*/", "* /").replace('\n', " "));
    text.map(|text| format!("{indent}/** {text}. */\n")).unwrap_or_default()
}
