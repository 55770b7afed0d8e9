//! The objects of one attempt to write, before they are committed: naming them, and removing them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;

use super::context::Context;
use crate::compress::{Compressor, Noop};
use crate::data::{FileOptions, FileWriter, Spares};
use crate::error::Result;
use crate::id::WriteId;
use crate::partition::Partition;
use crate::progress::Meter;
use crate::store::Store;

/// What makes the objects of one write id. Clones are the same; [`branch`](Self::branch)es share the
/// write id and the numbers of its parts, so that many tasks can write at once.
#[derive(Debug, Clone)]
pub struct Staging {
    pub(crate) context: Context,
    pub(crate) meter: Meter,
    pub(crate) spares: Spares,
    pub(crate) write_id: WriteId,
    compression: Arc<dyn Compressor>,
    extension: String,
    parts: Arc<AtomicU32>,
    attachments: Arc<AtomicU32>,
    begun: Keys,
}

/// The keys of objects that were begun. Clones share them.
#[derive(Debug, Clone, Default)]
struct Keys(Arc<Mutex<Begun>>);

#[derive(Debug, Default)]
struct Begun {
    own: Vec<String>,
    /// Those of branches, which may grow still.
    others: Vec<Keys>,
}

impl Staging {
    /// Of a new attempt: its write id is fresh.
    pub(crate) fn new(
        context: &Context,
        compression: Arc<dyn Compressor>,
        extension: String,
    ) -> Self {
        Self {
            context: context.clone(),
            meter: context.meter(),
            spares: Spares::default(),
            write_id: WriteId::new(context.history.store.fresh_id()),
            compression,
            extension,
            parts: Arc::default(),
            attachments: Arc::default(),
            begun: Keys::default(),
        }
    }

    /// A part of the same attempt, with buffers of its own, that removes only its own objects. This one
    /// removes them too.
    pub(crate) fn branch(&self) -> Self {
        let branch = Self { spares: Spares::default(), begun: Keys::default(), ..self.clone() };
        self.begun.lock().others.push(branch.begun.clone());
        branch
    }

    /// A writer for the next data file, and its key.
    pub(crate) fn file(&self, partition: Option<&Partition>) -> (String, FileWriter) {
        let of = &self.context.history.of;
        let part = self.parts.fetch_add(1, Ordering::Relaxed);
        let key = of.paths.data(&of.dataset, self.write_id, part, partition, &self.extension);
        self.begin(key, Arc::clone(&self.compression))
    }

    /// A writer for the next attachment, and its key.
    pub(crate) fn attachment(&self) -> (String, FileWriter) {
        let of = &self.context.history.of;
        let part = self.attachments.fetch_add(1, Ordering::Relaxed);
        let key = of.paths.attachment(&of.dataset, self.write_id, part);
        self.begin(key, Arc::new(Noop))
    }

    fn begin(&self, key: String, compression: Arc<dyn Compressor>) -> (String, FileWriter) {
        self.begun.lock().own.push(key.clone());
        let Context { history, checksum, limits, .. } = &self.context;
        let options = FileOptions {
            compression,
            checksum: *checksum,
            part_bytes: limits.part_bytes,
            parts_in_flight: limits.parts_in_flight,
            max_bytes: limits.max_decoded_bytes,
            meter: self.meter.clone(),
            spares: self.spares.clone(),
        };
        (key.clone(), FileWriter::new(&history.store, key, options))
    }

    /// Removes its objects, best effort. Only for an attempt whose manifest was never sent.
    pub(crate) async fn clean_up(&self) {
        remove(&self.context.history.store, self.begun.all()).await;
    }

    /// `result`; if it is an error, what was written is removed first.
    pub(crate) async fn or_clean_up<V>(&self, result: Result<V>) -> Result<V> {
        if result.is_err() {
            self.clean_up().await;
        }
        result
    }
}

impl Keys {
    /// All of them. Branches keep theirs: what one of them stores after this, it removes by itself.
    fn all(&self) -> Vec<String> {
        let begun = self.lock();
        let mut keys = begun.own.clone();
        begun.others.iter().for_each(|other| keys.extend(other.all()));
        keys
    }

    fn lock(&self) -> MutexGuard<'_, Begun> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many objects are deleted at once.
const DELETING: usize = 16;

/// How long to wait for a store that deletes none of them.
const PATIENCE: Duration = Duration::from_secs(30);

/// However many there are: only a store that does not answer any more is given up.
async fn remove(store: &Store, keys: Vec<String>) {
    let delete = |key| delete(store.clone(), key);
    let objects = keys.len();
    let mut deletions = futures::stream::iter(keys).map(delete).buffer_unordered(DELETING);
    let mut answered = 0;
    loop {
        match timeout(PATIENCE, deletions.next()).await {
            Ok(Some(())) => answered += 1,
            Ok(None) => return,
            Err(_) => break,
        }
    }
    let seconds = PATIENCE.as_secs();
    tracing::warn!(
        objects,
        answered,
        "gave up removing the data of a failed write: no answer to a deletion for {seconds} s",
    );
}

async fn delete(store: Store, key: String) {
    if let Err(error) = store.delete(&key).await {
        tracing::debug!(key, %error, "a data object of a failed write was not removed");
    }
}
