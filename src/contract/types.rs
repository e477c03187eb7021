//! The types of an OpenAPI document's schemas, as far as TypeScript can say them.

use serde_json::Value;

use super::document::{Answer, Call, Document, text};

/// Where schemas have names.
pub(super) const SCHEMAS: &str = "#/components/schemas/";

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub name: String,
    pub description: Option<String>,
    pub required: bool,
    pub kind: Type,
}

/// A type with a name of its own.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub name: String,
    pub description: Option<String>,
    pub kind: Type,
}

#[derive(Debug, Clone)]
pub(super) enum Type {
    Unknown,
    Text,
    Number,
    Boolean,
    Null,
    /// A constant, as JSON.
    Constant(String),
    List(Box<Type>),
    /// An object with any names, whose values are of one type.
    Map(Box<Type>),
    Either(Vec<Type>),
    Object(Vec<Field>),
    /// One of the types of the API.
    Name(String),
}

impl Document {
    /// The type of a schema. What TypeScript cannot say, such as a length, is left out.
    pub(super) fn kind(&self, schema: &Value) -> Answer<Type> {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.resolved(schema)?;
            return match reference.strip_prefix(SCHEMAS) {
                Some(name) if target.get("properties").is_some() => Ok(Type::Name(name.to_owned())),
                // A text is a text, whatever it is called.
                _ => self.kind(target),
            };
        }
        let either = |kinds: Answer<Vec<Type>>| kinds.map(Type::Either);
        if let Some(constant) = schema.get("const") {
            return Ok(Type::Constant(constant.to_string()));
        }
        if let Some(values) = schema["enum"].as_array() {
            return either(
                values.iter().map(|value| Ok(Type::Constant(value.to_string()))).collect(),
            );
        }
        if schema.get("properties").is_some() {
            return self.object(schema);
        }
        for union in ["oneOf", "anyOf"] {
            if let Some(schemas) = schema[union].as_array() {
                return either(schemas.iter().map(|schema| self.kind(schema)).collect());
            }
        }
        match &schema["type"] {
            Value::Array(names) => {
                either(names.iter().map(|name| self.plain(name, schema)).collect())
            }
            name => self.plain(name, schema),
        }
    }

    fn plain(&self, name: &Value, schema: &Value) -> Answer<Type> {
        Ok(match name.as_str() {
            Some("string") => Type::Text,
            Some("integer" | "number") => Type::Number,
            Some("boolean") => Type::Boolean,
            Some("null") => Type::Null,
            Some("array") => Type::List(Box::new(self.kind(&schema["items"])?)),
            Some("object") => Type::Map(Box::new(self.kind(&schema["additionalProperties"])?)),
            _ if schema["additionalProperties"].is_object() => {
                Type::Map(Box::new(self.kind(&schema["additionalProperties"])?))
            }
            _ => Type::Unknown,
        })
    }

    /// What is required comes first, in the order of `required`.
    fn object(&self, schema: &Value) -> Answer<Type> {
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let place = |name: &str| required.iter().position(|one| one == name);
        let fields =
            schema["properties"].as_object().into_iter().flatten().map(|(name, schema)| {
                let described = text(schema, "description");
                Ok(Field {
                    name: name.clone(),
                    description: described.or(text(self.resolved(schema)?, "description")),
                    required: place(name).is_some(),
                    kind: self.kind(schema)?,
                })
            });
        let mut fields = fields.collect::<Answer<Vec<_>>>()?;
        // What is required and not described may be anything.
        for name in required.iter().filter_map(Value::as_str) {
            if !fields.iter().any(|field| field.name == name) {
                let (name, kind) = (name.to_owned(), Type::Unknown);
                fields.push(Field { name, description: None, required: true, kind });
            }
        }
        fields.sort_by_key(|field| place(&field.name).unwrap_or(usize::MAX));
        Ok(Type::Object(fields))
    }

    /// The types that calls use by their names, and those that these use.
    pub(super) fn types(&self, calls: &[Call]) -> Answer<Vec<Named>> {
        let mut wanted = Vec::new();
        for call in calls {
            self.collect(&call.answer, &mut wanted)?;
            call.body.iter().try_for_each(|body| self.collect(body, &mut wanted))?;
        }
        wanted.iter().map(|name| self.named(name)).collect()
    }

    fn collect(&self, kind: &Type, wanted: &mut Vec<String>) -> Answer<()> {
        match kind {
            Type::List(kind) | Type::Map(kind) => self.collect(kind, wanted),
            Type::Either(kinds) => kinds.iter().try_for_each(|kind| self.collect(kind, wanted)),
            Type::Object(fields) => {
                fields.iter().try_for_each(|field| self.collect(&field.kind, wanted))
            }
            Type::Name(name) if !wanted.contains(name) => {
                wanted.push(name.clone());
                self.collect(&self.named(name)?.kind, wanted)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn named(&self, name: &str) -> Answer<Named> {
        let schema = &self.0["components"]["schemas"][name];
        Ok(Named {
            name: name.to_owned(),
            description: text(schema, "description"),
            kind: self.kind(schema)?,
        })
    }
}
