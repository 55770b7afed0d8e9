//! What datasets and volumes there are.

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::chain::DatasetChain;
use crate::commit::{Chain, History, LOADS_IN_FLIGHT};
use crate::error::{Error, Result};
use crate::id::{DatasetId, VolumeId};
use crate::layout::{DefaultLayout, HiveLayout, ListableLayout};
use crate::limits::Limits;
use crate::partition::Partition;
use crate::store::Store;
use crate::volume::{VOLUMES, VolumeChain};

/// The datasets of a store that have a given layout, and its volumes.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
/// use lode::{Blob, Catalog, Dataset, Metadata, Store};
///
/// let store = Store::memory();
/// Dataset::<Blob>::new(&store, "backups")?.write(b"all of it", Metadata::empty()).await?;
/// let found = Catalog::new(&store).datasets().await?;
/// assert_eq!(found[0].as_str(), "backups");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Catalog<L = DefaultLayout> {
    store: Store,
    layout: L,
    max_manifest_bytes: u64,
}

impl Catalog {
    /// The datasets of the default layout.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        let max_manifest_bytes = Limits::default().max_manifest_bytes;
        Self { store: store.clone(), layout: DefaultLayout, max_manifest_bytes }
    }

    /// The datasets of another layout. Datasets of the flat layout have no
    /// folder in common, and cannot be listed.
    #[must_use]
    pub fn layout<L>(self, layout: L) -> Catalog<L> {
        Catalog { store: self.store, layout, max_manifest_bytes: self.max_manifest_bytes }
    }
}

impl<L> Catalog<L> {
    /// The largest manifest that is read, in bytes. Default: 1 GiB.
    #[must_use]
    pub fn max_manifest_bytes(mut self, limit: u64) -> Self {
        self.max_manifest_bytes = limit;
        self
    }

    /// The datasets that have at least one snapshot, sorted by name.
    ///
    /// # Errors
    /// [`Error::Storage`].
    // Not an `async fn`: the compiler would report a layout that cannot be listed three times.
    pub fn datasets(&self) -> BoxFuture<'_, Result<Vec<DatasetId>>>
    where
        L: ListableLayout,
    {
        self.list().boxed()
    }

    async fn list(&self) -> Result<Vec<DatasetId>>
    where
        L: ListableLayout,
    {
        let Some(folder) = self.layout.paths().datasets() else { return Ok(Vec::new()) };
        let names = self.store.list_folders(folder).await?;
        let ids = names.into_iter().filter_map(|name| DatasetId::new(name).ok());
        committed(ids, |id| self.history(id)).await
    }

    fn history(&self, id: &DatasetId) -> History<DatasetChain>
    where
        L: ListableLayout,
    {
        let of = DatasetChain { dataset: id.clone(), paths: self.layout.paths() };
        self.history_of(of)
    }

    fn history_of<C: Chain>(&self, of: C) -> History<C> {
        History::new(self.store.clone(), of, self.max_manifest_bytes)
    }
}

impl Catalog {
    /// The volumes that have at least one snapshot, sorted by name.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> lode::Result<()> {
    /// use lode::{Catalog, Store, Volume, metadata};
    ///
    /// let store = Store::memory();
    /// let staged = Volume::create(&store, "disk", 1 << 20)?.stage_write_at(0, b"boot").await?;
    /// staged.commit(metadata! {}).await?;
    /// assert_eq!(Catalog::new(&store).volumes().await?[0].as_str(), "disk");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn volumes(&self) -> Result<Vec<VolumeId>> {
        let names = self.store.list_folders(VOLUMES).await?;
        let ids = names.into_iter().filter_map(|name| VolumeId::new(name).ok());
        committed(ids, |id: &VolumeId| self.history_of(VolumeChain { volume: id.clone() })).await
    }
}

impl Catalog<HiveLayout> {
    /// The partitions of a dataset's newest snapshot, sorted; empty if there is no snapshot.
    ///
    /// # Errors
    /// As for [`Dataset::latest`](crate::Dataset::latest).
    pub async fn partitions(&self, dataset: &DatasetId) -> Result<Vec<Partition>> {
        let Some(head) = self.history(dataset).head().await? else { return Ok(Vec::new()) };
        let mut found: Vec<Partition> =
            head.files.iter().filter_map(|file| Some(file.partition()?.into_owned())).collect();
        found.sort();
        found.dedup();
        Ok(found)
    }
}

/// Those of `ids` that have a snapshot, sorted.
async fn committed<I: Ord + Send, C: Chain>(
    ids: impl Iterator<Item = I> + Send,
    history: impl Fn(&I) -> History<C> + Sync,
) -> Result<Vec<I>> {
    let history = &history;
    let mut found: Vec<I> = futures::stream::iter(ids)
        .map(|id| async move {
            let is_here = history(&id).any_snapshot().await?;
            Ok::<_, Error>(is_here.then_some(id))
        })
        .buffered(LOADS_IN_FLIGHT)
        .try_filter_map(futures::future::ok)
        .try_collect()
        .await?;
    found.sort();
    Ok(found)
}
