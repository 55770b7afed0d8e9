//! Uploads in parts, each of which is a call.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use object_store::path::Path;
use object_store::{
    Error, MultipartUpload, ObjectStoreExt, PutPayload, PutResult, Result, UploadPart,
};

use super::answer::half;
use super::call::Op;
use super::rule::Fault;
use super::store::FaultStore;

/// An upload. One that lacks a part cannot be completed, as on real stores.
pub(super) struct Upload {
    store: FaultStore,
    path: Path,
    inner: Box<dyn MultipartUpload>,
    parts: usize,
    first: PutPayload,
    lacks_part: Arc<AtomicBool>,
}

impl Upload {
    pub(super) fn new(store: FaultStore, path: Path, inner: Box<dyn MultipartUpload>) -> Self {
        let (first, lacks_part) = (PutPayload::default(), Arc::default());
        Self { store, path, inner, parts: 0, first, lacks_part }
    }
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        if self.parts == 0 {
            self.first = data.clone();
        }
        let number = self.parts.to_string();
        self.parts += 1;
        let (store, path) = (self.store.clone(), self.path.clone());
        let lacks_part = Arc::clone(&self.lacks_part);
        // Which part it is depends on when this is called, not on when it is polled.
        let stored = self.inner.put_part(data);
        Box::pin(async move {
            let begun = store.begin(Op::Part, path.as_ref(), &number).await;
            let refusal = begun.refusal(path.as_ref());
            let result = match (refusal, &begun.fault) {
                (Some(error), _) => Err(error),
                // Half of a part is none.
                (None, Some(Fault::Partway)) => Ok(()),
                (None, _) => stored.await,
            };
            if result.is_err() || matches!(begun.fault, Some(Fault::Partway)) {
                lacks_part.store(true, Ordering::Relaxed);
            }
            store.end(&begun, path.as_ref(), result).await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let path = self.path.as_ref();
        let begun = self.store.begin(Op::Complete, path, "").await;
        let result = match (begun.refusal(path), &begun.fault) {
            (Some(error), _) => Err(error),
            (None, _) if self.lacks_part.load(Ordering::Relaxed) => Err(Error::Generic {
                store: "fault",
                source: "400 InvalidPart: a part was not uploaded".into(),
            }),
            (None, Some(Fault::Partway)) => {
                self.store.inner.put(&self.path, half(self.first.clone()).into()).await
            }
            (None, _) => self.inner.complete().await,
        };
        self.store.end(&begun, path, result).await
    }

    async fn abort(&mut self) -> Result<()> {
        let path = self.path.as_ref();
        let begun = self.store.begin(Op::Abort, path, "").await;
        let result = match begun.refusal(path) {
            Some(error) => Err(error),
            None => self.inner.abort().await,
        };
        self.store.end(&begun, path, result).await
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("path", &self.path).finish_non_exhaustive()
    }
}
