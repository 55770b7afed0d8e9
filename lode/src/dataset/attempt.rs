//! One attempt to write: from the base it starts on to its commit, or to removing what it left.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;

use crate::codec::Content;
use crate::commit::{Expect, Failed, Proposal};
use crate::compress::Compressor;
use crate::data::{FileOptions, FileWriter, Spares};
use crate::error::Result;
use crate::id::{SnapshotId, WriteId};
use crate::manifest::{FileRef, Manifest, Operation};
use crate::metadata::Metadata;
use crate::partition::Partition;
use crate::progress::Meter;
use crate::store::Store;

use super::context::Context;
use super::draft::{Draft, Encoding};
use super::formats::Formats;

/// What the caller says of a write beside its content.
#[derive(Debug, Default)]
pub struct Options {
    pub(crate) expect: Expect,
    pub(crate) idempotency_key: Option<String>,
}

impl Options {
    pub(crate) fn expect_head(&mut self, head: Option<SnapshotId>) {
        self.expect = Expect::Head(head);
    }
}

/// What is written, whatever its records are.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) operation: Operation,
    pub(crate) metadata: Metadata,
    pub(crate) options: Options,
    pub(crate) encoding: Encoding,
}

/// A write that has begun: its base is noted, and nothing of it is visible.
#[derive(Debug)]
pub struct Attempt {
    pub(crate) context: Context,
    pub(crate) meter: Meter,
    pub(crate) spares: Spares,
    pub(crate) write_id: WriteId,
    plan: Plan,
    base: Option<Arc<Manifest>>,
    compression: Arc<dyn Compressor>,
    extension: String,
    /// The keys of the data objects that were begun.
    begun: Vec<String>,
}

/// Where a write stands after its beginning.
#[derive(Debug)]
pub(crate) enum Begun {
    /// Its data can be written.
    Fresh(Box<Attempt>),
    /// Its idempotency key is committed already: this is the snapshot.
    Already(Arc<Manifest>),
}

impl Attempt {
    /// Notes the base, and checks everything that can be checked before the first data object.
    pub(crate) async fn begin(
        context: &Context,
        plan: Plan,
        compression: Arc<dyn Compressor>,
        extension: String,
    ) -> Result<Begun> {
        let history = &context.history;
        history.store.check_trust()?;
        history.check_runtime().await?;
        let base = history.head().await?;
        if base.is_none() {
            history.check_other_layouts().await?;
        }
        if let Some(key) = &plan.options.idempotency_key
            && let Some(found) = history.find_key(key, base.as_ref()).await?
        {
            tracing::debug!(dataset = %history.of.dataset, snapshot = %found.snapshot_id, "committed before");
            return Ok(Begun::Already(found));
        }
        history.check_expected(plan.options.expect, base.as_ref()).await?;
        if let Some(base) = &base {
            plan.encoding.check_parent(
                &plan.operation,
                base,
                &history.manifest_key(base.snapshot_id),
            )?;
        }
        let write_id = WriteId::new(history.store.fresh_id());
        Ok(Begun::Fresh(Box::new(Self {
            context: context.clone(),
            meter: context.meter(),
            spares: Spares::default(),
            write_id,
            plan,
            base,
            compression,
            extension,
            begun: Vec::new(),
        })))
    }

    /// A writer for the next data file, and its key.
    pub(crate) fn file(&mut self, partition: Option<&Partition>) -> (String, FileWriter) {
        let history = &self.context.history;
        let part = u32::try_from(self.begun.len()).unwrap_or(u32::MAX);
        let key = history.of.paths.data(
            &history.of.dataset,
            self.write_id,
            part,
            partition,
            &self.extension,
        );
        self.begun.push(key.clone());
        let options = FileOptions {
            compression: Arc::clone(&self.compression),
            checksum: self.context.checksum,
            part_bytes: self.context.limits.part_bytes,
            parts_in_flight: self.context.limits.parts_in_flight,
            max_bytes: self.context.limits.max_decoded_bytes,
            meter: self.meter.clone(),
            spares: self.spares.clone(),
        };
        (key.clone(), FileWriter::new(&history.store, key, options))
    }

    /// Commits these files. If it fails and no manifest was ever sent, they are removed.
    pub(crate) async fn commit<T: Content>(
        self,
        formats: &Formats<T>,
        files: Vec<FileRef>,
    ) -> Result<Arc<Manifest>> {
        let measured = match (&self.base, &self.plan.operation) {
            (Some(base), Operation::ReplacePartitions) => {
                let measured = T::measure_kept(formats, base, &files).await;
                self.or_clean_up(measured).await?
            }
            _ => HashMap::new(),
        };
        let Self { context, write_id, plan, base, begun, .. } = self;
        let store = context.history.store.clone();
        let change = Arc::new(Draft {
            write_id,
            operation: plan.operation,
            metadata: plan.metadata,
            files,
            measured,
            encoding: plan.encoding,
            idempotency_key: plan.options.idempotency_key,
        });
        let Context { history, on_conflict, .. } = context;
        let proposal = Proposal { history, base, change, expect: plan.options.expect, on_conflict };
        match proposal.commit().await {
            Ok(manifest) => Ok(manifest),
            Err(Failed { error, sent }) => {
                if !sent {
                    remove(&store, &begun).await;
                }
                Err(error)
            }
        }
    }

    /// Removes the data objects of this attempt, best effort. Only for an attempt whose manifest was
    /// never sent.
    pub(crate) async fn clean_up(&self) {
        remove(&self.context.history.store, &self.begun).await;
    }

    /// `result`; if it is an error, what was written is removed first.
    pub(crate) async fn or_clean_up<V>(&self, result: Result<V>) -> Result<V> {
        if result.is_err() {
            self.clean_up().await;
        }
        result
    }
}

/// How many objects are deleted at once.
const DELETING: usize = 16;

/// How long to wait for a store that deletes none of them.
const PATIENCE: Duration = Duration::from_secs(30);

/// However many there are: only a store that does not answer any more is given up.
async fn remove(store: &Store, keys: &[String]) {
    let delete = |key| delete(store.clone(), key);
    let keys = keys.to_vec();
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
