//! Which operations really went over the wire: for tests that compare them with what the routes declare.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeTransmitInterceptorContextRef,
    },
    error::BoxError,
};

/// Notes the name of each operation that a client sends. Its clones share their notes.
///
/// ```
/// use aws_sdk_dynamodb::{Config, config::BehaviorVersion};
/// use handler::{dynamo::Dynamo, trace::Recorder};
///
/// let recorder = Recorder::default();
/// let configuration = Config::builder()
///     .behavior_version(BehaviorVersion::latest())
///     .interceptor(recorder.clone())
///     .build();
/// let store = Dynamo::new(configuration, "my-table");
/// assert!(recorder.take().is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    names: Arc<Mutex<BTreeSet<String>>>,
}

impl Recorder {
    /// The names since the last time they were taken.
    pub fn take(&self) -> BTreeSet<String> {
        mem::take(&mut self.names.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        // `DynamoDB_20120810.GetItem`
        let name = target.rsplit('.').next().unwrap_or_default();
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.into());
        Ok(())
    }
}
