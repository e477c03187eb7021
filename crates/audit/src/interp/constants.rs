//! Constants and statics; a static keeps what is put into it.

use std::collections::BTreeMap;
use std::rc::Rc;

use syn::ExprPath;

use super::paths::Target;
use super::{Frame, Interpreter};
use crate::items::{ConstantId, Owner};
use crate::types::{Scope, Ty};
use crate::value::Value;

impl<'a> Interpreter<'a> {
    /// The value of a `const` or `static`.
    pub fn constant(&mut self, id: ConstantId, scope: &Scope) -> Value<'a> {
        let own = scope.own.clone();
        let key = (
            id.0,
            crate::value::Value::Callable(Rc::new(own.clone().unwrap_or(Ty::Unknown))).hash(),
        );
        let stored = self.statics.get(&id.0).cloned();
        if let Some(known) = self.constants.get(&key) {
            return match stored {
                Some(stored) => known.clone().or(stored),
                None => known.clone(),
            };
        }
        let definition = &self.index.constants[id.0];
        let mut scope = Scope::of(definition.module);
        scope.own = own.or_else(|| match definition.owner {
            Owner::Impl(owner) => {
                let owner = &self.index.impls[owner.0];
                Some(self.index.lower(&owner.self_type, &Scope::of(owner.module)))
            }
            _ => None,
        });
        let ty = definition.ty.as_ref().map_or(Ty::Unknown, |ty| self.index.lower(ty, &scope));
        if !self.constants_active.insert(id.0) {
            return self.value_of(&ty);
        }
        let mut frame = Frame {
            scope: Rc::new(scope),
            file: definition.file,
            function: None,
            locals: vec![BTreeMap::new()],
            returned: Value::Unit,
            broken: Value::Unit,
            branches: 0,
        };
        let mut value = match &definition.value {
            Some(expression) => self.expression(&mut frame, expression),
            None => Value::Unit,
        };
        self.constants_active.remove(&id.0);
        // A lazy static holds what its closure gives.
        if matches!(value, Value::Closure(_) | Value::Function(..))
            && !matches!(ty, Ty::Callable(_))
        {
            value = self.invoke(&value, Vec::new());
        }
        let value = match stored {
            Some(stored) if !value.matters() => stored,
            Some(stored) => value.or(stored),
            None => value,
        };
        let value = self.coerce(value, &ty);
        self.constants.insert(key, value.clone());
        value
    }

    /// Puts a value into a static.
    pub fn set_static(&mut self, frame: &Frame<'a>, path: &'a ExprPath, value: Value<'a>) {
        if !value.matters() {
            return;
        }
        if let Target::Constant(id, _) = self.target(frame, path) {
            let known = self.statics.get(&id.0).cloned().unwrap_or(Value::Unit);
            let before = known.hash();
            let after = known.or(value);
            if after.hash() != before {
                self.changed = true;
                self.statics.insert(id.0, after);
                self.constants.retain(|(known, _), _| *known != id.0);
            }
        }
    }
}
