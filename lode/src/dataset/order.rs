//! Sorting that lets others have their turn.

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use tokio::task::yield_now;

/// How many items are sorted or merged at once: a millisecond or so.
const AT_ONCE: usize = 8192;

/// These items in order; equal ones keep theirs.
pub(super) async fn sort<V: Copy + Send + Sync>(
    mut items: Vec<V>,
    compare: impl Fn(&V, &V) -> Ordering + Send + Sync,
) -> Vec<V> {
    for run in items.chunks_mut(AT_ONCE) {
        run.sort_by(&compare);
        yield_now().await;
    }
    let mut width = AT_ONCE;
    let mut merged = Vec::with_capacity(if items.len() > width { items.len() } else { 0 });
    while width < items.len() {
        for pair in items.chunks(width * 2) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while let (Some(a), Some(b)) = (left.first(), right.first()) {
                let next = match compare(a, b) {
                    Ordering::Greater => &mut right,
                    _ => &mut left,
                };
                merged.push(next[0]);
                *next = &next[1..];
                if merged.len() % AT_ONCE == 0 {
                    yield_now().await;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut items, &mut merged);
        merged.clear();
        width *= 2;
    }
    items
}
