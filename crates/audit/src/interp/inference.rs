//! Types of values, and what type parameters stand for.

use std::collections::BTreeSet;

use syn::{FnArg, Type};

use super::Interpreter;
use crate::items::FunctionId;
use crate::types::{Scope, Ty};
use crate::value::Value;

impl<'a> Interpreter<'a> {
    /// Binds the type parameters of a function by its arguments.
    pub fn infer(&self, id: FunctionId, arguments: &[Value<'a>], scope: &mut Scope) {
        let function = self.index.function(id);
        let mut names: BTreeSet<String> = function
            .signature
            .generics
            .type_params()
            .map(|parameter| parameter.ident.to_string())
            .collect();
        let outer = self.index.impl_of(id);
        if let Some(outer) = outer {
            names.extend(outer.generics.type_params().map(|parameter| parameter.ident.to_string()));
        }
        names.retain(|name| !scope.bound.contains_key(name));
        if names.is_empty() {
            return;
        }
        let mut pattern = Scope::of(function.module);
        pattern.own.clone_from(&scope.own);
        for name in &names {
            pattern.bind(name.clone(), Ty::Parameter(name.clone()));
        }
        for (input, argument) in function.signature.inputs.iter().zip(arguments) {
            let Some(found) = type_of(argument) else {
                continue;
            };
            match input {
                FnArg::Typed(typed) => {
                    let declared = match &*typed.ty {
                        Type::ImplTrait(_) => continue,
                        ty => self.index.lower(ty, &pattern),
                    };
                    unify(&declared, &found, scope);
                }
                FnArg::Receiver(_) => {
                    if let Some(outer) = outer {
                        let declared = self.index.lower(&outer.self_type, &pattern);
                        unify(&declared, &found, scope);
                    }
                }
            }
        }
    }
}

/// Values inside values have types to this depth.
const DEEPEST: u16 = 8;

/// The type of a value, as far as it has one.
pub fn type_of(value: &Value<'_>) -> Option<Ty> {
    if value.digest().parts > DEEPEST && !matches!(value, Value::Record(_)) {
        return None;
    }
    match value {
        Value::Record(record) => Some(Ty::Own(record.definition, record.arguments.clone())),
        Value::Client(service) => Some(Ty::Client(service.clone())),
        Value::Text(_) => Some(Ty::Text),
        Value::Object(id) => Some(Ty::Object(vec![*id])),
        Value::Tuple(parts) => {
            Some(Ty::Tuple(parts.iter().map(|part| type_of(part).unwrap_or(Ty::Unknown)).collect()))
        }
        Value::Many(inner) => Some(Ty::Many(Box::new(type_of(inner)?))),
        Value::OneOf(all) => {
            let mut types = all.iter().filter_map(type_of);
            let first = types.next()?;
            types.all(|ty| ty == first).then_some(first)
        }
        _ => None,
    }
}

/// Whether type arguments can be the same.
pub fn agree(one: &[Ty], other: &[Ty]) -> bool {
    one.iter().zip(other).all(|(one, other)| match (one, other) {
        (Ty::Own(one, inner), Ty::Own(other, also)) => one == other && agree(inner, also),
        (Ty::Client(one), Ty::Client(other)) => one == other,
        (Ty::Own(..), Ty::Text | Ty::Client(_)) | (Ty::Text | Ty::Client(_), Ty::Own(..)) => false,
        _ => true,
    })
}

/// Finds what parameters in a pattern stand for.
pub fn unify(pattern: &Ty, found: &Ty, scope: &mut Scope) {
    match (pattern, found) {
        (Ty::Parameter(name), found)
            if *found != Ty::Unknown && !scope.bound.contains_key(name) =>
        {
            scope.bind(name.clone(), found.clone());
        }
        (Ty::Own(one, inner), Ty::Own(other, also)) if one == other => {
            for (pattern, found) in inner.iter().zip(also) {
                unify(pattern, found, scope);
            }
        }
        (Ty::Many(pattern), Ty::Many(found)) | (Ty::Map(_, pattern), Ty::Map(_, found)) => {
            unify(pattern, found, scope);
        }
        (Ty::Tuple(pattern), Ty::Tuple(found)) => {
            for (pattern, found) in pattern.iter().zip(found) {
                unify(pattern, found, scope);
            }
        }
        _ => {}
    }
}
