//! Gives a value the type of the place that it comes to.

use std::rc::Rc;

use syn::FnArg;

use super::Interpreter;
use super::inference::{agree, type_of};
use crate::types::{Scope, Ty};
use crate::value::Value;

/// Conversions inside conversions are followed to this depth.
const CONVERSIONS: usize = 3;

impl<'a> Interpreter<'a> {
    /// Gives a value the type of the place that it comes to, where it has none of its own.
    pub fn coerce(&mut self, value: Value<'a>, ty: &Ty) -> Value<'a> {
        match (&value, ty) {
            (_, Ty::Unknown | Ty::Foreign(..) | Ty::Parameter(_)) => value,
            (_, Ty::Sdk(..)) if super::attributes::is_marked(&value) => value,
            (Value::Environment(prefix), Ty::Own(id, _)) => {
                let prefix = prefix.clone();
                self.environment_record(*id, &prefix)
            }
            (Value::Record(record), Ty::Own(id, arguments)) if record.definition == *id => {
                if record.arguments.is_empty() && !arguments.is_empty() {
                    let mut record = (**record).clone();
                    record.arguments.clone_from(arguments);
                    let record = Rc::new(record);
                    if !record.fields.is_empty() {
                        self.keep(&record);
                    }
                    return Value::Record(record);
                }
                value
            }
            // `into`, `from` and their like were called on the way.
            (
                Value::Record(_)
                | Value::Tuple(_)
                | Value::Many(_)
                | Value::Map(_)
                | Value::Client(_),
                Ty::Own(..),
            ) if value.digest().has_client && self.converting < CONVERSIONS => {
                self.converted(value, ty)
            }
            (Value::Tuple(_) | Value::Many(_) | Value::Map(_), Ty::Own(..)) => self.value_of(ty),
            (Value::Unknown | Value::Foreign(_) | Value::Unit | Value::Callable(_), _)
            | (Value::Text(_) | Value::Record(_), Ty::Own(..) | Ty::Client(_))
            | (Value::Object(_), Ty::Own(..)) => self.value_of(ty),
            (Value::Tuple(parts), Ty::Tuple(types)) if parts.len() == types.len() => {
                let parts: Vec<Value<'a>> = parts.to_vec();
                Value::tuple(
                    parts.into_iter().zip(types).map(|(part, ty)| self.coerce(part, ty)).collect(),
                )
            }
            (Value::Many(inner), Ty::Many(ty)) => {
                let inner = self.coerce((***inner).clone(), ty);
                Value::many(inner)
            }
            (Value::Many(inner), Ty::Map(..)) => match &***inner {
                Value::Tuple(parts) if parts.len() == 2 => {
                    Value::map(parts[0].clone(), parts[1].clone())
                }
                _ => value,
            },
            (Value::OneOf(all), Ty::Own(..) | Ty::Client(_)) => {
                let kept: Vec<Value<'a>> = all
                    .iter()
                    .filter(|one| {
                        matches!(one, Value::Record(_) | Value::Client(_) | Value::Environment(_))
                    })
                    .cloned()
                    .collect();
                let coerced: Vec<Value<'a>> =
                    kept.into_iter().map(|one| self.coerce(one, ty)).collect();
                coerced.into_iter().reduce(Value::or).unwrap_or_else(|| self.value_of(ty))
            }
            _ => value,
        }
    }

    /// Gives each argument the type that the function declares, where its value says nothing.
    pub fn coerced(
        &mut self,
        id: crate::items::FunctionId,
        arguments: Vec<Value<'a>>,
        scope: &Rc<Scope>,
    ) -> Vec<Value<'a>> {
        let inputs = &self.index.function(id).signature.inputs;
        let mut arguments = arguments.into_iter();
        inputs
            .iter()
            .map(|input| {
                let argument = arguments.next();
                match (input, argument) {
                    (FnArg::Receiver(_), Some(value)) => value,
                    (FnArg::Typed(typed), Some(value)) => {
                        let ty = self.index.lower(&typed.ty, scope);
                        self.coerce(value, &ty)
                    }
                    (input, None) => self.typed_argument(input, scope),
                }
            })
            .collect()
    }

    /// What the conversions of a type make of a value.
    fn converted(&mut self, value: Value<'a>, ty: &Ty) -> Value<'a> {
        let index = self.index;
        let mut made = Value::Unit;
        for name in ["from", "try_from", "from_str"] {
            for (id, scope) in self.functions_of(ty, name) {
                let function = index.function(id);
                let of_foreign_trait = index.impl_of(id).is_some_and(|owner| {
                    matches!(owner.implemented, crate::items::TraitOfImpl::Foreign(_))
                });
                let Some(FnArg::Typed(input)) = function.signature.inputs.first() else {
                    continue;
                };
                let takes = index.lower(&input.ty, &scope);
                let fits = type_of(&value).is_none_or(|found| agree(&[takes], &[found]));
                if of_foreign_trait && fits {
                    self.converting += 1;
                    made = made.or(self.call(id, vec![value.clone()], &scope));
                    self.converting -= 1;
                }
            }
        }
        match (made, &value) {
            (Value::Unit, Value::Client(_)) => value,
            (Value::Unit, _) => self.value_of(ty),
            (made, _) => made,
        }
    }
}
