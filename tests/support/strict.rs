//! Sources that must not be asked again after their end, as nobody may ask streams and readers in
//! general.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{Stream, stream};
use tokio::io::{AsyncRead, ReadBuf};

/// A stream of these items.
pub fn strict<T: Send>(items: Vec<T>) -> impl Stream<Item = T> + Send {
    stream::unfold(items.into_iter(), |mut rest| async { rest.next().map(|item| (item, rest)) })
}

/// A reader of these bytes.
pub struct StrictReader<'a> {
    rest: &'a [u8],
    has_ended: bool,
}

impl<'a> StrictReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, has_ended: false }
    }
}

impl AsyncRead for StrictReader<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        assert!(!self.has_ended, "it is read after its end");
        let (part, rest) = self.rest.split_at(self.rest.len().min(buffer.remaining()));
        buffer.put_slice(part);
        self.rest = rest;
        self.has_ended = part.is_empty();
        Poll::Ready(Ok(()))
    }
}
