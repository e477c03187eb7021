//! A client in TypeScript: types, and one function a call.

use super::document::{Api, Call, NEXT, Parameter};
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

pub(super) fn client(api: &Api) -> String {
    let types: String = api.types.iter().map(interface).collect();
    let calls: Vec<String> = api.calls.iter().map(function).collect();
    let pages = if api.calls.iter().any(|call| call.pages) { PAGES } else { "" };
    TEMPLATE
        .replace("// {types}\n", &types)
        .replace("// {calls}\n", &calls.join("\n"))
        .replace("// {pages}\n", pages)
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
    let mut arguments = vec![format!("parameters: {{ {} }}", fields.join("; "))];
    arguments.extend(call.body.iter().map(|body| format!("body: {}", written(body))));
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
    let mut path = call.path.clone();
    for Parameter { field, .. } in call.parameters.iter().filter(|one| one.in_path) {
        let value = format!("${{encodeURIComponent(parameters.{})}}", field.name);
        path = path.replace(&format!("{{{}}}", field.name), &value);
    }
    if path == call.path { format!("{path:?}") } else { format!("`{path}`") }
}

/// All parameters, without those that the path holds.
fn query(parameters: &[Parameter]) -> String {
    if parameters.iter().all(|one| !one.in_path) {
        return "parameters".into();
    }
    let names = parameters.iter().filter(|one| !one.in_path).map(|one| &one.field.name);
    let names: Vec<String> = names.map(|name| format!("{name}: parameters.{name}")).collect();
    if names.is_empty() { "{}".into() } else { format!("{{ {} }}", names.join(", ")) }
}

fn member(field: &Field, absent: &str) -> String {
    let kind = written(&field.kind);
    let plain = field.name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_');
    let name = if plain { field.name.clone() } else { format!("{:?}", field.name) };
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
