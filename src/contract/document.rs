//! The part of an OpenAPI document that a client is made from.

use serde_json::Value;

use super::types::{Field, Named, Type};

/// What an operation can be called by (<https://spec.openapis.org/oas/v3.1.1.html#path-item-object>), in the order in
/// which a client has them.
const METHODS: [&str; 8] = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/// An OpenAPI document.
#[derive(Debug)]
pub(super) struct Document(pub(super) Value);

/// What can be asked, and what for.
#[derive(Debug)]
pub(super) struct Api {
    pub calls: Vec<Call>,
    pub types: Vec<Named>,
}

/// One function of the client.
#[derive(Debug)]
pub(super) struct Call {
    pub name: String,
    pub summary: Option<String>,
    /// In capitals.
    pub method: String,
    pub path: String,
    pub parameters: Vec<Parameter>,
    pub body: Option<Type>,
    pub answer: Type,
    /// Whether the answer is a page that tells where the next one begins.
    pub pages: bool,
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub in_path: bool,
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
        let name = operation["operationId"].as_str();
        let name = name.filter(|name| is_identifier(name));
        let name =
            name.ok_or(format!("{place} has no `operationId` that a function could be called"))?;
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|one| self.parameter(one)).collect::<Answer<Vec<_>>>()?;
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
            Some(body) => self.content(self.resolved(body)?)?,
            None => None,
        };
        Ok(Call {
            name: name.to_owned(),
            summary: text(operation, "summary"),
            method: method.to_uppercase(),
            path: path.to_owned(),
            pages: self.pages(&parameters, &answer)?,
            parameters,
            body,
            answer,
        })
    }

    /// One of the calls that `x-calls` splits an operation into: a function must know what it gives.
    fn part(&self, whole: &Call, part: &Value) -> Answer<Call> {
        let name = part["name"].as_str().filter(|name| is_identifier(name));
        let name =
            name.ok_or(format!("`x-calls` of `{}` has a call without a name", whole.name))?;
        let names = |member: &str, name: &str| {
            part[member].as_array().is_some_and(|names| names.iter().any(|one| one == name))
        };
        let parameters = whole.parameters.iter().filter(|one| !names("without", &one.field.name));
        let parameters = parameters.map(|one| {
            let required = one.field.required || names("with", &one.field.name);
            Parameter { in_path: one.in_path, field: Field { required, ..one.field.clone() } }
        });
        let parameters: Vec<_> = parameters.collect();
        let answer = self.kind(&part["answer"])?;
        Ok(Call {
            name: name.to_owned(),
            summary: text(part, "summary"),
            method: whole.method.clone(),
            path: whole.path.clone(),
            pages: self.pages(&parameters, &answer)?,
            parameters,
            body: whole.body.clone(),
            answer,
        })
    }

    fn pages(&self, parameters: &[Parameter], answer: &Type) -> Answer<bool> {
        let goes_on = match answer {
            Type::Name(name) => match self.named(name)?.kind {
                Type::Object(fields) => fields.iter().any(|field| field.name == NEXT),
                _ => false,
            },
            _ => false,
        };
        Ok(goes_on && parameters.iter().any(|parameter| parameter.field.name == NEXT))
    }

    fn parameter(&self, parameter: &Value) -> Answer<Parameter> {
        let parameter = self.resolved(parameter)?;
        let name = parameter["name"].as_str().ok_or("a parameter has no name")?;
        let in_path = match parameter["in"].as_str() {
            Some("query") => false,
            Some("path") => true,
            _ => return Err(format!("parameter `{name}` is in neither the query nor the path")),
        };
        Ok(Parameter {
            in_path,
            field: Field {
                name: name.to_owned(),
                description: text(parameter, "description"),
                required: parameter["required"] == true,
                kind: self.kind(&parameter["schema"])?,
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

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|character| character.is_ascii_alphanumeric())
}
