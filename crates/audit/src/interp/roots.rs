//! Code that is not called by name: handlers in tables, traits of other crates, what attributes register.

use std::collections::{BTreeSet, HashSet};

use syn::{GenericArgument, PathArguments, Type};

use super::Interpreter;
use crate::items::{CrateId, FunctionId, Head, Owner, TraitOfImpl};
use crate::report::Candidates;
use crate::types::{Scope, Ty};
use crate::value::Value;

/// Rounds of looking for what new code mentions.
const ROUNDS: usize = 12;

impl Interpreter<'_> {
    /// Evaluates whatever can be reached without a call in the source.
    pub fn roots(&mut self) {
        let mut done = HashSet::new();
        for _ in 0..ROUNDS {
            let before = (self.called.len(), self.closures_called.len(), done.len());
            self.mentioned_functions();
            self.uncalled_closures();
            self.foreign_traits(&mut done);
            self.registered(&mut done);
            if before == (self.called.len(), self.closures_called.len(), done.len()) {
                break;
            }
        }
    }

    fn mentioned_functions(&mut self) {
        let waiting: Vec<FunctionId> =
            self.mentioned.iter().copied().filter(|id| !self.called.contains(id)).collect();
        for id in waiting {
            let scope = Scope::of(self.index.function(id).module);
            self.call_typed(id, &scope);
            self.called.insert(id);
        }
    }

    fn uncalled_closures(&mut self) {
        let waiting: Vec<_> = std::mem::take(&mut self.closures);
        for closure in waiting {
            if !self.closures_called.contains_key(&std::ptr::from_ref(closure.node).addr()) {
                self.give(&Value::Closure(closure), &Value::foreign("std"));
            }
        }
    }

    /// Methods of other crates' traits, for types that exist.
    fn foreign_traits(&mut self, done: &mut HashSet<FunctionId>) {
        let mut waiting = Vec::new();
        for owner in &self.index.impls {
            let Head::Type(id) = owner.head else { continue };
            let exists = self.seen.contains(&id);
            if !exists && !self.named.contains(&id) {
                continue;
            }
            let is_foreign = matches!(owner.implemented, TraitOfImpl::Foreign(_));
            for function in &owner.functions {
                if exists && is_foreign
                    || owner.is_registered
                    || self.index.function(*function).is_registered
                {
                    waiting.push((*function, id));
                }
            }
        }
        for (function, id) in waiting {
            if !self.called.contains(&function) && done.insert(function) {
                let mut scope = Scope::of(self.index.function(function).module);
                let arguments =
                    self.index.type_of(id).generics.iter().map(|_| Ty::Unknown).collect();
                scope.own = Some(Ty::Own(id, arguments));
                self.call_typed(function, &scope);
            }
        }
    }

    /// Free functions with attributes of other crates, in crates that the program enters.
    fn registered(&mut self, done: &mut HashSet<FunctionId>) {
        let entered: BTreeSet<CrateId> = self
            .called
            .iter()
            .map(|id| self.index.module(self.index.function(*id).module).krate)
            .chain(self.entered)
            .collect();
        let waiting: Vec<FunctionId> = (0..self.index.functions.len())
            .map(FunctionId)
            .filter(|id| {
                let function = self.index.function(*id);
                function.is_registered
                    && function.owner == Owner::Nothing
                    && entered.contains(&self.index.module(function.module).krate)
            })
            .collect();
        for id in waiting {
            if !self.called.contains(&id) && done.insert(id) {
                self.call_typed(id, &Scope::of(self.index.function(id).module));
            }
        }
    }

    /// A `main` that a macro of another crate makes.
    pub fn made_main(&mut self, krate: CrateId) {
        let root = self.index.crates[krate.0].root;
        let file = self.index.module(root).file;
        if let Some((name, line)) = self.index.made_mains.get(&krate) {
            self.findings.is_served |= name.contains("lambda");
            let has_registered = self.index.functions.iter().any(|function| {
                function.is_registered && self.index.module(function.module).krate == krate
            });
            if !has_registered {
                let reason = format!("`main` is made by the macro {name}");
                self.unresolved((file, *line), &reason, Candidates::Any);
            }
        } else {
            let has_registered = self.index.functions.iter().any(|function| {
                function.is_registered && self.index.module(function.module).krate == krate
            });
            if !has_registered {
                self.unresolved(
                    (file, 1),
                    "there is no `main` that could be read",
                    Candidates::Any,
                );
            }
        }
    }

    /// Names of types in a parameter: an event says what triggers the function.
    pub fn note_event(&mut self, ty: &Type) {
        match ty {
            Type::Reference(ty) => self.note_event(&ty.elem),
            Type::Path(ty) => {
                for segment in &ty.path.segments {
                    self.findings.events.insert(segment.ident.to_string());
                    if let PathArguments::AngleBracketed(arguments) = &segment.arguments {
                        for argument in &arguments.args {
                            if let GenericArgument::Type(ty) = argument {
                                self.note_event(ty);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
}
