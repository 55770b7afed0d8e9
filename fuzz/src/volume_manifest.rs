//! Any bytes as a manifest or tombstone of a volume: it parses, keeps the promises that reading
//! counts on, and says the same when it is written again, or an error names the object and a field.
//! Then it is opened and read, with some of its objects there: what is read is what they hold, and
//! whatever else happens is an error.

use std::ops::Range;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use lode::manifest::{BlockRef, ExpectVolume, VolumeDocument};
use lode::{Committed, Error, Run, Store, Volume, VolumeId, VolumeLimits, VolumeSnapshotId};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use serde_json::Value;
use tokio::io::AsyncReadExt;

const PATH: &str = "the/path/of/manifest.json";

pub fn run(data: &[u8]) {
    // As if it were read from where it says that it is.
    let json: Value = serde_json::from_slice(data).unwrap_or_default();
    let text = |field: &str| json.get(field).and_then(Value::as_str).map(str::to_owned);
    let volume = text("volume_id").and_then(|id| VolumeId::new(id).ok());
    let volume = volume.unwrap_or_else(|| VolumeId::new("v").unwrap());
    let id = text("snapshot_id").and_then(|id| id.parse().ok());
    let id = id.unwrap_or_else(|| VolumeSnapshotId::new(1).unwrap());
    let expect = ExpectVolume { volume: &volume, id };
    check(&expect, data);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(read(&expect, data));
}

fn check(expect: &ExpectVolume<'_>, data: &[u8]) {
    let document = match VolumeDocument::parse(PATH, expect, data) {
        Ok(document) => document,
        Err(Error::ManifestInvalid { path, field, reason }) => {
            assert_eq!(path, PATH);
            assert!(!field.is_empty() && !reason.is_empty());
            return;
        }
        Err(Error::UnsupportedVersion { path, .. }) => return assert_eq!(path, PATH),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(document.snapshot_id(), expect.id);
    let written = match &document {
        VolumeDocument::Live(manifest) => {
            check_blocks(expect, &manifest.blocks, manifest.total_length);
            manifest.to_json()
        }
        VolumeDocument::Tombstone(tombstone) => {
            check_blocks(expect, &tombstone.expired_blocks, i64::MAX as u64);
            tombstone.to_json()
        }
    };
    let written = written.unwrap();
    let again = VolumeDocument::parse(PATH, expect, &written).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(again, document);
}

/// Sorted, disjoint, inside the volume and inside their objects, which lie in its folder.
fn check_blocks(expect: &ExpectVolume<'_>, blocks: &[BlockRef], length: u64) {
    let folder = format!("volumes/{}/data/", expect.volume);
    let mut end = 0;
    for block in blocks {
        assert!(block.length > 0 && block.offset >= end);
        end = block.offset.checked_add(block.length).unwrap();
        assert!(end <= length);
        assert!(block.path_offset.checked_add(block.length).unwrap() <= block.object_length);
        assert!(block.path.starts_with(&folder));
    }
}

/// Objects above this size are left out, and so are whole reads of larger volumes.
const SMALL: u64 = 64 << 10;

/// Opens the manifest from a store that has its small objects, and reads what it says is there.
async fn read(expect: &ExpectVolume<'_>, data: &[u8]) {
    let memory = Arc::new(InMemory::new());
    let key = format!("volumes/{}/snapshots/{:019}/manifest.json", expect.volume, expect.id.get());
    memory.put(&Path::parse(&key).unwrap(), data.to_vec().into()).await.unwrap();
    let store = Store::from(Arc::clone(&memory) as Arc<dyn ObjectStore>);
    let Ok(volume) = Volume::open_at(&store, expect.volume, expect.id).await else { return };
    let limits = VolumeLimits { read_ahead_bytes: 256 << 10, ..VolumeLimits::default() };
    let volume = volume.limits(limits);
    for block in volume.blocks().iter().filter(|block| block.object_length <= SMALL) {
        let object = vec![block.offset as u8; block.object_length as usize];
        // A path that object stores do not take is refused when it is read.
        if let Ok(path) = Path::parse(&block.path) {
            memory.put(&path, object.into()).await.unwrap();
        }
    }
    let runs: Vec<Run> = volume.runs().collect();
    let end = runs.iter().fold(0, |at, run| {
        assert_eq!(run.range().start, at);
        run.range().end
    });
    assert_eq!(end, volume.total_length());
    for run in &runs {
        let range = run.range();
        let ends = [range.start..range.end.min(range.start + 9), range.end - 1..range.end];
        for range in ends {
            read_range(&volume, range, matches!(run, Run::Data(_))).await;
        }
    }
    if volume.covered_bytes() <= SMALL {
        for range in volume.coverage() {
            read_range(&volume, range, true).await;
        }
        let mut bytes = Vec::new();
        // A gap, or damage, ends it.
        let _ = volume.reader().read_to_end(&mut bytes).await;
    }
}

async fn read_range(volume: &Volume<Committed>, range: Range<u64>, is_there: bool) {
    let len = range.end - range.start;
    assert_eq!(volume.gaps_in(range.clone()).unwrap().is_empty(), is_there);
    match volume.read_at(range.clone()).await {
        Ok(bytes) => assert!(is_there && bytes.len() as u64 == len),
        Err(Error::RangeMissing { gaps, .. }) => assert!(!is_there && !gaps.is_empty()),
        Err(_) => assert!(is_there),
    }
    let pieces = volume.stream(range).map_ok(|piece| piece.len() as u64);
    let read = pieces.take(1000).try_fold(0, async |sum, len| Ok(sum + len)).await;
    assert!(read.is_err() || (is_there && read.unwrap() == len));
}
