//! What a service answers instead of a result, in the form that the SDK's own errors have.

use std::error::Error;
use std::fmt;

use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

/// A call that AWS refused, or whose answer could not be read.
#[derive(Debug)]
pub struct Failure {
    metadata: ErrorMetadata,
    /// Why the answer could not be read.
    unread: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// AWS refused, and said why.
    pub(crate) fn refused(metadata: ErrorMetadata) -> Self {
        Self { metadata, unread: None }
    }

    /// AWS answered, and what it said is not what its model promises.
    pub(crate) fn unread(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { metadata: ErrorMetadata::builder().build(), unread: Some(why.into()) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.unread, self.metadata.message()) {
            (Some(_), _) => out.write_str("the answer cannot be read"),
            (None, Some(message)) => out.write_str(message),
            (None, None) => out.write_str(self.metadata.code().unwrap_or("AWS gave no reason")),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.unread.as_deref().map(|unread| unread as _)
    }
}

impl ProvideErrorMetadata for Failure {
    fn meta(&self) -> &ErrorMetadata {
        &self.metadata
    }
}

impl RequestId for Failure {
    fn request_id(&self) -> Option<&str> {
        self.metadata.request_id()
    }
}
