//! Work for the blocking pool.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};
use std::thread::{self, Thread};

use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::data::INLINE_BYTES;
use crate::error::BoxError;

/// A piece of work: on its way, or done.
pub(super) enum Job<R> {
    Running(JoinHandle<R>),
    /// `None` once its result was taken.
    Done(Option<R>),
}

impl<R: Send + 'static> Job<R> {
    /// Starts work on this many bytes. A little of it is done at once, and so is all of it where
    /// there is no runtime.
    pub(super) fn start(bytes: usize, work: impl FnOnce() -> R + Send + 'static) -> Self {
        match Handle::try_current() {
            Ok(runtime) if bytes > INLINE_BYTES => Self::Running(runtime.spawn_blocking(work)),
            _ => Self::Done(Some(work())),
        }
    }

    /// Its result, once.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<R, BoxError>> {
        let running = match self {
            Self::Done(done) => {
                return Poll::Ready(done.take().ok_or_else(|| "its result was taken".into()));
            }
            Self::Running(running) => running,
        };
        let result = ready!(running.poll_unpin(cx));
        *self = Self::Done(None);
        Poll::Ready(result.map_err(Into::into))
    }
}

/// Waits on this thread until `poll` is ready.
pub(super) fn wait<R>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> R {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match poll(&mut context) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
