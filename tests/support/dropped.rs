//! Futures that are dropped where they wait.

use std::future::poll_fn;
use std::task::Poll;

use futures::FutureExt;
use futures::future::BoxFuture;

/// Polls `k` times, and then drops the future: at once, or when it would be polled again.
pub async fn poll_times<T>(mut future: BoxFuture<'_, T>, k: usize, at_once: bool) -> Option<T> {
    let mut left = k;
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.poll_unpin(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if left == 0 && at_once => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
