//! Overwriting: the new snapshot shows the new bytes, and every older one its own.

use lode::{Error, Store, metadata};

use super::{assert_holds, bytes, committed, open, overlap, snapshot, stage};
use crate::support::{contents, lode_store, memory};

/// No object is touched, and what an older snapshot shows is what it showed.
#[tokio::test]
async fn older_snapshots_stay_as_they_were() {
    let inner = memory();
    let store = lode_store(inner.clone());
    let one = committed(&store, "disk", &[0..100, 100..200, 300..400]).await;
    let before = contents(&*inner).await;

    // Over parts of two blocks, over a gap, and over a whole block.
    let staged = one.stage_overwrite_at(50, bytes(1, 50..150)).await.unwrap();
    let block = staged.stage_overwrite_at(250, bytes(2, 250..300)).await.unwrap();
    assert!(block.is_overwrite());
    staged.stage_overwrite_at(300, bytes(3, 300..400)).await.unwrap();
    // In the middle of a block.
    staged.stage_overwrite_at(160, bytes(4, 160..170)).await.unwrap();
    let two = staged.commit(metadata! {}).await.unwrap();
    let expected = [
        (0, 0..50),
        (1, 50..150),
        (0, 150..160),
        (4, 160..170),
        (0, 170..200),
        (2, 250..300),
        (3, 300..400),
    ];
    assert_holds(&two, &expected).await;
    // What is left of a block names the whole object.
    let parts: Vec<_> = two.blocks().iter().filter(|block| !block.is_whole()).collect();
    let ranges: Vec<_> = parts.iter().map(|block| (block.range(), block.path_offset)).collect();
    assert_eq!(ranges, [(0..50, 0), (150..160, 50), (170..200, 70)]);
    assert!(parts.iter().all(|block| block.object_length == 100));
    assert_eq!(parts[1].path, parts[2].path);
    assert_eq!(two.manifest().format_version.major, 2);
    assert_eq!(one.manifest().format_version.major, 1);

    // Over what was left, and what went over it.
    let staged = two.stage_overwrite_at(40, bytes(5, 40..60)).await.unwrap();
    let three = staged.commit(metadata! {}).await.unwrap();
    let mut newer = vec![(0, 0..40), (5, 40..60), (1, 60..150)];
    newer.extend_from_slice(&expected[2..]);
    assert_holds(&three, &newer).await;

    let after = contents(&*inner).await;
    for (key, object) in before.iter().filter(|(key, _)| !key.ends_with("latest")) {
        assert_eq!(after[key], *object, "{key}");
    }
    for handle in [one, open(&store, "disk").await.snapshot(snapshot(1)).await.unwrap()] {
        assert_holds(&handle, &[(0, 0..100), (0, 100..200), (0, 300..400)]).await;
    }
    assert_holds(&three.snapshot(snapshot(2)).await.unwrap(), &expected).await;
}

/// All of it overwritten: nothing is left of what was there, and the manifest is a plain one again.
#[tokio::test]
async fn a_block_that_is_covered_whole_is_gone() {
    let store = Store::memory();
    let one = committed(&store, "disk", &[0..100, 100..200]).await;
    let staged = one.stage_overwrite_at(50, bytes(1, 50..60)).await.unwrap();
    let two = staged.commit(metadata! {}).await.unwrap();
    let staged = two.stage_overwrite_at(0, bytes(2, 0..200)).await.unwrap();
    let three = staged.commit(metadata! {}).await.unwrap();
    assert_eq!((three.blocks().len(), three.manifest().format_version.major), (1, 1));
    assert_holds(&three, &[(2, 0..200)]).await;
    assert_holds(&two, &[(0, 0..50), (1, 50..60), (0, 60..100), (0, 100..200)]).await;
}

/// What was overwritten meanwhile, or filled, is not overwritten unseen.
#[tokio::test]
async fn an_overwrite_conflicts_with_what_changed() {
    let store = Store::memory();
    let base = committed(&store, "disk", &[0..100, 200..300]).await;
    let overwrite = async |hand, range: std::ops::Range<u64>| {
        base.stage_overwrite_at(range.start, bytes(hand, range)).await.unwrap()
    };
    let overlapping = overwrite(2, 40..60).await;
    let over_gap = overwrite(3, 100..120).await;
    let elsewhere = overwrite(4, 60..110).await;
    let plain = stage(&base, 5, &[105..115]).await;

    let two = overwrite(1, 50..55).await.commit(metadata! {}).await.unwrap();
    let failed = overlapping.commit(metadata! {}).await.unwrap_err();
    let (range, found, at) = overlap(&failed.source);
    assert_eq!((range, at), (40..60, Some(2)));
    assert!(found.start < 60 && found.end > 40, "{found:?}");
    // Beside it: merged.
    let three = elsewhere.commit(metadata! {}).await.unwrap();
    let now = [(0, 0..50), (1, 50..55), (0, 55..60), (4, 60..110), (0, 200..300)];
    assert_holds(&three, &now).await;
    // A gap that has been filled.
    let error = over_gap.commit(metadata! {}).await.unwrap_err().source;
    assert_eq!(overlap(&error).0, 100..120);
    let error = plain.commit(metadata! {}).await.unwrap_err().source;
    assert_eq!(overlap(&error), (105..115, 60..110, Some(3)));

    // Having looked at it, one can: the same handle on the newest snapshot.
    let blocks = failed.staged.staged_blocks();
    let error = three.accept(blocks[0].clone()).await.unwrap().commit(metadata! {}).await;
    assert!(matches!(error.unwrap_err().source, Error::Overlap { .. }), "its base is the old one");
    let staged = three.stage_overwrite_at(40, bytes(2, 40..60)).await.unwrap();
    let four = staged.commit(metadata! {}).await.unwrap();
    assert_holds(&four, &[(0, 0..40), (2, 40..60), (4, 60..110), (0, 200..300)]).await;
    assert_holds(&two, &[(0, 0..50), (1, 50..55), (0, 55..100), (0, 200..300)]).await;
}

/// An overwrite of what nobody has changed goes onto any newer snapshot.
#[tokio::test]
async fn an_overwrite_merges_with_what_is_elsewhere() {
    let store = Store::memory();
    let base = committed(&store, "disk", &[0..100]).await;
    let staged = base.stage_overwrite_at(10, bytes(1, 10..20)).await.unwrap();
    let mut newest = base.clone();
    for n in 0..5 {
        let range = 200 + 10 * n..210 + 10 * n;
        newest = stage(&newest, 2, &[range]).await.commit(metadata! {}).await.unwrap();
    }
    let merged = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(merged.snapshot_id(), snapshot(7));
    assert_holds(&merged, &[(0, 0..10), (1, 10..20), (0, 20..100), (2, 200..250)]).await;
}
