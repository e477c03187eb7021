//! What a place in the program can hold, as far as it decides which calls are made.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use syn::ExprClosure;

use crate::items::{FunctionId, TraitId, TypeId};
use crate::strings::Texts;
use crate::types::{Scope, Ty};

pub use crate::request::{Kind, Request};

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
    Record(Rc<Record<'a>>),
    /// Implements a trait of the project; no implementor is known to exist.
    Object(TraitId),
    Tuple(Rc<Vec<Value<'a>>>),
    Many(Rc<Value<'a>>),
    Map(Rc<(Value<'a>, Value<'a>)>),
    Function(FunctionId, Rc<Scope>),
    Closure(Rc<Closure<'a>>),
    /// Can be called; what it is, is not known.
    Callable(Rc<Ty>),
    /// Routes of a router, and the methods of one route.
    Router(Rc<BTreeSet<String>>),
    Methods(Rc<BTreeSet<String>>),
    /// To be filled from the environment when its type is known; the prefix of the variables.
    Environment(Rc<str>),
    OneOf(Rc<Vec<Value<'a>>>),
}

/// A struct or a variant of an enum.
#[derive(Clone)]
pub struct Record<'a> {
    pub definition: TypeId,
    pub variant: Option<usize>,
    pub arguments: Vec<Ty>,
    /// Fields that were seen to be set; others have what their type says.
    pub fields: BTreeMap<String, Value<'a>>,
    pub digest: Digest,
}

/// The hash and the depth of what holds it, once they were asked for: values share their parts, so a tree of them is larger than it looks.
#[derive(Default)]
pub struct Digest(OnceCell<(u64, usize)>);

impl Clone for Digest {
    /// A copy is made to be changed.
    fn clone(&self) -> Self {
        Self::default()
    }
}

pub struct Closure<'a> {
    pub node: &'a ExprClosure,
    pub captured: Rc<BTreeMap<String, Value<'a>>>,
    pub scope: Rc<Scope>,
    pub file: usize,
    pub function: Option<FunctionId>,
    pub digest: Digest,
}

/// Values inside values are told apart to this depth.
const DEEPEST: usize = 7;
/// Records nested deeper are not told apart.
const NESTED: usize = 6;
/// Alternatives beyond this are merged.
const MOST: usize = 10;

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

    /// Whether it can lead to a client, to code of the project or to a name of a table.
    pub fn matters(&self) -> bool {
        match self {
            Self::Unit | Self::Unknown | Self::Foreign(_) => false,
            Self::Many(inner) => inner.matters(),
            Self::Map(pair) => pair.0.matters() || pair.1.matters(),
            Self::Tuple(parts) => parts.iter().any(Self::matters),
            Self::OneOf(all) => all.iter().any(Self::matters),
            _ => true,
        }
    }

    /// Whether it is more than a text.
    pub fn is_thing(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Many(inner) => inner.is_thing(),
            Self::Map(pair) => pair.1.is_thing(),
            Self::Tuple(parts) => parts.iter().any(Self::is_thing),
            Self::OneOf(all) => all.iter().any(Self::is_thing),
            other => other.matters(),
        }
    }

    pub fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash_into(&mut hasher, 0);
        hasher.finish()
    }

    fn hash_into(&self, hasher: &mut DefaultHasher, depth: usize) {
        std::mem::discriminant(self).hash(hasher);
        if depth > DEEPEST {
            return;
        }
        match self {
            Self::Unit | Self::Unknown => {}
            Self::Foreign(krate) => krate.hash(hasher),
            Self::Text(texts) => texts.hash(hasher),
            Self::Client(service) => service.hash(hasher),
            Self::Request(request) => request.hash(hasher),
            Self::Record(record) => record.hashed().0.hash(hasher),
            Self::Object(id) => id.hash(hasher),
            Self::Tuple(parts) => {
                for part in parts.iter() {
                    part.hash_into(hasher, depth + 1);
                }
            }
            Self::Many(inner) => inner.hash_into(hasher, depth + 1),
            Self::Map(pair) => {
                pair.0.hash_into(hasher, depth + 1);
                pair.1.hash_into(hasher, depth + 1);
            }
            Self::Function(id, scope) => (id, &scope.bound, &scope.own).hash(hasher),
            Self::Closure(closure) => {
                closure.hashed().0.hash(hasher);
            }
            Self::Callable(ty) => ty.hash(hasher),
            Self::Router(routes) | Self::Methods(routes) => routes.hash(hasher),
            Self::Environment(prefix) => prefix.hash(hasher),
            Self::OneOf(all) => {
                // Their order says nothing.
                let mut sum = 0_u64;
                for one in all.iter() {
                    let mut inner = DefaultHasher::new();
                    one.hash_into(&mut inner, depth + 1);
                    sum = sum.wrapping_add(inner.finish());
                }
                sum.hash(hasher);
            }
        }
    }

    /// How many records are inside one another.
    fn depth(&self) -> usize {
        match self {
            Self::Record(record) => record.hashed().1,
            Self::Closure(closure) => closure.hashed().1,
            Self::Many(inner) => inner.depth(),
            Self::Map(pair) => pair.0.depth().max(pair.1.depth()),
            Self::Tuple(all) | Self::OneOf(all) => all.iter().map(Self::depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// Without what is nested too deeply to matter: such a record has what its type says.
    pub fn shallow(self) -> Self {
        if self.depth() <= NESTED {
            return self;
        }
        match self {
            Self::Record(record) => Self::Record(Rc::new(Record {
                definition: record.definition,
                variant: record.variant,
                arguments: record.arguments.clone(),
                fields: BTreeMap::new(),
                digest: Digest::default(),
            })),
            Self::Many(inner) => Self::Many(Rc::new((*inner).clone().shallow())),
            Self::Map(pair) => {
                Self::Map(Rc::new((pair.0.clone().shallow(), pair.1.clone().shallow())))
            }
            Self::Tuple(all) => {
                Self::Tuple(Rc::new(all.iter().cloned().map(Self::shallow).collect()))
            }
            Self::OneOf(all) => {
                all.iter().cloned().map(Self::shallow).reduce(Self::or).unwrap_or(Self::Unit)
            }
            other => other,
        }
    }

    /// What is either of the two.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unit | Self::Foreign(_), other) if other.matters() => other,
            (one, Self::Unit | Self::Foreign(_)) if one.matters() => one,
            (Self::Unit, other) => other,
            (one, Self::Unit) => one,
            (Self::Unknown, Self::Foreign(_)) | (Self::Foreign(_), Self::Unknown) => Self::Unknown,
            (Self::Text(one), Self::Text(other)) => Self::text(one.or(&other)),
            (Self::Many(one), Self::Many(other)) => {
                Self::Many(Rc::new((*one).clone().or((*other).clone())))
            }
            (Self::Map(one), Self::Map(other)) => Self::Map(Rc::new((
                one.0.clone().or(other.0.clone()),
                one.1.clone().or(other.1.clone()),
            ))),
            (Self::Tuple(one), Self::Tuple(other)) if one.len() == other.len() => {
                Self::Tuple(Rc::new(
                    one.iter()
                        .zip(other.iter())
                        .map(|(one, other)| one.clone().or(other.clone()))
                        .collect(),
                ))
            }
            (Self::Router(one), Self::Router(other)) => {
                Self::Router(Rc::new(one.union(&other).cloned().collect()))
            }
            (Self::Methods(one), Self::Methods(other)) => {
                Self::Methods(Rc::new(one.union(&other).cloned().collect()))
            }
            (Self::Request(one), Self::Request(other))
                if one.site == other.site && one.kind == other.kind && one != other =>
            {
                Self::Request(Rc::new(one.or(&other)))
            }
            (one, other) => one.beside(&other),
        }
    }

    fn beside(self, other: &Self) -> Self {
        let mut all = self.alternatives();
        for one in other.alternatives() {
            let text = matches!(one, Self::Text(_));
            if let (true, Some(at)) =
                (text, all.iter().position(|known| matches!(known, Self::Text(_))))
            {
                all[at] = all[at].clone().or(one);
                continue;
            }
            let hash = one.hash();
            if !all.iter().any(|known| known.hash() == hash) {
                all.push(one);
            }
        }
        if all.len() > MOST {
            all = merged(all);
        }
        match all.len() {
            1 => all.remove(0),
            _ => Self::OneOf(Rc::new(all)),
        }
    }

    /// What a collection holds.
    pub fn element(&self) -> Self {
        match self {
            Self::Many(inner) => (**inner).clone(),
            Self::Map(pair) => Self::Tuple(Rc::new(vec![pair.0.clone(), pair.1.clone()])),
            Self::OneOf(all) => {
                all.iter().map(Self::element).reduce(Self::or).unwrap_or(Self::Unit)
            }
            other => other.clone(),
        }
    }
}

impl Record<'_> {
    fn hashed(&self) -> (u64, usize) {
        *self.digest.0.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            (self.definition, self.variant, &self.arguments).hash(&mut hasher);
            for (name, value) in &self.fields {
                (name, value.hash()).hash(&mut hasher);
            }
            let depth = self.fields.values().map(Value::depth).max().unwrap_or(0);
            (hasher.finish(), depth + 1)
        })
    }
}

impl Closure<'_> {
    fn hashed(&self) -> (u64, usize) {
        *self.digest.0.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            std::ptr::from_ref(self.node).addr().hash(&mut hasher);
            self.scope.bound.hash(&mut hasher);
            let captured = self.captured.iter().filter(|(_, value)| value.matters());
            let mut depth = 0;
            for (name, value) in captured {
                (name, value.hash()).hash(&mut hasher);
                depth = depth.max(value.depth());
            }
            (hasher.finish(), depth + 1)
        })
    }
}

/// Records of one type become one, whose fields are what either had.
fn merged(all: Vec<Value<'_>>) -> Vec<Value<'_>> {
    let mut out: Vec<Value<'_>> = Vec::new();
    for one in all {
        let Value::Record(record) = &one else {
            out.push(one);
            continue;
        };
        let same = out.iter_mut().find_map(|known| match known {
            Value::Record(known)
                if known.definition == record.definition && known.variant == record.variant =>
            {
                Some(known)
            }
            _ => None,
        });
        let Some(same) = same else {
            out.push(one);
            continue;
        };
        let mut fields = same.fields.clone();
        for (name, value) in &record.fields {
            let known = fields.remove(name).unwrap_or(Value::Unit);
            fields.insert(name.clone(), known.or(value.clone()).shallow());
        }
        let arguments =
            if same.arguments == record.arguments { same.arguments.clone() } else { Vec::new() };
        *same = Rc::new(Record {
            fields,
            arguments,
            definition: same.definition,
            variant: same.variant,
            digest: Digest::default(),
        });
    }
    out
}
