//! One attempt to write: from the base it starts on to its commit, or to removing what it left.

use std::collections::HashMap;
use std::sync::Arc;

use crate::codec::Content;
use crate::commit::{Expect, Failed, Proposal};
use crate::compress::Compressor;
use crate::error::Result;
use crate::id::SnapshotId;
use crate::manifest::{Attachment, FileRef, Manifest, Operation};
use crate::metadata::Metadata;

use super::context::Context;
use super::draft::{Draft, Encoding};
use super::formats::Formats;
use super::staging::Staging;

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
pub(crate) struct Attempt {
    pub(crate) staging: Staging,
    plan: Plan,
    base: Option<Arc<Manifest>>,
}

/// What an attempt has stored, and is to commit.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) files: Vec<FileRef>,
    pub(crate) attachments: Vec<Attachment>,
}

impl From<Vec<FileRef>> for Stored {
    fn from(files: Vec<FileRef>) -> Self {
        Self { files, attachments: Vec::new() }
    }
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
        let staging = Staging::new(context, compression, extension);
        Ok(Begun::Fresh(Box::new(Self { staging, plan, base })))
    }

    /// Commits this. If it fails and no manifest was ever sent, it is removed.
    pub(crate) async fn commit<T: Content>(
        self,
        formats: &Formats<T>,
        stored: impl Into<Stored>,
    ) -> Result<Arc<Manifest>> {
        let Stored { files, attachments } = stored.into();
        let Self { staging, plan, base } = self;
        if base.is_none() {
            // Once more: it may have taken long to come here.
            let checked = staging.context.history.check_other_layouts().await;
            staging.or_clean_up(checked).await?;
        }
        let measured = match (&base, &plan.operation) {
            (Some(base), Operation::ReplacePartitions) => {
                let measured = T::measure_kept(formats, base, &files).await;
                staging.or_clean_up(measured).await?
            }
            _ => HashMap::new(),
        };
        let change = Arc::new(Draft {
            write_id: staging.write_id,
            operation: plan.operation,
            metadata: plan.metadata,
            files,
            attachments,
            measured,
            encoding: plan.encoding,
            idempotency_key: plan.options.idempotency_key,
        });
        let Context { history, on_conflict, .. } = staging.context.clone();
        let proposal = Proposal { history, base, change, expect: plan.options.expect, on_conflict };
        match proposal.commit().await {
            Ok(manifest) => Ok(manifest),
            Err(Failed { error, sent }) => {
                if !sent {
                    staging.clean_up().await;
                }
                Err(error)
            }
        }
    }
}
