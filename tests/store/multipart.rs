//! Uploads in parts: equal parts (R2 wants them), few at once, aborted when they are not to be.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use lode::{Blob, Dataset, Limits, Store, metadata};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use tokio::io::AsyncWriteExt;

/// A store that notes what is uploaded in parts.
#[derive(Debug, Default)]
struct Watched {
    inner: InMemory,
    log: Arc<Log>,
}

#[derive(Debug, Default)]
struct Log {
    parts: Mutex<BTreeMap<Path, Vec<usize>>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    aborted: AtomicUsize,
    completed: AtomicUsize,
    /// The number of the part that fails.
    fails: Option<usize>,
}

impl std::fmt::Display for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watched")
    }
}

#[derive(Debug)]
struct Upload {
    inner: Box<dyn MultipartUpload>,
    path: Path,
    log: Arc<Log>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (log, len) = (Arc::clone(&self.log), data.content_length());
        let number = {
            let mut parts = log.parts.lock().unwrap();
            let parts = parts.entry(self.path.clone()).or_default();
            parts.push(len);
            parts.len()
        };
        let put = self.inner.put_part(data);
        Box::pin(async move {
            let bytes = log.in_flight.fetch_add(len, Ordering::SeqCst) + len;
            log.most_in_flight.fetch_max(bytes, Ordering::SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            log.in_flight.fetch_sub(len, Ordering::SeqCst);
            match log.fails == Some(number) {
                true => Err(object_store::Error::Generic { store: "watched", source: "no".into() }),
                false => put.await,
            }
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.log.completed.fetch_add(1, Ordering::SeqCst);
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.log.aborted.fetch_add(1, Ordering::SeqCst);
        self.inner.abort().await
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.inner.put_multipart_opts(path, options).await?;
        Ok(Box::new(Upload { inner, path: path.clone(), log: Arc::clone(&self.log) }))
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// Less than a writer's own buffer.
const PART: usize = 300_000;

fn watched(fails: Option<usize>) -> (Arc<Log>, Dataset<Blob>) {
    let log = Arc::new(Log { fails, ..Log::default() });
    let store = Watched { log: Arc::clone(&log), ..Watched::default() };
    let store = Store::from(Arc::new(store) as Arc<dyn ObjectStore>);
    let limits = Limits { part_bytes: PART, parts_in_flight: 3, ..Limits::default() };
    (log, Dataset::<Blob>::new(&store, "blobs").unwrap().limits(limits))
}

#[tokio::test]
async fn parts_are_equal_and_few_at_once() {
    for len in [PART, PART + 1, 10 * PART - 1, 10 * PART, 10 * PART + 1] {
        let (log, blobs) = watched(None);
        let mut writer = blobs.stream_write(metadata! {}).await.unwrap();
        // In pieces that fit into no part.
        for piece in vec![7; len].chunks(77_777) {
            writer.write_all(piece).await.unwrap();
        }
        let snapshot = writer.commit().await.unwrap();
        assert_eq!(blobs.read_blob(&snapshot).await.unwrap().len(), len);
        let parts = log.parts.lock().unwrap().values().flatten().copied().collect::<Vec<_>>();
        let (last, others) = parts.split_last().unwrap();
        assert!(others.iter().all(|part| *part == PART), "{parts:?}");
        assert!((1..=PART).contains(last), "{parts:?}");
        assert_eq!(parts.iter().sum::<usize>(), len);
        assert!(log.most_in_flight.load(Ordering::SeqCst) <= 3 * PART);
        assert_eq!(log.completed.load(Ordering::SeqCst), 1);
        assert_eq!(log.aborted.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn what_is_not_to_be_is_aborted() {
    let (log, blobs) = watched(None);
    let mut writer = blobs.stream_write(metadata! {}).await.unwrap();
    writer.write_all(&[7; 5 * PART]).await.unwrap();
    writer.flush().await.unwrap();
    writer.abort().await;
    assert_eq!(log.aborted.load(Ordering::SeqCst), 1, "on `abort`");

    let (log, blobs) = watched(Some(2));
    let mut writer = blobs.stream_write(metadata! {}).await.unwrap();
    let written = writer.write_all(&[7; 50 * PART]).await;
    assert!(written.is_err() || writer.commit().await.is_err());
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(log.aborted.load(Ordering::SeqCst), 1, "on an error");
    assert_eq!(log.completed.load(Ordering::SeqCst), 0);

    let (log, blobs) = watched(None);
    let mut writer = blobs.stream_write(metadata! {}).await.unwrap();
    writer.write_all(&[7; 5 * PART]).await.unwrap();
    writer.flush().await.unwrap();
    drop(writer);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(log.aborted.load(Ordering::SeqCst), 1, "when it is dropped");
    assert!(blobs.latest().await.unwrap().is_none());
}
