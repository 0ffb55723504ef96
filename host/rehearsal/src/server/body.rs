//! The body of an answer: whole, dripping, or a watch that goes on; the first two are in flight until they are out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, Sleep};

use crate::gate::Pass;

/// How many pieces a dripping answer comes in.
const DRIP_PIECES: usize = 16;
/// How long each piece is awaited: slow enough to be seen, short of any client's patience.
const DRIP_PAUSE: Duration = Duration::from_millis(40);

/// Bytes to be sent, with the pass of their request.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    pieces: VecDeque<Bytes>,
    pause: Option<Pin<Box<Sleep>>>,
    events: Option<Receiver<Bytes>>,
    /// Held so that virtual time stands still until the last byte is handed over.
    _pass: Option<Pass>,
}

impl AnswerBody {
    /// All at once.
    pub(crate) fn whole(bytes: Bytes, pass: Option<Pass>) -> Self {
        let pieces = if bytes.is_empty() { VecDeque::new() } else { VecDeque::from([bytes]) };
        Self { pieces, pause: None, events: None, _pass: pass }
    }

    /// A little at a time.
    pub(crate) fn dripping(bytes: &Bytes, pass: Option<Pass>) -> Self {
        let size = bytes.len().div_ceil(DRIP_PIECES).max(1);
        let pieces = (0..bytes.len()).step_by(size).map(|at| bytes.slice(at..bytes.len().min(at + size))).collect();
        Self { pieces, pause: Some(Box::pin(tokio::time::sleep(DRIP_PAUSE))), events: None, _pass: pass }
    }

    /// Events as they come. Nothing is in flight meanwhile: time may move under whoever watches.
    pub(crate) fn watch(events: Receiver<Bytes>) -> Self {
        Self { pieces: VecDeque::new(), pause: None, events: Some(events), _pass: None }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(events) = self.events.as_mut() {
            return events.poll_recv(context).map(|event| event.map(|bytes| Ok(Frame::data(bytes))));
        }
        if self.pieces.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(pause) = self.pause.as_mut() {
            if pause.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            pause.as_mut().reset(Instant::now() + DRIP_PAUSE);
        }
        Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.events.is_none() && self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if self.events.is_some() {
            return SizeHint::default();
        }
        SizeHint::with_exact(self.pieces.iter().map(|piece| piece.len() as u64).sum())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test(start_paused = true)]
    async fn a_dripping_body_arrives_whole_and_late() {
        let began = Instant::now();
        let text = Bytes::from("0123456789".repeat(7));
        let body = AnswerBody::dripping(&text, None);
        assert_eq!(body.size_hint().exact(), Some(70));
        assert_eq!(body.collect().await.unwrap().to_bytes(), text);
        assert!(began.elapsed() >= DRIP_PAUSE * 14);
    }

    #[tokio::test]
    async fn an_empty_body_ends_at_once() {
        assert!(AnswerBody::whole(Bytes::new(), None).is_end_stream());
        assert!(AnswerBody::dripping(&Bytes::new(), None).is_end_stream());
    }
}
