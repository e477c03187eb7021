//! A resource that the file says no longer: it is there to be read and deleted, by itself.

use engine::error::Result;
use engine::{Arn, Calls, Difference, Holding, Id, Inputs, Limit, Progress, Resource};

/// The resource, outside of the stack that it was wired into.
pub struct Retired<R> {
    resource: R,
    /// What goes after it.
    needs: Vec<Id>,
}

impl<R: Resource> Retired<R> {
    pub fn new(resource: R, needs: Vec<Id>) -> Self {
        Self { resource, needs }
    }
}

impl<R: Resource> Resource for Retired<R> {
    type Live = R::Live;

    fn kind(&self) -> &'static str {
        self.resource.kind()
    }

    fn name(&self) -> String {
        self.resource.name()
    }

    fn calls(&self) -> Calls {
        self.resource.calls()
    }

    fn arns(&self) -> Vec<Arn> {
        self.resource.arns()
    }

    fn limits(&self) -> Vec<Limit> {
        self.resource.limits()
    }

    fn needs(&self) -> Vec<Id> {
        self.needs.clone()
    }

    fn holds(&self, live: &R::Live) -> Option<Holding> {
        self.resource.holds(live)
    }

    async fn read(&self, progress: &Progress) -> Result<Option<R::Live>> {
        self.resource.read(progress).await
    }

    fn is_ours(&self, live: &R::Live) -> bool {
        self.resource.is_ours(live)
    }

    fn owner(&self, live: &R::Live) -> Option<String> {
        self.resource.owner(live)
    }

    fn diff(&self, inputs: &Inputs, live: &R::Live) -> Vec<Difference> {
        self.resource.diff(inputs, live)
    }

    async fn create(&self, inputs: &Inputs, progress: &Progress) -> Result<R::Live> {
        self.resource.create(inputs, progress).await
    }

    async fn update(
        &self,
        inputs: &Inputs,
        live: &R::Live,
        progress: &Progress,
    ) -> Result<R::Live> {
        self.resource.update(inputs, live, progress).await
    }

    async fn delete(&self, live: &R::Live, progress: &Progress) -> Result<()> {
        self.resource.delete(live, progress).await
    }

    async fn settle(&self, live: Option<&R::Live>, progress: &Progress) -> Result<()> {
        self.resource.settle(live, progress).await
    }
}
