//! Files imported and exported: holes stay holes, and nothing is left half done.
#![allow(clippy::single_range_in_vec_init)]

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use lode::{
    Committed, Error, New, Progress, Staged, StagedBlock, Store, Volume, VolumeLimits, metadata,
};
use tempfile::TempDir;

use crate::support::script::{Class, Fault, Op, Rule};
use crate::support::{self, FaultStore, contents};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Holes are whole blocks of the file system; no usual one has larger blocks.
const GRAIN: u64 = 64 * KIB;

fn bytes(range: Range<u64>) -> Vec<u8> {
    range.map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8 | 1).collect()
}

/// A file of `len` bytes with data at these ranges.
fn sparse(dir: &TempDir, name: &str, len: u64, data: &[Range<u64>]) -> PathBuf {
    let path = dir.path().join(name);
    let mut file = File::create(&path).unwrap();
    file.set_len(len).unwrap();
    for range in data {
        file.seek(SeekFrom::Start(range.start)).unwrap();
        file.write_all(&bytes(range.clone())).unwrap();
    }
    path
}

fn limits() -> VolumeLimits {
    VolumeLimits { block_bytes: 256 << 10, ..VolumeLimits::default() }
}

fn new(store: &Store, len: u64) -> Volume<New> {
    Volume::create(store, "disk", len).unwrap().limits(limits())
}

async fn imported(store: &Store, path: &Path) -> Volume<Committed> {
    let len = fs::metadata(path).unwrap().len();
    let staged = new(store, len).import_from(path).await.unwrap();
    staged.commit(metadata! {}).await.unwrap()
}

fn ranges(blocks: &[StagedBlock]) -> Vec<Range<u64>> {
    blocks.iter().map(StagedBlock::range).collect()
}

fn names(dir: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(dir.path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[track_caller]
fn file_error(error: &Error) -> (&Path, ErrorKind) {
    let Error::File { path, source, .. } = error else { panic!("{error:?}") };
    (path, source.kind())
}

/// Whether the file system of the directory has holes, of which these tests are.
fn has_holes(dir: &TempDir) -> bool {
    let path = sparse(dir, "probe", 4 * MIB, &[]);
    let is_empty = allocated(&path) < MIB;
    fs::remove_file(path).unwrap();
    is_empty
}

#[cfg(unix)]
fn allocated(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).unwrap().blocks() * 512
}

#[cfg(not(unix))]
fn allocated(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

#[tokio::test]
async fn holes_stay_holes() {
    let dir = tempfile::tempdir().unwrap();
    let len = 16 * MIB + 123;
    // Unaligned, across blocks, less than one, and at both ends.
    let data = [0..10_000, 3 * MIB + 77..4 * MIB + 99, 8 * MIB..8 * MIB + 1, len - 5000..len];
    let path = sparse(&dir, "disk.img", len, &data);
    let store = Store::memory();

    let staged = new(&store, len).import_from(&path).await.unwrap();
    let blocks = ranges(&staged.staged_blocks());
    for block in &blocks {
        let cut = 256 * KIB;
        assert_eq!(block.start / cut, (block.end - 1) / cut, "{block:?} crosses a cut");
    }
    let volume = staged.commit(metadata! {}).await.unwrap();
    for range in &data {
        let found = volume.read_at(range.clone()).await.unwrap();
        assert!(found == bytes(range.clone()), "{range:?}");
    }

    let copy = dir.path().join("copy.img");
    volume.export_to(&copy).await.unwrap();
    assert!(fs::read(&copy).unwrap() == fs::read(&path).unwrap());
    assert_eq!(names(&dir), ["copy.img", "disk.img"]);

    if has_holes(&dir) {
        let coverage = volume.coverage();
        assert_eq!(coverage.len(), data.len(), "{coverage:?}");
        for (found, data) in coverage.iter().zip(&data) {
            assert!(found.start <= data.start && data.start - found.start < GRAIN, "{found:?}");
            assert!(found.end >= data.end && found.end - data.end < GRAIN, "{found:?}");
        }
        assert!(allocated(&copy) <= volume.covered_bytes() + 4 * GRAIN);
        let again = imported(&Store::memory(), &copy).await;
        assert_eq!(again.coverage(), coverage);
    }
}

#[tokio::test]
async fn a_snapshot_of_many_small_blocks_and_overwrites_is_exported_whole() {
    let dir = tempfile::tempdir().unwrap();
    let len = 3 * MIB;
    let (store, mut expected) = (Store::memory(), vec![0; len as usize]);
    let limits = VolumeLimits { read_ahead_bytes: 10_000, ..limits() };
    let volume = Volume::create(&store, "disk", len).unwrap().limits(limits);
    let mut put = |at: u64, data: &[u8]| {
        expected[at as usize..][..data.len()].copy_from_slice(data);
    };
    let stager = volume.stage_write_at(0, bytes(0..50)).await.unwrap();
    put(0, &bytes(0..50));
    for n in 1..300 {
        let range = n * 10_000..n * 10_000 + 1 + n * 31;
        stager.stage_write_at(range.start, bytes(range.clone())).await.unwrap();
        put(range.start, &bytes(range));
    }
    let volume = stager.commit(metadata! {}).await.unwrap();
    let staged = volume.stage_overwrite_at(2_980_000, vec![9; 30_000]).await.unwrap();
    put(2_980_000, &[9; 30_000]);
    let volume = staged.commit(metadata! {}).await.unwrap();

    let copy = dir.path().join("copy.img");
    volume.export_to(&copy).await.unwrap();
    assert!(fs::read(&copy).unwrap() == expected);
}

#[tokio::test]
async fn a_file_without_holes_makes_a_complete_volume() {
    let dir = tempfile::tempdir().unwrap();
    for len in [1, 999, 1000, 1001, 40_000] {
        let path = sparse(&dir, "whole", len, &[0..len]);
        let limits = VolumeLimits { block_bytes: 1000, ..limits() };
        let volume = Volume::create(&Store::memory(), "disk", len).unwrap().limits(limits);
        let staged = volume.import_from(&path).await.unwrap();
        assert_eq!(staged.staged_blocks().len() as u64, len.div_ceil(1000));
        let volume = staged.commit(metadata! {}).await.unwrap();
        assert!(volume.is_complete());
        assert!(volume.read_at(0..len).await.unwrap() == bytes(0..len));
    }
}

#[tokio::test]
async fn a_file_of_holes_is_nothing_to_stage() {
    let dir = tempfile::tempdir().unwrap();
    if !has_holes(&dir) {
        return;
    }
    let path = sparse(&dir, "empty.img", MIB, &[]);
    let inner = support::memory();
    let volume = new(&support::lode_store(inner.clone()), MIB);
    for missing_only in [false, true] {
        let import = volume.import_from(&path);
        let import = if missing_only { import.missing_only() } else { import };
        let error = import.await.unwrap_err();
        assert!(matches!(error, Error::EmptyBlock { offset: 0, .. }), "{error:?}");
    }
    assert!(contents(&*inner).await.is_empty());

    // Where something is staged, it is missing nothing.
    let staged = volume.stage_write_at(0, b"some").await.unwrap();
    let error = staged.import_from(&path).await.unwrap_err();
    assert!(matches!(error, Error::EmptyBlock { .. }), "{error:?}");
    assert_eq!(staged.import_from(&path).missing_only().await.unwrap(), []);
}

#[tokio::test]
async fn a_file_is_as_long_as_its_volume() {
    let dir = tempfile::tempdir().unwrap();
    let inner = support::memory();
    let volume = new(&support::lode_store(inner.clone()), 10_000);
    for len in [0, 9_999, 10_001, 5 * MIB] {
        let path = sparse(&dir, "disk.img", len, &[0..len]);
        let error = volume.import_from(&path).await.unwrap_err();
        let text =
            format!("the file `{}` has {len} bytes, and volume `disk` has 10000", path.display());
        assert_eq!(error.to_string(), text);
    }
    assert!(contents(&*inner).await.is_empty());
}

#[tokio::test]
async fn what_is_no_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let volume = new(&Store::memory(), MIB);
    let missing = dir.path().join("missing.img");
    let error = volume.import_from(&missing).await.unwrap_err();
    assert_eq!(file_error(&error), (missing.as_path(), ErrorKind::NotFound));
    assert_eq!(error.to_string(), format!("cannot open the file `{}`", missing.display()));

    let error = volume.import_from(dir.path()).await.unwrap_err();
    assert_eq!(file_error(&error), (dir.path(), ErrorKind::IsADirectory));
    #[cfg(unix)]
    {
        let error = volume.import_from("/dev/zero").await.unwrap_err();
        assert_eq!(file_error(&error), (Path::new("/dev/zero"), ErrorKind::InvalidInput));
    }
}

#[tokio::test]
async fn what_is_there_is_in_the_way_before_anything_is_uploaded() {
    let dir = tempfile::tempdir().unwrap();
    let path = sparse(&dir, "disk.img", MIB, &[0..MIB]);
    let inner = support::memory();
    let volume = new(&support::lode_store(inner.clone()), MIB);
    let staged = volume.stage_write_at(900_000, b"staged").await.unwrap();

    let before = contents(&*inner).await.len();
    let error = staged.import_from(&path).await.unwrap_err();
    let Error::Overlap { found, snapshot: None, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*found, 900_000..900_006);
    let volume = staged.commit(metadata! {}).await.unwrap();
    let error = volume.import_from(&path).await.unwrap_err();
    let Error::Overlap { found, snapshot: Some(id), .. } = &error else { panic!("{error:?}") };
    assert_eq!((found.clone(), id.get()), (900_000..900_006, 1));
    let puts = contents(&*inner).await.keys().filter(|key| key.ends_with(".bin")).count();
    assert_eq!((before, puts), (1, 1));

    // Only what is missing: around it, cut where everything is cut.
    let staged = volume.import_from(&path).missing_only().await.unwrap();
    let cut = 256 * KIB;
    let around = [3 * cut..900_000, 900_006..MIB];
    let expected: Vec<_> =
        (0..3).map(|n| n * cut..(n + 1) * cut).chain(around.iter().cloned()).collect();
    assert_eq!(ranges(&staged.staged_blocks()), expected);
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert!(volume.is_complete());
    assert_eq!(volume.read_at(900_000..900_006).await.unwrap(), "staged");
    assert!(volume.read_at(900_006..MIB).await.unwrap() == bytes(900_006..MIB));

    let error = volume.import_from(&path).missing_only().await.unwrap_err();
    assert!(matches!(error, Error::EmptyBlock { .. }), "{error:?}");
}

#[tokio::test]
async fn data_beside_what_is_there_is_not_in_its_way() {
    let dir = tempfile::tempdir().unwrap();
    if !has_holes(&dir) {
        return;
    }
    let path = sparse(&dir, "disk.img", 4 * MIB, &[MIB..2 * MIB, 3 * MIB..4 * MIB]);
    let volume = new(&Store::memory(), 4 * MIB);
    let staged = volume.stage_write_at(0, vec![1; MIB as usize]).await.unwrap();
    staged.stage_write_at(2 * MIB, vec![1; MIB as usize]).await.unwrap();
    let blocks = staged.import_from(&path).await.unwrap();
    assert_eq!(blocks.len(), 8);
    assert_eq!(staged.coverage(), [0..4 * MIB]);
}

#[tokio::test]
async fn a_stopped_import_goes_on_with_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let len = 8 * MIB;
    let path = sparse(&dir, "disk.img", len, &[0..3 * MIB, 5 * MIB..len]);
    let faults = FaultStore::new(support::memory());
    let fault = Rule::on(Op::Put, Class::Data, Fault::Before).skip(6);
    faults.rule(fault.for_ever());
    // One at a time: others that are on their way then may arrive or not.
    let one = VolumeLimits { blocks_in_flight: 1, ..limits() };
    let volume = new(&faults.store(), len).limits(one);
    let error = volume.import_from(&path).await.unwrap_err();
    assert!(matches!(error, Error::Storage { .. }), "{error:?}");
    faults.heal();

    let session = volume.sessions().await.unwrap().remove(0);
    assert_eq!(session.blocks.len(), 6);
    let staged: Volume<Staged> = volume.resume(session.id).await.unwrap();
    faults.clear();
    let blocks = staged.import_from(&path).missing_only().await.unwrap();
    let puts = faults.calls().iter().filter(|call| call.op == Op::Put).count();
    assert_eq!(puts, blocks.len());
    let whole = if has_holes(&dir) { 6 * MIB } else { len };
    assert_eq!(blocks.len() as u64, whole / (256 * KIB) - 6);
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(volume.covered_bytes(), whole);
    assert!(volume.read_at(0..3 * MIB).await.unwrap() == bytes(0..3 * MIB));
    assert!(volume.read_at(5 * MIB..len).await.unwrap() == bytes(5 * MIB..len));
}

#[tokio::test]
async fn no_more_is_in_flight_than_the_limits_say() {
    let dir = tempfile::tempdir().unwrap();
    let len = 4 * MIB;
    let path = sparse(&dir, "disk.img", len, &[0..len]);
    let faults = FaultStore::new(support::memory());
    let hang = |op| Rule::on(op, Class::Data, Fault::Hang).for_ever();
    let begun = async |op| {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        faults.calls().iter().filter(|call| call.op == op && call.class == Class::Data).count()
    };

    faults.rule(hang(Op::Put));
    let volume = new(&faults.store(), len).limits(VolumeLimits {
        block_bytes: 64 << 10,
        blocks_in_flight: 3,
        ..limits()
    });
    let import = tokio::spawn(async move { volume.import_from(&path).await });
    assert_eq!(begun(Op::Put).await, 3);
    import.abort();
    faults.heal();

    // Runs of 10,000 bytes, with gaps between them: so many at once, or of so many bytes.
    let volume = new(&faults.store(), len);
    let staged = volume.stage_write_at(0, vec![1; 10_000]).await.unwrap();
    for n in 1..40 {
        staged.stage_write_at(n * 20_000, vec![1; 10_000]).await.unwrap();
    }
    let volume = staged.commit(metadata! {}).await.unwrap();
    faults.rule(hang(Op::Get));
    for (reads_in_flight, read_ahead_bytes, expected) in
        [(5, 8 << 20, 5), (16, 35_000, 3), (16, 10, 1), (0, 0, 1)]
    {
        faults.clear();
        let limits = VolumeLimits { reads_in_flight, read_ahead_bytes, ..limits() };
        let export = volume.clone().limits(limits).export_to(dir.path().join("copy.img"));
        let export = tokio::spawn(export.into_future());
        assert_eq!(begun(Op::Get).await, expected, "{reads_in_flight}, {read_ahead_bytes}");
        export.abort();
        assert!(export.await.unwrap_err().is_cancelled());
    }
}

#[tokio::test]
async fn progress_grows_to_the_totals() {
    let dir = tempfile::tempdir().unwrap();
    let path = sparse(&dir, "disk.img", 4 * MIB, &[0..MIB, 2 * MIB..4 * MIB - 1]);
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let tell = Arc::clone(&told);
    let volume = new(&Store::memory(), 4 * MIB)
        .on_progress(move |progress| tell.lock().unwrap().push(progress));
    let check = |what: &str, bytes: u64, files: u64| {
        let told = std::mem::take(&mut *told.lock().unwrap());
        assert!(told.is_sorted_by_key(|p| p.bytes) && told.is_sorted_by_key(|p| p.files), "{what}");
        let last = told.last().unwrap();
        assert_eq!((last.bytes, last.files), (bytes, files), "{what}");
        assert!(told.iter().any(|p| (1..bytes).contains(&p.bytes)), "{what}: nothing on the way");
    };
    let staged = volume.import_from(&path).await.unwrap();
    let covered = staged.coverage().iter().map(|range| range.end - range.start).sum();
    let blocks = staged.staged_blocks().len() as u64;
    check("import", covered, blocks);
    let volume = staged.commit(metadata! {}).await.unwrap();
    told.lock().unwrap().clear();
    volume.export_to(dir.path().join("copy.img")).await.unwrap();
    check("export", covered, blocks);
}

#[tokio::test]
async fn a_file_that_changes_its_length_meanwhile_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let len = 2 * MIB;
    // Cut in its data; cut in the hole at its end; and longer.
    for found in [700_000, len - 1, len + 1] {
        let path = sparse(&dir, "disk.img", len, &[0..MIB]);
        let change = path.clone();
        let one = VolumeLimits { blocks_in_flight: 1, ..limits() };
        let volume = new(&Store::memory(), len).limits(one).on_progress(move |_| {
            OpenOptions::new().write(true).open(&change).unwrap().set_len(found).unwrap();
        });
        let error = volume.import_from(&path).await.unwrap_err();
        let Error::FileLength { path: named, expected, found: seen, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!((named, *expected, *seen), (&path, len, found));
        // What was read before it was cut is staged.
        assert_eq!(volume.sessions().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_file_is_only_replaced_when_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = sparse(&dir, "disk.img", MIB, &[0..MIB]);
    let volume = imported(&Store::memory(), &path).await;
    let copy = dir.path().join("copy.img");
    fs::write(&copy, "precious").unwrap();

    let error = volume.export_to(&copy).await.unwrap_err();
    assert_eq!(file_error(&error), (copy.as_path(), ErrorKind::AlreadyExists));
    assert_eq!(fs::read(&copy).unwrap(), b"precious");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "it exists already, and is replaced only with `.overwrite()`");

    volume.export_to(&copy).overwrite().await.unwrap();
    assert!(fs::read(&copy).unwrap() == bytes(0..MIB));
    let error = volume.export_to(dir.path()).overwrite().await.unwrap_err();
    assert_eq!(file_error(&error), (dir.path(), ErrorKind::IsADirectory));
    let nowhere = dir.path().join("missing/copy.img");
    let error = volume.export_to(&nowhere).await.unwrap_err();
    assert_eq!(file_error(&error), (nowhere.as_path(), ErrorKind::NotFound));
    let error = volume.export_to("/").await.unwrap_err();
    assert_eq!(file_error(&error).1, ErrorKind::InvalidInput);
    assert_eq!(names(&dir), ["copy.img", "disk.img"]);
}

#[tokio::test]
async fn a_file_that_appears_meanwhile_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = sparse(&dir, "disk.img", MIB, &[0..MIB]);
    let copy = dir.path().join("copy.img");
    let appears = copy.clone();
    let volume = imported(&Store::memory(), &path)
        .await
        .on_progress(move |_| fs::write(&appears, "another's").unwrap());
    let error = volume.export_to(&copy).await.unwrap_err();
    assert_eq!(file_error(&error), (copy.as_path(), ErrorKind::AlreadyExists));
    assert_eq!(fs::read(&copy).unwrap(), b"another's");
    assert_eq!(names(&dir), ["copy.img", "disk.img"]);
}

#[tokio::test]
async fn an_export_that_fails_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = sparse(&dir, "disk.img", 4 * MIB, &[0..4 * MIB]);
    let inner = support::memory();
    let faults = FaultStore::new(inner.clone());
    let volume = imported(&faults.store(), &path).await;
    let copy = dir.path().join("copy.img");
    fs::write(&copy, "precious").unwrap();

    let fault = Rule::on(Op::Get, Class::Data, Fault::Before).skip(5);
    faults.rule(fault);
    let error = volume.export_to(&copy).overwrite().await.unwrap_err();
    assert!(matches!(error, Error::Storage { .. }), "{error:?}");
    assert_eq!(names(&dir), ["copy.img", "disk.img"]);

    // A byte that has changed is not written to a file that lasts.
    let key = &volume.blocks()[9].path;
    let mut damaged = support::get(&*inner, key).await.unwrap().to_vec();
    damaged[100] ^= 1;
    support::put(&*inner, key, damaged).await;
    let error = volume.export_to(&copy).overwrite().await.unwrap_err();
    assert!(error.is_corrupt(), "{error:?}");
    assert_eq!(names(&dir), ["copy.img", "disk.img"]);
    assert_eq!(fs::read(&copy).unwrap(), b"precious");
}

#[tokio::test]
async fn an_export_that_is_dropped_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = sparse(&dir, "disk.img", MIB, &[0..MIB]);
    let faults = FaultStore::new(support::memory());
    let volume = imported(&faults.store(), &path).await;
    let fault = Rule::on(Op::Get, Class::Data, Fault::Hang).skip(2);
    faults.rule(fault);
    let copy = dir.path().join("copy.img");
    let export = tokio::spawn(volume.export_to(&copy).into_future());
    while faults.fired() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(names(&dir).iter().any(|name| name.starts_with(".lode-export-")));
    assert!(!copy.exists());
    export.abort();
    assert!(export.await.unwrap_err().is_cancelled());
    assert_eq!(names(&dir), ["disk.img"]);
}

#[tokio::test]
async fn an_older_snapshot_is_exported_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = sparse(&dir, "disk.img", MIB, &[0..MIB]);
    let store = Store::memory();
    let older = imported(&store, &path).await;
    let staged = older.stage_overwrite_at(1000, vec![0; 1000]).await.unwrap();
    let newer = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(newer.snapshot_id().get(), 2);
    let (a, b) = (dir.path().join("older.img"), dir.path().join("newer.img"));
    older.export_to(&a).await.unwrap();
    newer.export_to(&b).await.unwrap();
    let mut expected = bytes(0..MIB);
    assert!(fs::read(&a).unwrap() == expected);
    expected[1000..2000].fill(0);
    assert!(fs::read(&b).unwrap() == expected);
}

#[tokio::test]
async fn settings_of_a_staged_handle_are_those_of_what_it_does_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = sparse(&dir, "disk.img", MIB, &[0..MIB]);
    let store = Store::memory();
    let told: Arc<Mutex<u64>> = Arc::default();
    let tell = Arc::clone(&told);
    let staged = new(&store, MIB).stage_write_at(0, vec![1; 1000]).await.unwrap();
    let staged = staged
        .limits(VolumeLimits { block_bytes: 512 << 10, ..limits() })
        .on_progress(move |progress| *tell.lock().unwrap() = progress.files);
    let blocks = staged.import_from(&path).missing_only().await.unwrap();
    assert_eq!(ranges(&blocks), [1000..512 * KIB, 512 * KIB..MIB]);
    assert_eq!(*told.lock().unwrap(), 2);
}
