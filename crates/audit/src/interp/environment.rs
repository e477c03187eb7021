//! Structs whose fields are read from environment variables.

use std::collections::BTreeMap;

use super::Interpreter;
use crate::items::{Field, Shape, TypeId};
use crate::strings::Texts;
use crate::types::{Scope, Ty};
use crate::value::{Record, Value, share};

impl<'a> Interpreter<'a> {
    /// A struct whose fields are read from the environment by their names.
    pub fn environment_record(&mut self, id: TypeId, prefix: &str) -> Value<'a> {
        let index = self.index;
        let Shape::Struct(fields) = &index.type_of(id).shape else {
            return self.value_of(&Ty::Own(id, Vec::new()));
        };
        let scope = Scope::of(index.type_of(id).module);
        let mut values = BTreeMap::new();
        for field in fields {
            let ty = index.lower(&field.ty, &scope);
            let name = variable_of(field);
            let value = match (&ty, name) {
                (Ty::Own(inner, _), None) if self.typing < super::typed::DEEPEST => {
                    self.typing += 1;
                    let value = self.environment_record(*inner, prefix);
                    self.typing -= 1;
                    value
                }
                (_, name) => {
                    let name =
                        name.unwrap_or_else(|| format!("{prefix}{}", field.name.to_uppercase()));
                    self.variable(&Texts::literal(&name), None)
                }
            };
            values.insert(field.name.clone(), value);
        }
        let record =
            share(Record { definition: id, variant: None, arguments: Vec::new(), fields: values });
        self.keep(&record);
        Value::Record(record)
    }
}

/// The variable that an attribute of a field names: clap's `env`, envconfig's `from`, serde's `rename`.
fn variable_of(field: &Field) -> Option<String> {
    for attribute in &field.attributes {
        let syn::Meta::List(list) = &attribute.meta else {
            continue;
        };
        let tokens: Vec<proc_macro2::TokenTree> = list.tokens.clone().into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let word = token.to_string();
            let value = match tokens.get(at + 1).map(ToString::to_string).as_deref() {
                Some("=") => {
                    tokens.get(at + 2).map(|value| value.to_string().trim_matches('"').to_owned())
                }
                _ => None,
            };
            match (word.as_str(), value) {
                ("env" | "from", Some(name)) => return Some(name),
                ("env", None) => return Some(field.name.to_uppercase()),
                ("rename", Some(name)) if attribute.path().is_ident("serde") => {
                    return Some(name.to_uppercase());
                }
                _ => {}
            }
        }
    }
    None
}

/// Whether a field says itself that it is read from the environment.
pub fn names_variable(field: &Field) -> bool {
    field.attributes.iter().any(|attribute| !attribute.path().is_ident("serde"))
        && variable_of(field).is_some()
}
