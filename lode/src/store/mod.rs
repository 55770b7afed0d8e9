//! Where objects live: one key space of an [`object_store`] under a root prefix.

mod answer;
mod check;
mod cloud;
mod open;
mod patience;
mod sweep;
#[cfg(test)]
mod tests;
mod trust;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    GetOptions, GetResult, ListResult, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode,
    PutOptions, PutPayload,
};
use uuid::Uuid;

pub(crate) use answer::{broken_off, whole};
pub use check::{Check, StoreReport};
pub use open::StoreBuilder;
pub(crate) use patience::best_effort;

use trust::Trust;

use crate::ambient::{Clock, Ids, RandomIds, SystemClock};
use crate::error::{Error, Result};

/// One key space of objects: a cheap clone around an [`ObjectStore`] and a root prefix.
///
/// ```
/// # fn main() -> lode::Result<()> {
/// let store = lode::Store::memory();
/// let same = store.clone();               // clones share their objects
///
/// let dir = std::env::temp_dir();
/// let store = lode::Store::local(&dir)?;  // the directory must exist
/// # Ok(()) }
/// ```
///
/// Any [`ObjectStore`] will do, so the ecosystem's wrappers (throttling, caching, tracing) fit:
///
/// ```
/// use std::sync::Arc;
/// use object_store::{ObjectStore, memory::InMemory};
///
/// let inner: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
/// let store = lode::Store::from(inner).prefixed("team/events")?;
/// # Ok::<(), lode::Error>(())
/// ```
///
/// One that limits how many requests are made at once (`object_store::limit::LimitStore`) must allow as
/// many as [`Limits::read_concurrency`](crate::Limits::read_concurrency) for every stream of records that
/// is read at the same time: files are opened ahead, and one that waits for its turn keeps its request.
/// lode decodes on tokio's threads for blocking work, and waits for bytes there; a store that needs such
/// threads itself to send them must find some free.
///
/// lode relies on the store's create-if-absent put being atomic; [`Store::check`] probes it. Of a store
/// that is given as an `ObjectStore` you answer for that yourself; one that is opened by its URL, with an
/// endpoint of its own, is not committed to before it was checked: see [`Error::UncheckedStore`].
#[derive(Clone)]
pub struct Store {
    inner: Arc<dyn ObjectStore>,
    /// The same objects, without waiting for the disk: for hints, on which nothing depends.
    hints: Arc<dyn ObjectStore>,
    /// Empty, or without a slash at either end.
    prefix: Arc<str>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    settled: bool,
    trust: Arc<Trust>,
    /// The directory whose files are synced, of a local store that does so.
    synced: Option<Arc<std::path::Path>>,
    /// Where the files are, if objects are files.
    #[cfg(feature = "local")]
    files: Option<object_store::local::LocalFileSystem>,
}

/// Whether a local store waits until what it wrote is safe from a power cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// Data files, manifests and their directories are synced to disk before a put returns. (Hints
    /// are not: nothing depends on them.)
    #[default]
    Sync,
    /// The operating system writes them when it sees fit: after a power cut, snapshots whose
    /// commit was acknowledged can be missing or damaged. For data that can be made again.
    None,
}

impl Store {
    /// The directory at `path`, which must exist: nothing is created behind your back.
    ///
    /// Every put of data and manifests is synced to disk before it returns ([`Durability::Sync`]); see
    /// [`Store::local_with`].
    ///
    /// Symbolic links in it are followed: whoever can make one there can write there anyway, and a
    /// dataset may lie on another disk. Nothing that is *stored* leads out of the directory: paths in
    /// manifests are names inside of their dataset's or volume's folder, or the manifest is refused.
    ///
    /// Network file systems are not supported for several writers, unless their `link(2)` is atomic and its
    /// answer is true: an acknowledged commit could be lost, or one that was reported as failed appear.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`] if it is missing or not a directory.
    #[cfg(feature = "local")]
    pub fn local(path: impl AsRef<std::path::Path>) -> Result<Self> {
        Self::local_with(path, Durability::Sync)
    }

    /// The directory at `path`, with the durability named.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`] if it is missing or not a directory.
    #[cfg(feature = "local")]
    pub fn local_with(path: impl AsRef<std::path::Path>, durability: Durability) -> Result<Self> {
        let path = path.as_ref();
        let unavailable = |source| Error::StoreUnavailable { path: path.to_owned(), source };
        if !std::fs::metadata(path).map_err(unavailable)?.is_dir() {
            return Err(unavailable(std::io::ErrorKind::NotADirectory.into()));
        }
        let root = std::fs::canonicalize(path).map_err(unavailable)?;
        let unsynced = object_store::local::LocalFileSystem::new_with_prefix(path)
            .map_err(|source| unavailable(std::io::Error::other(source)))?;
        let store = unsynced.clone().with_fsync(durability == Durability::Sync);
        Ok(Self {
            settled: true,
            hints: Arc::new(unsynced.clone()),
            files: Some(unsynced),
            synced: (durability == Durability::Sync).then(|| root.into()),
            ..Self::from(Arc::new(store) as Arc<dyn ObjectStore>)
        })
    }

    /// A new, empty store in memory. Clones share it; it is gone with the last of them.
    #[must_use]
    pub fn memory() -> Self {
        let store = Arc::new(object_store::memory::InMemory::new());
        Self { settled: true, ..Self::from(store as Arc<dyn ObjectStore>) }
    }

    /// The part of this store under `prefix` (segments separated by `/`, kept byte for byte).
    ///
    /// # Errors
    /// [`Error::InvalidUrl`] if it holds an empty segment, `.`, `..` or control characters.
    pub fn prefixed(mut self, prefix: &str) -> Result<Self> {
        let joined = match (self.prefix.is_empty(), prefix.is_empty()) {
            (_, true) => return Ok(self),
            (true, false) => prefix.to_owned(),
            (false, false) => format!("{}/{prefix}", self.prefix),
        };
        let parsed = Path::parse(&joined)
            .map_err(|e| Error::InvalidUrl { url: prefix.to_owned(), reason: e.to_string() })?;
        if parsed.as_ref() != joined {
            let reason = "a prefix must not begin or end with a slash".to_owned();
            return Err(Error::InvalidUrl { url: prefix.to_owned(), reason });
        }
        self.prefix = joined.into();
        Ok(self)
    }

    /// This store with another clock, for tests that set the time.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// This store with another source of ids, for tests that must be repeatable.
    #[must_use]
    pub fn with_ids(self, ids: Arc<dyn Ids>) -> Self {
        Self { ids, ..self }
    }

    /// The object store inside; its keys begin with this store's prefix.
    #[must_use]
    pub fn object_store(&self) -> &Arc<dyn ObjectStore> {
        &self.inner
    }

    /// What it is called in errors.
    fn name(&self) -> String {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        format!("the store {}{slash}{}", self.inner, self.prefix)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn fresh_id(&self) -> Uuid {
        self.ids.next()
    }

    /// Whether a request that was answered, even by an error, can no longer take effect.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    /// The full path of `key`, byte for byte (`Path::from` would encode `%` again).
    pub(crate) fn path(&self, key: &str) -> Result<Path> {
        let full = match self.prefix.is_empty() {
            true => key.to_owned(),
            false => format!("{}/{key}", self.prefix),
        };
        Path::parse(&full).map_err(|e| {
            Error::storage("address", key)(object_store::Error::InvalidPath { source: e })
        })
    }

    /// The file of `key`, if objects are files: it saves a read one of its two jobs.
    #[cfg(feature = "local")]
    pub(crate) fn file(&self, key: &str) -> Result<Option<std::path::PathBuf>> {
        let Some(files) = &self.files else { return Ok(None) };
        let path = files.path_to_filesystem(&self.path(key)?);
        path.map(Some).map_err(Error::storage("get", key))
    }

    /// The key of a full path: the reverse of [`path`](Self::path).
    pub(crate) fn key<'a>(&self, path: &'a Path) -> Option<&'a str> {
        match self.prefix.is_empty() {
            true => Some(path.as_ref()),
            false => path.as_ref().strip_prefix(&*self.prefix)?.strip_prefix('/'),
        }
    }

    /// Puts a whole object, replacing one of that name.
    pub(crate) async fn put(&self, key: &str, payload: PutPayload) -> Result<()> {
        let path = self.path(key)?;
        self.inner.put(&path, payload).await.map_err(Error::storage("put", key))?;
        Ok(())
    }

    /// Puts a hint. It need not survive a power cut, so it does not wait for the disk.
    pub(crate) async fn put_hint(&self, key: &str, payload: PutPayload) -> Result<()> {
        let path = self.path(key)?;
        self.hints.put(&path, payload).await.map_err(Error::storage("put", key))?;
        Ok(())
    }

    /// Puts a whole object if none has that name; the raw answer, which the commit protocol reads.
    pub(crate) async fn create(&self, path: &Path, body: Bytes) -> object_store::Result<()> {
        if !self.trust.is_single_writer() {
            return self.create_only(path, body).await;
        }
        let _alone = self.trust.alone.lock().await;
        if absent(self.inner.head(path).await)?.is_some() {
            let source = "it is there".into();
            return Err(object_store::Error::AlreadyExists { path: path.to_string(), source });
        }
        self.inner.put(path, body.into()).await.map(drop)
    }

    /// [`create`](Self::create), whoever writes.
    async fn create_only(&self, path: &Path, body: Bytes) -> object_store::Result<()> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.inner.put_opts(path, body.into(), options).await.map(drop)
    }

    /// Makes sure that an object which is there after all, although its put failed, is there to
    /// stay: a local file has its name before the name is on disk.
    pub(crate) async fn sync(&self, key: &str) -> Result<()> {
        let Some(root) = &self.synced else { return Ok(()) };
        let file = root.join(self.path(key)?.as_ref());
        let synced = tokio::task::spawn_blocking(move || {
            std::fs::File::open(&file)?.sync_all()?;
            file.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
        });
        synced.await?.map_err(|e| {
            let source = object_store::Error::Generic { store: "local", source: e.into() };
            Error::storage("sync", key)(source)
        })
    }

    /// The object, or `None` if there is none.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<GetResult>> {
        let path = self.path(key)?;
        absent(self.inner.get(&path).await).map_err(Error::storage("get", key))
    }

    /// What is known of an object without reading it, or `None` if there is none.
    pub(crate) async fn head(&self, key: &str) -> Result<Option<ObjectMeta>> {
        let path = self.path(key)?;
        let options = GetOptions { head: true, ..GetOptions::default() };
        let found = absent(self.inner.get_opts(&path, options).await);
        Ok(found.map_err(Error::storage("look up", key))?.map(|found| found.meta))
    }

    /// Deletes an object; one that is not there is fine.
    pub(crate) async fn delete(&self, key: &str) -> Result<()> {
        let path = self.path(key)?;
        absent(self.inner.delete(&path).await).map_err(Error::storage("delete", key))?;
        Ok(())
    }

    /// Deletes objects of `folder`, many with one request where the store can; one that is not there is
    /// fine. Each that is gone has an answer. An error may be one of many objects.
    pub(crate) fn delete_all(
        &self,
        folder: &str,
        keys: &[String],
    ) -> BoxStream<'static, Result<()>> {
        let paths: Result<Vec<Path>> = keys.iter().map(|key| self.path(key)).collect();
        let paths = match paths {
            Ok(paths) => paths,
            Err(e) => return futures::stream::once(async { Err(e) }).boxed(),
        };
        let answers = self.inner.delete_stream(futures::stream::iter(paths).map(Ok).boxed());
        let folder = folder.to_owned();
        let answers = answers.map(move |answer| match absent(answer) {
            Ok(_) => Ok(()),
            Err(e) => Err(Error::storage("delete objects of", folder.as_str())(e)),
        });
        answers.boxed()
    }

    /// The objects under `prefix`, which ends in a slash (or is empty, for all).
    pub(crate) fn list(&self, prefix: &str) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.listing_path(prefix) {
            Ok(path) => {
                let error = prefix.to_owned();
                let found = self.inner.list(path.as_ref());
                found.map_err(move |e| Error::storage("list", error.as_str())(e)).boxed()
            }
            Err(e) => futures::stream::once(async { Err(e) }).boxed(),
        }
    }

    /// The names directly under `prefix` that have objects below them, without slashes.
    pub(crate) async fn list_folders(&self, prefix: &str) -> Result<Vec<String>> {
        let path = self.listing_path(prefix)?;
        let found: ListResult = self
            .inner
            .list_with_delimiter(path.as_ref())
            .await
            .map_err(Error::storage("list", prefix))?;
        let names = found.common_prefixes.iter().filter_map(|path| self.key(path));
        Ok(names.filter_map(|key| key.strip_prefix(prefix)).map(str::to_owned).collect())
    }

    fn listing_path(&self, prefix: &str) -> Result<Option<Path>> {
        debug_assert!(prefix.is_empty() || prefix.ends_with('/'), "`{prefix}` must end in a slash");
        match (self.prefix.is_empty(), prefix.is_empty()) {
            (true, true) => Ok(None),
            (false, true) => Path::parse(&*self.prefix).map(Some).map_err(|e| {
                Error::storage("list", prefix)(object_store::Error::InvalidPath { source: e })
            }),
            (_, false) => self.path(prefix.trim_end_matches('/')).map(Some),
        }
    }
}

impl From<Arc<dyn ObjectStore>> for Store {
    fn from(inner: Arc<dyn ObjectStore>) -> Self {
        Self {
            hints: Arc::clone(&inner),
            inner,
            prefix: "".into(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            settled: false,
            trust: Arc::default(),
            synced: None,
            #[cfg(feature = "local")]
            files: None,
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the inner store's `Debug`: it could hold credentials.
        f.debug_struct("Store").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// 'Not found' as `None`.
fn absent<T>(result: object_store::Result<T>) -> object_store::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}
