//! The part of an OpenAPI document that a client is made from.

use serde_json::Value;

use super::names;
use super::types::{Field, Named, Type};

/// What an operation can be called by (<https://spec.openapis.org/oas/v3.1.1.html#path-item-object>), in the order in
/// which a client has them.
const METHODS: [&str; 8] = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/// An OpenAPI document.
#[derive(Debug)]
pub(super) struct Document(pub(super) Value);

/// What can be asked, and what for.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub calls: Vec<Call>,
    pub types: Vec<Named>,
}

/// One function of the client.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub name: String,
    pub summary: Option<String>,
    /// In capitals.
    pub method: String,
    pub path: String,
    pub parameters: Vec<Parameter>,
    pub body: Option<Type>,
    pub needs_body: bool,
    pub answer: Type,
    /// Whether the answer is a page that tells where the next one begins.
    pub pages: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub in_path: bool,
    /// A list with commas between, in the place of one parameter for each member.
    pub is_joined: bool,
    pub field: Field,
}

/// The parameter that asks for the next page, and the field that names it.
pub(super) const NEXT: &str = "nextToken";

/// A failure names the place in the document that cannot be made into a client.
pub(super) type Answer<T> = Result<T, String>;

impl Document {
    pub fn new(document: Value) -> Self {
        Self(document)
    }

    /// Every operation, with its method in small letters and its path.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, item)| {
            METHODS
                .into_iter()
                .filter_map(move |method| Some((method, path.as_str(), item.get(method)?)))
        })
    }

    pub fn api(&self) -> Answer<Api> {
        let mut calls = Vec::new();
        for (method, path, operation) in self.operations() {
            let whole = self.call(method, path, operation)?;
            match operation["x-calls"].as_array() {
                Some(parts) => {
                    for part in parts {
                        calls.push(self.part(&whole, part)?);
                    }
                }
                None => calls.push(whole),
            }
        }
        Ok(Api { types: self.types(&calls)?, calls })
    }

    fn call(&self, method: &str, path: &str, operation: &Value) -> Answer<Call> {
        let place = format!("{} {path}", method.to_uppercase());
        let name = operation["operationId"].as_str().and_then(function_name);
        let name =
            name.ok_or(format!("{place} has no `operationId` that a function could be called"))?;
        let parameters =
            self.parameters(path, operation).map_err(|problem| format!("{place}: {problem}"))?;
        fits_path(path, &parameters).map_err(|problem| format!("{place}: {problem}"))?;
        let responses = operation["responses"].as_object().into_iter().flatten();
        let mut answers = Vec::new();
        for (_, response) in responses.filter(|(status, _)| status.starts_with('2')) {
            answers.push(self.content(self.resolved(response)?)?.unwrap_or(Type::Null));
        }
        let answer = match answers.len() {
            0 => return Err(format!("{place} has no answer of success")),
            1 => answers.remove(0),
            _ => Type::Either(answers),
        };
        let body = match operation.get("requestBody") {
            Some(body) => Some(self.resolved(body)?),
            None => None,
        };
        Ok(Call {
            name,
            needs_body: body.is_some_and(|body| body["required"] == true),
            summary: text(operation, "summary"),
            method: method.to_uppercase(),
            path: path.to_owned(),
            pages: self.pages(&parameters, &answer)?,
            parameters,
            body: body.map_or(Ok(None), |body| self.content(body))?,
            answer,
        })
    }

    /// Those of the operation, and those of its path that it does not declare itself.
    fn parameters(&self, path: &str, operation: &Value) -> Answer<Vec<Parameter>> {
        let list = |value: &'_ Value| {
            let list = value["parameters"].as_array().into_iter().flatten();
            list.map(|one| self.parameter(one)).collect::<Answer<Vec<_>>>()
        };
        let mut parameters = list(operation)?;
        for shared in list(&self.0["paths"][path])? {
            let is_same = |own: &Parameter| {
                own.in_path == shared.in_path && own.field.name == shared.field.name
            };
            if !parameters.iter().any(is_same) {
                parameters.push(shared);
            }
        }
        let names = parameters.iter().map(|one| &one.field.name);
        let mut seen = std::collections::BTreeSet::new();
        // They are the fields of one object.
        match names.into_iter().find(|name| !seen.insert(*name)) {
            Some(name) => Err(format!("two parameters are called `{name}`")),
            None => Ok(parameters),
        }
    }

    /// One of the calls that `x-calls` splits an operation into: a function must know what it gives.
    fn part(&self, whole: &Call, part: &Value) -> Answer<Call> {
        let name = part["name"].as_str().and_then(function_name);
        let name =
            name.ok_or(format!("`x-calls` of `{}` has a call without a name", whole.name))?;
        let known = |name: &&Value| whole.parameters.iter().any(|one| **name == *one.field.name);
        let said = ["with", "without"].into_iter().filter_map(|member| part[member].as_array());
        if let Some(name) = said.flatten().find(|name| !known(name)) {
            return Err(format!("`x-calls` of `{}` names the parameter {name}", whole.name));
        }
        let names = |member: &str, name: &str| {
            part[member].as_array().is_some_and(|names| names.iter().any(|one| one == name))
        };
        let parameters = whole.parameters.iter().filter(|one| !names("without", &one.field.name));
        let parameters = parameters.map(|one| {
            let required = one.field.required || names("with", &one.field.name);
            Parameter { field: Field { required, ..one.field.clone() }, ..one.clone() }
        });
        let parameters: Vec<_> = parameters.collect();
        let answer = self.kind(&part["answer"])?;
        Ok(Call {
            name,
            summary: text(part, "summary"),
            pages: self.pages(&parameters, &answer)?,
            parameters,
            answer,
            ..whole.clone()
        })
    }

    fn pages(&self, parameters: &[Parameter], answer: &Type) -> Answer<bool> {
        let goes_on = match answer {
            Type::Name(name) => match self.named(name)?.kind {
                Type::Object(fields) => fields.iter().any(is_next),
                _ => false,
            },
            _ => false,
        };
        Ok(goes_on && parameters.iter().any(|parameter| is_next(&parameter.field)))
    }

    fn parameter(&self, parameter: &Value) -> Answer<Parameter> {
        let parameter = self.resolved(parameter)?;
        let name = parameter["name"].as_str().ok_or("a parameter has no name")?;
        let in_path = match parameter["in"].as_str() {
            Some("query") => false,
            Some("path") => true,
            _ => return Err(format!("parameter `{name}` is in neither the query nor the path")),
        };
        let kind = self.kind(&parameter["schema"])?;
        let is_list = matches!(kind, Type::List(_));
        if !is_flat(&kind) || (in_path && is_list) {
            return Err(format!("parameter `{name}` is more than a value or a list of values"));
        }
        Ok(Parameter {
            in_path,
            is_joined: is_list && parameter["explode"] == false,
            field: Field {
                name: name.to_owned(),
                description: text(parameter, "description"),
                required: parameter["required"] == true,
                kind,
            },
        })
    }

    /// The type of a JSON body, if there is one.
    fn content(&self, value: &Value) -> Answer<Option<Type>> {
        match value.get("content") {
            None => Ok(None),
            Some(content) => match content.get("application/json") {
                Some(content) => self.kind(&content["schema"]).map(Some),
                None => Err("a body is not `application/json`".into()),
            },
        }
    }

    pub(super) fn resolved<'a>(&'a self, value: &'a Value) -> Answer<&'a Value> {
        let Some(reference) = value["$ref"].as_str() else {
            return Ok(value);
        };
        let target = reference.strip_prefix('#').and_then(|pointer| self.0.pointer(pointer));
        target
            .filter(|target| target.get("$ref").is_none())
            .ok_or(format!("`{reference}` leads nowhere"))
    }
}

pub(super) fn text(value: &Value, member: &str) -> Option<String> {
    value[member].as_str().map(str::to_owned)
}

/// What asks for the next page, or names it: a text.
fn is_next(field: &Field) -> bool {
    field.name == NEXT && matches!(field.kind, Type::Text)
}

/// Whether a query can say it.
fn is_flat(kind: &Type) -> bool {
    let is_value = |kind: &Type| match kind {
        Type::Object(_) | Type::Map(_) | Type::Name(_) | Type::List(_) => false,
        Type::Constant(value) => !value.starts_with(['{', '[']),
        Type::Either(kinds) => {
            kinds.iter().all(|kind| is_flat(kind) && !matches!(kind, Type::List(_)))
        }
        _ => true,
    };
    match kind {
        Type::List(member) => is_value(member),
        kind => is_value(kind),
    }
}

/// The placeholders of a path and the parameters that fill them are the same.
fn fits_path(path: &str, parameters: &[Parameter]) -> Answer<()> {
    let mut placeholders = vec![];
    for part in path.split('{').skip(1) {
        let (name, _) = part.split_once('}').ok_or("a `{` of the path has no `}`")?;
        placeholders.push(name.strip_suffix('+').unwrap_or(name));
    }
    let given = |name: &str| parameters.iter().any(|one| one.in_path && one.field.name == name);
    if let Some(name) = placeholders.iter().find(|name| !given(name)) {
        return Err(format!("no parameter fills `{{{name}}}` of the path"));
    }
    let mut filling = parameters.iter().filter(|one| one.in_path);
    match filling.find(|one| !placeholders.contains(&one.field.name.as_str())) {
        Some(one) => Err(format!("the path has no `{{{}}}`", one.field.name)),
        None => Ok(()),
    }
}

fn function_name(name: &str) -> Option<String> {
    // An object's `__proto__` is no member of it, and `await` calls the `then` of what an `async` function returns.
    names::identifier(name).filter(|name| !["__proto__", "then"].contains(&name.as_str()))
}
