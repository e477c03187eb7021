//! Parts of values that many values share: each keeps what is asked of it most, so that no walk repeats.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use super::{Closure, Record, Value};

/// A part that values share.
pub type Shared<T> = Rc<Node<T>>;

/// Shares a part.
pub fn share<T>(inner: T) -> Shared<T> {
    Rc::new(Node { inner, digest: OnceCell::new() })
}

/// A part with its digest, once that was asked for.
pub struct Node<T> {
    inner: T,
    digest: OnceCell<Digest>,
}

impl<T: Clone> Clone for Node<T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), digest: self.digest.clone() }
    }
}

impl<T> Deref for Node<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for Node<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.digest = OnceCell::new();
        &mut self.inner
    }
}

impl<T: Digested> Node<T> {
    pub fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| self.inner.digested())
    }
}

/// What is asked of a value most.
#[derive(Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools)] // Four answers, each asked for alone.
pub struct Digest {
    pub hash: u64,
    /// How many records and closures are inside one another.
    pub records: u16,
    /// How many collections and tuples are inside one another, outside of records.
    pub parts: u16,
    /// Whether it can lead to a client, to code of the project or to a name of a table.
    pub matters: bool,
    /// Whether it is more than a text.
    pub is_thing: bool,
    /// Whether it is a client, holds one, or can make one.
    pub has_client: bool,
    /// Whether code that is given it has something to call, or a router to serve.
    pub can_be_given: bool,
}

impl Digest {
    /// Tells what holds the same parts apart by what it is.
    pub fn of_kind(self, kind: u64) -> Self {
        Self { hash: (self.hash ^ kind).wrapping_mul(0x9e37_79b9_7f4a_7c15), ..self }
    }

    /// Of a whole, from those of its parts; its hash is still that of nothing.
    fn around<'v, 'a: 'v>(parts: impl Iterator<Item = &'v Value<'a>>) -> Self {
        let mut whole = Self::default();
        for part in parts.map(Value::digest) {
            whole.records = whole.records.max(part.records);
            whole.parts = whole.parts.max(part.parts);
            whole.matters |= part.matters;
            whole.is_thing |= part.is_thing;
            whole.has_client |= part.has_client;
            whole.can_be_given |= part.can_be_given;
        }
        whole.parts = whole.parts.saturating_add(1);
        whole
    }

    fn with_hash(self, hash: impl FnOnce(&mut DefaultHasher)) -> Self {
        let mut hasher = DefaultHasher::new();
        hash(&mut hasher);
        Self { hash: hasher.finish(), ..self }
    }
}

/// What can say its digest.
pub trait Digested {
    fn digested(&self) -> Digest;
}

/// A tuple.
impl Digested for Vec<Value<'_>> {
    fn digested(&self) -> Digest {
        Digest::around(self.iter()).with_hash(|hasher| {
            for part in self {
                part.hash().hash(hasher);
            }
        })
    }
}

/// What a collection holds.
impl Digested for Value<'_> {
    fn digested(&self) -> Digest {
        Digest::around(std::iter::once(self)).with_hash(|hasher| self.hash().hash(hasher))
    }
}

/// What a map holds.
impl Digested for (Value<'_>, Value<'_>) {
    fn digested(&self) -> Digest {
        let both = Digest::around([&self.0, &self.1].into_iter());
        Digest { is_thing: self.1.is_thing(), ..both }
            .with_hash(|hasher| (self.0.hash(), self.1.hash()).hash(hasher))
    }
}

/// Alternatives.
pub struct Either<'a>(pub Vec<Value<'a>>);

impl<'a> Deref for Either<'a> {
    type Target = [Value<'a>];

    fn deref(&self) -> &[Value<'a>] {
        &self.0
    }
}

impl Digested for Either<'_> {
    fn digested(&self) -> Digest {
        let around = Digest::around(self.0.iter());
        // Their order says nothing.
        let sum = self.0.iter().fold(0_u64, |sum, one| sum.wrapping_add(one.hash()));
        Digest { parts: around.parts - 1, ..around }.with_hash(|hasher| sum.hash(hasher))
    }
}

impl Digested for Record<'_> {
    fn digested(&self) -> Digest {
        let around = Digest::around(self.fields.values());
        Digest {
            records: around.records + 1,
            parts: 0,
            matters: true,
            is_thing: true,
            can_be_given: false,
            ..around
        }
        .with_hash(|hasher| {
            (self.definition, self.variant, &self.arguments).hash(hasher);
            for (name, value) in &self.fields {
                (name, value.hash()).hash(hasher);
            }
        })
    }
}

impl Digested for Closure<'_> {
    fn digested(&self) -> Digest {
        let around = Digest::around(self.captured.values());
        // A closure is not looked into for clients: it is called.
        Digest {
            records: around.records + 1,
            parts: 0,
            matters: true,
            is_thing: true,
            has_client: false,
            can_be_given: true,
            ..around
        }
        .with_hash(|hasher| {
            std::ptr::from_ref(self.node).addr().hash(hasher);
            (&self.scope.bound, &self.scope.own).hash(hasher);
            for (name, value) in &self.captured {
                (name, value.hash()).hash(hasher);
            }
        })
    }
}
