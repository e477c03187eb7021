//! The resources of a stack in the order they were added, and typed references between them.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{Node, Resource};

/// The place of a resource in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id(usize);

impl Id {
    /// For a line of progress that is no resource: the one after the last.
    pub fn after(graph: &Graph) -> Self {
        Self(graph.nodes.len())
    }

    /// Where the resource stands in [`Graph::ids`].
    pub fn index(self) -> usize {
        self.0
    }
}

/// What a line of progress is about: `table my-app-data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub kind: String,
    pub name: String,
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind, self.name)
    }
}

/// A reference to a resource that is already in the graph, so that no cycle can be written down.
#[derive(Debug)]
pub struct Handle<R> {
    pub id: Id,
    resource: PhantomData<fn() -> R>,
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Handle<R> {}

/// The resources, each after those it needs.
#[derive(Default)]
pub struct Graph {
    nodes: Vec<Arc<dyn Node>>,
}

impl Graph {
    pub fn add<R: Resource>(&mut self, resource: R) -> Handle<R> {
        self.nodes.push(Arc::new(resource));
        Handle { id: Id(self.nodes.len() - 1), resource: PhantomData }
    }

    pub fn ids(&self) -> impl DoubleEndedIterator<Item = Id> + use<> {
        (0..self.nodes.len()).map(Id)
    }

    pub fn node(&self, id: Id) -> &Arc<dyn Node> {
        &self.nodes[id.0]
    }

    /// What to call a resource in front of the user.
    pub fn label(&self, id: Id) -> Label {
        let node = self.node(id);
        Label { kind: node.kind().to_owned(), name: node.name() }
    }

    /// The labels of all resources, by [`Id::index`].
    pub fn labels(&self) -> Vec<Label> {
        self.ids().map(|id| self.label(id)).collect()
    }
}

/// A [`Resource::Live`] whose type has been erased.
pub type AnyLive = Arc<dyn Any + Send + Sync>;

/// Resources as they are, by handle: what `diff`, `create` and `update` know of what they need.
#[derive(Default, Clone)]
pub struct Inputs {
    lives: HashMap<Id, AnyLive>,
}

impl Inputs {
    /// The resource behind `handle`.
    ///
    /// # Panics
    /// When `handle` is not among what the resource says it [needs](Resource::needs).
    pub fn get<R: Resource>(&self, handle: Handle<R>) -> &R::Live {
        self.find(handle).expect("a resource asks only for what it declares in `needs`")
    }

    /// The resource behind `handle`, or `None` when it is not there or was not looked up.
    pub fn find<R: Resource>(&self, handle: Handle<R>) -> Option<&R::Live> {
        self.lives.get(&handle.id)?.downcast_ref()
    }

    /// The same with `live` behind `handle`.
    #[must_use]
    pub fn with<R: Resource>(mut self, handle: Handle<R>, live: R::Live) -> Self {
        self.insert(handle.id, Arc::new(live));
        self
    }

    pub(super) fn has(&self, id: Id) -> bool {
        self.lives.contains_key(&id)
    }

    pub(super) fn any(&self, id: Id) -> Option<&AnyLive> {
        self.lives.get(&id)
    }

    pub(super) fn insert(&mut self, id: Id, live: AnyLive) {
        self.lives.insert(id, live);
    }

    pub(super) fn remove(&mut self, id: Id) {
        self.lives.remove(&id);
    }
}
