//! Staging: what is refused before anything is uploaded, and what is given as it comes.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{FutureExt, StreamExt, stream};
use lode::{Blob, Dataset, Error, Volume, VolumeLimits, metadata};
use tokio::io::AsyncWriteExt;

use super::{
    LEN, assert_holds, block_objects, bytes, committed, new, open, overlap, snapshot, stage,
};
use crate::support::script::Rule;
use crate::support::{Class, Fault, FaultStore, Op, StrictReader, contents, memory, strict};

type Chunk = Result<Bytes, std::io::Error>;

fn chunks(of: &[u8], size: usize) -> Vec<Chunk> {
    of.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect()
}

#[tokio::test]
async fn no_bytes_are_no_block() {
    let counting = FaultStore::new(memory());
    let volume = new(&counting.store(), "disk");
    let staged = volume.stage_write_at(0, b"x").await.unwrap();
    let stager = volume.stager();
    counting.clear();
    let nothing = || stream::iter([Ok::<_, std::io::Error>(Bytes::new()), Ok(Bytes::new())]);
    let errors = [
        volume.stage_write_at(7, []).await.unwrap_err(),
        volume.stage_overwrite_at(7, b"").await.unwrap_err(),
        volume.stage_stream_at(7, nothing()).await.unwrap_err(),
        volume.stage_reader_at(7, &b""[..]).await.unwrap_err(),
        staged.stage_write_at(7, Bytes::new()).await.unwrap_err(),
        staged.stage_overwrite_at(7, []).await.unwrap_err(),
        staged.stage_stream_at(7, stream::empty::<Chunk>()).await.unwrap_err(),
        staged.stage_reader_at(7, tokio::io::empty()).await.unwrap_err(),
        stager.stage_write_at(7, vec![]).await.unwrap_err(),
        stager.stage_stream_at(7, nothing()).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::EmptyBlock { offset: 7, .. }), "{error:?}");
    }
    assert_eq!(counting.counts().total(), 0);
}

#[tokio::test]
async fn a_volume_ends_where_it_ends() {
    let counting = FaultStore::new(memory());
    let volume = new(&counting.store(), "disk");
    let staged = volume.stage_write_at(LEN - 1, b"x").await.unwrap();
    counting.clear();
    for (offset, end) in [(LEN - 1, LEN + 2), (LEN, LEN + 3), (u64::MAX, u64::MAX)] {
        for error in [
            volume.stage_write_at(offset, b"xyz").await.unwrap_err(),
            volume.stage_overwrite_at(offset, b"xyz").await.unwrap_err(),
            volume.stage_reader_at(offset, &b"xyz"[..]).await.unwrap_err(),
            staged.stage_overwrite_at(offset, b"xyz").await.unwrap_err(),
            volume.stager().stage_write_at(offset, b"xyz").await.unwrap_err(),
        ] {
            let Error::OutOfBounds { range, len, .. } = error else { panic!("{error:?}") };
            assert_eq!((range, len), (offset..end, LEN));
        }
    }
    assert_eq!(counting.counts().total(), 0);
}

/// Both ranges, and whether they are committed or staged; nothing is uploaded for it.
#[tokio::test]
async fn an_overlap_is_told_before_the_upload() {
    let counting = FaultStore::new(memory());
    let volume = committed(&counting.store(), "disk", &[100..200, 300..400]).await;
    let staged = stage(&volume, 1, &[500..600]).await;
    counting.clear();
    for (range, found) in [
        (100..200, 100..200),
        (99..101, 100..200),
        (199..201, 100..200),
        (120..130, 100..200),
        (0..LEN, 100..200),
        (250..301, 300..400),
    ] {
        for error in [
            volume.stage_write_at(range.start, bytes(9, range.clone())).await.unwrap_err(),
            staged.stage_write_at(range.start, bytes(9, range.clone())).await.unwrap_err(),
            volume.stager().stage_write_at(range.start, bytes(9, range.clone())).await.unwrap_err(),
            volume.stage_reader_at(range.start, &*bytes(9, range.clone())).await.unwrap_err(),
        ] {
            assert_eq!(overlap(&error), (range.clone(), found.clone(), Some(1)));
            assert!(error.is_conflict());
        }
    }
    // What is staged is not overwritten either: it is discarded.
    for range in [500..501, 450..501, 599..700, 520..530] {
        for error in [
            staged.stage_write_at(range.start, bytes(9, range.clone())).await.unwrap_err(),
            staged.stage_overwrite_at(range.start, bytes(9, range.clone())).await.unwrap_err(),
        ] {
            assert_eq!(overlap(&error), (range.clone(), 500..600, None));
        }
    }
    let error = staged.stage_write_at(550, b"x").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "bytes 550..551 of volume `disk` overlap 500..600, which are staged already"
    );
    let error = staged.stage_write_at(150, b"x").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "bytes 150..151 of volume `disk` overlap 100..200, which snapshot 1 has"
    );
    assert_eq!(counting.counts().total(), 0, "{:?}", counting.calls());
    // Side by side is no overlap.
    for range in [200..300, 0..100, 400..500] {
        staged.stage_write_at(range.start, bytes(1, range)).await.unwrap();
    }
    let two = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(two.coverage(), [0..600]);
}

/// Of two that stage one range at once, one is refused while the other is on its way.
#[tokio::test]
async fn a_range_on_its_way_is_taken() {
    let counting = FaultStore::new(memory());
    let volume = new(&counting.store(), "disk");
    let staged = volume.stage_write_at(0, b"x").await.unwrap();
    counting.clear();
    let (a, b, c) = tokio::join!(
        staged.stage_write_at(10, bytes(1, 10..30)),
        staged.stage_write_at(20, bytes(2, 20..40)),
        staged.stage_write_at(30, bytes(3, 30..40)),
    );
    assert_eq!(overlap(&b.unwrap_err()), (20..40, 10..30, None));
    assert_eq!((a.unwrap().range(), c.unwrap().range()), (10..30, 30..40));
    assert_eq!((counting.counts().on(Op::Put, Class::Data), counting.counts().total()), (2, 2));
}

#[tokio::test]
async fn a_stage_that_failed_frees_its_range() {
    for fault in [Fault::Before, Fault::After, Fault::Partway] {
        let faults = FaultStore::new(memory());
        let volume = new(&faults.store(), "disk");
        faults.rule(Rule::on(Op::Put, Class::Data, fault.clone()));
        let error = volume.stage_write_at(0, bytes(0, 0..10)).await.unwrap_err();
        assert!(matches!(error, Error::Storage { operation: "put", .. }), "{error:?}");

        let staged = volume.stage_write_at(0, bytes(0, 0..10)).await.unwrap();
        faults.rule(Rule::on(Op::Put, Class::Data, fault));
        staged.stage_write_at(20, bytes(1, 20..30)).await.unwrap_err();
        assert_eq!(staged.coverage(), [0..10]);
        staged.stage_write_at(15, bytes(2, 15..25)).await.unwrap();
        let volume = staged.commit(metadata! {}).await.unwrap();
        assert_holds(&volume, &[(0, 0..10), (2, 15..25)]).await;
    }
}

#[tokio::test]
async fn a_stage_that_was_dropped_frees_its_range() {
    let faults = FaultStore::new(memory());
    let staged = new(&faults.store(), "disk").stage_write_at(0, b"x").await.unwrap();
    faults.rule(Rule::on(Op::Put, Class::Data, Fault::Hang));
    {
        let mut hanging = staged.stage_write_at(10, bytes(0, 10..20));
        for _ in 0..10 {
            assert!((&mut hanging).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
        let error = staged.stage_write_at(19, b"x").await.unwrap_err();
        assert_eq!(overlap(&error).1, 10..20);
        assert_eq!(staged.coverage(), [0..1], "what is on its way is not staged");
    }
    staged.stage_write_at(19, b"x").await.unwrap();
    assert_eq!(staged.coverage(), [0..1, 19..20]);
}

#[tokio::test]
async fn bytes_of_every_kind_are_staged() {
    let volume = new(&lode::Store::memory(), "disk");
    let staged = volume.stage_write_at(0, b"0").await.unwrap();
    let shared = Bytes::from_static(b"1");
    staged.stage_write_at(1, &shared).await.unwrap();
    staged.stage_write_at(2, shared).await.unwrap();
    staged.stage_write_at(3, vec![b'3']).await.unwrap();
    let list = vec![b'4'];
    staged.stage_write_at(4, &list).await.unwrap();
    staged.stage_write_at(5, "5".as_bytes()).await.unwrap();
    staged.stage_write_at(6, [b'6']).await.unwrap();
    staged.stage_write_at(7, BytesMut::from("7")).await.unwrap();
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(volume.read_at(0..8).await.unwrap(), "01134567");
}

/// In blocks of the size that was set, whatever the pieces it came in.
#[tokio::test]
async fn a_stream_becomes_blocks() {
    let limits = |block_bytes| VolumeLimits { block_bytes, ..VolumeLimits::default() };
    for (pieces, in_flight) in [(1, 1), (7, 4), (10, 2), (64, 3), (1000, 100)] {
        let inner = memory();
        let store = crate::support::lode_store(inner.clone());
        let limits = VolumeLimits { blocks_in_flight: in_flight, ..limits(10) };
        let volume = new(&store, "disk").limits(limits);
        let source = bytes(3, 50..107);
        let staged = volume.stage_stream_at(50, stream::iter(chunks(&source, pieces))).await;
        let staged = staged.unwrap();
        let found: Vec<_> = staged.staged_blocks().iter().map(lode::StagedBlock::range).collect();
        assert_eq!(found, [50..60, 60..70, 70..80, 80..90, 90..100, 100..107]);
        let reader = bytes(4, 200..225);
        let blocks = staged.stage_reader_at(200, &*reader).await.unwrap();
        let found: Vec<_> = blocks.iter().map(lode::StagedBlock::range).collect();
        assert_eq!(found, [200..210, 210..220, 220..225]);
        let stager = volume.stager();
        let exact = stream::iter(chunks(&bytes(5, 300..320), pieces));
        for block in stager.stage_stream_at(300, exact).await.unwrap() {
            assert_eq!(block.range().end - block.range().start, 10);
            staged.accept(block).await.unwrap();
        }
        let volume = staged.commit(metadata! {}).await.unwrap();
        assert_holds(&volume, &[(3, 50..107), (4, 200..225), (5, 300..320)]).await;
        assert_eq!(block_objects(&contents(&*inner).await, "disk").len(), 6 + 3 + 2);
    }
}

/// Streams in general panic then, or give what they like. What another call of lode streams can be staged.
#[tokio::test]
async fn a_source_is_asked_for_nothing_after_its_end() {
    let store = lode::Store::memory();
    let limits = VolumeLimits { block_bytes: 10, ..VolumeLimits::default() };
    let volume = new(&store, "disk").limits(limits);
    // The last block is a short one, or a whole one.
    for (at, len) in [(0, 27), (1000, 30)] {
        let [a, b, c, d, e] = [0, 100, 200, 300, 400].map(|n| at + n..at + n + len);
        let staged = volume.stage_stream_at(a.start, strict(chunks(&bytes(1, a.clone()), 7))).await;
        let staged = staged.unwrap();
        let whole = bytes(1, b.clone());
        staged.stage_reader_at(b.start, StrictReader::new(&whole)).await.unwrap();
        let stager = volume.stager();
        let mut sent =
            stager.stage_stream_at(c.start, strict(chunks(&bytes(1, c), 7))).await.unwrap();
        let whole = bytes(1, d.clone());
        sent.extend(stager.stage_reader_at(d.start, StrictReader::new(&whole)).await.unwrap());
        for block in sent {
            staged.accept(block).await.unwrap();
        }
        let blobs = Dataset::<Blob>::new(&store, "blobs").unwrap();
        let blob = blobs.write(&bytes(1, e.clone()), metadata! {}).await.unwrap();
        staged.stage_stream_at(e.start, blobs.stream_blob(&blob)).await.unwrap();
        let ranges = [0, 100, 200, 300, 400].map(|n| at + n..at + n + len);
        assert_eq!(staged.coverage(), ranges);
    }
}

/// A source that gives nothing more does not keep the failure from whoever waits.
#[tokio::test(start_paused = true)]
async fn an_upload_that_fails_is_told_while_the_source_waits() {
    let faults = FaultStore::new(memory());
    let limits = VolumeLimits { block_bytes: 10, ..VolumeLimits::default() };
    let volume = new(&faults.store(), "disk").limits(limits);
    let staged = volume.stage_write_at(LEN - 1, b"x").await.unwrap();
    let stager = volume.stager();
    let chunks = chunks(&bytes(1, 0..15), 5);
    let waits = || {
        let given: Vec<Chunk> =
            chunks.iter().map(|chunk| Ok(chunk.as_ref().unwrap().clone())).collect();
        stream::iter(given).chain(stream::pending())
    };
    let (mut other_end, reader) = tokio::io::duplex(100);
    other_end.write_all(&bytes(1, 0..15)).await.unwrap();

    faults.rule(Rule::on(Op::Put, Class::Data, Fault::Before).for_ever());
    let failed = [
        soon(volume.stage_stream_at(0, waits())).await.map(drop),
        soon(staged.stage_stream_at(0, waits())).await.map(drop),
        soon(stager.stage_stream_at(0, waits())).await.map(drop),
        soon(volume.stage_reader_at(0, reader)).await.map(drop),
    ];
    for failed in failed {
        let error = failed.unwrap_err();
        assert!(matches!(error, Error::Storage { operation: "put", .. }), "{error:?}");
    }
    assert_eq!(staged.coverage(), [LEN - 1..LEN]);
}

/// By tokio's clock, which is paused.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(600), work).await.expect("it waits for its source")
}

/// A source that fails, ends too late, or meets something: what came before stays staged.
#[tokio::test]
async fn what_a_stream_staged_before_an_error_stays() {
    let limits = VolumeLimits { block_bytes: 10, ..VolumeLimits::default() };
    let store = lode::Store::memory();
    let volume = new(&store, "disk").limits(limits);
    let broken = || {
        let good = stream::iter(chunks(&bytes(1, 100..125), 5));
        good.chain(stream::iter([Err(std::io::Error::other("out of paper"))]))
    };
    let error = volume.stage_stream_at(100, broken()).await.unwrap_err();
    let Error::StageInput { offset, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*offset, source.to_string()), (120, "out of paper".to_owned()));
    // A first stage that failed gives no handle: its session is resumed.
    let sessions = volume.sessions().await.unwrap();
    assert_eq!((sessions.len(), sessions[0].blocks.len()), (1, 2));
    let staged = volume.resume(sessions[0].id).await.unwrap();
    assert_eq!(staged.coverage(), [100..120]);

    let error = staged.stage_stream_at(120, broken()).await.unwrap_err();
    assert!(matches!(error, Error::StageInput { offset: 140, .. }), "{error:?}");
    assert_eq!(staged.coverage(), [100..140]);
    // Up to the end of the volume, and not beyond.
    let long = bytes(2, LEN - 15..LEN + 15);
    let error = staged.stage_reader_at(LEN - 15, &*long).await.unwrap_err();
    let Error::OutOfBounds { range, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*range, LEN - 5..LEN + 5);
    assert_eq!(staged.coverage(), [100..140, LEN - 15..LEN - 5]);
    // Up to what is there.
    let error = staged.stage_reader_at(85, &*bytes(3, 85..115)).await.unwrap_err();
    assert_eq!(overlap(&error).1, 100..110);
    assert_eq!(staged.coverage(), [85..95, 100..140, LEN - 15..LEN - 5]);
    let volume = staged.commit(metadata! {}).await.unwrap();
    assert_eq!(volume.coverage(), [85..95, 100..140, LEN - 15..LEN - 5]);
}

#[tokio::test]
async fn progress_is_told() {
    use std::sync::{Arc, Mutex};

    let last = Arc::new(Mutex::new(None));
    let tell = Arc::clone(&last);
    let volume = new(&lode::Store::memory(), "disk")
        .limits(VolumeLimits { block_bytes: 100, ..VolumeLimits::default() })
        .on_progress(move |progress| *tell.lock().unwrap() = Some(progress));
    let staged = volume.stage_reader_at(0, &*bytes(0, 0..250)).await.unwrap();
    let told = last.lock().unwrap().take().unwrap();
    assert_eq!((told.bytes, told.files), (250, 3));
    let volume = staged.commit(metadata! {}).await.unwrap();
    volume.read_at(50..250).await.unwrap();
    assert_eq!(last.lock().unwrap().take().unwrap().bytes, 200);
}

/// A handle's settings count wherever they were set.
#[tokio::test]
async fn settings_of_a_staged_handle_count() {
    let store = lode::Store::memory();
    let limits = VolumeLimits { block_bytes: 10, ..VolumeLimits::default() };
    let staged = new(&store, "disk").stage_write_at(0, b"x").await.unwrap().limits(limits);
    let blocks = staged.stage_reader_at(100, &*bytes(0, 100..130)).await.unwrap();
    assert_eq!(blocks.len(), 3, "the size of its blocks");
    let _ = staged.commit(metadata! {}).await.unwrap();

    let [a, b] = [open(&store, "disk").await, open(&store, "disk").await];
    let b = stage(&b, 1, &[300..310]).await.on_conflict(lode::OnConflict::Fail);
    let _ = stage(&a, 2, &[200..210]).await.commit(metadata! {}).await.unwrap();
    let failed = b.commit(metadata! {}).await.unwrap_err();
    assert!(matches!(failed.source, Error::Conflict { .. }), "{failed:?}");
    let volume: Volume<_> = failed.staged.on_conflict(lode::OnConflict::default());
    assert_eq!(volume.commit(metadata! {}).await.unwrap().snapshot_id(), snapshot(3));
}
