//! How often commits were rebased: lode says it when it has committed.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Counts the rebases of this process from now on.
pub fn counted() -> Result<Retries, tracing::subscriber::SetGlobalDefaultError> {
    let retries = Retries::default();
    tracing::subscriber::set_global_default(Listener(retries.clone()))?;
    Ok(retries)
}

#[derive(Clone, Default)]
pub struct Retries(Arc<[AtomicU64; 2]>);

impl Retries {
    /// Of all commits.
    pub fn all(&self) -> u64 {
        self.0[0].load(Ordering::Relaxed)
    }

    /// Of the one that had most.
    pub fn most(&self) -> u64 {
        self.0[1].load(Ordering::Relaxed)
    }
}

struct Listener(Retries);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target().starts_with("lode")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Count(&self.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Count<'a>(&'a Retries);

impl Visit for Count<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "retries" {
            self.0.0[0].fetch_add(value, Ordering::Relaxed);
            self.0.0[1].fetch_max(value, Ordering::Relaxed);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
