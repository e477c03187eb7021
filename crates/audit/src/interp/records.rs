//! Structs and variants, and their fields.

use std::collections::BTreeMap;

use syn::Member;

use super::inference::{type_of, unify};
use super::{Frame, Interpreter};
use crate::items::{Definition, Shape, TypeId};
use crate::names::{Resolved, segments};
use crate::strings::Texts;
use crate::types::{Scope, Ty};
use crate::value::{Record, Value, share};

impl<'a> Interpreter<'a> {
    pub fn structure(&mut self, frame: &mut Frame<'a>, node: &'a syn::ExprStruct) -> Value<'a> {
        let rest = node.rest.as_ref().map(|rest| self.expression(frame, rest));
        let found = self.constructor(&node.path, &frame.scope.clone());
        let mut fields = BTreeMap::new();
        for field in &node.fields {
            let value = self.expression(frame, &field.expr);
            fields.insert(member_name(&field.member), value);
        }
        let Some((definition, variant, arguments)) = found else {
            let inner = fields.into_values().reduce(Value::or).unwrap_or(Value::Unit);
            return if inner.is_thing() { inner } else { Value::foreign("std") };
        };
        if let Some(Value::Record(base)) = rest {
            for (name, value) in &base.fields {
                fields.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        self.record(definition, variant, arguments, fields)
    }

    /// Makes a record and keeps it.
    pub fn record(
        &mut self,
        definition: crate::items::TypeId,
        variant: Option<usize>,
        arguments: Vec<crate::types::Ty>,
        mut fields: BTreeMap<String, Value<'a>>,
    ) -> Value<'a> {
        let index = self.index;
        let mut record = Record { definition, variant, arguments, fields: BTreeMap::new() };
        if record.arguments.is_empty() {
            record.arguments = self.arguments_of(definition, variant, &fields);
        }
        let scope = self.scope_of(&record);
        for field in index.fields(definition, variant) {
            if let Some(value) = fields.remove(&field.name) {
                let ty = index.lower(&field.ty, &scope);
                record.fields.insert(field.name.clone(), self.coerce(value, &ty).shallow());
            }
        }
        let record = share(record);
        self.keep(&record);
        Value::Record(record)
    }

    /// Type arguments of a record, from the values of its fields.
    fn arguments_of(
        &self,
        definition: crate::items::TypeId,
        variant: Option<usize>,
        fields: &BTreeMap<String, Value<'a>>,
    ) -> Vec<crate::types::Ty> {
        use crate::types::{Scope, Ty};
        let index = self.index;
        let ty = index.type_of(definition);
        if ty.generics.is_empty() {
            return Vec::new();
        }
        let mut pattern = Scope::of(ty.module);
        for name in &ty.generics {
            pattern.bind(name.clone(), Ty::Parameter(name.clone()));
        }
        let mut found = Scope::of(ty.module);
        for field in index.fields(definition, variant) {
            if let Some(of_value) = fields.get(&field.name).and_then(|value| type_of(value)) {
                unify(&index.lower(&field.ty, &pattern), &of_value, &mut found);
            }
        }
        if found.bound.is_empty() {
            return Vec::new();
        }
        ty.generics
            .iter()
            .map(|name| found.bound.get(name).cloned().unwrap_or(Ty::Unknown))
            .collect()
    }

    pub fn member(&mut self, base: &Value<'a>, member: &Member) -> Value<'a> {
        let name = member_name(member);
        match base {
            Value::Record(record) => match self.field(record, &name) {
                Some(value) => value,
                // A field of a wrapper around it.
                None => base.clone(),
            },
            Value::Tuple(parts) => match name.parse::<usize>().ok().and_then(|at| parts.get(at)) {
                Some(part) => part.clone(),
                None => base.clone(),
            },
            Value::OneOf(all) => {
                let mut value = Value::Unit;
                for one in all.iter() {
                    value = value.or(self.member(one, member));
                }
                value
            }
            Value::Text(_) => Value::text(Texts::unknown()),
            other => other.clone(),
        }
    }

    /// A field of a record: what was set, else what its type says.
    pub fn field(&mut self, record: &Record<'a>, name: &str) -> Option<Value<'a>> {
        if let Some(value) = record.fields.get(name) {
            return Some(value.clone());
        }
        let field = self
            .index
            .fields(record.definition, record.variant)
            .iter()
            .find(|field| field.name == name)?;
        let scope = self.scope_of(record);
        let ty = self.index.lower(&field.ty, &scope);
        Some(self.value_of(&ty))
    }

    /// What type parameters mean inside a record.
    pub fn scope_of(&self, record: &Record<'a>) -> Scope {
        let definition = self.index.type_of(record.definition);
        let mut scope = Scope::of(definition.module);
        for (at, name) in definition.generics.iter().enumerate() {
            let ty = record.arguments.get(at).cloned();
            scope.bind(name.clone(), ty.unwrap_or(Ty::foreign("std")));
        }
        scope.own = Some(Ty::Own(record.definition, record.arguments.clone()));
        scope
    }

    /// The definition that a path names, if it is a struct, an enum or one of its variants.
    pub fn constructor(
        &self,
        path: &syn::Path,
        scope: &Scope,
    ) -> Option<(TypeId, Option<usize>, Vec<Ty>)> {
        let names = segments(path);
        let last = path.segments.last()?;
        let arguments = self.index.arguments(&last.arguments, scope, 0);
        if names.first().is_some_and(|first| first == "Self") {
            let Some(Ty::Own(id, own)) = &scope.own else {
                return None;
            };
            let variant = match (names.get(1), &self.index.type_of(*id).shape) {
                (Some(name), Shape::Enum(variants)) => {
                    Some(variants.iter().position(|variant| variant.name == *name)?)
                }
                (Some(_), Shape::Struct(_)) => return None,
                (None, _) => None,
            };
            return Some((*id, variant, own.clone()));
        }
        let Resolved::Own(found, rest) = self.index.resolve(scope.module, &names) else {
            return None;
        };
        let own = |id: TypeId| match &scope.own {
            Some(Ty::Own(same, own)) if *same == id && arguments.is_empty() => own.clone(),
            _ => arguments.clone(),
        };
        found.iter().find_map(|one| match one {
            Definition::Type(id) if rest.is_empty() => Some((*id, None, own(*id))),
            Definition::Variant(id, at) if rest.is_empty() => Some((*id, Some(*at), Vec::new())),
            Definition::Alias(id) => {
                let alias = &self.index.aliases[id.0];
                match self.index.lower(&alias.ty, &Scope::of(alias.module)) {
                    Ty::Own(id, own) if rest.is_empty() => Some((id, None, own)),
                    Ty::Own(id, _) => match &self.index.type_of(id).shape {
                        Shape::Enum(variants) => {
                            let at = variants
                                .iter()
                                .position(|variant| Some(&variant.name) == rest.first())?;
                            Some((id, Some(at), Vec::new()))
                        }
                        Shape::Struct(_) => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        })
    }
}

pub fn member_name(member: &Member) -> String {
    match member {
        Member::Named(name) => crate::modules::plain(name),
        Member::Unnamed(index) => index.index.to_string(),
    }
}
