//! What a place in the program can hold, as far as it decides which calls are made.

mod join;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use syn::ExprClosure;

use crate::items::{FunctionId, TraitId, TypeId};
use crate::strings::Texts;
use crate::types::{Scope, Ty};

pub use crate::request::{Kind, Request};
pub use shared::{Digest, Either, Shared, share};

/// An abstract value. Wrappers such as `Option`, `Arc` and futures are what they hold.
#[derive(Clone)]
pub enum Value<'a> {
    Unit,
    /// Nothing is known, not even which crate made it.
    Unknown,
    /// Made by another crate.
    Foreign(Rc<str>),
    Text(Rc<Texts>),
    Client(Rc<str>),
    Request(Rc<Request>),
    Record(Shared<Record<'a>>),
    /// Implements a trait of the project; no implementor is known to exist.
    Object(TraitId),
    Tuple(Shared<Vec<Value<'a>>>),
    Many(Shared<Value<'a>>),
    Map(Shared<(Value<'a>, Value<'a>)>),
    Function(FunctionId, Rc<Scope>),
    Closure(Shared<Closure<'a>>),
    /// Can be called; what it is, is not known.
    Callable(Rc<Ty>),
    /// Routes of a router, and the methods of one route.
    Router(Rc<BTreeSet<String>>),
    Methods(Rc<BTreeSet<String>>),
    /// To be filled from the environment when its type is known; the prefix of the variables.
    Environment(Rc<str>),
    OneOf(Shared<Either<'a>>),
}

/// A struct or a variant of an enum.
#[derive(Clone)]
pub struct Record<'a> {
    pub definition: TypeId,
    pub variant: Option<usize>,
    pub arguments: Vec<Ty>,
    /// Fields that were seen to be set; others have what their type says.
    pub fields: BTreeMap<String, Value<'a>>,
}

pub struct Closure<'a> {
    pub node: &'a ExprClosure,
    pub captured: BTreeMap<String, Value<'a>>,
    pub scope: Rc<Scope>,
    pub file: usize,
    pub function: Option<FunctionId>,
}

impl Value<'_> {
    pub fn text(texts: Texts) -> Self {
        Self::Text(Rc::new(texts))
    }

    pub fn foreign(krate: &str) -> Self {
        Self::Foreign(krate.into())
    }

    pub fn literal(text: &str) -> Self {
        Self::text(Texts::literal(text))
    }

    pub fn alternatives(&self) -> Vec<Self> {
        match self {
            Self::OneOf(all) => all.to_vec(),
            other => vec![other.clone()],
        }
    }

    pub fn tuple(parts: Vec<Self>) -> Self {
        Self::Tuple(share(parts.into_iter().map(Self::held).collect()))
    }

    pub fn many(inner: Self) -> Self {
        Self::Many(share(inner.held()))
    }

    pub fn map(key: Self, value: Self) -> Self {
        Self::Map(share((key.held(), value.held())))
    }

    /// Whether it can lead to a client, to code of the project or to a name of a table.
    pub fn matters(&self) -> bool {
        match self {
            Self::Unit | Self::Unknown | Self::Foreign(_) => false,
            Self::Tuple(_) | Self::Many(_) | Self::Map(_) | Self::OneOf(_) => self.digest().matters,
            _ => true,
        }
    }

    /// Whether it is more than a text.
    pub fn is_thing(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Tuple(_) | Self::Many(_) | Self::Map(_) | Self::OneOf(_) => {
                self.digest().is_thing
            }
            other => other.matters(),
        }
    }

    pub fn hash(&self) -> u64 {
        self.digest().hash
    }

    pub fn digest(&self) -> Digest {
        match self {
            Self::Record(record) => record.digest().of_kind(1),
            Self::Closure(closure) => closure.digest().of_kind(2),
            Self::Tuple(parts) => parts.digest().of_kind(3),
            Self::Many(inner) => inner.digest().of_kind(4),
            Self::Map(pair) => pair.digest().of_kind(5),
            Self::OneOf(all) => all.digest().of_kind(6),
            _ => {
                let mut hasher = DefaultHasher::new();
                self.hash_plain(&mut hasher);
                let matters = !matches!(self, Self::Unit | Self::Unknown | Self::Foreign(_));
                Digest {
                    hash: hasher.finish(),
                    matters,
                    is_thing: matters && !matches!(self, Self::Text(_)),
                    has_client: match self {
                        Self::Client(_) => true,
                        Self::Foreign(krate) => matches!(&**krate, "aws_config" | "aws_types"),
                        _ => false,
                    },
                    can_be_given: matches!(
                        self,
                        Self::Function(..) | Self::Callable(_) | Self::Router(_)
                    ),
                    ..Digest::default()
                }
            }
        }
    }

    /// Of what holds no other value.
    fn hash_plain(&self, hasher: &mut DefaultHasher) {
        std::mem::discriminant(self).hash(hasher);
        match self {
            Self::Foreign(name) | Self::Client(name) | Self::Environment(name) => name.hash(hasher),
            Self::Text(texts) => texts.hash(hasher),
            Self::Request(request) => request.hash(hasher),
            Self::Object(id) => id.hash(hasher),
            Self::Function(id, scope) => (id, &scope.bound, &scope.own).hash(hasher),
            Self::Callable(ty) => ty.hash(hasher),
            Self::Router(routes) | Self::Methods(routes) => routes.hash(hasher),
            _ => {}
        }
    }

    /// What a collection holds.
    pub fn element(&self) -> Self {
        match self {
            Self::Many(inner) => (***inner).clone(),
            Self::Map(pair) => Self::tuple(vec![pair.0.clone(), pair.1.clone()]),
            Self::OneOf(all) => {
                all.iter().map(Self::element).reduce(Self::or).unwrap_or(Self::Unit)
            }
            other => other.clone(),
        }
    }
}
