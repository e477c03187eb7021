//! Tells how much of an upload has gone out.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use engine::Progress;

/// Bytes that are handed to the connection at once.
const PIECE: usize = 64 * 1024;

/// Notes the bytes of a request while they are sent. A request that is sent again is counted from the start.
#[derive(Debug, Clone)]
pub struct Meter(Progress);

impl Meter {
    pub fn new(progress: &Progress) -> Self {
        Self(progress.clone())
    }
}

#[dyn_dispatch_hint]
impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "upload meter"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request_mut().body_mut();
        if let Some(bytes) = body.bytes().map(Bytes::copy_from_slice) {
            let metered = Metered { all: bytes.len(), left: bytes, progress: self.0.clone() };
            *body = SdkBody::from_body_1_x(metered);
        }
        Ok(())
    }
}

/// A body that is handed out in pieces.
struct Metered {
    left: Bytes,
    all: usize,
    progress: Progress,
}

impl Body for Metered {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.left.len().min(PIECE);
        let piece = self.left.split_to(size);
        self.progress.note(told(self.all - self.left.len(), self.all));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

fn told(sent: usize, all: usize) -> String {
    let megabytes = |bytes: usize| format!("{}.{}", bytes / 1_000_000, bytes % 1_000_000 / 100_000);
    format!("uploading {} of {} MB", megabytes(sent), megabytes(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::replay::{Replay, lost, ok};
    use engine::{Events, Happening, Id};

    #[tokio::test(start_paused = true)]
    async fn the_bytes_are_counted_and_from_the_start_when_the_connection_breaks() {
        let replay = Replay::new([lost("PUT"), ok("PUT", "{}")]);
        let (events, mut heard) = Events::new(None);
        let progress = Progress::new(Id::default(), &events);
        let call = aws_sdk_lambda::Client::new(&replay.cloud().sdk).update_function_code();
        let call = call.function_name("app-api").zip_file(vec![0; 1_500_000].into());
        call.customize().interceptor(Meter::new(&progress)).send().await.expect("sent");
        replay.is_over();
        let mut notes = Vec::new();
        while let Ok(event) = heard.try_recv() {
            if let Happening::Note(note) = event.happening {
                notes.push(note);
            }
        }
        assert_eq!(notes.first().map(String::as_str), Some("uploading 0.0 of 2.0 MB"));
        let whole = notes.iter().filter(|note| *note == "uploading 2.0 of 2.0 MB").count();
        assert_eq!(whole, 2);
    }
}
