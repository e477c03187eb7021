//! A limit on what is read of an answer: one that does not end is an error, and not all of the memory.

use std::pin::Pin;
use std::task::{Context, Poll};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// No operation that we call answers with more; the largest are the 6 MB of an invocation.
const LONGEST: usize = 64 << 20;

/// What a stream of events is: it goes on for as long as it is listened to.
const EVENTS: &str = "application/vnd.amazon.eventstream";

/// The answer, of which no more can be read than any answer has.
pub(super) fn bounded(answer: HttpResponse) -> HttpResponse {
    limited(answer, LONGEST)
}

fn limited(mut answer: HttpResponse, most: usize) -> HttpResponse {
    let is_endless = answer.headers().get("content-type").is_some_and(|kind| kind == EVENTS);
    if !is_endless && answer.body().bytes().is_none() {
        let inner = Box::pin(answer.take_body());
        *answer.body_mut() = SdkBody::from_body_1_x(Bounded { inner, left: most });
    }
    answer
}

struct Bounded {
    inner: Pin<Box<SdkBody>>,
    left: usize,
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = self.inner.as_mut().poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            match self.left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(left) => self.left = left,
                None => {
                    return Poll::Ready(Some(Err("the answer does not end".into())));
                }
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&*self.inner)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use aws_smithy_types::byte_stream::ByteStream;

    use super::*;

    /// So many pieces of one byte.
    struct Pieces(usize);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let piece = self.0.checked_sub(1).map(|left| {
                self.0 = left;
                Ok(Frame::data(Bytes::from_static(b"x")))
            });
            Poll::Ready(piece)
        }
    }

    async fn read(pieces: usize, kind: &'static str) -> Option<usize> {
        let body = SdkBody::from_body_1_x(Pieces(pieces));
        let mut answer = HttpResponse::new(200.try_into().expect("a status"), body);
        answer.headers_mut().insert("content-type", kind);
        let body = ByteStream::new(limited(answer, 10).into_body()).collect().await;
        body.ok().map(|body| body.into_bytes().len())
    }

    #[tokio::test]
    async fn an_answer_that_does_not_end_is_an_error_and_a_stream_of_events_is_not() {
        assert_eq!(read(10, "application/json").await, Some(10));
        assert_eq!(read(usize::MAX, "application/json").await, None);
        assert_eq!(read(100, EVENTS).await, Some(100));
    }
}
