//! Stores that fail, and hang: errors at the next write and at `finish`, never a hang of ours.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use super::support::*;
use crate::data::{self, FileOptions, FileWriter, read_all};
use crate::error::Error;
use crate::store::Store;

/// Fails its n-th call, and all after it. Reads break off halfway, or hang there.
#[derive(Debug, Default)]
struct Faulty {
    inner: InMemory,
    calls: Arc<Calls>,
    hangs: bool,
}

#[derive(Debug, Default)]
struct Calls {
    /// How many calls still succeed.
    left: AtomicI64,
    begun: AtomicUsize,
    completed: AtomicUsize,
    aborted: AtomicUsize,
}

impl Calls {
    fn step(&self) -> Result<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            1.. => Ok(()),
            _ => Err(object_store::Error::Generic { store: "faulty", source: "full".into() }),
        }
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, to: &Path, body: PutPayload, how: PutOptions) -> Result<PutResult> {
        self.calls.step()?;
        self.inner.put_opts(to, body, how).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        how: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.calls.step()?;
        self.calls.begun.fetch_add(1, Ordering::SeqCst);
        let inner = self.inner.put_multipart_opts(to, how).await?;
        Ok(Box::new(FaultyUpload { inner, calls: Arc::clone(&self.calls) }))
    }

    async fn get_opts(&self, from: &Path, how: GetOptions) -> Result<GetResult> {
        let mut found = self.inner.get_opts(from, how).await?;
        let GetResultPayload::Stream(mut chunks) = found.payload else { unreachable!() };
        let whole = chunks.next().await.unwrap()?;
        let half = whole.slice(..whole.len() / 2);
        let rest: BoxStream<'static, Result<Bytes>> = match (self.hangs, self.calls.step()) {
            (true, _) => stream::pending().boxed(),
            (false, Ok(())) => stream::empty().boxed(),
            (false, Err(error)) => stream::once(async { Err(error) }).boxed(),
        };
        let chunks = stream::once(async { Ok(half) }).chain(rest).boxed();
        found.payload = GetResultPayload::Stream(chunks);
        Ok(found)
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

    async fn copy_opts(&self, from: &Path, to: &Path, how: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, how).await
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn MultipartUpload>,
    calls: Arc<Calls>,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let part = self.inner.put_part(data);
        let step = self.calls.step();
        Box::pin(async move {
            tokio::task::yield_now().await;
            step?;
            part.await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.calls.step()?;
        let result = self.inner.complete().await?;
        self.calls.completed.fetch_add(1, Ordering::SeqCst);
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.calls.aborted.fetch_add(1, Ordering::SeqCst);
        self.inner.abort().await
    }
}

fn faulty(successes: i64, hangs: bool) -> (Store, Arc<Calls>) {
    let store = Faulty { hangs, ..Faulty::default() };
    store.calls.left.store(successes, Ordering::SeqCst);
    let calls = Arc::clone(&store.calls);
    (Store::from(Arc::new(store) as Arc<dyn ObjectStore>), calls)
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("it hangs")
}

#[tokio::test]
async fn a_store_that_fails_at_any_call_is_told_at_the_next_write_and_at_finish() {
    let chunk = noise(100_000);
    for compressor in compressors().iter().filter(|c| c.name() != "gzip") {
        let mut succeeded = false;
        for successes in 0..30 {
            let (store, calls) = faulty(successes, false);
            let options = FileOptions { part_bytes: 200_000, ..options(compressor.name()) };
            let mut writer = FileWriter::new(&store, KEY.to_owned(), options);
            let mut failed = None;
            soon(async {
                for _ in 0..40 {
                    match writer.write(chunk.clone()).await {
                        Ok(()) => assert!(failed.is_none(), "a write after an error succeeded"),
                        Err(error) => failed = Some(error),
                    }
                }
            })
            .await;
            let finished = soon(writer.finish()).await;
            let begun = calls.begun.load(Ordering::SeqCst);
            let completed = calls.completed.load(Ordering::SeqCst);
            let aborted = calls.aborted.load(Ordering::SeqCst);
            assert_eq!(begun, completed + aborted, "an upload is left over");
            match finished {
                Ok(_) => {
                    assert!(failed.is_none() && completed == 1);
                    succeeded = true;
                }
                Err(error) => {
                    assert!(matches!(error, Error::Storage { .. }), "{error:?}");
                    assert_eq!(completed, 0);
                    let left = store.object_store().list(None).count().await;
                    assert_eq!(left, 0);
                }
            }
        }
        assert!(succeeded, "30 calls are not enough for {}", compressor.name());
    }
}

#[tokio::test]
async fn a_small_file_fails_with_its_put() {
    let (store, _) = faulty(0, false);
    let error = write(&store, options("noop"), [noise(10)]).await.unwrap_err();
    assert!(matches!(error, Error::Storage { operation: "put", .. }), "{error:?}");
}

#[tokio::test]
async fn a_read_that_breaks_off_is_the_stores_error_and_not_corruption() {
    for compressor in compressors() {
        let (store, calls) = faulty(i64::MAX, false);
        let chunk = Bytes::from(jsonl(&rows(20_000, 60)));
        let written = write(&store, options(compressor.name()), [chunk]).await.unwrap();
        let file = file(&written, compressor.name());
        // The object has the right size: a body that ends too soon is no more than a bad answer.
        let error = soon(read_all(&store, file.clone())).await.unwrap_err();
        assert!(matches!(error, Error::Storage { operation: "read", .. }), "{error:?}");

        calls.left.store(0, Ordering::SeqCst);
        for error in [
            soon(read_all(&store, file.clone())).await.unwrap_err(),
            soon(stream_bytes(&store, file.clone())).await.unwrap_err(),
            soon(read_rows(&store, file)).await.unwrap_err(),
        ] {
            assert!(matches!(error, Error::Storage { operation: "read", .. }), "{error:?}");
        }
    }
}

#[test]
fn dropping_a_reader_frees_the_thread_that_waits_for_the_store() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let moment = Duration::from_millis(50);
    runtime.block_on(async {
        let (store, _) = faulty(i64::MAX, true);
        let chunk = Bytes::from(jsonl(&rows(60_000, 60)));
        let written = write(&store, options("noop"), [chunk]).await.unwrap();
        let file = file(&written, "noop");
        for way in 0..3 {
            let waiting = async {
                match way {
                    0 => drop(read_all(&store, file.clone()).await),
                    1 => drop(data::bytes(&store, file.clone()).collect::<Vec<_>>().await),
                    _ => drop(read_rows(&store, file.clone()).await),
                }
            };
            tokio::time::timeout(moment, waiting).await.expect_err("the store hangs");
            soon(tokio::task::spawn_blocking(|| ())).await.unwrap();
        }
    });
}
