//! The store under the model: it notes what must never happen, and decides who waits for whom.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    UploadPart,
};
use tokio::sync::Notify;

use super::event::mix;

/// One handle's way to the objects; clones of one share its pauses, all share the log.
#[derive(Clone)]
pub struct Watch {
    inner: Arc<dyn ObjectStore>,
    pub log: Arc<Log>,
    pub pauses: Arc<Pauses>,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Log {
    seen: Mutex<HashSet<Path>>,
    /// What must never happen, and did.
    pub wrong: Mutex<Vec<String>>,
    /// Uploads in parts that were begun and neither completed nor aborted.
    pub uploads: AtomicUsize,
}

/// When calls of a handle wait.
#[derive(Debug, Default)]
pub struct Pauses {
    /// The next create-only put waits until it is let go.
    pub hold: AtomicBool,
    pub held: Notify,
    pub go: Notify,
    /// Every call gives way so many times, by these numbers in turn.
    seed: Mutex<u64>,
}

impl Watch {
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, log: Arc::default(), pauses: Arc::default() }
    }

    /// Another handle's way to the same objects.
    pub fn another(&self) -> Self {
        Self { pauses: Arc::default(), ..self.clone() }
    }

    /// The objects themselves, with nobody watching.
    pub fn inner(&self) -> &Arc<dyn ObjectStore> {
        &self.inner
    }

    pub fn store(&self) -> lode::Store {
        lode::Store::from(Arc::new(self.clone()) as Arc<dyn ObjectStore>)
    }
}

impl Pauses {
    /// From now on calls give way as `seed` says; never, for 0.
    pub fn give_way(&self, seed: u64) {
        *self.seed.lock().unwrap_or_else(PoisonError::into_inner) = seed;
    }

    async fn wait(&self) {
        let turns = {
            let mut seed = self.seed.lock().unwrap_or_else(PoisonError::into_inner);
            if *seed == 0 {
                return;
            }
            *seed = mix(*seed) | 1;
            *seed >> 8 & 7
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }
}

impl Log {
    /// An object was stored under this name.
    fn stored(&self, location: &Path) {
        let is_first =
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(location.clone());
        if !is_first && location.filename() != Some("latest") {
            self.wrong(format!("`{location}` was stored again"));
        }
    }

    fn wrong(&self, what: String) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

#[async_trait::async_trait]
impl ObjectStore for Watch {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.pauses.wait().await;
        if options.mode == PutMode::Create && self.pauses.hold.swap(false, Ordering::SeqCst) {
            self.pauses.held.notify_one();
            self.pauses.go.notified().await;
        }
        let is_manifest = location.filename() == Some("manifest.json");
        if is_manifest && options.mode != PutMode::Create {
            self.log.wrong(format!("`{location}` was not put create-only"));
        }
        let stored = self.inner.put_opts(location, payload, options).await?;
        self.log.stored(location);
        self.pauses.wait().await;
        Ok(stored)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.pauses.wait().await;
        let upload = self.inner.put_multipart_opts(location, options).await?;
        self.log.uploads.fetch_add(1, Ordering::SeqCst);
        let (log, location) = (Arc::clone(&self.log), location.clone());
        Ok(Box::new(Upload { upload, log, location, is_open: true, is_completing: false }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.pauses.wait().await;
        let found = self.inner.get_opts(location, options).await;
        self.pauses.wait().await;
        found
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let log = Arc::clone(&self.log);
        let locations = locations.inspect(move |location| {
            if let Ok(location) = location
                && location.filename() == Some("manifest.json")
            {
                log.wrong(format!("`{location}` was deleted"));
            }
        });
        self.inner.delete_stream(locations.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.log.wrong(format!("`{from}` was copied to `{to}`"));
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.log.wrong(format!("`{from}` was renamed to `{to}`"));
        self.inner.rename_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct Upload {
    upload: Box<dyn MultipartUpload>,
    log: Arc<Log>,
    location: Path,
    is_open: bool,
    /// A completion that is dropped goes on by itself on local disk, and cannot be aborted any more.
    is_completing: bool,
}

impl Upload {
    fn end(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.log.uploads.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[async_trait::async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.is_completing = true;
        let done = self.upload.complete().await?;
        self.log.stored(&self.location);
        self.end();
        Ok(done)
    }

    async fn abort(&mut self) -> Result<()> {
        let aborted = self.upload.abort().await;
        if aborted.is_err() && self.is_completing {
            // It is renamed meanwhile, by a thread that nobody waits for.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        if aborted.is_ok() || self.is_completing {
            self.end();
        }
        aborted
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// A call that is dropped while its last upload completes.
#[tokio::test]
async fn an_upload_whose_completion_is_dropped_is_over() {
    use object_store::ObjectStoreExt;

    let dir = tempfile::tempdir().unwrap();
    let disk = lode::Store::local(dir.path()).unwrap();
    let watch = Watch::new(Arc::clone(disk.object_store()));
    let mut upload = watch.put_multipart(&Path::from("file")).await.unwrap();
    upload.put_part("bytes".into()).await.unwrap();
    assert_eq!(watch.log.uploads.load(Ordering::SeqCst), 1);
    drop(futures::poll!(upload.complete()));
    let _ = upload.abort().await;
    assert_eq!(watch.log.uploads.load(Ordering::SeqCst), 0);
}
