//! The calls of an object store, each with its faults.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::answer::{half, spoiled};
use super::call::Op;
use super::rule::Fault;
use super::store::FaultStore;
use super::upload::Upload;

#[async_trait]
impl ObjectStore for FaultStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let path = location.as_ref();
        let op = if options.mode == PutMode::Create { Op::Create } else { Op::Put };
        let begun = self.begin(op, path, "").await;
        let result = match (begun.refusal(path), &begun.fault) {
            (Some(error), fault) => {
                if let Some(Fault::Late(calls)) = fault {
                    let due = begun.index.saturating_add(*calls);
                    self.put_later(due, location.clone(), payload, options);
                }
                Err(error)
            }
            (None, Some(Fault::Partway)) if op == Op::Put => {
                self.inner.put_opts(location, half(payload).into(), options).await
            }
            (None, _) => self.inner.put_opts(location, payload, options).await,
        };
        self.end(&begun, path, result).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let path = location.as_ref();
        let begun = self.begin(Op::Begin, path, "").await;
        let result = match begun.refusal(path) {
            Some(error) => Err(error),
            None => self.inner.put_multipart_opts(location, options).await,
        };
        let inner = self.end(&begun, path, result).await?;
        Ok(Box::new(Upload::new(self.clone(), location.clone(), inner)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let path = location.as_ref();
        let op = if options.head { Op::Head } else { Op::Get };
        let detail = options.range.as_ref().map(|range| format!("{range:?}"));
        let begun = self.begin(op, path, detail.as_deref().unwrap_or_default()).await;
        let result = match (begun.refusal(path), &begun.fault) {
            (Some(error), _) => Err(error),
            (None, Some(fault @ (Fault::Partway | Fault::Short | Fault::Altered)))
                if op == Op::Get =>
            {
                let found = self.inner.get_opts(location, options).await;
                let spoiled = match found {
                    Ok(found) => spoiled(found, fault, begun.index).await,
                    Err(error) => Err(error),
                };
                // Half of it arrives before it is known that the rest does not.
                return self.reply(&begun, spoiled).await;
            }
            (None, _) => self.inner.get_opts(location, options).await,
        };
        self.end(&begun, path, result).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut found = Vec::new();
        for range in ranges {
            found.push(self.get_range(location, range.clone()).await?);
        }
        Ok(found)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let delete = move |location: Path| {
            let store = store.clone();
            async move {
                let begun = store.begin(Op::Delete, location.as_ref(), "").await;
                let result = match begun.refusal(location.as_ref()) {
                    Some(error) => Err(error),
                    None => store.inner.delete(&location).await,
                };
                store.end(&begun, location.as_ref(), result).await.map(|()| location)
            }
        };
        locations.and_then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let store = self.clone();
        let prefix = prefix.cloned();
        let listed = async move {
            let path = prefix.as_ref().map(Path::to_string).unwrap_or_default();
            let begun = store.begin(Op::List, &path, "").await;
            let (mut found, result) = match begun.refusal(&path) {
                Some(error) => (Vec::new(), Err(error)),
                None => (store.inner.list(prefix.as_ref()).collect().await, Ok(())),
            };
            let result = store.end(&begun, &path, result).await;
            match (&begun.fault, result) {
                (Some(Fault::Short), Ok(())) => found.truncate(found.len() / 2),
                (_, Ok(())) => {}
                (Some(Fault::Partway), Err(error)) => {
                    found.truncate(found.len() / 2);
                    found.push(Err(error));
                }
                (_, Err(error)) => found = vec![Err(error)],
            }
            futures::stream::iter(found)
        };
        listed.flatten_stream().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let path = prefix.map(Path::to_string).unwrap_or_default();
        let begun = self.begin(Op::List, &path, "/").await;
        let result = match begun.refusal(&path) {
            Some(error) => Err(error),
            None => self.inner.list_with_delimiter(prefix).await,
        };
        self.end(&begun, &path, result).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let path = to.as_ref();
        let begun = self.begin(Op::Copy, path, from.as_ref()).await;
        let result = match begun.refusal(path) {
            Some(error) => Err(error),
            None => self.inner.copy_opts(from, to, options).await,
        };
        self.end(&begun, path, result).await
    }
}
