//! Why `DynamoDB` did not do what it was asked.

use std::error::Error;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};

use crate::{operations::Operation, store::StoreError};

/// The store's error for the SDK's.
pub(super) fn failure<E, R>(operation: Operation, error: &SdkError<E, R>) -> StoreError
where
    SdkError<E, R>: ProvideErrorMetadata + RequestId + Error,
{
    let too_large = error.code() == Some("ValidationException")
        && error.message().is_some_and(|message| message.contains("maximum allowed size"));
    if too_large {
        return StoreError::TooLarge;
    }
    StoreError::Failed(cause(operation, error))
}

/// What went wrong, without the debug form of the SDK's error: that one quotes whole answers, users' items among them.
pub(super) fn cause<E, R>(operation: Operation, error: &SdkError<E, R>) -> String
where
    SdkError<E, R>: ProvideErrorMetadata + RequestId + Error,
{
    let operation = operation.name();
    if let Some(code) = error.code() {
        let message = error.message().unwrap_or("no message");
        let request = error.request_id().unwrap_or("no request id");
        return format!("{operation}: {code}: {message} ({request})");
    }
    let mut words = format!("{operation}: {error}");
    let mut source = error.source();
    while let Some(error) = source {
        words.push_str(": ");
        words.push_str(&error.to_string());
        source = error.source();
    }
    words
}
