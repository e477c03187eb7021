//! What a resource must be able to do, and the adapter that lets the engine hold many kinds of them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::graph::AnyLive;
use super::{Arn, Calls, Id, Inputs, Limit, Progress};
use crate::error::Result;

/// One thing that the stack consists of. `read` and `diff` never change anything.
pub trait Resource: Send + Sync + 'static {
    /// The resource as it is: what `diff` compares and what dependents read.
    type Live: Send + Sync + 'static;

    /// The field's word for it, such as `table`: the `resource` of the JSON output.
    fn kind(&self) -> &'static str;

    /// Its name in the cloud.
    fn name(&self) -> String;

    /// What it asks of the cloud; a test holds this to the calls that its file makes.
    fn calls(&self) -> Calls {
        Calls::default()
    }

    /// What it is called where permissions are given; nothing of a part that has the name of another resource.
    fn arns(&self) -> Vec<Arn> {
        Vec::new()
    }

    /// Under which conditions the permissions for its calls are enough.
    fn limits(&self) -> Vec<Limit> {
        Vec::new()
    }

    /// What must be there before this can be made. Only true needs: they decide what runs at once.
    fn needs(&self) -> Vec<Id> {
        Vec::new()
    }

    /// What must be as it shall be before this is made or changed, and may go before it or after it.
    fn follows(&self) -> Vec<Id> {
        Vec::new()
    }

    /// The resource whose deletion deletes this one too.
    fn contained_in(&self) -> Option<Id> {
        None
    }

    /// The resource whose tags say whose this one is, when it carries none itself.
    fn belongs_to(&self) -> Option<Id> {
        self.contained_in()
    }

    /// Whether it takes so long to read that `up` starts it and goes on: true of compiling.
    fn is_slow_to_read(&self) -> bool {
        false
    }

    /// The command with which the user makes it, when no step can: without it, the plan ends before any write.
    fn made_by(&self) -> Option<String> {
        None
    }

    /// Whether it keeps what users of the stack put there: `teardown` can leave it, and deletes it last.
    fn is_data(&self) -> bool {
        false
    }

    /// What goes with it that nobody can make again: `teardown` says so before it asks.
    fn holds(&self, _live: &Self::Live) -> Option<Holding> {
        None
    }

    /// Looks it up by its own name alone; must work when everything else is missing.
    fn read(&self, progress: &Progress) -> impl Future<Output = Result<Option<Self::Live>>> + Send;

    /// Whether it carries our tags. What does not is never touched.
    fn is_ours(&self, _live: &Self::Live) -> bool {
        true
    }

    /// The other stack that it certainly belongs to. What does is not taken over either.
    fn owner(&self, _live: &Self::Live) -> Option<String> {
        None
    }

    /// Compares what is there with what we want. While planning, inputs may be missing because they
    /// are not there yet: what depends on them is compared again when they are.
    fn diff(&self, inputs: &Inputs, live: &Self::Live) -> Vec<Difference>;

    /// Makes it, and returns when dependents can use it.
    fn create(
        &self,
        inputs: &Inputs,
        progress: &Progress,
    ) -> impl Future<Output = Result<Self::Live>> + Send;

    /// Takes away every difference, and returns when dependents can use the result.
    fn update(
        &self,
        inputs: &Inputs,
        live: &Self::Live,
        progress: &Progress,
    ) -> impl Future<Output = Result<Self::Live>> + Send;

    /// Deletes it, and returns when what it needs can be deleted; succeeds when it is gone already.
    fn delete(
        &self,
        live: &Self::Live,
        progress: &Progress,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Takes away what only the version before needed. It comes after `update`, once the new version has proved itself;
    /// until then `update` only adds.
    fn finish(
        &self,
        _inputs: &Inputs,
        _live: &Self::Live,
        _progress: &Progress,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Waits until the cloud has done what it has accepted; `live` is `None` after a deletion. The run ends after
    /// this, and what comes after this resource begins before.
    fn settle(
        &self,
        _live: Option<&Self::Live>,
        _progress: &Progress,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// What a resource holds that nobody can make again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// How much of it: `about 12 items`.
    pub amount: String,
    /// Whether it is deleted by force alone.
    pub is_protected: bool,
}

/// A property that is not as the stack wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub property: String,
    pub now: String,
    pub wanted: String,
    /// Why it cannot be changed in place, and the way out: the plan ends with this.
    pub refusal: Option<String>,
    /// Whether a right or a protection goes with it, about which the user is asked first.
    pub loses: bool,
    /// Why it is shown and left as it is, and what would take it away.
    pub left: Option<String>,
    /// Whether it lets in who should not be let in, or could.
    pub exposes: bool,
}

impl Difference {
    pub fn new(
        property: impl Into<String>,
        now: impl fmt::Display,
        wanted: impl fmt::Display,
    ) -> Self {
        Self {
            property: property.into(),
            now: now.to_string(),
            wanted: wanted.to_string(),
            refusal: None,
            loses: false,
            left: None,
            exposes: false,
        }
    }

    /// `None` when both are equal.
    pub fn unless_equal<T: PartialEq + fmt::Display>(
        property: &str,
        now: &T,
        wanted: &T,
    ) -> Option<Self> {
        (now != wanted).then(|| Self::new(property, now, wanted))
    }

    /// Marks a change by which a right or a protection goes.
    #[must_use]
    pub fn losing(mut self) -> Self {
        self.loses = true;
        self
    }

    /// Marks a state that lets in who should not be let in, or could.
    #[must_use]
    pub fn exposing(mut self) -> Self {
        self.exposes = true;
        self
    }

    /// Marks a change that would lose data, with the way out.
    #[must_use]
    pub fn refused(mut self, way_out: impl Into<String>) -> Self {
        self.refusal = Some(way_out.into());
        self
    }

    /// Marks what no step takes away, with what does.
    #[must_use]
    pub fn left(mut self, way_out: impl Into<String>) -> Self {
        self.left = Some(way_out.into());
        self
    }

    /// Whether a step takes it away.
    pub fn is_to_be_made(&self) -> bool {
        self.left.is_none()
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {} → {}", self.property, self.now, self.wanted)
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A [`Resource`] without its `Live` type. Implemented once, below, for all of them.
pub trait Node: Send + Sync {
    fn kind(&self) -> &'static str;
    fn name(&self) -> String;
    fn calls(&self) -> Calls;
    fn arns(&self) -> Vec<Arn>;
    fn limits(&self) -> Vec<Limit>;
    fn needs(&self) -> Vec<Id>;
    fn follows(&self) -> Vec<Id>;
    fn contained_in(&self) -> Option<Id>;
    fn belongs_to(&self) -> Option<Id>;
    fn is_slow_to_read(&self) -> bool;
    fn made_by(&self) -> Option<String>;
    fn is_data(&self) -> bool;
    fn holds(&self, live: &AnyLive) -> Option<Holding>;
    fn is_ours(&self, live: &AnyLive) -> bool;
    fn owner(&self, live: &AnyLive) -> Option<String>;
    fn diff(&self, inputs: &Inputs, live: &AnyLive) -> Vec<Difference>;
    fn read<'a>(&'a self, progress: &'a Progress) -> Boxed<'a, Result<Option<AnyLive>>>;
    fn create<'a>(
        &'a self,
        inputs: &'a Inputs,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<AnyLive>>;
    fn update<'a>(
        &'a self,
        inputs: &'a Inputs,
        live: &'a AnyLive,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<AnyLive>>;
    fn delete<'a>(&'a self, live: &'a AnyLive, progress: &'a Progress) -> Boxed<'a, Result<()>>;
    fn finish<'a>(
        &'a self,
        inputs: &'a Inputs,
        live: &'a AnyLive,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<()>>;
    fn settle<'a>(
        &'a self,
        live: Option<&'a AnyLive>,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<()>>;
}

impl<R: Resource> Node for R {
    fn kind(&self) -> &'static str {
        Resource::kind(self)
    }

    fn name(&self) -> String {
        Resource::name(self)
    }

    fn calls(&self) -> Calls {
        Resource::calls(self)
    }

    fn arns(&self) -> Vec<Arn> {
        Resource::arns(self)
    }

    fn limits(&self) -> Vec<Limit> {
        Resource::limits(self)
    }

    fn needs(&self) -> Vec<Id> {
        Resource::needs(self)
    }

    fn follows(&self) -> Vec<Id> {
        Resource::follows(self)
    }

    fn contained_in(&self) -> Option<Id> {
        Resource::contained_in(self)
    }

    fn belongs_to(&self) -> Option<Id> {
        Resource::belongs_to(self)
    }

    fn is_slow_to_read(&self) -> bool {
        Resource::is_slow_to_read(self)
    }

    fn made_by(&self) -> Option<String> {
        Resource::made_by(self)
    }

    fn is_data(&self) -> bool {
        Resource::is_data(self)
    }

    fn holds(&self, live: &AnyLive) -> Option<Holding> {
        Resource::holds(self, typed::<R>(live))
    }

    fn is_ours(&self, live: &AnyLive) -> bool {
        Resource::is_ours(self, typed::<R>(live))
    }

    fn owner(&self, live: &AnyLive) -> Option<String> {
        Resource::owner(self, typed::<R>(live))
    }

    fn diff(&self, inputs: &Inputs, live: &AnyLive) -> Vec<Difference> {
        Resource::diff(self, inputs, typed::<R>(live))
    }

    fn read<'a>(&'a self, progress: &'a Progress) -> Boxed<'a, Result<Option<AnyLive>>> {
        Box::pin(async { Ok(Resource::read(self, progress).await?.map(erased::<R>)) })
    }

    fn create<'a>(
        &'a self,
        inputs: &'a Inputs,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<AnyLive>> {
        Box::pin(async { Resource::create(self, inputs, progress).await.map(erased::<R>) })
    }

    fn update<'a>(
        &'a self,
        inputs: &'a Inputs,
        live: &'a AnyLive,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<AnyLive>> {
        Box::pin(async {
            Resource::update(self, inputs, typed::<R>(live), progress).await.map(erased::<R>)
        })
    }

    fn delete<'a>(&'a self, live: &'a AnyLive, progress: &'a Progress) -> Boxed<'a, Result<()>> {
        Box::pin(Resource::delete(self, typed::<R>(live), progress))
    }

    fn finish<'a>(
        &'a self,
        inputs: &'a Inputs,
        live: &'a AnyLive,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(Resource::finish(self, inputs, typed::<R>(live), progress))
    }

    fn settle<'a>(
        &'a self,
        live: Option<&'a AnyLive>,
        progress: &'a Progress,
    ) -> Boxed<'a, Result<()>> {
        Box::pin(Resource::settle(self, live.map(typed::<R>), progress))
    }
}

fn erased<R: Resource>(live: R::Live) -> AnyLive {
    Arc::new(live)
}

fn typed<R: Resource>(live: &AnyLive) -> &R::Live {
    live.downcast_ref().expect("a node is only ever handed what it made itself")
}
