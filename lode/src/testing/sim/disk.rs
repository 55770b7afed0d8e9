//! A store in memory whose objects have simulated times.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

use super::clock::SimClock;
use crate::ambient::Clock;

/// `InMemory` takes the time of its objects from the machine.
#[derive(Clone)]
pub(super) struct Disk {
    inner: Arc<InMemory>,
    times: Arc<Times>,
}

struct Times {
    clock: SimClock,
    of: Mutex<HashMap<Path, DateTime<Utc>>>,
}

impl Disk {
    pub(super) fn new(clock: SimClock) -> Self {
        let times = Times { clock, of: Mutex::default() };
        Self { inner: Arc::default(), times: Arc::new(times) }
    }
}

impl Times {
    fn all(&self) -> MutexGuard<'_, HashMap<Path, DateTime<Utc>>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self, path: &Path) {
        let now = self.clock.now();
        self.all().insert(path.clone(), now);
    }

    fn set(&self, meta: &mut ObjectMeta) {
        if let Some(time) = self.all().get(&meta.location) {
            meta.last_modified = *time;
        }
    }
}

#[async_trait]
impl ObjectStore for Disk {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let put = self.inner.put_opts(location, payload, options).await?;
        self.times.touch(location);
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(Upload { inner, path: location.clone(), times: Arc::clone(&self.times) }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut found = self.inner.get_opts(location, options).await?;
        self.times.set(&mut found.meta);
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let times = Arc::clone(&self.times);
        let found = self.inner.list(prefix);
        found
            .map_ok(move |mut meta| {
                times.set(&mut meta);
                meta
            })
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut found = self.inner.list_with_delimiter(prefix).await?;
        for meta in &mut found.objects {
            self.times.set(meta);
        }
        Ok(found)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        self.times.touch(to);
        Ok(())
    }
}

struct Upload {
    inner: Box<dyn MultipartUpload>,
    path: Path,
    times: Arc<Times>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.inner.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let put = self.inner.complete().await?;
        self.times.touch(&self.path);
        Ok(put)
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a simulated store")
    }
}
