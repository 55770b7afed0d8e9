//! What `Store::check` finds out (L7): stores that ignore or race the create-only condition.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use lode::Store;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::support::contents;

#[tokio::test]
async fn memory_and_local_disk_hold_what_they_promise_and_keep_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for store in [Store::memory(), Store::local(dir.path()).unwrap()] {
        let report = store.check().await;
        assert!(report.is_ok(), "{report}");
        assert_eq!(report.checks().count(), 6);
        assert!(contents(&**store.object_store()).await.is_empty());
    }
}

/// A store with a flaw.
#[derive(Debug)]
pub(crate) struct Flawed {
    pub(crate) inner: InMemory,
    pub(crate) flaw: Flaw,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Flaw {
    /// A create is a put.
    IgnoresCreate,
    /// A create looks first, and puts later.
    RacesCreate,
    /// And what a race made cannot be read.
    SpoilsRaced,
    /// A put of an object that exists changes nothing.
    KeepsOld,
    /// Listing `a/` lists `a2/` as well.
    ListsNeighbours,
    /// A range is the whole.
    IgnoresRanges,
    /// A delete says yes.
    KeepsDeleted,
    /// It is told to send no creates.
    SendsNoCreate,
}

impl fmt::Display for Flawed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.flaw)
    }
}

#[async_trait]
impl ObjectStore for Flawed {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> Result<PutResult> {
        let creates = options.mode == PutMode::Create;
        match self.flaw {
            Flaw::IgnoresCreate => options.mode = PutMode::Overwrite,
            Flaw::RacesCreate | Flaw::SpoilsRaced
                if creates && self.inner.head(path).await.is_err() =>
            {
                options.mode = PutMode::Overwrite;
                tokio::task::yield_now().await;
            }
            Flaw::KeepsOld => options.mode = PutMode::Create,
            Flaw::SendsNoCreate if creates => {
                return Err(object_store::Error::NotImplemented {
                    operation: "a create".to_owned(),
                    implementer: self.to_string(),
                });
            }
            _ => {}
        }
        match self.inner.put_opts(path, payload, options).await {
            Err(object_store::Error::AlreadyExists { .. }) if !creates => {
                Ok(PutResult { e_tag: None, version: None, extensions: Default::default() })
            }
            answer => answer,
        }
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, mut options: GetOptions) -> Result<GetResult> {
        match self.flaw {
            Flaw::IgnoresRanges => options.range = None,
            Flaw::SpoilsRaced if path.as_ref().contains("/race-") => {
                let source = "end of file before message length reached".into();
                return Err(object_store::Error::Generic { store: "Flawed", source });
            }
            _ => {}
        }
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        match self.flaw {
            Flaw::KeepsDeleted => paths,
            _ => self.inner.delete_stream(paths),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match (self.flaw, prefix) {
            (Flaw::ListsNeighbours, Some(prefix)) => {
                let mut parts: Vec<_> = prefix.parts().collect();
                parts.pop();
                self.inner.list(Some(&Path::from_iter(parts)))
            }
            _ => self.inner.list(prefix),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn each_flaw_is_found_and_named() {
    for (flaw, name, problem) in [
        (Flaw::IgnoresCreate, "create-only", "a create of an existing object succeeded"),
        (Flaw::IgnoresCreate, "create-only under a race", "32 of 32 racing creates succeeded"),
        (Flaw::RacesCreate, "create-only under a race", "32 of 32 racing creates succeeded"),
        // `rclone serve s3 --vfs-cache-mode=full` does that, now and then.
        (Flaw::SpoilsRaced, "create-only under a race", "32 of 32 racing creates succeeded"),
        (Flaw::KeepsOld, "replace", "a replaced object reads as before"),
        (Flaw::ListsNeighbours, "list", "listing a folder of 2 objects gave"),
        (Flaw::IgnoresRanges, "range", "a range of 3 bytes came back as 10 bytes"),
        (Flaw::KeepsDeleted, "delete", "a deleted object can still be read"),
    ] {
        let flawed = Flawed { inner: InMemory::new(), flaw };
        let report = Store::from(Arc::new(flawed) as Arc<dyn ObjectStore>).check().await;
        assert!(!report.is_ok(), "{flaw:?} was not found:\n{report}");
        let found = report.check(name).unwrap().problem.clone().unwrap_or_default();
        assert!(found.starts_with(problem), "{flaw:?}: {report}");
        assert!(report.to_string().contains(&format!("FAILED  {name}: {problem}")), "{report}");
        if flaw == Flaw::RacesCreate {
            assert_eq!(report.check("create-only").unwrap().problem, None, "{report}");
        }
    }
}
