//! Types, as far as they decide what a method call reaches. Wrappers such as `Arc<T>`, `Option<T>` and `&T` are their `T`.

use std::collections::BTreeMap;
use std::rc::Rc;

use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound};

use crate::catalogue::service_of;
use crate::items::{Definition, Index, ModuleId, Owner, TraitId, TypeId};
use crate::names::{Resolved, segments};

#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Ty {
    /// A struct or enum of the project with its type arguments.
    Own(TypeId, Vec<Ty>),
    /// A client of the SDK, by service.
    Client(Rc<str>),
    /// Another type of the SDK: service, path in its crate.
    Sdk(Rc<str>, Rc<[String]>),
    Text,
    /// Something that implements traits of the project.
    Object(Vec<TraitId>),
    /// Something that can be called, and what it gives.
    Callable(Box<Ty>),
    Tuple(Vec<Ty>),
    Many(Box<Ty>),
    Map(Box<Ty>, Box<Ty>),
    Parameter(String),
    /// A type of another crate: crate, last name.
    Foreign(Rc<str>, Rc<str>),
    Unknown,
}

/// What names of types mean at a place.
#[derive(Clone, Debug)]
pub struct Scope {
    pub module: ModuleId,
    pub bound: Rc<BTreeMap<String, Ty>>,
    pub own: Option<Ty>,
    pub owner: Owner,
}

impl Scope {
    pub fn of(module: ModuleId) -> Self {
        Self { module, bound: Rc::default(), own: None, owner: Owner::Nothing }
    }

    pub fn bind(&mut self, name: String, ty: Ty) {
        Rc::make_mut(&mut self.bound).insert(name, ty);
    }
}

/// Types are not followed deeper than this.
const DEEPEST: usize = 16;

impl Ty {
    pub fn foreign(krate: &str) -> Self {
        Self::Foreign(krate.into(), "".into())
    }

    /// Whether a value of the type can lead to a client or to code of the project.
    pub fn matters(&self) -> bool {
        match self {
            Self::Foreign(..) | Self::Unknown => false,
            Self::Tuple(parts) => parts.iter().any(Self::matters),
            Self::Many(inner) => inner.matters(),
            Self::Map(_, value) => value.matters(),
            _ => true,
        }
    }
}

impl Index {
    pub fn lower(&self, ty: &Type, scope: &Scope) -> Ty {
        self.lower_at(ty, scope, 0)
    }

    fn lower_at(&self, ty: &Type, scope: &Scope, depth: usize) -> Ty {
        if depth > DEEPEST {
            return Ty::Unknown;
        }
        let inner = |ty: &Type| self.lower_at(ty, scope, depth + 1);
        match ty {
            Type::Reference(ty) => inner(&ty.elem),
            Type::Paren(ty) => inner(&ty.elem),
            Type::Group(ty) => inner(&ty.elem),
            Type::Ptr(ty) => inner(&ty.elem),
            Type::Array(ty) => Ty::Many(Box::new(inner(&ty.elem))),
            Type::Slice(ty) => Ty::Many(Box::new(inner(&ty.elem))),
            Type::Tuple(ty) if ty.elems.is_empty() => Ty::foreign("std"),
            Type::Tuple(ty) => Ty::Tuple(ty.elems.iter().map(inner).collect()),
            Type::FnPtr(ty) => Ty::Callable(Box::new(self.output(&ty.output, scope, depth))),
            Type::ImplTrait(ty) => self.bounds(ty.bounds.iter(), scope, depth),
            Type::TraitObject(ty) => self.bounds(ty.bounds.iter(), scope, depth),
            Type::Path(ty) => self.lower_path(ty, scope, depth),
            Type::Infer(_) => Ty::Unknown,
            _ => Ty::foreign("std"),
        }
    }

    fn output(&self, output: &ReturnType, scope: &Scope, depth: usize) -> Ty {
        match output {
            ReturnType::Default => Ty::foreign("std"),
            ReturnType::Type(_, ty) => self.lower_at(ty, scope, depth + 1),
        }
    }

    /// What a function gives.
    pub fn result_type(&self, output: &ReturnType, scope: &Scope) -> Ty {
        self.output(output, scope, 0)
    }

    /// A type known by its bounds alone.
    pub fn bounds<'b>(
        &self,
        bounds: impl Iterator<Item = &'b TypeParamBound>,
        scope: &Scope,
        depth: usize,
    ) -> Ty {
        let mut traits = Vec::new();
        let mut other = None;
        for bound in bounds {
            let TypeParamBound::Trait(bound) = bound else {
                continue;
            };
            let Some(last) = bound.path.segments.last() else {
                continue;
            };
            if let PathArguments::Parenthesized(arguments) = &last.arguments {
                other = Some(Ty::Callable(Box::new(self.output(&arguments.output, scope, depth))));
                continue;
            }
            if let Resolved::Own(found, _) = self.resolve(scope.module, &segments(&bound.path)) {
                traits.extend(found.iter().filter_map(|one| match one {
                    Definition::Trait(id) => Some(*id),
                    _ => None,
                }));
            }
            // `Future<Output = T>`, `Iterator<Item = T>`.
            if let PathArguments::AngleBracketed(arguments) = &last.arguments {
                for argument in &arguments.args {
                    if let GenericArgument::AssocType(pair) = argument {
                        let ty = self.lower_at(&pair.ty, scope, depth + 1);
                        other =
                            Some(if pair.ident == "Item" { Ty::Many(Box::new(ty)) } else { ty });
                    }
                }
            }
            let text = ["AsRef", "Into", "Display", "ToString", "Borrow"];
            if other.is_none() && text.iter().any(|name| last.ident == name) {
                other = self
                    .arguments(&last.arguments, scope, depth)
                    .into_iter()
                    .next()
                    .or(Some(Ty::foreign("std")));
            }
        }
        if traits.is_empty() {
            other.unwrap_or_else(|| Ty::foreign("std"))
        } else {
            Ty::Object(traits)
        }
    }

    pub fn arguments(&self, arguments: &PathArguments, scope: &Scope, depth: usize) -> Vec<Ty> {
        let PathArguments::AngleBracketed(arguments) = arguments else {
            return Vec::new();
        };
        arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(self.lower_at(ty, scope, depth + 1)),
                GenericArgument::AssocType(pair) => Some(self.lower_at(&pair.ty, scope, depth + 1)),
                _ => None,
            })
            .collect()
    }

    fn lower_path(&self, ty: &syn::TypePath, scope: &Scope, depth: usize) -> Ty {
        let names = segments(&ty.path);
        if let Some(qself) = &ty.qself {
            let own = self.lower_at(&qself.ty, scope, depth + 1);
            let last = names.last().cloned().unwrap_or_default();
            return self.associated(&own, &last, scope, depth);
        }
        let arguments = || {
            ty.path
                .segments
                .last()
                .map(|last| self.arguments(&last.arguments, scope, depth))
                .unwrap_or_default()
        };
        if names.first().is_some_and(|first| first == "Self") {
            let own = scope.own.clone().unwrap_or(Ty::Unknown);
            return match names.get(1) {
                None => own,
                Some(name) => self.associated(&own, name, scope, depth),
            };
        }
        if let Some(bound) = names.first().and_then(|first| scope.bound.get(first)) {
            return match names.get(1) {
                None => bound.clone(),
                Some(name) => self.associated(&bound.clone(), name, scope, depth),
            };
        }
        match self.resolve(scope.module, &names) {
            Resolved::Own(found, rest) if rest.is_empty() => {
                self.lower_definition(&found, arguments(), scope, depth)
            }
            Resolved::Foreign(path) => foreign(&path, arguments()),
            _ if names.len() == 1 => foreign(&["std".to_owned(), names[0].clone()], arguments()),
            _ => Ty::foreign("?"),
        }
    }

    /// A type of an impl, such as `Self::Output`.
    fn associated(&self, own: &Ty, name: &str, scope: &Scope, depth: usize) -> Ty {
        let Ty::Own(id, _) = own else {
            return Ty::Unknown;
        };
        let impls = self.impls_by_head.get(&crate::items::Head::Type(*id));
        let alias = impls.into_iter().flatten().find_map(|id| self.impls[id.0].aliases.get(name));
        let Some(alias) = alias else {
            return Ty::Unknown;
        };
        let alias = &self.aliases[alias.0];
        let mut inside = Scope::of(alias.module);
        inside.own = Some(own.clone());
        inside.bound = scope.bound.clone();
        self.lower_at(&alias.ty, &inside, depth + 1)
    }

    fn lower_definition(
        &self,
        found: &[Definition],
        arguments: Vec<Ty>,
        scope: &Scope,
        depth: usize,
    ) -> Ty {
        for one in found {
            match one {
                Definition::Type(id) => return Ty::Own(*id, arguments),
                Definition::Variant(id, _) => return Ty::Own(*id, Vec::new()),
                Definition::Alias(id) => {
                    let alias = &self.aliases[id.0];
                    let mut inside = Scope::of(alias.module);
                    for (name, ty) in alias.generics.iter().zip(arguments.iter()) {
                        inside.bind(name.clone(), ty.clone());
                    }
                    return self.lower_at(&alias.ty, &inside, depth + 1);
                }
                Definition::Trait(id) => return Ty::Object(vec![*id]),
                _ => {}
            }
        }
        let _ = scope;
        Ty::Unknown
    }
}

/// A type of another crate.
fn foreign(path: &[String], arguments: Vec<Ty>) -> Ty {
    if let Some(at) = path.iter().position(|part| part.starts_with("aws_sdk_")) {
        let service = service_of(&path[at]).unwrap_or_default();
        let rest = &path[at + 1..];
        if rest.last().is_some_and(|last| last == "Client") {
            return Ty::Client(service.as_str().into());
        }
        return Ty::Sdk(service.as_str().into(), rest.into());
    }
    let krate = path.first().map_or("?", String::as_str);
    let name = path.last().map_or("", String::as_str);
    let mut arguments = arguments.into_iter();
    match name {
        "String" | "str" | "OsString" | "PathBuf" if krate == "std" => Ty::Text,
        "HashMap" | "BTreeMap" | "IndexMap" | "DashMap" => {
            match (arguments.next(), arguments.next()) {
                (Some(key), Some(value)) => Ty::Map(Box::new(key), Box::new(value)),
                _ => Ty::Foreign(krate.into(), name.into()),
            }
        }
        "Vec" | "VecDeque" | "HashSet" | "BTreeSet" | "SmallVec" | "LinkedList" => {
            arguments.next().map_or_else(|| Ty::foreign(krate), |inner| Ty::Many(Box::new(inner)))
        }
        "Result" => arguments.next().unwrap_or_else(|| Ty::foreign(krate)),
        _ => arguments.find(Ty::matters).unwrap_or_else(|| Ty::Foreign(krate.into(), name.into())),
    }
}
