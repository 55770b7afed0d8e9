//! How long to wait for what is only best effort.

use std::time::Duration;

/// Longer than any store needs that answers at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for `task`, but not for ever: a store that hangs must not keep a writer from being told
/// what has become of its write.
pub(crate) async fn best_effort<T>(
    what: &str,
    key: &str,
    task: impl Future<Output = T>,
) -> Option<T> {
    let done = tokio::time::timeout(PATIENCE, task).await.ok();
    if done.is_none() {
        tracing::warn!(key, "the store does not answer: gave up {what}");
    }
    done
}
