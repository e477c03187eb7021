//! What a path in an expression leads to.

use std::collections::BTreeMap;
use std::rc::Rc;

use syn::{ExprPath, PathArguments};

use super::{Frame, Interpreter};
use crate::items::{ConstantId, Definition, FunctionId, Shape, TraitId, TypeId};
use crate::names::{Resolved, segments};
use crate::types::{Scope, Ty};
use crate::value::Value;

const PRIMITIVES: [&str; 17] = [
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64", "bool", "char", "str",
];

/// What is called by a path.
pub enum Target<'a> {
    Functions(Vec<(FunctionId, Rc<Scope>)>),
    Constructor(TypeId, Option<usize>, Vec<Ty>),
    /// A function of a type of the project that no source defines: a derive makes it.
    Derived(TypeId, Vec<Ty>, String),
    /// A method of a trait, called by its path.
    OfTrait(TraitId, String),
    Foreign(Vec<String>),
    Constant(ConstantId, Rc<Scope>),
    Value(Value<'a>),
}

impl<'a> Interpreter<'a> {
    pub fn path_value(&mut self, frame: &mut Frame<'a>, path: &'a ExprPath) -> Value<'a> {
        match self.target(frame, path) {
            Target::Value(value) => value,
            Target::Functions(found) => {
                let mut value = Value::Unit;
                for (id, scope) in found {
                    self.mentioned.insert(id);
                    value = value.or(Value::Function(id, scope));
                }
                value
            }
            Target::Constructor(id, variant, arguments) => {
                if self.index.fields(id, variant).is_empty() {
                    self.record(id, variant, arguments, BTreeMap::new())
                } else {
                    self.value_of(&Ty::Own(id, arguments))
                }
            }
            Target::Derived(id, arguments, _) => self.value_of(&Ty::Own(id, arguments)),
            Target::OfTrait(id, name) => {
                let mut value = Value::Unit;
                for (id, scope) in self.implementations(id, &name) {
                    self.mentioned.insert(id);
                    value = value.or(Value::Function(id, scope));
                }
                value
            }
            Target::Foreign(path) => match path.as_slice() {
                [first, .., owner, last] if first == "aws_sdk_dynamodb" => {
                    super::attributes::marked(owner, last).unwrap_or_else(|| Value::foreign(first))
                }
                _ => Value::foreign(path.first().map_or("?", String::as_str)),
            },
            Target::Constant(id, scope) => self.constant(id, &scope),
        }
    }

    /// What a path leads to in an expression.
    pub fn target(&mut self, frame: &Frame<'a>, node: &'a ExprPath) -> Target<'a> {
        let names = segments(&node.path);
        let scope = &frame.scope;
        if let Some(qself) = &node.qself {
            let own = self.index.lower(&qself.ty, scope);
            let last = names.last().cloned().unwrap_or_default();
            return self.associated(&own, &last, scope, node);
        }
        if let [name] = names.as_slice()
            && let Some(value) = frame.get(name)
        {
            return Target::Value(value.clone());
        }
        if let Some((id, variant, arguments)) = self.constructor(&node.path, scope) {
            return Target::Constructor(id, variant, arguments);
        }
        if let [first, name] = names.as_slice() {
            let own =
                if first == "Self" { scope.own.clone() } else { scope.bound.get(first).cloned() };
            if let Some(own) = own {
                return self.associated(&own, name, scope, node);
            }
        }
        match self.index.resolve(scope.module, &names) {
            Resolved::Own(found, rest) => self.own_target(&found, &rest, frame, node),
            Resolved::Foreign(path) => Target::Foreign(path),
            Resolved::Nothing => {
                // Names of the prelude; a module that nothing declares is made by something that is not read.
                let is_module = names.len() > 1
                    && names[0].starts_with(|first: char| first.is_ascii_lowercase())
                    && !PRIMITIVES.contains(&names[0].as_str());
                let krate = if is_module { "?" } else { "std" };
                let path = std::iter::once(krate.to_owned()).chain(names).collect();
                Target::Foreign(path)
            }
        }
    }

    fn own_target(
        &mut self,
        found: &[Definition],
        rest: &[String],
        frame: &Frame<'a>,
        node: &'a ExprPath,
    ) -> Target<'a> {
        if rest.is_empty() {
            let functions: Vec<(FunctionId, Rc<Scope>)> = found
                .iter()
                .filter_map(|one| match one {
                    Definition::Function(id) => {
                        Some((*id, self.turbofished(*id, frame, node, None)))
                    }
                    _ => None,
                })
                .collect();
            if !functions.is_empty() {
                return Target::Functions(functions);
            }
            for one in found {
                if let Definition::Constant(id) = one {
                    return Target::Constant(*id, Rc::new(Scope::of(frame.scope.module)));
                }
            }
            return Target::Value(Value::foreign("std"));
        }
        let [name] = rest else {
            return Target::Value(Value::Unknown);
        };
        for one in found {
            match one {
                Definition::Type(_) | Definition::Alias(_) => {
                    let count = node.path.segments.len();
                    let arguments = count
                        .checked_sub(2)
                        .and_then(|at| node.path.segments.get(at))
                        .map(|segment| self.index.arguments(&segment.arguments, &frame.scope, 0))
                        .unwrap_or_default();
                    let own = match one {
                        Definition::Type(id) => {
                            let arguments = match &frame.scope.own {
                                Some(Ty::Own(same, own)) if same == id && arguments.is_empty() => {
                                    own.clone()
                                }
                                _ => arguments,
                            };
                            Ty::Own(*id, arguments)
                        }
                        Definition::Alias(id) => {
                            let alias = &self.index.aliases[id.0];
                            let mut inside = Scope::of(alias.module);
                            for (name, ty) in alias.generics.iter().zip(arguments) {
                                inside.bind(name.clone(), ty);
                            }
                            self.index.lower(&alias.ty, &inside)
                        }
                        _ => Ty::Unknown,
                    };
                    return self.associated(&own, name, &frame.scope, node);
                }
                Definition::Trait(id) => return Target::OfTrait(*id, name.clone()),
                _ => {}
            }
        }
        Target::Value(Value::Unknown)
    }

    /// A function or constant of a type.
    fn associated(
        &mut self,
        own: &Ty,
        name: &str,
        scope: &Rc<Scope>,
        node: &'a ExprPath,
    ) -> Target<'a> {
        let found = self.functions_of(own, name);
        if !found.is_empty() {
            let frame_scope = scope.clone();
            let found = found
                .into_iter()
                .map(|(id, inner)| (id, self.turbofish(id, &frame_scope, node, &inner)))
                .collect();
            return Target::Functions(found);
        }
        if let Some((id, inner)) = self.constant_of(own, name) {
            return Target::Constant(id, inner);
        }
        match own {
            Ty::Own(id, arguments) => {
                if let Shape::Enum(variants) = &self.index.type_of(*id).shape
                    && let Some(at) = variants.iter().position(|variant| variant.name == name)
                {
                    return Target::Constructor(*id, Some(at), arguments.clone());
                }
                Target::Derived(*id, arguments.clone(), name.to_owned())
            }
            Ty::Client(service) => Target::Foreign(vec![
                format!("aws_sdk_{service}"),
                "Client".to_owned(),
                name.to_owned(),
            ]),
            Ty::Sdk(service, path) => {
                let mut full = vec![format!("aws_sdk_{service}")];
                full.extend(path.iter().cloned());
                full.push(name.to_owned());
                Target::Foreign(full)
            }
            Ty::Foreign(krate, last) => {
                Target::Foreign(vec![krate.to_string(), last.to_string(), name.to_owned()])
            }
            Ty::Object(traits) => match traits.first() {
                Some(first) => Target::OfTrait(*first, name.to_owned()),
                None => Target::Value(Value::foreign("std")),
            },
            _ => Target::Foreign(vec!["std".to_owned(), String::new(), name.to_owned()]),
        }
    }

    fn turbofished(
        &self,
        id: FunctionId,
        frame: &Frame<'a>,
        node: &'a ExprPath,
        own: Option<Ty>,
    ) -> Rc<Scope> {
        let mut scope = Scope::of(self.index.function(id).module);
        scope.own = own;
        self.turbofish(id, &frame.scope, node, &scope)
    }

    /// Binds what `::<…>` after a function's name says.
    fn turbofish(
        &self,
        id: FunctionId,
        outer: &Scope,
        node: &'a ExprPath,
        inner: &Scope,
    ) -> Rc<Scope> {
        let mut scope = inner.clone();
        if let Some(last) = node.path.segments.last() {
            self.bind_turbofish(id, &last.arguments, outer, &mut scope);
        }
        Rc::new(scope)
    }

    pub fn bind_turbofish(
        &self,
        id: FunctionId,
        arguments: &PathArguments,
        outer: &Scope,
        scope: &mut Scope,
    ) {
        let given = self.index.arguments(arguments, outer, 0);
        let generics = &self.index.function(id).signature.generics;
        for (parameter, ty) in generics.type_params().zip(given) {
            if ty != Ty::Unknown {
                scope.bind(parameter.ident.to_string(), ty);
            }
        }
    }
}
