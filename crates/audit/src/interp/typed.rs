//! Values of types, and types of values.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Interpreter;
use super::inference::agree;
use crate::items::{Head, Shape, TraitId, TypeId};
use crate::strings::Texts;
use crate::types::Ty;
use crate::value::{Kind, Record, Request, Shared, Value, share};

/// Types inside types are made into values to this depth.
pub const DEEPEST: usize = 6;

impl<'a> Interpreter<'a> {
    /// Any value of a type that the program makes.
    pub fn value_of(&mut self, ty: &Ty) -> Value<'a> {
        if self.typing > DEEPEST {
            return Value::foreign("std");
        }
        self.typing += 1;
        let value = match ty {
            Ty::Own(id, arguments) => self.made(*id, arguments),
            Ty::Client(service) => Value::Client(service.clone()),
            Ty::Sdk(service, path) => sdk_value(service, path),
            Ty::Text => Value::text(Texts::unknown()),
            Ty::Object(traits) => self.object(traits),
            Ty::Callable(result) => Value::Callable(Rc::new((**result).clone())),
            Ty::Tuple(parts) => {
                Value::tuple(parts.iter().map(|part| self.value_of(part)).collect())
            }
            Ty::Many(inner) => Value::many(self.value_of(inner)),
            Ty::Map(key, value) => Value::map(self.value_of(key), self.value_of(value)),
            Ty::Parameter(_) => Value::foreign("std"),
            Ty::Foreign(krate, _) => Value::Foreign(krate.clone()),
            Ty::Unknown => Value::Unknown,
        };
        self.typing -= 1;
        value
    }

    fn made(&mut self, id: TypeId, arguments: &[Ty]) -> Value<'a> {
        self.see(id);
        let open = Value::Record(share(Record {
            definition: id,
            variant: None,
            arguments: arguments.to_vec(),
            fields: BTreeMap::new(),
        }));
        let Some(stored) = self.store.get(&id) else {
            return open;
        };
        let fits_as_it_is = |one: &Value<'a>| match one {
            Value::Record(record) => {
                agree(&record.arguments, arguments)
                    && (arguments.is_empty() || !record.arguments.is_empty())
            }
            _ => false,
        };
        let all = match stored {
            Value::OneOf(all) => all,
            one => std::slice::from_ref(one),
        };
        if all.iter().all(fits_as_it_is) {
            return stored.clone();
        }
        let fitting: Vec<Value<'a>> = all
            .iter()
            .cloned()
            .filter_map(|one| match &one {
                Value::Record(record) if agree(&record.arguments, arguments) => {
                    if record.arguments.is_empty() && !arguments.is_empty() {
                        let mut record = (**record).clone();
                        record.arguments = arguments.to_vec();
                        Some(Value::Record(Rc::new(record)))
                    } else {
                        Some(one)
                    }
                }
                _ => None,
            })
            .collect();
        fitting.into_iter().reduce(Value::or).unwrap_or(open)
    }

    pub fn see(&mut self, id: TypeId) {
        if self.seen.insert(id) {
            self.changed = true;
        }
    }

    /// Notes the types that a type names, and those of their fields.
    pub fn name_types(&mut self, ty: &Ty) {
        match ty {
            Ty::Own(id, arguments) => {
                for argument in arguments {
                    self.name_types(argument);
                }
                if !self.named.insert(*id) {
                    return;
                }
                let index = self.index;
                let scope = crate::types::Scope::of(index.type_of(*id).module);
                let fields: Vec<Ty> = match &index.type_of(*id).shape {
                    Shape::Struct(fields) => {
                        fields.iter().map(|field| index.lower(&field.ty, &scope)).collect()
                    }
                    Shape::Enum(variants) => variants
                        .iter()
                        .flat_map(|variant| &variant.fields)
                        .map(|field| index.lower(&field.ty, &scope))
                        .collect(),
                };
                for field in &fields {
                    self.name_types(field);
                }
            }
            Ty::Tuple(parts) => {
                for part in parts {
                    self.name_types(part);
                }
            }
            Ty::Many(inner) | Ty::Map(_, inner) | Ty::Callable(inner) => self.name_types(inner),
            _ => {}
        }
    }

    /// A value that implements traits: what is known to exist, else any implementor.
    fn object(&mut self, traits: &[TraitId]) -> Value<'a> {
        let Some(first) = traits.first() else {
            return Value::foreign("std");
        };
        let all = self.implementors(*first);
        let known: Vec<TypeId> = all.iter().copied().filter(|id| self.seen.contains(id)).collect();
        if known.is_empty() {
            return Value::Object(*first);
        }
        let values: Vec<Value<'a>> =
            known.into_iter().map(|id| self.value_of(&Ty::Own(id, Vec::new()))).collect();
        values.into_iter().reduce(Value::or).unwrap_or(Value::Unit)
    }

    /// Types of the project that implement a trait.
    pub fn implementors(&self, id: TraitId) -> Vec<TypeId> {
        let impls = self.index.implementors.get(&id);
        let found: BTreeSet<TypeId> = impls
            .into_iter()
            .flatten()
            .filter_map(|found| match self.index.impls[found.0].head {
                Head::Type(id) => Some(id),
                _ => None,
            })
            .collect();
        found.into_iter().collect()
    }

    /// Keeps a value that the program makes.
    pub fn keep(&mut self, record: &Shared<Record<'a>>) {
        self.see(record.definition);
        let value = Value::Record(record.clone());
        let known = self.store.get(&record.definition).cloned();
        let before = known.as_ref().map(Value::hash);
        let after = match known {
            Some(known) => known.or(value),
            None => value,
        };
        // What was told apart and merged again would change in every round.
        let is_common = after.is_of_many() || self.common.contains(&record.definition);
        let after = if is_common {
            self.common.insert(record.definition);
            after.merged()
        } else {
            after
        };
        if before != Some(after.hash()) {
            self.changed = true;
            self.store.insert(record.definition, after);
        }
    }
}

/// A value of a type of the SDK, such as a builder that is a parameter.
fn sdk_value<'a>(service: &Rc<str>, path: &[String]) -> Value<'a> {
    let last = path.last().map_or("", String::as_str);
    let kind = if let Some(operation) = last.strip_suffix("FluentBuilder") {
        Kind::Operation(operation.into())
    } else if path.iter().any(|part| part == "fluent_builders") && last != "fluent_builders" {
        Kind::Operation(last.into())
    } else if let Some(operation) = last.strip_suffix("InputBuilder").or(last.strip_suffix("Input"))
    {
        Kind::Input(operation.into())
    } else if path.iter().any(|part| part == "types" || part == "model") {
        Kind::Part(last.trim_end_matches("Builder").into())
    } else {
        return Value::foreign(&format!("aws_sdk_{service}"));
    };
    Value::Request(Rc::new(Request::new(service.clone(), kind, (usize::MAX, 0))))
}
