//! What volumes promise: states, sessions, many writers, histories, and what each call costs.

mod basics;
mod budget;
mod committing;
mod concurrent;
mod files;
mod history;
mod model;
mod overwrite;
mod sessions;
mod staging;

use std::ops::Range;

use lode::{Committed, Error, New, Staged, Store, Volume, VolumeSnapshotId, metadata};

use crate::support::Contents;

/// The length of the volumes of these tests.
const LEN: u64 = 10_000;

/// The bytes that stand at a range; another `hand` writes others.
fn bytes(hand: u8, range: Range<u64>) -> Vec<u8> {
    range.map(|at| (at.wrapping_mul(31) >> 2) as u8 ^ hand.wrapping_mul(67)).collect()
}

/// A volume that is to be.
fn new(store: &Store, id: &str) -> Volume<New> {
    Volume::create(store, id, LEN).unwrap()
}

/// Stages these ranges, as one session.
async fn stage(volume: &Volume<Committed>, hand: u8, ranges: &[Range<u64>]) -> Volume<Staged> {
    let first = ranges[0].clone();
    let staged = volume.stage_write_at(first.start, bytes(hand, first)).await.unwrap();
    for range in &ranges[1..] {
        staged.stage_write_at(range.start, bytes(hand, range.clone())).await.unwrap();
    }
    staged
}

/// A volume whose first snapshot has these ranges.
async fn committed(store: &Store, id: &str, ranges: &[Range<u64>]) -> Volume<Committed> {
    let first = ranges[0].clone();
    let staged = new(store, id).stage_write_at(first.start, bytes(0, first)).await.unwrap();
    for range in &ranges[1..] {
        staged.stage_write_at(range.start, bytes(0, range.clone())).await.unwrap();
    }
    staged.commit(metadata! {}).await.unwrap()
}

/// Another handle on the newest snapshot, as another process has it.
async fn open(store: &Store, id: &str) -> Volume<Committed> {
    Volume::open(store, id).await.unwrap()
}

fn snapshot(id: u64) -> VolumeSnapshotId {
    VolumeSnapshotId::new(id).unwrap()
}

fn manifest_key(volume: &str, id: u64) -> String {
    format!("volumes/{volume}/snapshots/{id:019}/manifest.json")
}

/// The names of the block objects of a volume.
fn block_objects(contents: &Contents, volume: &str) -> Vec<String> {
    let folder = format!("volumes/{volume}/data/");
    contents.keys().filter_map(|key| key.strip_prefix(&folder)).map(str::to_owned).collect()
}

/// What an overlap says: the range, what it met, and in which snapshot.
#[track_caller]
fn overlap(error: &Error) -> (Range<u64>, Range<u64>, Option<u64>) {
    let Error::Overlap { range, found, snapshot, .. } = error else { panic!("{error:?}") };
    (range.clone(), found.clone(), snapshot.map(VolumeSnapshotId::get))
}

/// Every byte of the snapshot is as the ranges say, and nothing else is there.
async fn assert_holds(volume: &Volume<Committed>, hands: &[(u8, Range<u64>)]) {
    let mut coverage: Vec<Range<u64>> = Vec::new();
    for (hand, range) in hands {
        let found = volume.read_at(range.clone()).await.unwrap();
        assert_eq!(found, bytes(*hand, range.clone()), "{range:?}");
        match coverage.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => coverage.push(range.clone()),
        }
    }
    assert_eq!(volume.coverage(), coverage);
}
