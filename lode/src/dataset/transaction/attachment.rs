//! Reading attachments.

use std::future::IntoFuture;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use tracing::Instrument;

use crate::checksum::Checksum;
use crate::compress::Noop;
use crate::data::{self, FileToRead};
use crate::dataset::context::Context;
use crate::dataset::formats::explain_missing;
use crate::dataset::{Dataset, Snapshot};
use crate::error::{Error, Result};
use crate::id::SnapshotId;
use crate::manifest::Attachment;

/// A read of an attachment that begins when it is awaited (for all of its bytes) or streamed.
#[must_use = "a read does nothing until it is awaited or streamed"]
pub struct ReadAttachment {
    context: Context,
    snapshot: SnapshotId,
    file: Result<FileToRead>,
}

impl<T> Snapshot<T> {
    /// The attachments, sorted by name. They are the snapshot's own: those of its parent are not among
    /// them.
    #[must_use]
    pub fn attachments(&self) -> &[Attachment] {
        &self.manifest().attachments
    }

    /// What the manifest says of the attachment with this name.
    #[must_use]
    pub fn attachment(&self, name: &str) -> Option<&Attachment> {
        self.attachments().iter().find(|attachment| attachment.name == name)
    }
}

impl<T, C, L> Dataset<T, C, L> {
    /// The bytes of an attachment: `dataset.attachment(&snapshot, "model.bin").await?`, verified by its
    /// size and checksum before any of them is returned; or as they come, by
    /// [`stream`](ReadAttachment::stream). See [`begin`](Self::begin) for how it is stored.
    ///
    /// # Errors
    /// [`Error::AttachmentNotFound`]; else as for
    /// [`read_blob`](Dataset::read_blob).
    pub fn attachment(&self, snapshot: &Snapshot<T>, name: &str) -> ReadAttachment {
        ReadAttachment {
            context: self.context.clone(),
            snapshot: snapshot.id(),
            file: to_read(&self.context, snapshot, name),
        }
    }
}

fn to_read<T>(context: &Context, snapshot: &Snapshot<T>, name: &str) -> Result<FileToRead> {
    let manifest = snapshot.manifest();
    context.history.owns(manifest)?;
    let Some(attachment) = snapshot.attachment(name) else {
        return Err(Error::AttachmentNotFound {
            dataset: manifest.dataset_id.clone(),
            snapshot: snapshot.id(),
            name: name.to_owned(),
        });
    };
    let checksum = match manifest.checksum_algorithm.as_deref().zip(attachment.checksum.clone()) {
        Some((algorithm, checksum)) => Some((Checksum::by_name(algorithm)?, checksum)),
        None => None,
    };
    Ok(FileToRead {
        key: attachment.path.clone(),
        size_bytes: attachment.size_bytes,
        checksum,
        compressor: Arc::new(Noop),
        limits: context.limits.clone(),
        meter: context.meter(),
    })
}

impl ReadAttachment {
    /// The bytes as they come, in chunks of about 1 MiB, in bounded memory. Whether all of it was right
    /// is known at its end: a size or checksum that does not fit is an error in place of the end.
    pub fn stream(self) -> BoxStream<'static, Result<Bytes>> {
        let Self { context, snapshot, file } = self;
        match file {
            Ok(file) => data::bytes(&context.history.store, file)
                .or_else(move |error| explained(context.clone(), snapshot, error))
                .boxed(),
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        }
    }
}

async fn explained(context: Context, id: SnapshotId, error: Error) -> Result<Bytes> {
    Err(explain_missing(&context, id, error).await)
}

impl IntoFuture for ReadAttachment {
    type Output = Result<Bytes>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { context, snapshot, file } = self;
        let dataset = &context.history.of.dataset;
        let span = tracing::info_span!("lode.attachment", %dataset, %snapshot);
        let read = async move {
            match data::read_all(&context.history.store, file?).await {
                Ok(bytes) => Ok(bytes),
                Err(error) => explained(context, snapshot, error).await,
            }
        };
        read.instrument(span).boxed()
    }
}
