//! Volumes whose manifests are made by hand, on a store that keeps a log.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use proptest::prelude::*;

use crate::checksum::Checksum;
use crate::commit::{History, OnConflict};
use crate::id::VolumeSnapshotId;
use crate::manifest::{BlockRef, FormatVersion, VolumeManifest};
use crate::metadata::Metadata;
use crate::store::Store;
use crate::volume::chain::VolumeChain;
use crate::volume::context::Context;
use crate::volume::state::Committed;
use crate::volume::{Volume, VolumeLimits};

/// What a [`Watched`] store saw, and how it is to lie.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Every range that was asked for; of the whole object, 0..0.
    pub(super) asked: Mutex<Vec<(String, Range<u64>)>>,
    pub(super) in_flight: AtomicUsize,
    pub(super) most_in_flight: AtomicUsize,
    /// Bodies end a byte too soon.
    pub(super) cuts: AtomicBool,
    /// Bodies have a byte too many.
    pub(super) adds: AtomicBool,
    /// Another range is given than was asked for.
    pub(super) shifts: AtomicBool,
    /// Everything fails.
    pub(super) is_down: AtomicBool,
}

impl Watch {
    pub(super) fn requests(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    pub(super) fn bytes_asked(&self) -> u64 {
        self.asked.lock().unwrap().iter().map(|(_, range)| range.end - range.start).sum()
    }
}

#[derive(Debug)]
struct Watched {
    inner: Arc<dyn ObjectStore>,
    watch: Arc<Watch>,
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("watched")
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(&self, to: &Path, body: PutPayload, how: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(to, body, how).await
    }

    async fn put_multipart_opts(
        &self,
        to: &Path,
        how: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(to, how).await
    }

    async fn get_opts(&self, from: &Path, how: GetOptions) -> Result<GetResult> {
        let watch = &self.watch;
        let range = match &how.range {
            Some(GetRange::Bounded(range)) => range.clone(),
            _ => 0..0,
        };
        watch.asked.lock().unwrap().push((from.to_string(), range));
        let in_flight = watch.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        watch.most_in_flight.fetch_max(in_flight, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let found = self.inner.get_opts(from, how).await;
        watch.in_flight.fetch_sub(1, Ordering::SeqCst);
        if watch.is_down.load(Ordering::SeqCst) {
            return Err(object_store::Error::Generic { store: "watched", source: "down".into() });
        }
        let mut found = found?;
        if watch.shifts.load(Ordering::SeqCst) {
            found.range = found.range.start + 1..found.range.end + 1;
        }
        let adds = watch.adds.load(Ordering::SeqCst);
        if adds || watch.cuts.load(Ordering::SeqCst) {
            let GetResultPayload::Stream(body) = found.payload else { unreachable!() };
            let body: Vec<Bytes> = body.map(|chunk| chunk.unwrap()).collect().await;
            let mut body = body.concat();
            if adds {
                body.push(0);
            } else {
                body.pop();
            }
            let body = stream::once(async { Ok(Bytes::from(body)) });
            found.payload = GetResultPayload::Stream(body.boxed());
        }
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

/// A store, and the blocks of a volume on it.
pub(super) struct Disk {
    pub(super) store: Store,
    pub(super) watch: Arc<Watch>,
    pub(super) blocks: Vec<BlockRef>,
}

impl Disk {
    pub(super) fn new() -> Self {
        Self::on(Arc::new(InMemory::new()))
    }

    pub(super) fn on(inner: Arc<dyn ObjectStore>) -> Self {
        let watch = Arc::<Watch>::default();
        let store = Watched { inner, watch: Arc::clone(&watch) };
        let store = Store::from(Arc::new(store) as Arc<dyn ObjectStore>);
        Self { store, watch, blocks: Vec::new() }
    }

    /// On files that are read as such, which nobody watches; and on files behind a store that does not
    /// say that it has some.
    #[cfg(feature = "local")]
    pub(super) fn on_files(dir: &std::path::Path) -> [Self; 2] {
        let local = object_store::local::LocalFileSystem::new_with_prefix(dir).unwrap();
        let store = Store::local(dir).unwrap();
        [Self { store, watch: Arc::default(), blocks: Vec::new() }, Self::on(Arc::new(local))]
    }

    pub(super) async fn object(&self, name: &str, bytes: impl Into<Bytes>) {
        self.store.put(&key(name), bytes.into().into()).await.unwrap();
    }

    /// Puts an object, and shows all of it at `offset`.
    pub(super) async fn block(&mut self, offset: u64, name: &str, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        self.blocks.push(whole(offset, name, &bytes));
        self.object(name, bytes).await;
    }

    pub(super) fn volume(&self, total_length: u64) -> Volume<Committed> {
        self.limited(total_length, VolumeLimits::default())
    }

    pub(super) fn limited(&self, total_length: u64, limits: VolumeLimits) -> Volume<Committed> {
        let of = VolumeChain { volume: "disk".parse().unwrap() };
        let manifest = VolumeManifest {
            format_version: FormatVersion::BASE,
            volume_id: of.volume.clone(),
            snapshot_id: VolumeSnapshotId::new(1).unwrap(),
            created_at: chrono::DateTime::UNIX_EPOCH,
            metadata: Metadata::empty(),
            total_length,
            blocks: self.blocks.clone(),
            parent_snapshot_id: None,
            checksum_algorithm: Some("xxh3-128".to_owned()),
            write_id: None,
            operation: None,
            writer: None,
            last_gc: None,
            idempotency_key: None,
        };
        let context = Context {
            history: History::new(self.store.clone(), of, limits.max_manifest_bytes),
            on_conflict: OnConflict::default(),
            limits,
            progress: None,
        };
        Volume { context, state: Committed { manifest: Arc::new(manifest) } }
    }
}

pub(super) fn key(name: &str) -> String {
    format!("volumes/disk/data/{name}.bin")
}

pub(super) fn whole(offset: u64, name: &str, bytes: &[u8]) -> BlockRef {
    BlockRef {
        offset,
        length: bytes.len() as u64,
        path: key(name),
        path_offset: 0,
        object_length: bytes.len() as u64,
        checksum: Some(Checksum::Xxh3_128.of(bytes)),
        checksum_algorithm: None,
    }
}

/// The part of a block that shows `range` of its object, at `offset`.
pub(super) fn part(block: &BlockRef, offset: u64, range: Range<u64>) -> BlockRef {
    let length = range.end - range.start;
    BlockRef { offset, length, path_offset: range.start, ..block.clone() }
}

/// Bytes of which no two runs are alike.
pub(super) fn noise(seed: u64, len: usize) -> Bytes {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// What each byte of a volume is.
pub(super) type Bytemap = Vec<Option<u8>>;

/// A few objects, and what is shown of them: blocks whole and in part, neighbours of one object, gaps.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    sizes: Vec<usize>,
    /// The gap before it, the object, and the part of it that is shown, in 64ths.
    shown: Vec<(u64, usize, u64, u64)>,
}

pub(super) fn plans(most: usize) -> impl Strategy<Value = Plan> {
    let gap = prop_oneof![4 => Just(0), 1 => 1..5_u64];
    let ends = prop_oneof![Just((0, 64)), Just((0, 32)), Just((32, 64)), (0..64_u64, 0..=64_u64)];
    let shown = (gap, 0..4_usize, ends).prop_map(|(gap, object, (a, b))| (gap, object, a, b));
    let sizes = prop::collection::vec(1..=most, 4);
    (sizes, prop::collection::vec(shown, 0..9)).prop_map(|(sizes, shown)| Plan { sizes, shown })
}

impl Plan {
    pub(super) async fn build(&self) -> (Disk, Bytemap) {
        let mut disk = Disk::new();
        let mut map = Bytemap::new();
        let mut objects = Vec::new();
        for (i, size) in self.sizes.iter().enumerate() {
            let bytes = noise(i as u64, *size);
            disk.object(&format!("object {i}"), bytes.clone()).await;
            objects.push(bytes);
        }
        for (gap, object, from, to) in &self.shown {
            map.resize(map.len() + *gap as usize, None);
            let bytes = &objects[*object];
            let (from, to) = ((*from).min(*to), (*from).max(*to));
            let at = |place: u64| place * bytes.len() as u64 / 64;
            if at(from) < at(to) {
                let block = whole(0, &format!("object {object}"), bytes);
                disk.blocks.push(part(&block, map.len() as u64, at(from)..at(to)));
                map.extend(bytes[at(from) as usize..at(to) as usize].iter().copied().map(Some));
            }
        }
        map.push(None);
        (disk, map)
    }
}

/// The gaps of a range of a map.
pub(super) fn gaps(map: &Bytemap, range: Range<usize>) -> Vec<Range<u64>> {
    let mut gaps: Vec<Range<u64>> = Vec::new();
    for at in range.filter(|at| map[*at].is_none()) {
        let at = at as u64;
        match gaps.last_mut() {
            Some(gap) if gap.end == at => gap.end += 1,
            _ => gaps.push(at..at + 1),
        }
    }
    gaps
}

pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(work)
}
